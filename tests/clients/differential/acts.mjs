// Runs generated mutations of several acts on a server, each act selected in parts: by name, in fragments, beside excluded ones.
// graphql-js says which acts run, and in which order; the server's logs of events say which did. Writes a line of JSON for each
// document with other acts, then one with the counts.
// Usage: node acts.mjs <schema.graphql> <server> <office> <administrator's token> <applicant's token> <count> <seed>

import fs from 'node:fs'
import * as graphql16 from 'graphql'
import * as graphql17 from 'graphql17'
import { random } from './documents.mjs'
import { Server } from './server.mjs'

const [, , schemaFile, url, office, administratorToken, applicantToken, count, seed] = process.argv
const sdl = fs.readFileSync(schemaFile, 'utf8')
const administrator = new Server(url, administratorToken)
const applicant = new Server(url, applicantToken)
const userId = (await applicant.data('{ viewer { user { id } } }')).viewer.user.id
let acts = 0

/** New acts of each kind: the field, its input with a mark of its own, and what can be selected of its payload. */
const KINDS = {
  agency: (mark) => ({
    mark,
    field: 'createAgency',
    input: { office, key: mark, name: `Dinas ${mark}` },
    payload: ['agency { id }', 'agency { key office { key } }', 'userErrors { code }', 'userErrors { path message }', '__typename'],
  }),
  grant: (mark) => ({
    mark,
    field: 'grantRole',
    input: { office, userId, role: 'auditor', capacity: 'ACTING', decreeNumber: mark },
    payload: ['grant { id }', 'grant { role { key } decreeNumber }', 'userErrors { code }', 'userErrors { path message }', '__typename'],
  }),
  request: (mark) => ({
    mark,
    field: 'submitRequest',
    input: {
      office,
      procedure: 'permohonan-cloud-service',
      details: { purpose: 'Arsip', quotaGib: 50, users: 3 },
      letter: { number: mark, date: '2026-01-05', subject: 'Permohonan akun' },
      contact: { name: 'Warga Contoh', phone: '0562777001', email: 'contoh@opd.example' },
    },
    payload: ['request { id }', 'request { number letter { number } }', 'request { ...Part }', 'userErrors { code }', '__typename'],
  }),
}

/** A mutation of acts, in parts. */
function mutation(rng, kinds) {
  const variables = []
  const fragments = []
  const given = {}
  const variable = (type, value) => {
    const name = `v${variables.length}`
    variables.push(`$${name}: ${type}`)
    given[name] = value
    return `$${name}`
  }
  const literal = (value) =>
    Array.isArray(value) ? `[${value.map(literal).join(', ')}]`
      : typeof value === 'object' ? `{ ${Object.entries(value).map(([name, inner]) => `${name}: ${literal(inner)}`).join(', ')} }`
        : value === 'ACTING' ? value : JSON.stringify(value)
  const excluded = () => {
    const [directive, value] = rng.pick([['skip', true], ['include', false]])
    return ` @${directive}(if: ${rng.chance(0.5) ? value : variable('Boolean!', value)})`
  }
  const parts = []
  const begun = Array.from({ length: 1 + rng.below(4) }, () => KINDS[rng.pick(kinds)](`uji-${seed}-${acts++}`))
  begun.forEach(({ field, input, payload }, at) => {
    const alias = rng.chance(0.4) && !begun.slice(0, at).some((other) => other.field === field) ? '' : `a${at}: `
    const type = `${field[0].toUpperCase()}${field.slice(1)}Input!`
    const text = `(input: ${rng.chance(0.6) ? variable(type, input) : literal(input)})`
    for (let part = 0; part <= rng.below(4); part++) {
      const selected = Array.from({ length: 1 + rng.below(3) }, () => rng.pick(payload))
      parts.push(`${alias}${field}${text}${rng.chance(0.12) ? excluded() : ''} { ${selected.join(' ')} }`)
    }
  })
  const shuffled = (list) => list.map((item) => [rng.next(), item]).sort(([a], [b]) => a - b).map(([, item]) => item)
  const wrapped = (text, depth) => {
    const roll = rng.next()
    if (roll < 0.4 || depth > 3) return text
    const directive = rng.chance(0.08) ? excluded() : ''
    if (roll < 0.55) return `...${directive} { ${wrapped(text, depth + 1)} }`
    if (roll < 0.7) return `... on Mutation${directive} { ${wrapped(text, depth + 1)} }`
    const name = `F${fragments.length}`
    fragments.push('')
    fragments[Number(name.slice(1))] = `fragment ${name} on Mutation { ${wrapped(text, depth + 1)} }`
    return `...${name}${directive}${rng.chance(0.3) ? ` ...${name}` : ''}`
  }
  const list = shuffled(parts)
  const groups = []
  while (list.length) groups.push(wrapped(list.splice(0, 1 + rng.below(3)).join(' '), 0))
  if (groups.some((text) => text.includes('...Part')) || fragments.some((text) => text.includes('...Part'))) {
    fragments.push('fragment Part on Request { version status id }')
  }
  const text = `mutation Acts${variables.length ? `(${variables.join(', ')})` : ''} { ${groups.join(' ')} } ${fragments.join(' ')}`
  return { text, variables: given, marks: begun.map(({ mark }) => mark) }
}

/** The marks of the acts that graphql-js runs, in their order. */
async function expected(g, schema, { text, variables }) {
  const document = g.parse(text)
  const [invalid] = g.validate(schema, document)
  if (invalid) throw new Error(`${text}: ${invalid.message}`)
  const marks = []
  const fieldResolver = (_, { input }, __, { parentType }) => {
    if (parentType.name === 'Mutation') marks.push(input.key ?? input.decreeNumber ?? input.letter.number)
    return null
  }
  await g.execute({ schema, document, variableValues: variables, fieldResolver })
  return marks
}

/** The marks of the acts that happened since, in their order, by the events of the office or of the requests. */
async function happened(isOffice, marks, since) {
  if (isOffice) {
    const text = `query($office: String!) { office(key: $office) { events(last: 20) { nodes { sequence kind agency { key } grant { decreeNumber } } } } }`
    const events = (await administrator.data(text, { office })).office.events.nodes
    const marked = events.filter(({ sequence }) => sequence > since.sequence)
    since.sequence = events.at(-1)?.sequence ?? 0
    return marked.map(({ agency, grant }) => grant?.decreeNumber ?? agency?.key)
  }
  const text = '{ requests(first: 20) { nodes { letter { number } events { nodes { kind } } } } }'
  const requests = (await applicant.data(text)).requests.nodes.filter(({ letter }) => marks.includes(letter.number)).reverse()
  return requests.flatMap(({ letter, events }) => events.nodes.filter(({ kind }) => kind === 'SUBMITTED').map(() => letter.number))
}

const schemas = [graphql16, graphql17].map((g) => [g, g.buildSchema(sdl)])
const since = { sequence: 0 }
await happened(true, [], since)
const counts = { same: 0, acts: 0, selected: 0 }
for (let at = 0; at < Number(count); at++) {
  const rng = random(Number(seed) * 1_000_003 + at)
  const isOffice = rng.chance(0.7)
  const one = mutation(rng, isOffice ? ['agency', 'grant'] : ['request'])
  const there = await Promise.all(schemas.map(([g, schema]) => expected(g, schema, one)))
  const answer = await (isOffice ? administrator : applicant).answer(one.text, one.variables)
  const here = await happened(isOffice, one.marks, since)
  counts.acts += here.length
  counts.selected += one.text.match(/createAgency|grantRole|submitRequest/g).length
  if (there.every((marks) => JSON.stringify(marks) === JSON.stringify(here)) && !answer.errors) counts.same++
  else console.log(JSON.stringify({ ...one, here, there, answer }))
}
console.log(JSON.stringify(counts))
