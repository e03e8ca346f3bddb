// How the explorer reaches the server: every operation with the token of who is signed in, subscriptions over one WebSocket that
// connects anew by itself and goes on where it was. What stands in the Headers tab comes before all of that.
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';

const isAuthorization = ([name]) => name.toLowerCase() === 'authorization';

/** A fetcher for GraphiQL. `webSocketImpl` is for where there is none. */
export function createFetcher(url, session, webSocketImpl) {
  const socketUrl = url.replace(/^http/, 'ws');
  let socket = open();
  // Whoever signs in or out is somebody else on the socket too.
  session.subscribe(() => {
    const before = socket;
    socket = open();
    before.terminate();
  });

  function open() {
    return connect(async () => {
      const token = await session.token();
      return token ? { Authorization: `Bearer ${token}` } : {};
    });
  }

  function connect(connectionParams) {
    return createClient({
      url: socketUrl,
      webSocketImpl,
      connectionParams,
      retryAttempts: Infinity,
      // Also when the server cannot be reached; but a token that somebody wrote into the headers gets no better.
      shouldRetry: why => typeof connectionParams === 'function' || why.code !== 4403,
      on: {
        closed: event => {
          if (event.code === 4403) session.doubt();
        },
      },
    });
  }

  async function send(input, init) {
    const headers = Object.entries(init.headers);
    const token = headers.some(isAuthorization) ? undefined : await session.token();
    if (!token) return fetch(input, init);
    const signed = async token => fetch(input, { ...init, headers: [...headers, ['authorization', `Bearer ${token}`]] });
    const answer = await signed(token);
    if (answer.status !== 401) return answer;
    session.doubt();
    const another = await session.token();
    return another ? signed(another) : answer;
  }

  /** Follows an operation, by the cursor of the last event that came where it has a variable `after`. */
  function follow(client, payload, sink) {
    const operation = { ...payload, variables: { ...payload.variables } };
    return client.subscribe(operation, {
      ...sink,
      next(answer) {
        sink.next(answer);
        const cursor = answer.data?.requestEvents?.cursor;
        if (cursor && /\$after\b/.test(payload.query)) operation.variables.after = cursor;
      },
    });
  }

  const fetcher = subscribe =>
    createGraphiQLFetcher({ url, fetch: send, wsClient: { subscribe }, enableIncrementalDelivery: false });
  const ours = fetcher((payload, sink) => follow(socket, payload, sink));
  return (params, options) => {
    const own = Object.entries(options?.headers ?? {}).find(isAuthorization);
    if (!own) return ours(params, options);
    const client = connect({ Authorization: own[1] });
    return fetcher((payload, sink) => follow(client, payload, sink))(params, options);
  };
}
