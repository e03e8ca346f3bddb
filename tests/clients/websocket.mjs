// Follows events by graphql-ws: a line of JSON for each, and for each connection that opened or closed.
//
//   node websocket.mjs subscribe   the client reconnects by itself, and sends the cursor as it is then
//   node websocket.mjs defaults    the same with no settings but the necessary ones
//   node websocket.mjs iterate     events are taken one at a time; each connection is a new round of a loop

import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { EVENTS, print, token, url } from './caller.mjs'

const iterating = process.argv[2] === 'iterate'
const settings = {
  retryAttempts: iterating ? 0 : 100,
  retryWait: () => pause(100),
  // Not only a socket that was closed: also a server that cannot be reached.
  shouldRetry: () => true,
}
const client = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: async () => ({ Authorization: `Bearer ${await token()}` }),
  ...(process.argv[2] === 'defaults' ? {} : settings),
  on: {
    connected: (_socket, _payload, again) => print({ connected: again ? 'again' : 'first' }),
    closed: (event) => print({ closed: event.code, reason: event.reason }),
  },
})

const variables = { after: process.env.DISPOSISI_AFTER }

function failed(why) {
  // The operation was refused: a list of GraphQL errors.
  print({ failed: Array.isArray(why) ? why[0].extensions.code : String(why.code ?? why.message) })
  process.exit(1)
}

if (iterating) {
  for (;;) {
    try {
      for await (const { data, errors } of client.iterate({ query: EVENTS, variables })) {
        if (errors) failed(errors)
        // What takes its time: more comes meanwhile.
        await pause(1)
        print(data.requestEvents)
        variables.after = data.requestEvents.cursor
      }
    } catch (why) {
      if (Array.isArray(why)) failed(why)
      await pause(100)
    }
  }
} else {
  client.subscribe(
    { query: EVENTS, variables },
    {
      next({ data, errors }) {
        if (errors) failed(errors)
        print(data.requestEvents)
        // Whenever the client connects anew, it sends the operation as it is then.
        variables.after = data.requestEvents.cursor
      },
      error: failed,
      complete: () => print('complete'),
    },
  )
}
