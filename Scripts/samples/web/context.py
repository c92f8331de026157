"""MCP over Streamable HTTP: server and client of the official Python package.

    context.py serve | talk
"""

import asyncio
import sys

from mcp import Client
from mcp.server.mcpserver import Context, MCPServer

ADDRESS, PORT = "127.0.0.1", 8000
server = MCPServer("tea-shop")


@server.tool()
def find_item(name: str) -> str:
    """Finds an item of the shop."""
    return f"{name}: 24.50, 3 in stock"


@server.tool()
async def count_stock(ctx: Context) -> str:
    """Counts everything, which takes a while."""
    for number in range(3):
        await ctx.report_progress(number + 1, 3)
        await asyncio.sleep(0.02)
    return "36 items"


@server.tool()
def brew(minutes: int) -> str:
    """Brews a tea."""
    raise ValueError("out of water")


@server.resource("shop://prices")
def prices() -> str:
    """Prices of the day."""
    return "Teapot 24.50\nKettle 39.00"


@server.prompt()
def recommend(guest: str) -> str:
    """Recommends a tea."""
    return f"Which tea suits {guest}?"


async def talk():
    async with Client(f"http://{ADDRESS}:{PORT}/mcp") as client:
        await client.list_tools()
        await client.call_tool("find_item", {"name": "Teapot"})
        await client.call_tool("count_stock", {})
        await client.call_tool("brew", {"minutes": 3})
        await client.read_resource("shop://prices")
        await client.get_prompt("recommend", {"guest": "a made-up guest"})
        for wrong in (client.read_resource("shop://nothing"), client.get_prompt("nothing", {})):
            try:
                await wrong
            except Exception:
                pass


if sys.argv[1] == "serve":
    server.run("streamable-http", host=ADDRESS, port=PORT)
else:
    asyncio.run(talk())
