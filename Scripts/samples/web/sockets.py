"""WebSocket: the server and the client of the Python package websockets.

    sockets.py serve | talk

One connection with permessage-deflate as both like it, one without, one that the server ends
because of a rule. Every word is made up.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

ADDRESS, PORT = "127.0.0.1", 8765


async def feed(socket):
    """Answers each text with three ticks, each binary message with its length."""
    async for message in socket:
        if isinstance(message, bytes):
            await socket.send(json.dumps({"received": len(message)}))
            continue
        if "forbidden" in message:
            await socket.close(1008, "not allowed")
            return
        for number in range(3):
            await socket.send(json.dumps({"type": "tick", "symbol": "TEA", "price": 24.5 + number}))


async def serving():
    async with (serve(feed, ADDRESS, PORT), serve(feed, ADDRESS, PORT + 1, compression=None)):
        await asyncio.get_running_loop().create_future()


async def read(socket, count):
    for _ in range(count):
        await socket.recv()


async def fragments(*parts):
    for part in parts:
        await asyncio.sleep(0.01)
        yield part


async def talk():
    for port in (PORT, PORT + 1):
        async with connect(f"ws://{ADDRESS}:{port}/feed", compression="deflate") as socket:
            await socket.send(json.dumps({"type": "subscribe", "symbol": "TEA", "token": "made-up-token"}))
            await read(socket, 3)
            await socket.send(fragments('{"type":"subscribe",', '"symbol":', '"CUP"}'))
            await read(socket, 3)
            await (await socket.ping(b"are you there"))
            await socket.send(bytes(range(256)) * 80)
            await read(socket, 1)
    async with connect(f"ws://{ADDRESS}:{PORT}/feed") as socket:
        await socket.send('{"type":"subscribe","symbol":"forbidden"}')
        try:
            await socket.recv()
        except ConnectionClosed:
            pass


asyncio.run(serving() if sys.argv[1] == "serve" else talk())
