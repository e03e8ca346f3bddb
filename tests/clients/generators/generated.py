"""Asks a server by the clients that two generators made of its introspection: ariadne-codegen and sgqlc. Writes the procedures' keys.

Usage: python generated.py <server> <token>
"""

import json
import sys

import ariadne_client
from sgqlc.endpoint.http import HTTPEndpoint
from sgqlc.operation import Operation
from sgqlc_schema import sgqlc_schema

url, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}

client = ariadne_client.Client(url, headers=headers)
office = client.kantor(key="singkawang").office
print(json.dumps([procedure.key for procedure in office.procedures]))
requests = client.permohonan(first=1, filter_=ariadne_client.RequestFilter(office="singkawang")).requests
node = requests.nodes[0]
print(json.dumps({"total": requests.total_count, "status": node.status.value, "letter": node.letter.number}))

operation = Operation(sgqlc_schema.Query)
operation.office(key="singkawang").procedures().key()
answer = operation + HTTPEndpoint(url, headers)(operation)
print(json.dumps([procedure.key for procedure in answer.office.procedures]))
