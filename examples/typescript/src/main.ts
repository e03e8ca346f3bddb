// The program: `node dist/main.js` says what it can do.
import { createInterface } from 'node:readline/promises'
import { act, type Opened } from './act.js'
import { connect } from './client.js'
import { Inbox } from './documents.js'
import { follow } from './follow.js'
import { Session } from './session.js'

const USAGE = `node dist/main.js inbox                                  what waits for me
node dist/main.js follow [cursor]                        what happens, a line of JSON for each event
node dist/main.js act <number> <step> <outcome> [json]   end a step, with what the outcome asks for`

const url = process.env.DISPOSISI_URL ?? 'http://localhost:8080/graphql'
const session = new Session(url)
const client = connect(url, session)

function line(request: Opened): string {
  return `${request.number} (${request.status}, version ${request.version}), at step ${request.currentVisit?.step.key ?? '-'}`
}

async function inbox(): Promise<void> {
  const { data, error } = await client.query(Inbox, {})
  if (error) throw error
  for (const { node, actions } of data?.viewer?.inbox?.edges ?? []) {
    const open = actions.flatMap((action) =>
      action.outcomes.length > 0
        ? action.outcomes.map((outcome) => `${action.step?.key} ${outcome.key}`)
        : [action.kind.toLowerCase()],
    )
    console.log(`${node.number}  ${node.procedure.title}: ${open.join(', ')}`)
  }
  console.log(`${data?.viewer?.inbox?.totalCount ?? 0} wait; follow from ${data?.viewer?.eventCursor}`)
}

async function decide(number: string, step: string, outcome: string, more: string): Promise<void> {
  // What is shown of the inbox, before the act, at once when it is sent, and when the answer is there.
  const shown = client.query(Inbox, {}).subscribe(({ data }) => {
    console.log(`waiting: ${data?.viewer?.inbox?.edges.map((edge) => edge.node.number).join(', ') || 'nothing'}`)
  })
  const terminal = createInterface({ input: process.stdin })
  const answers = terminal[Symbol.asyncIterator]()
  const came = await act(client, number, { step, outcome, ...JSON.parse(more) }, async (request, again) => {
    console.log(`${again ? 'somebody acted meanwhile: ' : ''}${line(request)}; ${step} ${outcome}? (y/n)`)
    return (await answers.next()).value === 'y'
  })
  terminal.close()
  shown.unsubscribe()
  if ('done' in came) console.log(`done: ${came.done ? line(came.done) : number}`)
  else if ('left' in came) console.log(`left as it is: ${came.left ? line(came.left) : 'no such request'}`)
  else came.refused.forEach((one) => console.log(`${one.code} at ${one.path.join('.')}: ${one.message}`))
}

try {
  const [command, ...rest] = process.argv.slice(2)
  await session.signIn(process.env.DISPOSISI_USERNAME ?? 'kadri', process.env.DISPOSISI_PASSWORD ?? 'contoh belaka')
  const [number, step, outcome, more] = rest
  if (command === 'inbox') await inbox()
  else if (command === 'follow') {
    console.error('following; Ctrl-C ends it')
    await follow(client, number ?? null, (event) => console.log(JSON.stringify(event)))
  }
  else if (command === 'act' && number && step && outcome) await decide(number, step, outcome, more ?? '{}')
  else console.log(USAGE)
  process.exit(0)
} catch (why) {
  console.error(why instanceof Error ? why.message : why)
  process.exit(1)
}
