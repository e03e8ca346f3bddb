// What the suite of graphql-http finds: a line for each of its audits of a server over HTTP.

import { serverAudits } from 'graphql-http'
import { print, url } from './caller.mjs'

for (const audit of serverAudits({ url })) {
  const { status, reason } = await audit.fn()
  print({ audit: audit.name, id: audit.id, status, reason })
}
