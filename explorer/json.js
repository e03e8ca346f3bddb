// Stands in for prettier's JavaScript plugins, 550 kB that GraphiQL uses only to prettify JSON.
import { applyEdits, format } from 'jsonc-parser';

const options = { tabSize: 2, insertSpaces: true };

export const parsers = {
  jsonc: {
    astFormat: 'json-text',
    parse: text => ({ text: applyEdits(text, format(text, undefined, options)) }),
    locStart: () => 0,
    locEnd: node => node.text.length,
  },
};

export const printers = { 'json-text': { print: path => path.node.text } };
