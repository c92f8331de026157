"""GraphQL and Server-Sent Events: graphql-core behind aiohttp, asked by aiohttp.

    content.py serve | talk
"""

import asyncio
import json
import sys

import aiohttp
from aiohttp import web
from graphql import build_schema, graphql

ADDRESS, PORT = "127.0.0.1", 8080
SCHEMA = build_schema("""
  type Item { sku: ID! name: String! price: Float! }
  type Query { items(max: Int): [Item!]! item(sku: ID!): Item }
  type Mutation { order(sku: ID!, count: Int!): Item }
""")
ITEMS = [{"sku": "t1", "name": "Teapot", "price": 24.5}, {"sku": "k2", "name": "Kettle", "price": 39.0}]


class Shop:
    def items(self, _info, max=None):
        return ITEMS[:max]

    def item(self, _info, sku):
        return next((item for item in ITEMS if item["sku"] == sku), None)

    def order(self, _info, sku, count):
        if count > 10:
            raise ValueError("only 3 left in stock")
        return self.item(_info, sku)


async def execute(asked):
    result = await graphql(SCHEMA, asked["query"], Shop(), variable_values=asked.get("variables"),
                           operation_name=asked.get("operationName"))
    return result.formatted


async def answer(request):
    if request.method == "GET":
        asked = dict(request.query)
        asked["variables"] = json.loads(asked.get("variables", "{}"))
    else:
        asked = await request.json()
    body = [await execute(one) for one in asked] if isinstance(asked, list) else await execute(asked)
    wanted = "application/graphql-response+json"
    kind = wanted if wanted in request.headers.get("Accept", "") else "application/json"
    return web.Response(text=json.dumps(body), content_type=kind)


async def prices(request):
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await reply.prepare(request)
    await reply.write(b": prices of the day\n\n")
    for number in range(5):
        await asyncio.sleep(0.03)
        data = json.dumps({"sku": "t1", "price": 24.5 + number})
        await reply.write(f"event: price\nid: {number}\ndata: {data}\n\n".encode())
    await reply.write(b"event: done\ndata: the shop\ndata: is closed\n\n")
    return reply


async def serving():
    app = web.Application()
    app.add_routes([web.route("*", "/graphql", answer), web.get("/prices", prices)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, PORT).start()
    await asyncio.get_running_loop().create_future()


async def talk():
    base = f"http://{ADDRESS}:{PORT}"
    async with aiohttp.ClientSession() as session:
        for asked, headers in [
            ({"query": "query Cheap { items(max: 1) { name price } }"}, {}),
            ({"query": "query One($sku: ID!) { item(sku: $sku) { name } }", "variables": {"sku": "t1"},
              "operationName": "One"}, {"Accept": "application/graphql-response+json"}),
            ({"query": 'mutation { order(sku: "k2", count: 2) { name } }'}, {}),
            ({"query": 'mutation Order { order(sku: "k2", count: 11) { name } }'}, {}),
            ([{"query": "{ items { sku } }"}, {"query": "{ nothing }"}], {}),
            ({"query": "the cheapest teapot"}, {}),
        ]:
            async with session.post(f"{base}/graphql", json=asked, headers=headers) as reply:
                await reply.read()
        async with session.get(f"{base}/graphql", params={"query": "{ items { sku } }"}) as reply:
            await reply.read()
        async with session.get(f"{base}/prices", headers={"Accept": "text/event-stream"}) as reply:
            await reply.read()


asyncio.run(serving() if sys.argv[1] == "serve" else talk())
