// urql with its document cache: pages through a connection to its end, acts, and is told of it; what was read is read again after the
// act, since it holds what the act changed.
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core'
import { EVENTS, EXECUTE, PAGE, authorization, forward, print, socket, url } from './caller.mjs'

const client = new Client({
  url,
  fetchOptions: { headers: { authorization } },
  // urql aborts what has been answered already, and Node's fetch may throw then where nobody can catch it.
  fetch: (input, init) => fetch(input, { ...init, signal: null }),
  exchanges: [
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
})

async function page(after) {
  const { data, error } = await client.query(PAGE, { after })
  if (error) throw error
  return data
}

const begin = await page(null)
const numbers = []
let pages = 0
for (let next = begin; next; ) {
  const { edges, pageInfo } = next.requests
  numbers.push(...edges.map(({ node }) => node.number))
  pages += 1
  next = pageInfo.hasNextPage ? await page(pageInfo.endCursor) : undefined
}
print({ pages, numbers })

const told = new Promise((resolve, reject) => {
  const after = begin.viewer.eventCursor
  client.subscription(EVENTS, { after }).subscribe(({ data, error }) => (error ? reject(error) : resolve(data.requestEvents)))
})
const versions = []
let again
const seen = new Promise((resolve) => (again = resolve))
client.query(PAGE, { after: null }).subscribe(({ data, stale }) => {
  if (!data || stale) return
  versions.push(data.requests.edges[0].node.version)
  if (versions.at(-1) > 1) again()
})
const { data, error } = await client.mutation(EXECUTE, { input: forward(begin.requests.edges[0].node) })
if (error) throw error
print({ step: data.executeStep.request.currentVisit.step.key, userErrors: data.executeStep.userErrors })
await seen
print({ shown: versions.at(-1) })
const event = await told
print({ told: event.request.number })
process.exit(0)
