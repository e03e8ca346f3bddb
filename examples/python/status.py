"""How requests stand, those that are due first: for a board on a wall, a cron job, a spreadsheet.

    DISPOSISI_TOKEN=dsp_...  python status.py [office]     with an API key (scope READ_STATUS)
    DISPOSISI_USERNAME=agus DISPOSISI_PASSWORD=... python status.py [office]

DISPOSISI_URL says where the server is; without it, http://localhost:8080/graphql. Who says nothing else is agus of the demo.
"""

import os
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

URL = os.environ.get("DISPOSISI_URL", "http://localhost:8080/graphql")

SIGN_IN = gql("""
    mutation SignIn($input: SignInInput!) {
      signIn(input: $input) { accessToken userErrors { message } }
    }
""")

# What the scope READ_STATUS opens, and no more.
STATUS = gql("""
    query Status($office: String, $after: String) {
      requests(
        filter: { office: $office, status: [IN_PROGRESS, RETURNED] }
        orderBy: { field: DUE_AT, direction: ASC }
        first: 100
        after: $after
      ) {
        nodes { number status dueAt agency { name } currentVisit { step { key activity } } }
        pageInfo { hasNextPage endCursor }
      }
    }
""")


def connect(token=None):
    # The schema is read from the server, and every document is held against it before it is sent.
    headers = {"Authorization": f"Bearer {token}"} if token else None
    transport = RequestsHTTPTransport(url=URL, headers=headers, retries=3)
    return Client(transport=transport, fetch_schema_from_transport=True)


def ask(session, document, **variables):
    document.variable_values = variables
    return session.execute(document)


def sign_in():
    person = {
        "username": os.environ.get("DISPOSISI_USERNAME", "agus"),
        "password": os.environ.get("DISPOSISI_PASSWORD", "contoh belaka"),
    }
    with connect() as session:
        answer = ask(session, SIGN_IN, input=person)["signIn"]
    return answer["accessToken"] or sys.exit(answer["userErrors"][0]["message"])


def requests(session, office):
    after = None
    while True:
        page = ask(session, STATUS, office=office, after=after)["requests"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def main():
    office = sys.argv[1] if len(sys.argv) > 1 else None
    try:
        with connect(os.environ.get("DISPOSISI_TOKEN") or sign_in()) as session:
            for request in requests(session, office):
                step = (request["currentVisit"] or {}).get("step", {}).get("key", "-")
                due = request["dueAt"] or "-"
                print(f"{request['number']:<26}{request['status']:<13}step {step:<4}due {due:<28}{request['agency']['name']}")
    except TransportQueryError as refused:
        # A code for programs, a message for people.
        error = refused.errors[0]
        sys.exit(f"{error['extensions']['code']}: {error['message']}")
    except TransportConnectionFailed:
        sys.exit(f"{URL} does not answer.")


main()
