// What a Relay app asks for: a list and a thing's history that are paged by fragments which are read again by themselves, an act
// whose answer updates the store, a fragment that the app itself may write to, and what happens.
import { graphql } from 'relay-runtime'

export const page = graphql`
  fragment Requests_page on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" }, office: { type: "String" })
  @refetchable(queryName: "RequestsPageQuery") {
    requests(first: $count, after: $cursor, filter: { office: $office }) @connection(key: "Requests_requests") {
      edges {
        node {
          number
          ...Requests_row
        }
      }
    }
  }
`

export const row = graphql`
  fragment Requests_row on Request {
    status
    currentVisit {
      step {
        key
      }
    }
  }
`

export const history = graphql`
  fragment Requests_history on Request
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "RequestsHistoryQuery") {
    events(first: $count, after: $cursor) @connection(key: "Requests_events") {
      edges {
        node {
          kind
          at
        }
      }
    }
  }
`

export const inbox = graphql`
  fragment Requests_inbox on Viewer
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "RequestsInboxQuery") {
    inbox(first: $count, after: $cursor) @connection(key: "Requests_inbox") {
      edges {
        actions {
          kind
        }
        node {
          ...Requests_row
        }
      }
    }
  }
`

export const shown = graphql`
  fragment Requests_shown on Request @updatable {
    status
    reason
  }
`

export const execute = graphql`
  mutation RequestsExecuteMutation($input: ExecuteStepInput!) {
    executeStep(input: $input) {
      request {
        version
        ...Requests_row
        ...Requests_history
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`

export const events = graphql`
  subscription RequestsEventsSubscription($after: String) {
    requestEvents(after: $after) {
      cursor
      kind
      request {
        ...Requests_row
      }
    }
  }
`

export const all = graphql`
  query RequestsQuery($office: String, $number: String!) {
    ...Requests_page @arguments(office: $office)
    viewer {
      ...Requests_inbox
    }
    request(number: $number) {
      id
      ...Requests_history
    }
  }
`
