"""Random conversations in all five revisions: whatever is said, each message back is valid, and each
request is answered exactly once."""

import json
import os
import queue
import random
import subprocess
import threading
import time

import pytest
import validity

from conftest import META, PATIENCE, ROOT

FIXTURE = os.environ.get("MCP_FIXTURE", str(ROOT / ".build" / "release" / "mcp-fixture"))
HANDSHAKES = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
STATELESS = "2026-07-28"
TOOLS = [
    "test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource",
    "test_multiple_content_types", "test_error_handling", "test_tool_with_logging",
    "test_tool_with_progress", "test_sampling", "test_elicitation", "test_destructive",
    "test_elicitation_sep1330_enums", "test_missing_capability", "test_trigger_tool_change",
    "test_trigger_prompt_change", "test_input_required_result_multi_round",
    "test_input_required_result_multiple_inputs", "json_schema_2020_12_tool", "no_such_tool"]
CAPABILITIES = [
    {}, {"elicitation": {}}, {"elicitation": {"form": {}}, "sampling": {}, "roots": {}},
    {"extensions": {"io.modelcontextprotocol/tasks": {}}}, {"sampling": {}}]
ODD = [None, True, -1, 2.5, "", "x", [], {}, [1], {"a": None}, "\u2028\ud83e\udd88", 10 ** 30]
RUBBISH = [
    b"", b" ", b"{", b"nonsense", b"\xff\xfe\x00", b"[]", b"42", b'"\\ud800"', b"[[[[", b"{}",
    b'{"jsonrpc":"1.0","id":"rubbish","method":"ping"}', b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":"ghost","result":{}}', b'{"jsonrpc":"2.0","method":5}']


class Maker:
    """Makes up what a client says, from a seed."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.number = 0
        self.tasks, self.states = ["no-such-task"], []

    def pick(self, values):
        return self.chance.choice(values)

    def id(self):
        self.number += 1
        return self.pick([self.number, f"q{self.number}", -self.number, 2 ** 53 + self.number])

    def params(self, revision):
        """A method with parameters that fit, or nearly."""
        stateless = revision == STATELESS
        # Several choices at once can be asked for from 2025-11-25 on, and whoever asks has to know.
        tools = [tool for tool in TOOLS if "sep1330" not in tool or revision != "2025-06-18"]
        call = {"name": self.pick(tools), "arguments": {}}
        if self.chance.random() < 0.3:
            call["arguments"] = {"message": self.pick(["m", "\n"]), "confirm": self.pick([True, 1])}
        if stateless and self.states and self.chance.random() < 0.3:
            call = dict(self.pick(self.states))
        methods = [
            ("tools/list", {}), ("prompts/list", {}), ("resources/list", {}),
            ("resources/templates/list", {}), ("tools/list", {"cursor": self.pick(["", "zz"])}),
            ("prompts/get", {"name": self.pick(["test_simple_prompt", "nobody",
                                                "test_input_required_result_prompt"])}),
            ("prompts/get", {"name": "test_prompt_with_arguments",
                             "arguments": {"arg1": "a", "arg2": "b"}}),
            ("resources/read", {"uri": self.pick(["test://static-text", "test://static-binary",
                                                  "test://template/7/data", "test://nope"])}),
            ("completion/complete", {
                "ref": {"type": "ref/prompt", "name": "test_prompt_with_arguments"},
                "argument": {"name": "arg1", "value": "a"}}),
            ("no/such", {}), ("server/discover", {}), ("ping", {}),
            ("logging/setLevel", {"level": self.pick(["debug", "error", "loud"])}),
            ("resources/subscribe", {"uri": "test://watched-resource"}),
            ("resources/unsubscribe", {"uri": "test://watched-resource"}),
            ("tasks/get", {"taskId": self.pick(self.tasks)}),
            ("tasks/cancel", {"taskId": self.pick(self.tasks)}),
            ("tasks/update", {"taskId": self.pick(self.tasks), "inputResponses": {}}),
            ("subscriptions/listen", {"notifications": {
                "toolsListChanged": True, "promptsListChanged": self.pick([True, False]),
                "resourceSubscriptions": ["test://watched-resource"],
                "taskIds": [self.pick(self.tasks)]}}),
        ] + [("tools/call", call)] * 12
        method, params = self.pick(methods)
        if self.chance.random() < 0.05:
            params = {**params, self.pick([*params, "name"]): self.pick(ODD)}
        return method, params

    def request(self, revision):
        stateless = revision == STATELESS
        method, params = self.params(revision)
        meta = {}
        if stateless:
            meta = {**META, "io.modelcontextprotocol/clientCapabilities": self.pick(CAPABILITIES)}
            if self.chance.random() < 0.2:
                meta["io.modelcontextprotocol/logLevel"] = self.pick(["debug", "error"])
        if self.chance.random() < 0.4:
            meta["progressToken"] = self.pick([f"p{self.number}", self.number])
        if meta:
            params = {**params, "_meta": meta}
        return {"jsonrpc": "2.0", "id": self.id(), "method": method, "params": params}


class Conversation:
    """Says random things to a server, and holds what comes back to the rules."""

    def __init__(self, seed, revision):
        self.make, self.revision = Maker(seed), revision
        self.process = subprocess.Popen(
            [FIXTURE, "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        # What was asked, as text of the id: method and revision; and what became of it.
        self.asked, self.open, self.cancelled = {}, set(), set()
        self.tokens = {}
        self.faults, self.questions = [], queue.Queue()
        self.lock = threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    # Reading

    def read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
                with self.lock:
                    for one in message if isinstance(message, list) else [message]:
                        self.hear(one)
            except Exception as error:  # told by the test
                self.faults.append(f"{type(error).__name__} {error}: {line[:400]!r}")

    def hear(self, message):
        if "method" in message:
            if "id" in message:
                validity.check(message, self.revision)
                self.questions.put(message)
            else:
                self.notice(message)
            return
        key = json.dumps(message.get("id"))
        if message.get("id") in (None, "rubbish"):
            assert "error" in message, "an answer to nobody"
            return
        assert key in self.asked, f"{key} was never asked"
        assert key in self.open, f"{key} was answered twice, or after it was cancelled"
        self.open.discard(key)
        method, revision, params = self.asked[key]
        validity.check(message, revision, method)
        result = message.get("result", {})
        if result.get("resultType") == "task":
            self.make.tasks.append(result["taskId"])
        if result.get("resultType") == "input_required" and method == "tools/call":
            replies = {name: self.reply(one["method"])
                       for name, one in result["inputRequests"].items()}
            self.make.states.append({
                **{name: params[name] for name in ("name", "arguments") if name in params},
                "inputResponses": replies, "requestState": result["requestState"]})

    def notice(self, message):
        meta = message.get("params", {}).get("_meta", {})
        listens = "io.modelcontextprotocol/subscriptionId" in meta
        stateless = listens or self.revision == STATELESS
        if message["method"] == "notifications/progress":
            key = self.tokens[json.dumps(message["params"]["progressToken"])]
            assert key in self.open, "progress of what is over"
            stateless = self.asked[key][1] == STATELESS
        validity.check(message, STATELESS if stateless else self.revision)

    def reply(self, method):
        return {
            "elicitation/create": self.make.pick([
                {"action": "accept", "content": {"name": "n", "confirm": True}},
                {"action": "decline"}, {"action": "cancel"}]),
            "sampling/createMessage": {
                "role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"},
            "roots/list": {"roots": []}}[method]

    # Saying

    def write(self, data):
        self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def note(self, request):
        key = json.dumps(request["id"])
        stateless = "io.modelcontextprotocol/protocolVersion" in request["params"].get("_meta", {})
        with self.lock:
            self.asked[key] = (request["method"], STATELESS if stateless else self.revision,
                               request["params"])
            self.open.add(key)
            token = request["params"].get("_meta", {}).get("progressToken")
            if token is not None:
                self.tokens[json.dumps(token)] = key

    def say(self, message):
        self.write(json.dumps(message).encode())

    def begin(self):
        if self.revision == STATELESS:
            return
        request = {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
            "protocolVersion": self.revision, "clientInfo": {"name": "t", "version": "1"},
            "capabilities": self.make.pick(CAPABILITIES)}}
        self.note(request)
        self.say(request)
        self.until(lambda: '"hello"' not in self.open)
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def step(self):
        kind = self.make.chance.random()
        if kind < 0.72:
            # A stateless request stands for itself, also within a session.
            revision = STATELESS if self.make.chance.random() < 0.1 else self.revision
            request = self.make.request(revision)
            self.note(request)
            self.say(request)
        elif kind < 0.80:
            self.cancel()
        elif kind < 0.88:
            self.answer()
        elif kind < 0.94:
            self.write(self.make.pick(RUBBISH))
        else:
            self.batch()

    def cancel(self):
        with self.lock:
            known = sorted(self.open)
        key = self.make.pick(known + ['"ghost"', "5"])
        # Whether it was under way when it was cancelled cannot be known here: an answer may be
        # on its way. It may be missing from now on, and that is all.
        with self.lock:
            self.cancelled.add(key)
        self.say({"jsonrpc": "2.0", "method": "notifications/cancelled",
                  "params": {"requestId": json.loads(key)}})

    def answer(self):
        try:
            asked = self.questions.get_nowait()
        except queue.Empty:
            return
        result = {"jsonrpc": "2.0", "id": asked["id"]}
        if self.make.chance.random() < 0.2:
            self.say({**result, "error": {"code": -1, "message": "no"}})
        else:
            self.say({**result, "result": self.reply(asked["method"])})

    def batch(self):
        requests = [self.make.request(self.revision) for _ in range(self.make.pick([1, 2, 5]))]
        if self.revision == "2025-03-26":
            for request in requests:
                self.note(request)
        notice = {"jsonrpc": "2.0", "method": "notifications/x"}
        self.say([*requests, notice])

    # The end

    def until(self, holds):
        deadline = time.monotonic() + PATIENCE
        while True:
            with self.lock:
                if holds() or self.faults:
                    return
            assert time.monotonic() < deadline, f"still open: {sorted(self.open)[:5]}"
            time.sleep(0.01)

    def waiting(self):
        return {key for key in self.open - self.cancelled
                if self.asked[key][0] != "subscriptions/listen"}

    def finish(self):
        """Answers what is asked until everything is answered; subscriptions end with the input."""
        deadline = time.monotonic() + PATIENCE
        while not self.faults:
            self.answer()
            with self.lock:
                if not self.waiting():
                    break
            assert time.monotonic() < deadline, f"not answered: {sorted(self.waiting())[:5]}"
            time.sleep(0.002)
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        assert not self.faults, self.faults[:5]
        assert code == 0
        assert not self.open - self.cancelled, "subscriptions without an end"


@pytest.mark.parametrize("revision", [*HANDSHAKES, STATELESS])
@pytest.mark.parametrize("seed", range(4))
def test_random_conversations_are_answered_by_the_rules(revision, seed):
    conversation = Conversation(f"{revision} {seed}", revision)
    try:
        conversation.begin()
        for _ in range(250):
            conversation.step()
        conversation.finish()
    finally:
        conversation.process.kill()


def test_a_thousand_calls_are_in_flight_and_a_ping_does_not_wait_for_them():
    """Each call takes 150 ms and 64 run at once, so all of them take more than two seconds."""
    conversation = Conversation("thousand", "2025-11-25")
    try:
        conversation.begin()
        for number in range(1_000):
            request = {"jsonrpc": "2.0", "id": number, "method": "tools/call",
                       "params": {"name": "test_tool_with_progress"}}
            conversation.note(request)
            conversation.say(request)
        took = []
        for number in range(20):
            ping = {"jsonrpc": "2.0", "id": f"ping {number}", "method": "ping", "params": {}}
            conversation.note(ping)
            began = time.monotonic()
            conversation.say(ping)
            key = json.dumps(ping["id"])
            while key in conversation.open and not conversation.faults:
                time.sleep(0.0005)
            took.append(time.monotonic() - began)
            assert conversation.open, "the calls are over: nothing was in flight"
        # A machine with other work may hold up some of them; a queue would hold up all.
        assert sorted(took)[len(took) // 4] < 0.05, took
        conversation.finish()
    finally:
        conversation.process.kill()
