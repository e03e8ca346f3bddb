// Writes dist/: the page, its script and style sheet, the editor's workers, and the licences of all that is in them.
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

// What the editor can do and GraphiQL has no use for.
const unused = [
  'codelens/browser/codelensController',
  'colorPicker/browser/colorContributions',
  'colorPicker/browser/standaloneColorPickerActions',
  'diffEditorBreadcrumbs/browser/contribution',
  'dropOrPasteInto/browser/copyPasteContribution',
  'dropOrPasteInto/browser/dropIntoEditorContribution',
  'inlayHints/browser/inlayHintsContribution',
  'inlineCompletions/browser/inlineCompletions.contribution',
  'inlineEdit/browser/inlineEdit.contribution',
  'inlineEdits/browser/inlineEdits.contribution',
  'linkedEditing/browser/linkedEditing',
  'rename/browser/rename',
  'sectionHeaders/browser/sectionHeaders',
  'semanticTokens/browser/documentSemanticTokens',
  'semanticTokens/browser/viewportSemanticTokens',
  'stickyScroll/browser/stickyScrollContribution',
  'suggest/browser/suggestInlineCompletions',
].map(path => `./contrib/${path}.js`);
const lean = {
  name: 'lean',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/contrib\// }, ({ path, importer }) =>
      importer.endsWith('/editor.all.js') && unused.includes(path) ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: '' }));
  },
};

const options = {
  outdir: 'dist',
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: 'none',
  charset: 'utf8',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

await mkdir('dist', { recursive: true });
await copyFile('index.html', 'dist/index.html');
const results = await Promise.all([
  build({
    ...options,
    entryPoints: { explorer: 'main.jsx' },
    format: 'esm',
    jsx: 'automatic',
    alias: {
      'prettier/parser-babel': './json.js',
      'prettier/plugins/estree': './json.js',
      'prettier/parser-graphql': 'prettier/plugins/graphql',
    },
    plugins: [lean],
    loader: { '.ttf': 'dataurl' },
  }),
  build({
    ...options,
    entryPoints: {
      'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
      'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
      'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
    },
    format: 'iife',
  }),
]);

// The packages that put at least one byte in an output.
const folders = new Set();
for (const { metafile } of results) {
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
      if (folder && bytesInOutput > 0) folders.add(folder);
    }
  }
}

// Published without the licence's text: the text is that of a package of the same authors under the same licence.
const borrowed = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
  'react-remove-scroll-bar': 'react-remove-scroll',
};

// What monaco-editor's files contain of others.
const monaco = `monaco-editor itself contains:

- DOMPurify 3.1.7, (c) Cure53 and other contributors, here under the Apache License 2.0 (its text is in the notices below)
- marked 14.0.0, under the MIT License in the notices below
- jsonc-parser, vscode-json-languageservice, vscode-languageserver-textdocument, vscode-languageserver-types, @vscode/l10n
  and vscode-uri, Copyright (c) Microsoft Corporation, under the MIT License as above
- the Codicons font, Copyright (c) Microsoft Corporation, under CC BY 4.0 <https://creativecommons.org/licenses/by/4.0/>`;

// What prettier's two files here contain of others; its notices name what is in all of its files.
const inPrettier = [
  '@babel/code-frame',
  '@babel/helper-validator-identifier',
  'diff',
  'emoji-regex',
  'escape-string-regexp',
  'get-east-asian-width',
  'graphql',
  'js-tokens',
  'leven',
  'narrow-emojis',
  'picocolors',
  'to-fast-properties',
  'trim-newlines',
  'vnopts',
];

async function text(folder, file) {
  return (await readFile(`${folder}/${file}`, 'utf8')).replace(/\r\n?/g, '\n').trim();
}

async function licence(folder) {
  const file = (await readdir(folder)).sort().find(name => /^(licen[cs]e|copying)/i.test(name));
  return file && text(folder, file);
}

const chapters = new Map();
for (const folder of folders) {
  const { name, version, license } = JSON.parse(await text(folder, 'package.json'));
  const parts = [await licence(folder)];
  if (!parts[0] && borrowed[name]) parts[0] = await licence(`node_modules/${borrowed[name]}`);
  if (!parts[0]) throw new Error(`${name} ${version} (${license}) has no licence text`);
  if (name === 'monaco-editor') parts.push(monaco, await text(folder, 'ThirdPartyNotices.txt'));
  if (name === 'prettier') {
    const notices = (await text(folder, 'THIRD-PARTY-NOTICES.md')).split(/^(?=## )/m);
    for (const one of inPrettier) {
      const notice = notices.find(notice => notice.startsWith(`## ${one}@`));
      if (!notice) throw new Error(`prettier ${version} has no notice of ${one}`);
      parts.push(notice.trim());
    }
  }
  chapters.set(`${name} ${version} (${license})`, parts.join('\n\n'));
}
const rule = '='.repeat(80);
const licences = [...chapters]
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([title, body]) => `${rule}\n${title}\n${rule}\n\n${body}\n`);
await writeFile('dist/LICENSES.txt', `The explorer contains these packages.\n\n${licences.join('\n')}`);
