// Lets generators of Kotlin, Swift, Dart and Python read the schema by introspection, as their documentation says. Writes what they
// make, a line of JSON each.
// Usage: node generate.mjs <server> <queries.graphql>

import fs from 'node:fs'
import { codegen } from '@graphql-codegen/core'
import * as freezed from '@graphql-codegen/flutter-freezed'
import * as kotlin from '@graphql-codegen/kotlin'
import { buildClientSchema, getIntrospectionQuery, parse, print, printSchema } from 'graphql'
import { InputData, quicktype } from 'quicktype-core'
import { GraphQLInput } from 'quicktype-graphql-input'

const [, , url, queriesFile] = process.argv
const headers = { 'content-type': 'application/json' }
const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: getIntrospectionQuery() }) })
const introspection = await response.json()
const write = (generator, language, text) => console.log(JSON.stringify({ generator, language, text }))

// One operation in each source.
const queries = parse(fs.readFileSync(queriesFile, 'utf8')).definitions
for (const lang of ['kotlin', 'swift', 'dart', 'python']) {
  const input = new GraphQLInput()
  for (const query of queries) await input.addSource({ name: query.name.value, schema: introspection, query: print(query) })
  const inputData = new InputData()
  inputData.addInput(input)
  const { lines } = await quicktype({ inputData, lang })
  write('quicktype', lang, lines.join('\n'))
}
const schema = parse(printSchema(buildClientSchema(introspection.data)))
for (const [language, plugin, config] of [['kotlin', kotlin, { package: 'id.go.contoh' }], ['dart', freezed, {}]]) {
  const options = { filename: `generated.${language}`, schema, documents: [], config: {}, plugins: [{ plugin: config }], pluginMap: { plugin } }
  write('graphql-codegen', language, await codegen(options))
}
