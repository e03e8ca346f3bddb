// The explorer without its browser: what its panels and editors do by its own modules, which stand beside this file. A line of JSON for
// each thing that came of it.
//
//   node explorer.mjs examples            every example, as who may run it
//   node explorer.mjs session             signing in, with a code too; prolonging; signing out
//   node explorer.mjs follow <cursor>     follows for as long as it lives

import { createHmac } from 'node:crypto'
import { parse } from 'graphql'
import WebSocket from 'ws'
import { examples } from './examples.js'
import { createFetcher } from './fetcher.js'
import { Session } from './session.js'

const url = process.env.DISPOSISI_URL
const password = process.env.DISPOSISI_PASSWORD
const print = (line) => console.log(JSON.stringify(line))

async function person(username) {
  const session = new Session(url)
  if (username) await session.signIn(username, password)
  const fetcher = createFetcher(url, session, WebSocket)
  const run = (query, variables, headers) => fetcher({ query, variables, operationName: name(query) }, { documentAST: parse(query), headers })
  return { session, run }
}

// As GraphiQL takes it from the document.
function name(query) {
  return parse(query).definitions[0].name?.value
}

const example = (title) => examples.find((example) => example.title === title)

async function all() {
  const people = new Map()
  async function run({ as, query, variables }) {
    if (!people.has(as)) people.set(as, await person(as))
    return people.get(as).run(query, variables)
  }
  const inbox = await run(example('What waits for me'))
  const events = example('Follow what happens')
  const after = inbox.data.viewer.eventCursor
  const follows = [
    await run({ ...events, variables: { after } }),
    await run(example('Follow my inbox')),
  ].map((stream) => stream[Symbol.asyncIterator]())
  const first = follows.map((stream) => stream.next())
  // Sent behind the subscription on its socket, so that it has begun.
  const { id, version } = (await run(example('A request'))).data.request
  await new Promise((pause) => setTimeout(pause, 500))
  for (const one of examples) {
    if (parse(one.query).definitions[0].operation === 'subscription') continue
    const { variables } = one
    if (variables?.input?.requestId === '') Object.assign(variables.input, { requestId: id, expectedVersion: version })
    const { data, errors } = await run(one)
    const refused = Object.values(data ?? {}).flatMap((payload) => payload?.userErrors ?? [])
    print({ example: one.title, refused: [...(errors ?? []), ...refused], empty: Object.values(data ?? {}).includes(null) })
  }
  for (const told of first) {
    const { value } = await told
    print({ told: Object.keys(value.data ?? {})[0], refused: value.errors ?? [] })
  }
}

/** What an authenticator shows. */
function code(secret, steps = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const digest = createHmac('sha1', key).update(counter).digest()
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

async function sessions() {
  const { session, run } = await person()
  const who = '{ viewer { user { username } } }'
  const seen = []
  session.subscribe(() => seen.push(session.who()?.user.name ?? null))
  print({ nobody: (await run(who)).errors[0].extensions.code })
  print({ wrong: (await session.signIn('hadi', 'wrong')).code })
  await session.signIn('hadi', password)
  print({ who: (await run(who)).data.viewer.user.username })

  // Two who ask at once when the token is about to end get the same one, and the session lasts.
  const { fetch } = globalThis
  let refreshes = 0
  let lost = 0
  globalThis.fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (!init.body.includes('refreshSession')) return answer
    refreshes += 1
    if (lost-- > 0) throw new TypeError('the answer is lost')
    return answer
  }
  await session.token()
  print({ refreshes })
  const now = Date.now
  Date.now = () => now() + 14.9 * 60_000
  const [one, other] = await Promise.all([session.token(), session.token()])
  Date.now = now
  print({ refreshes, same: one === other, who: (await run(who)).data.viewer.user.username })
  session.doubt()
  print({ who: (await run(who)).data.viewer.user.username, refreshes })

  // A lost answer is asked for once more; after two of them the next call does so.
  lost = 1
  session.doubt()
  print({ lost: (await run(who)).data.viewer.user.username, refreshes })
  lost = 2
  session.doubt()
  print({ lost: await session.token().catch((why) => why.message) })
  print({ who: (await run(who)).data.viewer.user.username, refreshes })

  // The Headers tab comes before who is signed in, on a socket too.
  const bad = { Authorization: 'Bearer none' }
  print({ headers: (await run(who, {}, bad)).errors[0].extensions.code })
  globalThis.CloseEvent ??= class {}
  // The toolkit rejects once more what it has thrown.
  process.once('unhandledRejection', () => {})
  const refused = (await run('subscription S { inboxChanges { waiting } }', {}, bad))[Symbol.asyncIterator]().next()
  print({ socket: await refused.then(() => 'told', (why) => why.code ?? why.message) })

  const { data } = await run('mutation($password: String!) { beginTotp(input: { password: $password }) { secret } }', { password })
  const { secret } = data.beginTotp
  const confirm = 'mutation($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes userErrors { code } } }'
  const { recoveryCodes } = (await run(confirm, { code: code(secret) })).data.confirmTotp
  await session.signOut()
  print({ after: (await session.token()) ?? null, nobody: (await run(who)).errors[0].extensions.code })
  print({ asks: (await session.signIn('hadi', password)).code })
  await session.signIn('hadi', password, recoveryCodes[0])
  print({ who: (await run(who)).data.viewer.user.username, seen })
}

async function follow(after) {
  const { run } = await person('agus')
  const query = 'subscription Events($after: String) { requestEvents(after: $after) { id cursor kind version } }'
  for await (const { data } of await run(query, { after })) print(data.requestEvents)
}

const [command, after] = process.argv.slice(2)
if (command === 'follow') await follow(after)
else await (command === 'examples' ? all() : sessions())
process.exit(0)
