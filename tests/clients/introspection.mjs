// Introspects a server as three generations of graphql-js do, with everything that each can ask for, and compares the answers with the
// published schema: whole, printed, and by a tool that finds changes. Writes what differs, a line each.
// Usage: node introspection.mjs <server> <schema.graphql>

import fs from 'node:fs'
import { diff } from '@graphql-inspector/core'
import * as graphql16 from 'graphql'
import graphql14 from 'graphql14'
import * as graphql17 from 'graphql17'

const [, , url, schemaFile] = process.argv
const sdl = fs.readFileSync(schemaFile, 'utf8')
const everything = {
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true,
}

async function introspection(query) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  const { data, errors } = await response.json()
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

/** Lists of named things are sets, and so are the names of places. */
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => ((a?.name ?? a) < (b?.name ?? b) ? -1 : 1))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, sorted(inner)]))
}

/** The first place where two values differ. */
function difference(here, there, path = '') {
  if (here === null || there === null || typeof here !== 'object' || typeof there !== 'object') {
    return here === there ? [] : [`${path}: ${JSON.stringify(here)} here, ${JSON.stringify(there)} there`]
  }
  const names = new Set([...Object.keys(here), ...Object.keys(there)])
  return [...names].flatMap((name) => difference(here[name] ?? null, there[name] ?? null, `${path}.${here[name]?.name ?? name}`))
}

/** Types and directives of the schema itself: those of introspection differ between drafts of the specification. */
const own = ({ __schema: { types, directives, ...others } }) => ({
  ...others,
  types: types.filter(({ name }) => !name.startsWith('__')),
  directives: directives.filter(({ name }) => name !== 'oneOf').map(({ name }) => name),
})

const VALID = 'query($after: String) { requests(first: 5, after: $after) { nodes { id assets { ... on Subdomain { fqdn } } } } }'
const INVALID = 'mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { nothing } }'

// Schemas that were introspected have no directives on their definitions.
const isOfSchema = ({ type }) => !type.startsWith('DIRECTIVE_USAGE_')

const told = []
for (const [version, g] of [[14, graphql14], [16, graphql16], [17, graphql17]]) {
  const query = g.getIntrospectionQuery(everything)
  if (version > 14 && !query.includes('isOneOf')) throw new Error(`${version} asks for less than everything`)
  const answer = await introspection(query)
  // Version 14 knows fewer directives and parts of the language than the schema.
  const published = version === 14 ? g.buildClientSchema(answer) : g.buildSchema(sdl)
  if (version > 14) {
    const there = g.introspectionFromSchema(published, everything)
    told.push(...difference(sorted(own(answer)), sorted(own(there))).map((text) => `graphql-js ${version}: ${text}`))
  }
  const read = g.buildClientSchema(answer)
  const errors = [VALID, INVALID].map((text) => g.validate(read, g.parse(text)).length)
  if (errors.join() !== '0,1') told.push(`graphql-js ${version} validates otherwise: ${errors}`)
  const printed = [read, published].map((schema) => g.printSchema(g.lexicographicSortSchema(schema)))
  if (printed[0] !== printed[1]) told.push(`graphql-js ${version} prints another schema`)
  if (!printed[0].includes('interface Asset implements Node') && version > 14) told.push(`graphql-js ${version} reads no interface of an interface`)
  if (version === 16) told.push(...(await diff(published, read)).filter(isOfSchema).map(({ message }) => `graphql-inspector: ${message}`))
}
for (const text of told) console.log(text)
