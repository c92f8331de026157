#!/usr/bin/env python3
"""Asks kubeshark about the sample captures over MCP, and prints the conversation.

The client is the official MCP Python package; the server is the built binary, started the way an
assistant's host starts it. What is typed here by hand are the questions; every number in the
answers comes from the server. Ends with exit code 1 and a sentence when an answer is not what the
captures hold.

Usage: demo.py [BINARY]        (default: .build/release/kubeshark)
"""

import asyncio
import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import sys
import textwrap

try:
    from mcp import Client, StdioServerParameters
except ImportError:
    sys.exit("demo: the Python package mcp is missing. Run: make demo")

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER_ERRORS = "http and response.status == 500"
WIDTH = 100


class Surprise(Exception):
    """An answer is not what the sample captures hold. The text is a sentence."""


def expect(fact, sentence):
    if not fact:
        raise Surprise(sentence)


# Printing


def emphasis(text, code):
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def heading(text):
    print(f"\n{emphasis('--- ' + text + ' ' + '-' * (WIDTH - 5 - len(text)), 1)}\n")


def show(text):
    for line in text.splitlines():
        print("  " + line)


def say(who, text):
    lines = textwrap.wrap(text, WIDTH - 12) or [""]
    print(f"  {emphasis(who + ':', 1)} {lines[0]}")
    for line in lines[1:]:
        print(" " * (len(who) + 4) + line)


# Asking


class Asker:
    """Calls tools, prints what was asked, and gives the structured answer."""

    def __init__(self, client):
        self.client = client

    async def call(self, name, quietly=False, fails=False, **arguments):
        """The structured answer, or the error's text when the call must fail."""
        words = "".join(f" {key}={json.dumps(value)}" for key, value in arguments.items())
        print(emphasis(f"  [Calling {name}{' with' if words else ''}{words}]", 36) + "\n")
        result = await self.client.call_tool(name, arguments)
        text = "\n".join(block.text for block in result.content if block.type == "text")
        if not quietly:
            show(text)
        if fails:
            expect(result.is_error, f"{name} with{words} was expected to be an error.")
            return text
        expect(not result.is_error, f"{name}{words} failed: {text}")
        expect(
            isinstance(result.structured_content, dict), f"{name} gave no structured content."
        )
        return result.structured_content


# Reading answers


def name(endpoint):
    """How people call one end: its service, or its pod, or its address."""
    for key in ("svc", "pod", "name", "ip"):
        if endpoint.get(key):
            return endpoint[key]
    return "?"


def amount(count):
    """Bytes as people read them."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def clock(milliseconds):
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.strftime("%H:%M:%S")


def round_trip(flow):
    """Median time from SYN to SYN-ACK in ms, or None (UDP, handshake not seen)."""
    for side in ("client_stats", "server_stats"):
        microseconds = flow.get(side, {}).get("tcp_handshake_p50_us")
        if microseconds is not None:
            return microseconds / 1000
    return None


# The parts of the transcript


async def introduce(client):
    heading("The server")
    info = client.server_info
    expect(info is not None, "The server did not say its name.")
    print(f"  Server:    {info.name} {info.version}")
    print(f"  Protocol:  MCP {client.protocol_version}, over stdio")
    print(f"  Client:    mcp {importlib.metadata.version('mcp')} (Python)\n")
    tools = (await client.list_tools()).tools
    for tool in tools:
        line = f"  {tool.name:24} {' '.join((tool.description or '').split())}"
        print(line if len(line) <= WIDTH else line[: WIDTH - 1] + "…")
    promised = {
        "list_workloads", "list_api_calls", "get_api_call", "get_api_stats", "list_l4_flows",
        "get_l4_flow_summary",
    }
    missing = sorted(promised - {tool.name for tool in tools})
    expect(not missing, f"Tools are missing: {', '.join(missing)}.")


async def errors(ask):
    heading("Which HTTP calls failed with status 500?")
    answer = await ask.call("list_api_calls", kfl=SERVER_ERRORS)
    calls = answer.get("calls", [])
    expect(calls, "No HTTP 500 was found, but shop.pcap holds 12.")
    expect(len(calls) == 12, f"{len(calls)} calls with status 500 were found; shop.pcap holds 12.")
    expect(
        all(call.get("status") == 500 for call in calls),
        "A call without status 500 matched response.status == 500.",
    )

    heading("One of them in full")
    slowest = max(calls, key=lambda call: call.get("latency_ms", 0))
    expect(
        2300 < slowest["latency_ms"] < 2400,
        f"The slowest of them took {slowest['latency_ms']} ms; shop.pcap says about 2340 ms.",
    )
    call = await ask.call("get_api_call", id=slowest["id"])
    body = json.dumps(call)
    expect("bank did not answer" in body, "The response's body is not in get_api_call's answer.")


async def flows(ask):
    heading("Who talks to whom, and how much?")
    answer = await ask.call("list_l4_flows")
    found = answer.get("flows", [])
    expect(found, "No L4 flow was found.")
    expect(
        any(round_trip(flow) is not None for flow in found),
        "No TCP flow has a handshake round-trip time.",
    )
    heading("The same, summed up")
    summary = await ask.call("get_l4_flow_summary")
    expect(summary.get("tcp_flows") and summary.get("udp_flows"), "The summary counts no flows.")
    heading("Statistics of the API calls")
    stats = await ask.call("get_api_stats")
    expect(stats.get("stats", {}).get("total_calls"), "The statistics count no calls.")


async def mistake(ask):
    heading("A mistake, and what the server says about it")
    wrong = "status_cod >= 500"
    text = await ask.call("list_api_calls", fails=True, kfl=wrong)
    expect("status_code" in text, f"The error for {wrong} does not name status_code.")


async def conversation(ask):
    heading("A conversation")
    say("User", "Show me the L4 network flows in my cluster")
    print()
    say("Assistant", "I'll query the L4 flows.")
    print()
    answer = await ask.call("list_l4_flows", quietly=True, limit=5)
    say("Assistant", f"Here are the busiest of {answer['total']} L4 flows:")
    print()
    for number, flow in enumerate(answer["flows"], start=1):
        server, totals = flow["server"], flow["totals"]
        rtt = round_trip(flow)
        print(
            f"    {number}. {name(flow['client'])} -> {name(server)}:{server.get('port', '?')}"
            f" ({flow['proto'].upper()})"
        )
        print(
            f"       Bytes: {amount(totals['bytes'])} | Packets: {totals['pkts']:,}"
            + (f" | RTT: {rtt:.3f} ms" if rtt is not None else "")
        )
    print()

    say("User", "Show me HTTP 500 errors in the last hour")
    print()
    say("Assistant", "I'll query the API traffic for 500 errors.")
    print()
    # For a capture file, the last hour is the one before the end of its traffic.
    answer = await ask.call("list_api_calls", quietly=True, kfl=SERVER_ERRORS, start="-1h")
    calls = answer["calls"]
    say("Assistant", f"Found {answer['total']} HTTP 500 errors, slowest first:")
    print()
    by_latency = sorted(calls, key=lambda call: -call.get("latency_ms", 0))
    for number, call in enumerate(by_latency[:3], start=1):
        what = f"{call['method']} {call['path']} -> {name(call['dst'])} ({call['status']})"
        print(f"    {number}. {what}")
        print(f"       Time: {clock(call['ts'])} | Latency: {call['latency_ms']:.0f} ms")
    print(f"    … and {len(calls) - 3} more\n")
    culprit, count = collections.Counter(name(call["dst"]) for call in calls).most_common(1)[0]
    say("Assistant", f"The {culprit} is responsible for {count} of the {len(calls)} errors.")
    expect(
        culprit == "payment-service" and count == 8,
        f"payment-service has 8 of the 12 errors in shop.pcap, not {culprit} with {count}.",
    )
    print()

    say("User", "Which ones come from the bank, and which from our own code?")
    print()
    filter_ = 'http and response.status == 500 and dst.service.name == "payment-service"'
    answer = await ask.call("list_api_calls", quietly=True, kfl=filter_, format="full")
    causes = collections.Counter()
    for call in answer["calls"]:
        causes["the bank" if "bank did not answer" in call.get("resp_body", "") else "Redis"] += 1
    bank, redis = causes["the bank"], causes["Redis"]
    say(
        "Assistant",
        f"In {bank} calls the bank did not answer in time. In {redis} the payment could not be "
        "recorded: Redis refused the command with WRONGTYPE, which is a fault of the payment "
        "service.",
    )
    expect(
        (bank, redis) == (3, 5),
        f"3 of the 8 are the bank's and 5 are Redis's, not {bank} and {redis}.",
    )


async def run(binary):
    server = StdioServerParameters(
        command=str(binary),
        args=["mcp", "--pcap", "Samples/shop.pcap", "--workloads", "Samples/workloads.yaml"],
        cwd=str(ROOT),
    )
    print("  $ " + os.path.relpath(binary, ROOT) + " " + " ".join(server.args))
    async with Client(server, read_timeout_seconds=60) as client:
        ask = Asker(client)
        await introduce(client)
        await errors(ask)
        await flows(ask)
        await mistake(ask)
        await conversation(ask)
    heading("Everything was as the captures say")


def reasons(problem):
    """The problems inside groups of problems, first ones first."""
    inside = getattr(problem, "exceptions", None)
    if inside is None:
        return [problem]
    return [reason for inner in inside for reason in reasons(inner)]


def main():
    sys.stdout.reconfigure(line_buffering=True)
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release/kubeshark")
    binary = binary.absolute()
    if not os.access(binary, os.X_OK):
        sys.exit(f"demo: {binary} is not there. Run: make build")
    try:
        asyncio.run(run(binary))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as problem:
        reason = reasons(problem)[0]
        sys.stdout.flush()
        if isinstance(reason, Surprise):
            sys.exit(f"\ndemo: {reason}")
        if isinstance(reason, KeyError):
            sys.exit(f"\ndemo: an answer lacks the member {reason}.")
        sys.exit(f"\ndemo: the conversation broke off: {type(reason).__name__}: {reason}")


if __name__ == "__main__":
    main()
