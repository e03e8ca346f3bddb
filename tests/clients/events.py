"""Follows events by gql: a line of JSON for each, and for each connection that opened or closed."""

import asyncio
import json
import os

from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

EVENTS = "subscription($after: String) { requestEvents(after: $after) { id cursor kind sequence version } }"


def say(line):
    print(json.dumps(line), flush=True)


async def follow(after):
    while True:
        transport = WebsocketsTransport(
            url=os.environ["DISPOSISI_URL"].replace("http", "ws", 1),
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            init_payload={"Authorization": "Bearer " + os.environ["DISPOSISI_TOKEN"]},
        )
        try:
            # The schema is read from the server first, and every document held against it.
            async with Client(transport=transport, fetch_schema_from_transport=True) as session:
                say({"connected": len(session.client.schema.type_map) > 0})
                events = gql(EVENTS)
                events.variable_values = {"after": after}
                async for data in session.subscribe(events):
                    event = data["requestEvents"]
                    say(event)
                    after = event["cursor"]
        except TransportQueryError as refused:
            say({"failed": refused.errors[0]["extensions"]["code"]})
            raise SystemExit(1)
        except TransportConnectionFailed as closed:
            word = getattr(closed.__cause__, "rcvd", None)
            say({"closed": word.code if word else None})
            await asyncio.sleep(0.1)


asyncio.run(follow(os.environ.get("DISPOSISI_AFTER")))
