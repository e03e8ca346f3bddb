// How the published schema is linted: what the plugin recommends, its rules of Relay, and more than that of descriptions.

import graphql from '@graphql-eslint/eslint-plugin'

const { 'flat/schema-recommended': recommended, 'flat/schema-relay': relay } = graphql.configs

export default [
  {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: './schema.graphql' } },
    },
    rules: {
      ...recommended.rules,
      ...relay.rules,

      // Everything is described, not types alone. The arguments of the specification's own directives are not ours to describe.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
          ignoredSelectors: ['DirectiveDefinition[name.value=/^(include|skip|specifiedBy|deprecated|oneOf)$/] > InputValueDefinition'],
        },
      ],

      // From the larger set: a mutation takes one `input` and gives an object, and a refused root field is null alone.
      '@graphql-eslint/input-name': ['error', { checkInputType: true, caseSensitiveInputType: false, checkQueries: false }],
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-nullable-result-in-root': 'error',

      // What has an identity has an `id`. These have none: they are part of what holds them, named by a key within it, or, as
      // the viewer, a session, a preview and an error, nothing that anybody looks up.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          acceptedIdNames: ['id'],
          acceptedIdTypes: ['ID'],
          exceptions: {
            suffixes: ['Connection', 'Edge', 'Payload'],
            types: [
              'ActPreview',
              'Action',
              'ActionNeeds',
              'Actor',
              'AssetPreview',
              'Awaited',
              'ClosedAction',
              'Contact',
              'Credential',
              'DispositionRead',
              'DocumentRequirement',
              'GrantExplanation',
              'InboxChange',
              'Letter',
              'NeededSignature',
              'OfficePerson',
              'Outcome',
              'PageInfo',
              'PolicyExplanation',
              'PolicyLine',
              'RecordKind',
              'Role',
              'Session',
              'Signature',
              'StandardTime',
              'Step',
              'StepVisit',
              'Submission',
              'UserError',
              'Viewer',
            ],
          },
        },
      ],

      // A list need not be a connection: a step's records or a payload's errors are few, and always wanted whole.
      '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],

      // Relay's specification leaves it open to page one way only: an inbox is read from the oldest due on.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],

      // The rule knows no exceptions, and its one complaint is `User.username`, which is a word of its own.
      '@graphql-eslint/no-typename-prefix': 'off',
    },
  },
]
