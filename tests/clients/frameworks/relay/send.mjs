// Sends what the compiler made of the app's documents, as Relay's network layer does, and follows a connection by its generated query
// to the end: a line of JSON for each page.
import { createRequire } from 'node:module'

const { DISPOSISI_URL: url, DISPOSISI_TOKEN: token, DISPOSISI_NUMBER: number } = process.env

const require = createRequire(import.meta.url)
const load = (name) => require(`./__generated__/${name}.graphql.js`)

async function ask({ params }, variables) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    // An id, if the compiler persisted the documents.
    body: JSON.stringify({ ...(params.id ? { documentId: params.id } : { query: params.text }), variables }),
  })
  const { data, errors } = await answer.json()
  if (errors) throw new Error(`${params.name}: ${JSON.stringify(errors)}`)
  return data
}

const print = (line) => console.log(JSON.stringify(line))

// What the compiler found out about a connection: where it is, and which variables page it.
async function pages(fragment, query, variables) {
  const { metadata } = load(fragment)
  const { count, cursor } = metadata.refetch.connection.forward
  const found = []
  let after = null
  for (;;) {
    const data = await ask(load(query), { ...variables, [count]: 2, [cursor]: after })
    const holder = metadata.refetch.fragmentPathInResult.reduce((value, key) => value[key], data)
    const page = metadata.connection[0].path.reduce((value, key) => value[key], holder)
    found.push(page.edges.length)
    if (!page.pageInfo.hasNextPage) return found
    after = page.pageInfo.endCursor
  }
}

const whole = await ask(load('RequestsQuery'), { office: 'singkawang', number })
print({ requests: await pages('Requests_page', 'RequestsPageQuery', { office: 'singkawang' }) })
print({ inbox: await pages('Requests_inbox', 'RequestsInboxQuery', {}) })
const { id } = whole.request
print({ history: await pages('Requests_history', 'RequestsHistoryQuery', { id }) })
const documents = [{ kind: 'lembar-disposisi', title: 'Lembar', number: '1' }]
const input = { requestId: id, step: '2', outcome: 'forward', expectedVersion: 1, documents }
const { executeStep } = await ask(load('RequestsExecuteMutation'), { input })
print({ step: executeStep.request.currentVisit.step.key, userErrors: executeStep.userErrors })
