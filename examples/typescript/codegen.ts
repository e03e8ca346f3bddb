// Makes src/gql from the schema and from the documents in src. Offline: the schema is a file. A client of its own copies
// `schema.graphql`, or names it, or the address of a server, in DISPOSISI_SCHEMA.
import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: process.env.DISPOSISI_SCHEMA ?? '../../schema.graphql',
  documents: 'src/*.ts',
  generates: {
    'src/gql/': {
      preset: 'client',
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { Date: 'string', DateTime: 'string', JSON: 'unknown' },
      },
      presetConfig: { fragmentMasking: false },
    },
    // What the cache has to know: which types there are, and which of them have an id.
    'src/gql/introspection.json': { plugins: ['introspection'], config: { minify: true } },
  },
  // Node wants the endings of what is imported.
  importExtension: '.js',
}

export default config
