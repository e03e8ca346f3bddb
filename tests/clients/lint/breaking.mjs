// Tells what of a schema breaks clients of another, as a line of JSON for each: its coordinate, and what changed.
//
//   node breaking.mjs before.graphql after.graphql

import { readFileSync } from 'node:fs'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const [before, after] = process.argv.slice(2).map((file) => buildSchema(readFileSync(file, 'utf8')))

// The inspector writes an argument as it does a field.
const coordinate = ({ type, path }) => (type.startsWith('FIELD_ARGUMENT_') ? path.replace(/\.(\w+)$/, '($1:)') : path)

for (const change of await diff(before, after)) {
  if (change.criticality.level === CriticalityLevel.Breaking) {
    console.log(JSON.stringify({ coordinate: coordinate(change), message: change.message }))
  }
}
