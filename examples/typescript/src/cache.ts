// The normalised cache: each thing is kept once, by its id, so what one answer says shows on every screen.
import { type VariablesOf } from '@graphql-typed-document-node/core'
import { cacheExchange, type CacheExchangeOpts, type KeyingConfig } from '@urql/exchange-graphcache'
import { type IntrospectionQuery } from 'graphql'
import { type Execute, Inbox } from './documents.js'
import introspection from './gql/introspection.json' with { type: 'json' }

type Args = VariablesOf<typeof Execute>
const schema = introspection as unknown as IntrospectionQuery

/** Ids are unique over all types. A type without an id is part of what holds it. */
const keys: KeyingConfig = {}
for (const type of schema.__schema.types) {
  if (type.kind === 'OBJECT' && !type.fields.some((field) => field.name === 'id')) keys[type.name] = () => null
}

const options: CacheExchangeOpts = {
  schema: schema as NonNullable<CacheExchangeOpts['schema']>,
  keys,
  optimistic: {
    // Until the answer comes, the act is shown as done: nothing more is to do on the request. A refusal takes it back.
    executeStep: (args) => ({
      __typename: 'ExecuteStepPayload',
      request: {
        __typename: 'Request',
        id: (args as Args).input.requestId,
        availableActions: [],
      },
      userErrors: [],
    }),
  },
  updates: {
    Mutation: {
      // And it waits for us no more, unless the answer says that it does again.
      executeStep(result, args, cache) {
        const { request } = result.executeStep as { request: { availableActions?: unknown[] } | null }
        if (!request || request.availableActions?.length) return
        const done = (args as unknown as Args).input.requestId
        cache.updateQuery({ query: Inbox }, (data) => {
          if (!data?.viewer?.inbox) return data
          const edges = data.viewer.inbox.edges.filter((edge) => edge.node.id !== done)
          const gone = data.viewer.inbox.edges.length - edges.length
          const inbox = { ...data.viewer.inbox, edges, totalCount: data.viewer.inbox.totalCount - gone }
          return { ...data, viewer: { ...data.viewer, inbox } }
        })
      },
    },
  },
}

export const cache = cacheExchange(options)
