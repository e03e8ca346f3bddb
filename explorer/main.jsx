// Monaco comes first: the style sheets below override its own.
import 'monaco-graphql/esm/monaco-editor.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './main.css';

import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.js';
import { createFetcher } from './fetcher.js';
import { examplesPanel, signInPanel } from './panels.jsx';
import { Session } from './session.js';

const workers = {
  json: new URL('json.worker.js', import.meta.url),
  graphql: new URL('graphql.worker.js', import.meta.url),
};
const editor = new URL('editor.worker.js', import.meta.url);

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(workers[label] ?? editor),
};

const url = new URL('/graphql', location.href).href;
const session = new Session(url);
const fetcher = createFetcher(url, session);
const plugins = [signInPanel(session), examplesPanel, HISTORY_PLUGIN];

// Queries and headers may hold passwords and tokens, and the history keeps both: all of it goes when the browser tab closes.
createRoot(document.getElementById('explorer')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    storage={sessionStorage}
    shouldPersistHeaders
    defaultQuery={examples[0].query}
    defaultEditorToolsVisibility="variables"
  >
    <GraphiQL.Logo>disposisi</GraphiQL.Logo>
  </GraphiQL>,
);
