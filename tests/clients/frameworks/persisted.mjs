// Apollo Client's link and urql's exchange for automatic persisted queries: what each sends at first, and what another client sends
// later on.
import { createHash } from 'node:crypto'
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { Client, fetchExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { PAGE, authorization, print, url } from './caller.mjs'

const headers = { authorization }

const sha256 = (text) => createHash('sha256').update(text).digest('hex')

/** Reads a page as a client that has just started; which parts each of its calls had, and what it came to. */
async function reads(read) {
  const calls = []
  const data = await read((uri, options) => {
    const { query, extensions } = JSON.parse(options.body)
    calls.push([query ? 'query' : '', extensions?.persistedQuery ? 'hash' : ''].filter(Boolean).join(' and '))
    return fetch(uri, { ...options, signal: null })
  })
  print({ calls, read: data.requests.edges.length })
}

async function apollo(fetch) {
  const link = new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: url, headers, fetch }))
  const client = new ApolloClient({ cache: new InMemoryCache(), link })
  const { data } = await client.query({ query: gql(PAGE) })
  return data
}

async function urql(fetch) {
  const persisted = persistedExchange({ generateHash: async (text) => sha256(text), preferGetForPersistedQueries: false })
  const exchanges = [persisted, fetchExchange]
  const client = new Client({ url, preferGetMethod: false, fetchOptions: { headers }, fetch, exchanges })
  const { data, error } = await client.query(PAGE.replace('Page', 'Another'), {})
  if (error) throw error
  return data
}

for (const read of [apollo, apollo, urql, urql]) await reads(read)
process.exit(0)
