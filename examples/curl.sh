#!/bin/sh
# Sign in, read what waits, act: with nothing but curl, and Python to read JSON.
#
#   cargo run -- demo --port 8080        in another terminal
#   sh examples/curl.sh
set -eu

url=${DISPOSISI_URL:-http://localhost:8080/graphql}
username=${DISPOSISI_USERNAME:-kadri}
password=${DISPOSISI_PASSWORD:-contoh belaka}

# The value at a path of the JSON that comes in: `at data signIn accessToken`. Nothing where there is none.
at() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    if not value: break
    value = value[int(key)] if isinstance(value, list) else value.get(key)
print("" if value is None or value == [] else value if isinstance(value, (str, int)) else json.dumps(value))' "$@"
}

# Sends a query and its variables, both as they are: `ask <query> <variables>`.
ask() {
  python3 -c 'import json, sys; print(json.dumps({"query": sys.argv[1], "variables": json.loads(sys.argv[2])}))' "$1" "$2" |
    curl -sS "$url" -H 'content-type: application/json' ${token:+-H "authorization: Bearer $token"} -d @-
}

fail() {
  echo "$*" >&2
  exit 1
}

token=
answer=$(ask 'mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { message } } }' \
  "{\"input\": {\"username\": \"$username\", \"password\": \"$password\"}}")
token=$(echo "$answer" | at data signIn accessToken)
[ -n "$token" ] || fail "$(echo "$answer" | at data signIn userErrors 0 message)"

echo "What waits for $username:"
inbox=$(ask '{ viewer { inbox(first: 10) { edges {
  node { id number version } actions { kind step { key } outcomes { key label disposition } }
} } } }' '{}')
echo "$inbox" | python3 -m json.tool --no-ensure-ascii

# The first of them, if a disposition ends its step.
first="data viewer inbox edges 0"
number=$(echo "$inbox" | at $first node number)
[ "$(echo "$inbox" | at $first actions 0 outcomes 0 disposition)" = REQUIRED ] || fail "Nothing is to be disposed."

# The version says what was read: had somebody acted meanwhile, this would be STALE_VERSION, and nothing would be changed. The key
# makes it harmless to send this again when no answer came.
answer=$(ask 'mutation($input: ExecuteStepInput!) { executeStep(input: $input) {
  request { number status version currentVisit { step { key activity } } }
  userErrors { code message path }
} }' "{\"input\": {
  \"requestId\": \"$(echo "$inbox" | at $first node id)\",
  \"expectedVersion\": $(echo "$inbox" | at $first node version),
  \"step\": \"$(echo "$inbox" | at $first actions 0 step key)\",
  \"outcome\": \"$(echo "$inbox" | at $first actions 0 outcomes 0 key)\",
  \"disposition\": {\"instruction\": \"Mohon ditindaklanjuti\"},
  \"idempotencyKey\": \"$(date +%s)-$$\"
}}")
echo "What became of $number:"
echo "$answer" | python3 -m json.tool --no-ensure-ascii
[ -z "$(echo "$answer" | at data executeStep userErrors)" ] || fail "It was refused."
