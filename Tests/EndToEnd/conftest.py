"""What the end-to-end tests share: the built command, the samples, and a plain client."""

import itertools
import json
import os
import pathlib
import queue
import re
import signal
import struct
import subprocess
import threading

import pytest
import validity

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("KUBESHARK", str(ROOT / ".build" / "release" / "kubeshark"))
SHOP = str(ROOT / "Samples" / "shop.pcap")
DNS = str(ROOT / "Samples" / "dns.pcapng")
WORKLOADS = str(ROOT / "Samples" / "workloads.yaml")
EMBEDDED = ["mcp", "--pcap", SHOP, "--workloads", WORKLOADS, "--no-cache"]

# What runs the tests may ignore SIGHUP (nohup), which programs started here would do as well. A
# handler is not handed on to them.
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)

# How long anything may take before it counts as hung, in seconds.
PATIENCE = 60


def kubeshark(*arguments, stdin=b"", env=None, cwd=None):
    """Runs the command to its end."""
    return subprocess.run(
        [BINARY, *arguments], input=stdin, capture_output=True, timeout=PATIENCE, cwd=cwd,
        env={**os.environ, **(env or {})})


# The `_meta` of requests of the stateless revision.
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {}}


class Server:
    """`kubeshark mcp` and the lines it says; every line must be valid in its revision."""

    def __init__(self, *arguments, revision="2025-11-25", capabilities=None, env=None, prefix=()):
        self.revision = None
        self.asked = {}
        self.invalid = []
        self.process = subprocess.Popen(
            [*prefix, BINARY, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.lines = queue.Queue()
        self.ids = itertools.count(1)
        self.log = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_log, daemon=True).start()
        if revision:
            self.hello = self.request("initialize", {
                "protocolVersion": revision, "capabilities": capabilities or {},
                "clientInfo": {"name": "test", "version": "1"}})
            self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
                for one in message if isinstance(message, list) else [message]:
                    self._check(one)
            except Exception as error:  # told by the test that reads on
                self.invalid.append(f"{line[:300]!r}: {error}")
            self.lines.put(line)
        self.lines.put(None)

    def _check(self, message):
        number = message.get("id")
        method, revision = None, self.revision or "2024-11-05"
        if "method" not in message and not isinstance(number, (dict, list)):
            method, revision = self.asked.get(number, (None, revision))
        elif "subscriptionId" in json.dumps(message.get("params", {}).get("_meta", {})):
            revision = "2026-07-28"
        validity.check(message, revision, method)
        if method == "initialize" and "result" in message:
            self.revision = message["result"]["protocolVersion"]

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.decode())

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        for one in message if isinstance(message, list) else [message]:
            if "id" in one and "method" in one:
                self._note(one)
        self.write(json.dumps(message).encode() + b"\n")

    def _note(self, request):
        meta = request.get("params", {}).get("_meta", {})
        revision = meta.get("io.modelcontextprotocol/protocolVersion") or self.revision
        if request["method"] == "initialize":
            revision = request["params"]["protocolVersion"]
        self.asked[request["id"]] = (request["method"], revision or "2024-11-05")

    def receive(self):
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, "the server ended: " + "".join(self.log)
        assert not self.invalid, self.invalid
        return json.loads(line)

    def raw(self, method, params=None):
        """The line that answers a request, byte for byte."""
        number = next(self.ids)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, "the server ended: " + "".join(self.log)
        assert json.loads(line)["id"] == number
        return re.sub(rb'"id":%d,' % number, b'"id":0,', line, count=1)

    def request(self, method, params=None):
        return json.loads(self.raw(method, params))

    def call(self, tool, **arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})["result"]

    def end(self):
        """Closes the input; gives the exit code and what was still said."""
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE)
        rest = []
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            rest.append(json.loads(line))
        assert not self.invalid, self.invalid
        return code, rest


class Hub:
    """`kubeshark hub` on a port of its own."""

    def __init__(self, *arguments, listen="127.0.0.1:0"):
        self.process = subprocess.Popen(
            [BINARY, "hub", "--listen", listen, *arguments], stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL)
        for line in self.process.stderr:
            if found := re.search(rb"listening on (https?://\S+)", line):
                self.url = found.group(1).decode()
                return
        raise AssertionError("the hub did not start")

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE)


def large_capture(path, megabytes):
    """A capture of datagrams, none like the other."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        payload = os.urandom(1400)
        header = (b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0"
                  + struct.pack(">BBHHHBBH4s4s", 0x45, 0, 1428, 0, 0, 64, 17, 0, b"\n\1\0\1", b"\n\1\0\2")
                  + struct.pack(">HHHH", 4000, 9, 1408, 0))
        for number in range((megabytes << 20) // 1458):
            frame = header + struct.pack(">Q", number) + payload[8:]
            file.write(struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000,
                                   len(frame), len(frame)) + frame)
    return str(path)


@pytest.fixture
def embedded():
    server = Server(*EMBEDDED)
    yield server
    server.process.kill()


@pytest.fixture(scope="session")
def hub():
    hub = Hub("--pcap", SHOP, "--workloads", WORKLOADS, "--no-cache")
    yield hub
    hub.stop()
