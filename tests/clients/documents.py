"""Holds documents against the schema that the server tells of itself, and sends none: what is wrong with each, a line of JSON."""

import asyncio
import json
import os
import sys

from gql import Client
from gql.transport.websockets import WebsocketsTransport
from graphql import parse, validate

transport = WebsocketsTransport(
    url=os.environ["DISPOSISI_URL"].replace("http", "ws", 1),
    subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
)


async def hold():
    client = Client(transport=transport, fetch_schema_from_transport=True)
    async with client:
        for document in json.load(sys.stdin):
            faults = validate(client.schema, parse(document))
            print(json.dumps({"wrong": [fault.message for fault in faults]}))


asyncio.run(hold())
