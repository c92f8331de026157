"""What the benchmarks share: CPU time of commands, and kubeshark spoken to over its pipes."""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What users install, else what `make build` has left.
BINARIES = [ROOT / "dist/kubeshark", ROOT / ".build/release/kubeshark"]
BINARY = str(next((path for path in BINARIES if path.exists()), BINARIES[-1]))
# Every read is a first read: an index that is found again is no measure of reading.
NO_CACHE = ["--no-cache"]
TIMEOUT = 300


class Trouble(Exception):
    """Something cannot be measured. The text is a sentence."""


def cpu_seconds(command, output=os.devnull):
    """User and system time of a command and its children; what it prints goes to a file."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(output, "wb") as file:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.PIPE, timeout=TIMEOUT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Trouble(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def middle(values):
    return statistics.median(values)


class Server:
    """`kubeshark mcp` on a capture, spoken to over its pipes."""

    command = None

    def __init__(self, binary, capture, flags=()):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            self.command or [binary, "mcp", *NO_CACHE, "--pcap", str(capture), *flags], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.number = 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                "clientInfo": {"name": "bench", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method, parameters):
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": parameters})
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Trouble(f"kubeshark mcp ended during {method}.")
            message = json.loads(line)
            if message.get("id") == self.number:
                if "error" in message:
                    raise Trouble(f"kubeshark mcp answers {method} with {message['error']}.")
                return message["result"]

    def call(self, tool, arguments):
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise Trouble(f"the tool {tool} fails: {result['content']}.")
        return result.get("structuredContent", {})

    def cpu(self):
        """CPU nanoseconds of all its threads; None where the system does not tell."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        try:
            return sum(int((t / "schedstat").read_text().split()[0]) for t in tasks.iterdir())
        except OSError:
            return None

    def memory(self):
        """Resident MB of its own (anonymous) and in all; None where the system does not tell."""
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return None
        values = dict(line.split(":", 1) for line in text.splitlines())
        return [int(values[name].split()[0]) / 1024 for name in ("RssAnon", "VmRSS")]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Trouble("kubeshark mcp did not end with its input.") from None


def machine():
    """What this ran on, in a line."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        model = next(line.split(":", 1)[1].strip() for line in text.splitlines()
                     if line.startswith("model name"))
    except (OSError, StopIteration):
        model = "unknown processor"
    return f"{model}, {os.cpu_count()} cores, {os.uname().sysname} {os.uname().release}"
