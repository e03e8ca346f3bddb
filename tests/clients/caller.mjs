// What the clients here share: where the server is, who they are, what they ask for.

export const url = process.env.DISPOSISI_URL

export const EVENTS =
  'subscription($after: String) { requestEvents(after: $after) { id cursor kind sequence version } }'

export function print(line) {
  console.log(JSON.stringify(line))
}

let held = process.env.DISPOSISI_TOKEN

/** The token that was given, the first time; then, if a name and password were given too, a new one each time. */
export async function token() {
  const given = held
  if (process.env.DISPOSISI_USERNAME) held = undefined
  return given ?? (await signIn())
}

async function signIn() {
  const query = 'mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }'
  const input = { username: process.env.DISPOSISI_USERNAME, password: process.env.DISPOSISI_PASSWORD }
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  })
  print({ signedIn: input.username })
  return (await answer.json()).data.signIn.accessToken
}
