// Following what happens: first what was missed since a cursor, then what happens. `client.ts` goes on after a break.
import { type ResultOf } from '@graphql-typed-document-node/core'
import { type Client } from '@urql/core'
import { Events, Inbox } from './documents.js'

export type Told = ResultOf<typeof Events>['requestEvents']

/** Tells of every event after a cursor; without one, of what happens from now on. Ends only by a refusal. */
export function follow(client: Client, after: string | null, tell: (event: Told) => void): Promise<never> {
  return new Promise((_, refuse) => {
    const { unsubscribe } = client.subscription(Events, { after }).subscribe(({ data, error }) => {
      if (data && !error) return tell(data.requestEvents)
      unsubscribe()
      // An older state was restored on the server: what is held may never have been. Read anew, and follow from there.
      const ahead = error?.graphQLErrors.some((one) => one.extensions.code === 'CURSOR_AHEAD')
      if (!ahead) return refuse(error)
      anew(client).then((cursor) => follow(client, cursor, tell), refuse).catch(refuse)
    })
  })
}

async function anew(client: Client): Promise<string | null> {
  const { data } = await client.query(Inbox, {}, { requestPolicy: 'network-only' })
  return data?.viewer?.eventCursor ?? null
}
