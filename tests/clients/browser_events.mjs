// A browser's own EventSource, for each operation: what its events told, and how its connections were answered. A line of JSON each.
// It is never closed from here.
//
//   node browser_events.mjs <operation>…

import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { launch } from './browser.mjs'

// The page's own server hands operations on, and notes how they were answered.
let statuses = []
const server = createServer(async (request, response) => {
  const { search, pathname } = new URL(request.url, 'http://page')
  if (pathname !== '/graphql') return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  const { accept, 'last-event-id': last } = request.headers
  const answer = await fetch(process.env.DISPOSISI_URL + search, { headers: { accept, ...(last && { 'last-event-id': last }) } })
  statuses.push(answer.status)
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
  if (answer.body) Readable.fromWeb(answer.body).pipe(response)
  else response.end()
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const open = launch(new URL('profile', import.meta.url).pathname)
const tab = await open(`http://127.0.0.1:${server.address().port}/`)
for (const operation of process.argv.slice(2)) {
  statuses = []
  const told = await tab.run(`new Promise((ended) => {
    const told = []
    const source = new EventSource('/graphql?query=' + encodeURIComponent(${JSON.stringify(operation)}))
    source.addEventListener('next', ({ data }) => {
      const { data: given, errors } = JSON.parse(data)
      told.push(errors ? errors[0].extensions.code : given)
    })
    source.addEventListener('complete', () => told.push('complete'))
    source.addEventListener('error', () => source.readyState === EventSource.CLOSED && ended(told))
  })`)
  console.log(JSON.stringify({ told, statuses }))
}
process.exit(0)
