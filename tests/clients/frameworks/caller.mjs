// What the frameworks here share: who they are, what they ask for, and the story that each of them goes through.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

export const url = process.env.DISPOSISI_URL
export const authorization = `Bearer ${process.env.DISPOSISI_TOKEN}`

export const socket = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: authorization },
})

export const PAGE = `query Page($after: String) {
  requests(first: 2, after: $after, orderBy: { field: SUBMITTED_AT, direction: ASC }) {
    edges { cursor node { id number version } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
  viewer { eventCursor }
}`

export const EXECUTE = `mutation Execute($input: ExecuteStepInput!) {
  executeStep(input: $input) {
    request { id number version currentVisit { step { key } } }
    userErrors { code path }
  }
}`

export const EVENTS = `subscription Events($after: String) {
  requestEvents(after: $after) { id cursor kind request { id number version } }
}`

export function forward(request) {
  const documents = [{ kind: 'lembar-disposisi', title: 'Lembar', number: '1' }]
  return { requestId: request.id, step: '2', outcome: 'forward', expectedVersion: request.version, documents }
}

export function print(line) {
  console.log(JSON.stringify(line))
}
