// Runs generated queries on a server, and by graphql-js over the objects that the server gives to plain queries: of one field after
// another, without fragments, directives, variables or anything selected twice. Writes a line of JSON for each document with another
// answer, then one with the counts. Nobody else may use the server meanwhile.
// Usage: node data.mjs <schema.graphql> <server> <token> <count> <seed>…

import fs from 'node:fs'
import * as graphql16 from 'graphql'
import * as graphql17 from 'graphql17'
import { BY_HAND, EXCLUDED } from './byhand.mjs'
import { documents } from './documents.mjs'
import { Server } from './server.mjs'

const [, , schemaFile, url, token, count, ...seeds] = process.argv
const sdl = fs.readFileSync(schemaFile, 'utf8')
const server = new Server(url, token)

/** Reads fields of objects by plain queries, as many in one call as wait. Equal ones are read once. */
class PlainReader {
  constructor() {
    this.read = new Map()
    this.waiting = []
  }

  /** The answer to a query of one field after another. */
  answer(text) {
    if (!this.read.has(text)) {
      this.read.set(text, new Promise((resolve, reject) => this.waiting.push({ text, resolve, reject })))
      if (this.waiting.length === 1) setImmediate(() => this.send())
    }
    return this.read.get(text)
  }

  async send() {
    const all = this.waiting.splice(0)
    while (all.length) {
      const some = all.splice(0, 40)
      try {
        const answer = await server.answer(`{ ${some.map(({ text }, at) => `q${at}: ${text}`).join(' ')} }`, {})
        if (!answer.data) throw new Error(`a plain query is refused: ${some[0].text}: ${JSON.stringify(answer.errors)}`)
        some.forEach(({ resolve }, at) => {
          const errors = (answer.errors ?? []).filter((error) => error.path[0] === `q${at}`)
          resolve({ value: answer.data[`q${at}`], errors: errors.map((error) => ({ ...error, path: error.path.slice(1) })) })
        })
      } catch (thrown) {
        some.forEach(({ reject }) => reject(thrown))
      }
    }
  }
}

const reader = new PlainReader()

/** An object of the tree: its type, the fields that lead to it, and its places in the lists on the way. */
class TreeObject {
  constructor(type, fields, places) {
    Object.assign(this, { __typename: type, fields, places })
  }

  /** A field's value: a scalar, objects, or an error thrown. */
  async field(g, schema, field, given) {
    const type = schema.getType(this.__typename).getFields()[field]
    const fields = [...this.fields, { on: this.__typename, field, given: written(g, type.args, given) }]
    const isLeaf = g.isLeafType(g.getNamedType(type.type))
    const text = fields.reduceRight((below, { on, field, given }, at) => {
      const own = `${field}${given}${below && ` { ${below} }`}`
      return at === 0 ? own : `... on ${on} { ${own} }`
    }, isLeaf ? '' : '__typename')
    const { value, errors } = await reader.answer(text)
    const failed = (path) => {
      const found = errors.find((error) => JSON.stringify(error.path) === JSON.stringify(path))
      return found && new g.GraphQLError(found.message, { extensions: found.extensions })
    }
    let [found, path, places] = [value, [], [...this.places]]
    for (const step of fields.slice(1)) {
      while (Array.isArray(found)) {
        path.push(places[0])
        found = found[places.shift()]
      }
      if (found === null) throw Object.assign(new g.GraphQLError('lost beside an error'), { isLost: true })
      path.push(step.field)
      found = found[step.field]
    }
    const of = (found, path, places) => {
      if (found === null) return failed(path) ?? null
      if (isLeaf && !Array.isArray(found)) return found
      if (Array.isArray(found) && !(isLeaf && !g.isListType(g.getNullableType(type.type)))) {
        return found.map((item, at) => (isLeaf ? item : of(item, [...path, at], [...places, at])))
      }
      return new TreeObject(found.__typename, fields, places)
    }
    const result = of(found, path, this.places)
    if (result instanceof Error) throw result
    return result
  }
}

/** Arguments as literals. */
function written(g, args, given) {
  const texts = args.filter(({ name }) => given[name] !== undefined)
    .map(({ name, type }) => `${name}: ${g.print(g.valueToLiteral ? g.valueToLiteral(given[name], type) : g.astFromValue(given[name], type))}`)
  return texts.length ? `(${texts.join(', ')})` : ''
}

/** Executes a document by graphql-js over the tree. */
async function executed(g, schema, { text, variables }) {
  let isLost = false
  const answer = await g.execute({
    schema,
    document: g.parse(text),
    rootValue: new TreeObject('Query', [], []),
    variableValues: variables,
    typeResolver: (object) => object.__typename,
    fieldResolver: async (object, given, _, { fieldName }) => {
      try {
        return await object.field(g, schema, fieldName, given)
      } catch (thrown) {
        isLost ||= thrown.isLost
        throw thrown
      }
    },
  })
  return { ...answer, isLost }
}

// Values of arguments that lead somewhere.
const found = await server.data(`{
  viewer { user { id } grants { id } }
  offices { id key procedures { id key } }
  requests(first: 20) { edges { cursor } nodes { id number agency { id key } documents { id } dispositions { id } assets { id }
    events(first: 3) { nodes { id } edges { cursor } } } }
}`)
const requests = found.requests.nodes
const ids = [found.viewer.user, ...found.viewer.grants, ...found.offices, ...found.offices.flatMap(({ procedures }) => procedures),
  ...requests, ...requests.flatMap((request) => [request.agency, ...request.documents, ...(request.dispositions ?? []), ...request.assets,
    ...request.events.nodes])].map(({ id }) => id)
const VALUES = {
  id: ids, ids, requestId: requests.map(({ id }) => id),
  number: requests.map(({ number }) => number), request: requests.map(({ number }) => number),
  office: found.offices.map(({ key }) => key), agency: requests.map(({ agency }) => agency.key),
  after: [...found.requests.edges.map(({ cursor }) => cursor), ...requests.flatMap(({ events }) => events.edges.map(({ cursor }) => cursor))],
  first: [0, 1, 2, 3], last: [1, 2], version: [1, 2], username: ['opd', 'tu', 'nobody'], name: ['Request', 'RequestFilter', 'Node', 'DateTime', 'Nothing'],
}
VALUES.before = VALUES.after
VALUES.key = [...VALUES.office, ...found.offices.flatMap(({ procedures }) => procedures.map(({ key }) => key))]

const codes = ({ errors }) => (errors ?? []).map(({ path, extensions }) => `${path?.join('.')}: ${extensions?.code}`).sort()

const schemas = [graphql16, graphql17].map((g) => [g, g.buildSchema(sdl)])
const [, schema] = schemas[0]
// The order of a schema's types is nobody's: introspection.mjs compares them.
const listsTypes = (text) => /\b(types|possibleTypes)\b/.test(text)
const isQuery = ({ text }) => {
  if (listsTypes(text)) return false
  try {
    const document = graphql16.parse(text)
    const operations = document.definitions.filter(({ kind }) => kind === 'OperationDefinition')
    return operations.length === 1 && operations[0].operation === 'query' && !graphql16.validate(schema, document).length
  } catch {
    return false
  }
}
// What is written by hand names no real objects.
const real = (text) => text.replaceAll('"x"', '"singkawang"').replaceAll('"1"', JSON.stringify(requests[0].id))
const made = seeds.flatMap((seed) => [...documents(schema, Number(seed), Number(count), VALUES)])
const cases = [...[...BY_HAND, ...EXCLUDED].map((one) => ({ ...one, text: real(one.text) })), ...made].filter(isQuery)

const counts = { same: 0, refused: 0, lost: 0, errors: 0, fields: 0 }
for (const one of cases) {
  const here = await server.answer(one.text, one.variables)
  if (here.data === undefined) {
    // Refused before it runs: variables that do not fit, or limits.
    counts.refused++
    continue
  }
  let differs
  for (const [g, schema] of schemas) {
    const there = await executed(g, schema, one)
    if (there.isLost) {
      counts.lost++
      continue
    }
    const same = JSON.stringify(here.data) === JSON.stringify(there.data) && JSON.stringify(codes(here)) === JSON.stringify(codes(there))
    if (!same) differs ??= { by: g === graphql16 ? 16 : 17, there: there.data ?? null, codes: codes(there) }
  }
  counts.errors += here.errors ? 1 : 0
  if (differs) console.log(JSON.stringify({ ...one, here: here.data, codes: codes(here), ...{ there: differs } }))
  else counts.same++
}
counts.fields = reader.read.size
console.log(JSON.stringify(counts))
