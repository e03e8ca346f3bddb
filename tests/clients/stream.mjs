// Follows events by graphql-sse, in distinct connections: a line of JSON for each, and for each connection that opened or broke.

import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'graphql-sse'
import { EVENTS, print, token, url } from './caller.mjs'

const client = createClient({
  url,
  headers: async () => ({ Authorization: `Bearer ${await token()}` }),
  retryAttempts: 0,
  on: { connected: () => print({ connected: true }) },
})

let after = process.env.DISPOSISI_AFTER
for (;;) {
  try {
    for await (const { data, errors } of client.iterate({ query: EVENTS, variables: { after } })) {
      if (errors) {
        const { code, closeCode } = errors[0].extensions
        if (closeCode !== 4403) {
          print({ failed: code })
          process.exit(1)
        }
        print({ closed: closeCode })
        break
      }
      print(data.requestEvents)
      after = data.requestEvents.cursor
    }
  } catch (why) {
    print({ broken: why.message })
    await pause(100)
  }
}
