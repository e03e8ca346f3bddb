// Everything that this client asks for. The types of the answers are made from it: `npm run codegen`.
import { graphql } from './gql/index.js'

/** What is shown of a request, wherever one is. Having the same fields everywhere keeps the cache whole. */
export const RequestRow = graphql(`
  fragment RequestRow on Request {
    id
    number
    status
    version
    dueAt
    procedure { id title }
    currentVisit { step { key activity } }
  }
`)

/** What waits for me, and the place in the log from which to follow: what is read beside it is never older. */
export const Inbox = graphql(`
  query Inbox {
    viewer {
      eventCursor
      inbox(first: 50) {
        totalCount
        edges {
          node { ...RequestRow }
          actions { kind step { key } outcomes { key label } }
        }
      }
    }
  }
`)

/** A request, and exactly what I may do about it now. */
export const Open = graphql(`
  query Open($number: String!) {
    request(number: $number) {
      ...RequestRow
      availableActions { kind step { key } outcomes { key label } }
    }
  }
`)

/** Ends a step. What has changed comes back, and the cache takes it from there. */
export const Execute = graphql(`
  mutation Execute($input: ExecuteStepInput!) {
    executeStep(input: $input) {
      request {
        ...RequestRow
        availableActions { kind step { key } outcomes { key label } }
      }
      userErrors { code message path }
    }
  }
`)

/** What happens, from a place in the log on. The request beneath it updates the cache, so every screen that shows it is right. */
export const Events = graphql(`
  subscription Events($after: String) {
    requestEvents(after: $after) {
      id
      cursor
      kind
      version
      request { ...RequestRow }
    }
  }
`)

export const SignIn = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      accessToken
      expiresAt
      refreshToken
      userErrors { code message }
    }
  }
`)

export const Refresh = graphql(`
  mutation Refresh($input: RefreshSessionInput!) {
    refreshSession(input: $input) {
      accessToken
      expiresAt
      refreshToken
      userErrors { code message }
    }
  }
`)
