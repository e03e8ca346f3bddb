// Judges documents by graphql-js, a line of JSON for each: its error, or null if the document is valid and its variables fit.
// Usage: node judge.mjs <schema.graphql> <graphql|graphql17> <cases.jsonl>

import fs from 'node:fs'

const [, , schemaFile, version, casesFile] = process.argv
const g = await import(version)
const schema = g.buildSchema(fs.readFileSync(schemaFile, 'utf8'))

// The schema's own scalars, as their descriptions say.
const forms = { Date: /^\d{4}-\d\d-\d\d$/, DateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/ }
for (const [name, form] of Object.entries(forms)) {
  const scalar = schema.getType(name)
  const take = (value) => {
    if (typeof value === 'string' && form.test(value) && !Number.isNaN(Date.parse(value))) return value
    throw new g.GraphQLError(`no ${name}`)
  }
  Object.assign(scalar, { parseValue: take, coerceInputValue: take })
  scalar.parseLiteral = scalar.coerceInputLiteral = (node) => take(node.kind === 'StringValue' ? node.value : undefined)
}

function error({ text, variables }) {
  try {
    // graphql-js 17 takes `{ }` as a selection set by default, which the grammar does not have.
    const document = g.parse(text, { allowEmptySelectionSets: false })
    const [invalid] = g.validate(schema, document, undefined, { maxErrors: 1 })
    if (invalid) return invalid.message
    const operations = document.definitions.filter((definition) => definition.kind === 'OperationDefinition')
    if (operations.length !== 1) return 'not one operation'
    const { errors } = g.getVariableValues(schema, operations[0].variableDefinitions ?? [], variables ?? {})
    return errors?.[0].message ?? null
  } catch (thrown) {
    // Syntax errors; graphql-js 16 throws for variables in `@skip` at the root of a subscription, too.
    return thrown.message
  }
}

for (const line of fs.readFileSync(casesFile, 'utf8').split('\n').filter(Boolean)) console.log(JSON.stringify(error(JSON.parse(line))))
