// Follows by a standard EventSource, in the way of a browser's: a line of JSON for each event of its stream, for each connection, and
// for its end. It is never closed from here.
//
//   node eventsource.mjs <operation>

import { EventSource } from 'eventsource'
import { print, token, url } from './caller.mjs'

const variables = JSON.stringify({ after: process.env.DISPOSISI_AFTER || null })
const source = new EventSource(`${url}?${new URLSearchParams({ query: process.argv[2], variables })}`, {
  // A browser's own can send no token.
  fetch: async (input, init) => {
    const Authorization = process.env.DISPOSISI_TOKEN && `Bearer ${await token()}`
    const headers = { ...init.headers, ...(Authorization && { Authorization }) }
    const last = init.headers['Last-Event-ID'] ?? null
    const response = await fetch(input, { ...init, headers })
    print({ connected: response.status, last })
    return response
  },
})

source.addEventListener('next', ({ data, lastEventId }) => {
  const { data: told, errors } = JSON.parse(data)
  if (errors) print({ failed: errors[0].extensions.code, closeCode: errors[0].extensions.closeCode ?? null })
  else if (told.requestEvents) print({ ...told.requestEvents, lastEventId })
  else print({ told })
})
source.addEventListener('message', ({ data }) => print({ message: data }))
source.addEventListener('complete', ({ data }) => print({ complete: data }))
source.addEventListener('error', () => {
  if (source.readyState === EventSource.CLOSED) print({ ended: true })
})
