// Acting: what is offered, on what was seen, once.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type ResultOf, type VariablesOf } from '@graphql-typed-document-node/core'
import { type Client, type OperationResult } from '@urql/core'
import { Execute, Open } from './documents.js'

export type Opened = NonNullable<ResultOf<typeof Open>['request']>
type Input = VariablesOf<typeof Execute>['input']

/** What an act came to. */
export type Came =
  | { done: NonNullable<ResultOf<typeof Execute>['executeStep']>['request'] }
  | { refused: { code: string; message: string; path: string[] }[] }
  | { left: Opened | null }

/**
 * Ends a step of a request. `agree` is asked on what the request is now, and asked again on what it has become when somebody acted
 * meanwhile; a decision that was made on another state is never sent.
 */
export async function act(
  client: Client,
  number: string,
  what: Pick<Input, 'step' | 'outcome'> & Partial<Input>,
  agree: (request: Opened, again: boolean) => Promise<boolean>,
): Promise<Came> {
  for (let again = false; ; again = true) {
    const read = await client.query(Open, { number }, { requestPolicy: 'network-only' })
    if (read.error) throw read.error
    const request = read.data?.request ?? null
    // The server says what may be done; nothing here knows a rule.
    const offered = request?.availableActions.some(
      (action) =>
        action.kind === 'EXECUTE_STEP' &&
        action.step?.key === what.step &&
        action.outcomes.some((outcome) => outcome.key === what.outcome),
    )
    if (!request || !offered || !(await agree(request, again))) return { left: request }

    const input = { ...what, requestId: request.id, expectedVersion: request.version, idempotencyKey: randomUUID() }
    const { data, error } = await send(client, input)
    if (error) throw error
    const errors = data?.executeStep?.userErrors ?? []
    if (errors.some((one) => one.code === 'STALE_VERSION')) continue
    return errors.length > 0 ? { refused: errors } : { done: data?.executeStep?.request ?? null }
  }
}

/** Sends the same act with the same key until there is an answer: it happens once, however often it is sent. */
async function send(client: Client, input: Input): Promise<OperationResult<ResultOf<typeof Execute>>> {
  for (let wait = 200; ; wait *= 2) {
    const answer = await client.mutation(Execute, { input })
    const passing = ['TIMEOUT', 'UNAVAILABLE', 'INTERNAL']
    const lost =
      answer.error?.networkError ||
      answer.error?.graphQLErrors.some((one) => passing.includes(String(one.extensions.code)))
    if (!lost || wait > 10_000) return answer
    await pause(wait)
  }
}
