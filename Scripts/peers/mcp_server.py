"""An MCP server with the tools and answers of another one, for bench-mcp to measure beside it.

Usage: mcp_server.py sdk|fastmcp TOOLS.json

TOOLS.json has `tools`, as `tools/list` gave them, and `answers`: a result for each tool's name. A
call does no work beyond finding its answer, so that what is measured is the protocol library.
"""

import json
import sys


def sdk(given):
    """The official Python SDK, by its low-level server: the least it can do."""
    import asyncio

    import mcp_types as types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    tools = [types.Tool.model_validate(tool) for tool in given["tools"]]
    answers = given["answers"]

    async def list_tools(context, params):
        return types.ListToolsResult(tools=tools)

    async def call_tool(context, params):
        answer = answers[params.name]
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=answer["content"][0]["text"])],
            structured_content=answer["structuredContent"])

    async def serve():
        server = Server("peer", on_list_tools=list_tools, on_call_tool=call_tool)
        async with stdio_server() as (reader, writer):
            await server.run(reader, writer, server.create_initialization_options())

    asyncio.run(serve())


def fastmcp(given):
    """FastMCP, with tools that bring their schemas, so that none has to be derived."""
    from fastmcp import FastMCP
    from fastmcp.tools.base import Tool, ToolResult
    from mcp_types import TextContent

    answers = given["answers"]

    class Answering(Tool):
        async def run(self, arguments):
            answer = answers[self.name]
            return ToolResult(
                content=[TextContent(type="text", text=answer["content"][0]["text"])],
                structured_content=answer["structuredContent"])

    server = FastMCP("peer")
    for tool in given["tools"]:
        server.add_tool(Answering(
            name=tool["name"], title=tool["title"], description=tool["description"],
            parameters=tool["inputSchema"], output_schema=tool["outputSchema"]))
    server.run(show_banner=False, log_level="ERROR")


if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        {"sdk": sdk, "fastmcp": fastmcp}[sys.argv[1]](json.load(file))
