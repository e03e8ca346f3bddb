// Writes documents for the differential test, a line of JSON each: those by hand, then `count` of each seed.
// Usage: node cases.mjs <schema.graphql> <count> <seed>…

import fs from 'node:fs'
import { buildSchema } from 'graphql'
import { BY_HAND, COERCED, EXCLUDED } from './byhand.mjs'
import { documents } from './documents.mjs'

const [, , schemaFile, count, ...seeds] = process.argv
const schema = buildSchema(fs.readFileSync(schemaFile, 'utf8'))
const made = seeds.flatMap((seed) => [...documents(schema, Number(seed), Number(count))])
for (const one of [...BY_HAND, ...COERCED, ...EXCLUDED, ...made]) console.log(JSON.stringify(one))
