"""Standard input and output: one message a line, whatever comes, and a clean end."""

import json
import random
import signal
import subprocess
import time

import pytest

from conftest import BINARY, DNS, EMBEDDED, SHOP, Server, kubeshark

INITIALIZE = {
    "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"}}}


def lines(*messages):
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


@pytest.mark.parametrize(
    "revision", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_each_revision_is_spoken(revision):
    server = Server(*EMBEDDED, revision=revision)
    assert server.hello["result"]["protocolVersion"] == revision
    assert server.hello["result"]["serverInfo"]["name"] == "kubeshark-mcp"
    answer = server.call("list_api_calls", limit=1)
    assert ("structuredContent" in answer) == (revision >= "2025-06-18")
    assert server.end() == (0, [])


def test_the_stateless_revision_needs_no_handshake():
    server = Server(*EMBEDDED, revision=None)
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}
    found = server.request("server/discover", {"_meta": meta})["result"]
    assert found["supportedVersions"] == ["2026-07-28"]
    tools = server.request("tools/list", {"_meta": meta})["result"]
    assert tools["resultType"] == "complete" and tools["ttlMs"] > 0
    assert server.end() == (0, [])


def test_requests_in_a_pipe_are_answered_before_the_end():
    calls = [
        {"jsonrpc": "2.0", "id": number, "method": "tools/call",
         "params": {"name": "list_api_calls", "arguments": {"limit": 1}}}
        for number in range(1, 101)]
    done = kubeshark(*EMBEDDED, stdin=lines(INITIALIZE, *calls))
    assert done.returncode == 0
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(message["id"] for message in said) == list(range(101))
    assert all("result" in message for message in said)


def test_debug_says_what_came_of_each_call_and_nothing_of_its_arguments():
    calls = [{"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
        "name": name, "arguments": arguments}} for number, (name, arguments) in enumerate([
            ("get_api_stats", {"kfl": 'path == "/private"'}), ("get_api_call", {}),
            ("nobody\n[kubeshark-mcp] false", {})], 1)]
    for flag in [["--debug"], []]:
        done = kubeshark(*EMBEDDED, *flag, stdin=lines(INITIALIZE, *calls))
        assert done.returncode == 0 and len(done.stdout.splitlines()) == 4
        told = done.stderr.decode().splitlines()
        for part in ["get_api_stats answered after", "get_api_call failed (invalid_argument)",
                     "nobody?[kubeshark-mcp] false was refused"]:
            assert sum(part in line for line in told) == len(flag), told
        assert b"private" not in done.stderr


def test_a_last_line_without_its_end_is_answered():
    done = kubeshark(*EMBEDDED, stdin=lines(INITIALIZE)[:-1])
    assert json.loads(done.stdout)["id"] == 0


def test_rubbish_is_answered_and_survived(embedded):
    rubbish = [
        b"x", b"{", b"\xff\xfe", b'"\\ud800"', b"[" * 100_000, b"1e99999", b"\x00", b"[]", b"42",
        b'{"jsonrpc":"2.0"}', b'{"jsonrpc":"2.0","id":null,"method":"ping"}', b"9" * 5_000,
    ]
    for line in rubbish:
        embedded.write(line + b"\n")
        message = embedded.receive()
        assert message["error"]["code"] in (-32700, -32600), line
        assert "id" not in message
    embedded.write(b"\r\n \n\n")
    assert embedded.request("ping")["result"] == {}
    assert embedded.end() == (0, [])


def test_random_bytes_are_survived(embedded):
    chance = random.Random(7)
    for _ in range(500):
        embedded.write(bytes(chance.randrange(256) for _ in range(chance.randrange(200))))
    embedded.write(b"\n")
    embedded.send({"jsonrpc": "2.0", "id": "last", "method": "ping"})
    while True:
        message = embedded.receive()
        if message.get("id") == "last":
            break
    assert embedded.end() == (0, [])


def test_an_over_long_line_is_drained(embedded):
    embedded.write(b'{"jsonrpc":"2.0","id":5,"method":"ping","params":{"x":"')
    for _ in range(66):
        embedded.write(b"y" * (1 << 20))
    embedded.write(b'"}}\n')
    answer = embedded.receive()
    assert answer["error"]["code"] == -32600 and answer["id"] == 5
    assert embedded.request("ping")["result"] == {}


def test_ids_come_back_as_they_were(embedded):
    for text in ["7", '"7"', '""', "-1", "9007199254740993", "123456789012345678901234567890"]:
        embedded.write(b'{"jsonrpc":"2.0","id":%s,"method":"ping"}\n' % text.encode())
        line = embedded.lines.get(timeout=10)
        assert line == b'{"jsonrpc":"2.0","id":%s,"result":{}}\n' % text.encode()


def test_the_list_is_the_same_in_every_process():
    first, second = Server(*EMBEDDED), Server(*EMBEDDED)
    assert first.raw("tools/list") == second.raw("tools/list")
    first.end()
    second.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_time(embedded, number):
    started = time.monotonic()
    embedded.process.send_signal(number)
    assert embedded.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 2


def test_a_client_that_went_away_ends_it():
    process = subprocess.Popen(
        [BINARY, *EMBEDDED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    process.stdout.close()
    process.stdin.write(lines(INITIALIZE))
    process.stdin.flush()
    assert process.wait(timeout=10) == 0


def test_two_captures_are_one_traffic():
    server = Server("mcp", "--pcap", SHOP, DNS, "--no-cache")
    both = server.call("get_api_stats")["structuredContent"]
    server.end()
    server = Server("mcp", "--pcap", SHOP, "--pcap", DNS, "--no-cache")
    assert server.call("get_api_stats")["structuredContent"] == both
    server.end()
