// Apollo Client's link and urql's exchange for automatic persisted queries, with their defaults and by GET: what each sends at first,
// and what another client sends later on.
import { createHash } from 'node:crypto'
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { Client, fetchExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { PAGE, authorization, print, url } from './caller.mjs'

const headers = { authorization }

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** The parts of a call. */
function sent(uri, { method, body }) {
  if (method !== 'GET') return JSON.parse(body)
  const parameters = new URL(uri).searchParams
  return { query: parameters.get('query'), extensions: JSON.parse(parameters.get('extensions')) }
}

/** Reads a page as a client that has just started; the method and the parts of each of its calls, and what it came to. */
async function reads(read, page) {
  const calls = []
  const data = await read(page, (uri, options) => {
    const { query, extensions } = sent(uri, options)
    const parts = [query ? 'query' : '', extensions?.persistedQuery ? 'hash' : ''].filter(Boolean)
    calls.push(`${options.method} ${parts.join(' and ')}`)
    return fetch(uri, { ...options, signal: null })
  })
  print({ calls, read: data.requests.edges.length })
}

const apollo = (ofLink, ofHttp) => async (page, fetch) => {
  const link = new PersistedQueryLink({ sha256, ...ofLink }).concat(new HttpLink({ uri: url, headers, fetch, ...ofHttp }))
  const client = new ApolloClient({ cache: new InMemoryCache(), link })
  const { data } = await client.query({ query: gql(page) })
  return data
}

async function urql(page, fetch) {
  const client = new Client({ url, fetchOptions: { headers }, fetch, exchanges: [persistedExchange(), fetchExchange] })
  const { data, error } = await client.query(page, {})
  if (error) throw error
  return data
}

const readers = [
  apollo({}, {}),
  apollo({ useGETForHashedQueries: true }, {}),
  apollo({ useGETForHashedQueries: true }, { useGETForQueries: true }),
  urql,
]
for (const [number, read] of readers.entries()) {
  // Of its own, so that each registers it.
  const page = PAGE.replace('Page', `Page${number}`)
  await reads(read, page)
  await reads(read, page)
}
process.exit(0)
