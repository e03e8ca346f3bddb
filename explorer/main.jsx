// Monaco comes first: the style sheets below override its own.
import 'monaco-graphql/esm/monaco-editor.js';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './main.css';

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';

const workers = {
  json: new URL('json.worker.js', import.meta.url),
  graphql: new URL('graphql.worker.js', import.meta.url),
};
const editor = new URL('editor.worker.js', import.meta.url);

globalThis.MonacoEnvironment = {
  getWorker: (_, label) => new Worker(workers[label] ?? editor),
};

const http = new URL('/graphql', location.href);
const socket = new URL(http);
socket.protocol = http.protocol === 'https:' ? 'wss:' : 'ws:';

const fetcher = createGraphiQLFetcher({
  url: http.href,
  subscriptionUrl: socket.href,
  enableIncrementalDelivery: false,
});

const welcome = `# Welcome to disposisi.
#
# The query below is public: run it.
# To see more, sign in:
#
#   mutation {
#     signIn(input: {
#       username: "..."
#       password: "..."
#     }) {
#       accessToken
#       userErrors { message }
#     }
#   }
#
# and put this in the Headers tab:
#
# {"Authorization": "Bearer <accessToken>"}

{
  offices {
    key
    name
    procedures {
      key
      title
      number
    }
  }
}
`;

// Queries and headers hold passwords and tokens, and the history keeps both: all of it goes when the browser tab closes.
createRoot(document.getElementById('explorer')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={sessionStorage}
    shouldPersistHeaders
    defaultQuery={welcome}
    defaultEditorToolsVisibility="headers"
  >
    <GraphiQL.Logo>disposisi</GraphiQL.Logo>
  </GraphiQL>,
);
