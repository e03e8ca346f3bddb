// urql: the normalised cache, then the wire. Every call carries a token that is good now; subscriptions go by graphql-ws.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { createClient as createSocket } from 'graphql-ws'
import WebSocket from 'ws' // leave this out in a browser
import { cache } from './cache.js'
import { Refused, type Session } from './session.js'

export function connect(url: string, session: Session): Client {
  const socket = createSocket({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: async () => ({ Authorization: `Bearer ${await session.token()}` }),
    retryAttempts: Infinity,
    // Also when the server cannot be reached.
    shouldRetry: (why) => !(why instanceof Refused),
    on: {
      closed: (event) => {
        if ((event as CloseEvent).code === 4403) session.doubt()
      },
    },
  })

  async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${await session.token()}`)
    // urql aborts what has been answered already, and Node's fetch may throw then where nobody can catch it: in a browser keep the
    // signal.
    return fetch(input, { ...init, headers, signal: null })
  }

  return new Client({
    url,
    preferGetMethod: false,
    async fetch(input, init) {
      const answer = await send(input, init)
      if (answer.status !== 401) return answer
      session.doubt()
      return send(input, init)
    },
    exchanges: [
      cache,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe(sink) {
            // Whenever the socket connects anew it sends the operation as it is then: from the last event on, so nothing is
            // missed and nothing comes twice.
            const operation = { query: query ?? '', variables: { ...variables } as Record<string, unknown> }
            const unsubscribe = socket.subscribe<{ requestEvents?: { cursor?: string } }>(operation, {
              ...sink,
              next(answer) {
                sink.next(answer as Parameters<typeof sink.next>[0])
                const cursor = answer.data?.requestEvents?.cursor
                if (cursor) operation.variables.after = cursor
              },
            })
            return { unsubscribe }
          },
        }),
      }),
    ],
  })
}
