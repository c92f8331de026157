"""The official client against the built command."""

import asyncio

import pytest
from mcp import Client, MCPError, StdioServerParameters

from conftest import BINARY, EMBEDDED, ROOT

FILES = ["get_file_url", "download_file"]
TOOLS = [
    "list_workloads", "list_api_calls", "get_api_call", "get_api_stats", "list_l4_flows",
    "get_l4_flow_summary", "get_dissection_status", "enable_dissection", "disable_dissection",
]
SWITCHES = {"enable_dissection", "disable_dissection"}


def run(body):
    async def talk():
        server = StdioServerParameters(command=BINARY, args=EMBEDDED, cwd=str(ROOT))
        async with Client(server, read_timeout_seconds=60) as client:
            return await body(client)

    return asyncio.run(talk())


def test_tools_are_listed_in_their_order():
    tools = run(lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools][:len(TOOLS)] == TOOLS
    assert [tool.name for tool in tools][-len(FILES):] == FILES
    changing = {tool.name for tool in tools if not tool.annotations.read_only_hint}
    assert changing == {"create_snapshot", "delete_snapshot", *SWITCHES, *FILES}
    for tool in tools:
        assert tool.title and tool.description and tool.output_schema


def test_the_errors_of_the_shop_are_found():
    async def body(client):
        answer = await client.call_tool(
            "list_api_calls", {"kfl": "http and response.status == 500"})
        call = await client.call_tool(
            "get_api_call", {"id": answer.structured_content["calls"][0]["id"]})
        return answer, call

    answer, call = run(body)
    assert not answer.is_error
    assert answer.structured_content["total"] == 12
    assert call.structured_content["status"] == 500


def test_every_tool_answers_on_default_arguments():
    async def body(client):
        return {tool: await client.call_tool(tool, {}) for tool in TOOLS if tool != "get_api_call"}

    for tool, answer in run(body).items():
        assert not answer.is_error, tool
        assert len(answer.content[0].text.encode()) <= 8_192, tool


def test_a_wrong_filter_is_an_error_that_teaches():
    answer = run(lambda client: client.call_tool("list_api_calls", {"kfl": "status_cod == 500"}))
    assert answer.is_error
    assert "status_code" in answer.content[0].text
    assert "^" in answer.content[0].text


def test_prompts_are_listed_and_filled():
    async def body(client):
        prompts = (await client.list_prompts()).prompts
        return prompts, await client.get_prompt("find_errors", {"namespace": "shop"})

    prompts, found = run(body)
    assert [prompt.name for prompt in prompts] == [
        "kubeshark_usage", "analyze_traffic", "find_errors", "trace_request", "show_topology",
        "latency_analysis", "security_audit", "compare_traffic", "debug_connection",
    ]
    assert '"shop"' in found.messages[0].content.text


def test_an_unknown_tool_is_a_protocol_error():
    async def body(client):
        with pytest.raises(MCPError, match="Unknown tool"):
            await client.call_tool("list_api_call", {})

    run(body)
