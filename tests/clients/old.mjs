// Reads the schema as a tool of 2018 does: graphql-js 14 asks its own introspection, builds a schema of the answer, and validates
// operations with it. Prints what it says against them, a JSON list.

import graphql from 'graphql14'

const { buildClientSchema, getIntrospectionQuery, parse, printSchema, validate } = graphql
const [url, ...documents] = process.argv.slice(2)
const query = getIntrospectionQuery()
if (/isOneOf|specifiedBy/.test(query)) throw new Error('this is no old tool')

const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: JSON.stringify({ query }),
})
const { data, errors } = await response.json()
if (errors) throw new Error(JSON.stringify(errors))
const schema = buildClientSchema(data)
if (!printSchema(schema).includes('interface Asset')) throw new Error('it is not the schema')
console.log(JSON.stringify(documents.map((text) => validate(schema, parse(text)).map((error) => error.message))))
