// Operations to begin with, for the explorer's menu. `as` is who may run them in `disposisi demo`; nobody, where it is not said.

const year = new Date().getFullYear();

export const examples = [
  {
    title: 'Offices and their SOPs',
    query: `# Public: run it as it is.
# For more, sign in on the left.
query Offices {
  offices {
    key
    name
    procedures {
      key
      title
      number
    }
  }
}
`,
  },
  {
    title: 'The form of an SOP',
    query: `# JSON Schema (2020-12), for a client to draw the form from.
query Form($office: String!, $procedure: String!) {
  procedure(office: $office, key: $procedure) {
    version
    title
    detailsSchema
    steps {
      key
      activity
      performers { name }
      outcomes { key label }
    }
  }
}
`,
    variables: { office: 'singkawang', procedure: 'permohonan-subdomain' },
  },
  {
    title: 'Submit a request',
    as: 'siti',
    query: `mutation Submit($input: SubmitRequestInput!) {
  submitRequest(input: $input) {
    request { id number status version }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        office: 'singkawang',
        procedure: 'permohonan-cloud-service',
        letter: { number: '005/8/DINKES', date: `${year}-01-01`, subject: 'Permohonan akun cloud' },
        contact: { name: 'Siti Contoh', phone: '0562-000-000', email: 'siti@dinkes.example' },
        details: { purpose: 'Arsip', quotaGib: 50, users: 3 },
      },
    },
  },
  {
    title: 'What waits for me',
    as: 'kadri',
    query: `query Inbox($after: String) {
  viewer {
    inbox(first: 20, after: $after) {
      totalCount
      edges {
        waitingSince
        dueAt
        node { id number version procedure { title } }
        actions { kind step { key activity } outcomes { key label note disposition } }
      }
      pageInfo { hasNextPage endCursor }
    }
    eventCursor
  }
}
`,
    variables: { after: null },
  },
  {
    title: 'A request',
    as: 'kadri',
    query: `query Request($number: String!) {
  request(number: $number) {
    id
    status
    version
    dueAt
    currentVisit { step { key activity performers { name } } arrivedAt dueAt }
    visits { step { key } outcome { label } completedAt }
    documents { kind { name } title number }
    availableActions { kind step { key } outcomes { key label } }
    events(first: 20) { nodes { at kind actor { user { name } role { name } } } }
  }
}
`,
    variables: { number: `SKW/CLOUD/${year}/0003` },
  },
  {
    title: 'End a step',
    as: 'kadri',
    query: `# Take the id and the version from the request; the step and the outcome from its availableActions.
mutation Execute($input: ExecuteStepInput!) {
  executeStep(input: $input) {
    request { number status version currentVisit { step { key activity } } }
    userErrors { code message path }
  }
}
`,
    variables: {
      input: {
        requestId: '',
        expectedVersion: 2,
        step: '3',
        outcome: 'dispose',
        disposition: { instruction: 'Mohon ditindaklanjuti' },
      },
    },
  },
  {
    title: 'Follow what happens',
    as: 'agus',
    query: `# Runs until you stop it. After a break it goes on from the last cursor that came.
subscription Events($after: String) {
  requestEvents(after: $after) {
    cursor
    at
    kind
    step { key }
    outcome { label }
    request { number status version }
  }
}
`,
    variables: { after: null },
  },
  {
    title: 'Follow my inbox',
    as: 'kadri',
    query: `subscription Inbox {
  inboxChanges {
    waiting
    waitingCount
    request { number procedure { title } dueAt }
  }
}
`,
  },
];
