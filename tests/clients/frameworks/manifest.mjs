// Apollo Client with a manifest by Apollo's tool: it sends the id of its document, by its default by POST, and by GET.
import { readFileSync } from 'node:fs'
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists'
import { authorization, print, url } from './caller.mjs'

const loadManifest = () => JSON.parse(readFileSync(new URL('persisted-query-manifest.json', import.meta.url)))
const query = gql(readFileSync(new URL('src/page.graphql', import.meta.url), 'utf8'))

for (const useGETForHashedQueries of [undefined, true]) {
  const ids = generatePersistedQueryIdsFromManifest({ loadManifest })
  const link = new PersistedQueryLink({ ...ids, useGETForHashedQueries })
  const http = new HttpLink({ uri: url, headers: { authorization } })
  const client = new ApolloClient({ cache: new InMemoryCache(), link: link.concat(http) })
  const { data } = await client.query({ query })
  print({ read: data.requests.edges.length })
}
process.exit(0)
