// Apollo Client, with its normalised cache and the Relay-style list that it ships: pages through a connection to its end, acts, and
// is told of it, each seen in the list that is shown.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client/core'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { relayStylePagination } from '@apollo/client/utilities'
import { OperationTypeNode } from 'graphql'
import { EVENTS, EXECUTE, PAGE, authorization, forward, print, socket, url } from './caller.mjs'

const client = new ApolloClient({
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { requests: relayStylePagination(['filter', 'orderBy']) } } },
  }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: url, headers: { authorization } }),
  ),
})

const list = client.watchQuery({ query: gql(PAGE), variables: {} })
let shown
let look = () => {}
list.subscribe(({ data, loading }) => {
  if (!data || loading) return
  shown = data
  look()
})

/** Waits until what is shown, which follows the cache, is so. */
function until(holds) {
  return new Promise((resolve) => {
    look = () => {
      if (shown && holds(shown.requests)) resolve(shown)
    }
    look()
  })
}

let { requests, viewer } = await until(() => true)
const after = viewer.eventCursor
let pages = 1
while (requests.pageInfo.hasNextPage) {
  const { length } = requests.edges
  await list.fetchMore({ variables: { after: requests.pageInfo.endCursor } })
  ;({ requests } = await until(({ edges }) => edges.length > length))
  pages += 1
}
print({ pages, numbers: requests.edges.map(({ node }) => node.number) })

const told = new Promise((resolve, reject) => {
  client.subscribe({ query: gql(EVENTS), variables: { after } }).subscribe({
    next: ({ data, error }) => (error ? reject(error) : resolve(data.requestEvents)),
    error: reject,
  })
})
const { data } = await client.mutate({ mutation: gql(EXECUTE), variables: { input: forward(requests.edges[0].node) } })
print({ step: data.executeStep.request.currentVisit.step.key, userErrors: data.executeStep.userErrors })
;({ requests } = await until(({ edges }) => edges[0].node.version > 1))
print({ shown: requests.edges[0].node.version })
const event = await told
print({ told: event.request.number })
process.exit(0)
