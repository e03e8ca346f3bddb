// The tabs of a browser with the guide's session.js, which stands beside this file. A line of JSON for each thing that came of it.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { launch } from './browser.mjs'

const url = process.env.DISPOSISI_URL
const folder = new URL('.', import.meta.url)
const print = (line) => console.log(JSON.stringify(line))

// The page's own server: it hands operations on, and loses the answers to refreshes as it is told.
const refreshes = []
let fates = []
let held = () => {}
const server = createServer(async (request, response) => {
  if (request.url === '/session.js') {
    return response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(new URL('session.js', folder)))
  }
  if (request.url !== '/graphql') return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
  const body = await text(request)
  const { authorization } = request.headers
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
  const answer = await text((await fetch(url, { method: 'POST', headers, body })).body)
  if (body.includes('refreshSession')) {
    refreshes.push(JSON.parse(body).variables.input.idempotencyKey)
    const fate = fates.shift()
    if (fate === 'lost') return request.socket.destroy()
    if (fate === 'held') return held()
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const page = `http://127.0.0.1:${server.address().port}/`

const launched = launch(new URL('profile', folder).pathname)

/** Opens a tab of the page, whose expressions have the module as `session`. */
async function open() {
  const { close, run } = await launched(page)
  return { close, run: (expression) => run(`import('${page}session.js').then(async (session) => ${expression})`) }
}

const ask = (query, token) => `fetch('/graphql', {
  method: 'POST',
  headers: { 'content-type': 'application/json', ...(${token} && { authorization: 'Bearer ' + ${token} }) },
  body: JSON.stringify({ query: ${JSON.stringify(query)} }),
}).then((answer) => answer.json())`
const EXPIRE = `localStorage.setItem('disposisi.session', JSON.stringify({
  ...JSON.parse(localStorage.getItem('disposisi.session')), expiresAt: new Date().toISOString() }))`
/** Who is signed in there, in how many sessions, and the refreshes so far by different keys. */
async function state(tab) {
  const { data } = await tab.run(ask('{ viewer { user { username } sessions { current } } }', '(await session.token())'))
  const { user, sessions } = data.viewer
  return { who: user.username, sessions: sessions.length, refreshes: refreshes.length, keys: new Set(refreshes).size }
}

const [one, two] = [await open(), await open()]
await two.run(`{ globalThis.told = []; session.onChange((change) => told.push(change)) }`)
const credentials = `username: "hadi", password: "${process.env.DISPOSISI_PASSWORD}"`
const signIn = `mutation { signIn(input: { ${credentials} }) { accessToken expiresAt refreshToken } }`
await one.run(`session.begin((await ${ask(signIn, 'undefined')}).data.signIn)`)
print({ signedIn: await state(two) })

// Both want another token at once, several times each.
await one.run(EXPIRE)
const wanted = 'Promise.all([session.token(), session.token(), session.token()])'
const tokens = (await Promise.all([one.run(wanted), two.run(wanted)])).flat()
print({ tokens: tokens.length, different: new Set(tokens).size, ...(await state(one)) })

// The answer is lost: the same tab asks again.
fates = ['lost', 'lost']
await two.run(EXPIRE)
print({ lost: await state(two) })

// The tab is closed before its answer: the next one goes on with its key.
fates = ['held']
const sent = new Promise((resolve) => (held = resolve))
const three = await open()
await three.run(EXPIRE)
await three.run('{ session.token() }')
await sent
await three.close()
print({ closed: await state(one) })

// Signing out in one is told to the other.
await one.run(ask('mutation { signOut { userErrors { code } } }', '(await session.token())'))
await one.run('session.end()')
print({ left: (await two.run('session.token()')) ?? null, told: await two.run('told') })
process.exit(0)
