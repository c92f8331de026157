"""MCP over HTTP: sessions, the stateless form, header rules, streams, and who may ask."""

import asyncio
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

import pytest
import validity
from mcp import Client

from conftest import BINARY, META, PATIENCE, ROOT, SHOP, WORKLOADS

FIXTURE = os.environ.get("MCP_FIXTURE", str(ROOT / ".build" / "release" / "mcp-fixture"))
BOTH = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
PNG = "iVBORw0KGgo"


class Site:
    """A server that says where it listens."""

    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})})
        self.log = b""
        for line in self.process.stdout:
            self.log += line
            if found := re.search(rb"listening on http://([^/:]+):(\d+)", line):
                self.host, self.port = found.group(1).decode(), int(found.group(2))
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise AssertionError(self.log.decode())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/mcp"

    def open(self, method="POST", body=None, headers=None, path="/mcp"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, data, {**(BOTH if headers is None else headers)})
        answer = connection.getresponse()
        answer.connection = connection
        return answer

    def ask(self, *arguments, **options):
        answer = self.open(*arguments, **options)
        return answer, answer.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


def events(answer):
    """The messages of a stream, as they come."""
    for line in answer:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


class Session:
    """A client of a handshake revision."""

    def __init__(self, site, revision="2025-11-25", capabilities=None):
        self.site, self.revision, self.number = site, revision, 0
        self.headers = dict(BOTH)
        answer, self.hello = self.request("initialize", {
            "protocolVersion": revision, "capabilities": capabilities or {},
            "clientInfo": {"name": "test", "version": "1"}})
        self.headers["Mcp-Session-Id"] = answer.headers["mcp-session-id"]
        self.headers["MCP-Protocol-Version"] = revision
        answer, body = site.ask(
            body={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=self.headers)
        assert (answer.status, body) == (202, b"")

    def open(self, method, params=None):
        self.number += 1
        return self.site.open(body={
            "jsonrpc": "2.0", "id": self.number, "method": method, "params": params or {}},
            headers=self.headers)

    def request(self, method, params=None):
        answer = self.open(method, params)
        assert answer.status == 200, answer.read()
        if answer.headers["content-type"] == "application/json":
            messages = [json.loads(answer.read())]
        else:
            messages = list(events(answer))
        for message in messages:
            validity.check(message, self.revision, method)
        return answer, messages[-1]

    def result(self, method, params=None):
        return self.request(method, params)[1]["result"]

    def call(self, tool, **arguments):
        return self.result("tools/call", {"name": tool, "arguments": arguments})


class Stateless:
    """A client of 2026-07-28."""

    def __init__(self, site, capabilities=None):
        self.site, self.number = site, 0
        self.meta = {**META, "io.modelcontextprotocol/clientCapabilities": capabilities or {}}

    def open(self, method, params=None, headers=None, meta=None):
        self.number += 1
        params = {**(params or {}), "_meta": {**self.meta, **(meta or {})}}
        name = params.get("name") or params.get("uri") or params.get("taskId")
        sent = {**BOTH, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        if name:
            sent["Mcp-Name"] = name
        sent = {key: value for key, value in {**sent, **(headers or {})}.items() if value}
        return self.site.open(body={
            "jsonrpc": "2.0", "id": self.number, "method": method, "params": params},
            headers=sent)

    def request(self, method, params=None, **options):
        answer = self.open(method, params, **options)
        if answer.headers["content-type"] == "application/json":
            messages = [json.loads(answer.read())]
        else:
            messages = list(events(answer))
        for message in messages:
            validity.check(message, "2026-07-28", method)
        return answer.status, messages

    def result(self, method, params=None, **options):
        status, messages = self.request(method, params, **options)
        assert status == 200, messages
        return messages[-1]["result"]

    def call(self, tool, **params):
        return self.result("tools/call", {"name": tool, "arguments": {}, **params})


@pytest.fixture(scope="module")
def fixture():
    site = Site(FIXTURE, "0")
    yield site
    assert site.stop() == 0


@pytest.fixture(scope="module")
def product():
    site = Site(
        BINARY, "mcp", "--pcap", SHOP, "--workloads", WORKLOADS, "--no-cache", "--http",
        "127.0.0.1:0")
    yield site
    assert site.stop() == 0


# Both forms


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_is_at_home(product, mode):
    async def talk():
        async with Client(product.url, mode=mode, read_timeout_seconds=60) as client:
            tools = (await client.list_tools()).tools
            answer = await client.call_tool("get_api_stats", {})
            return tools, answer

    tools, answer = asyncio.run(talk())
    assert tools[0].name == "list_workloads" and not answer.is_error


def test_the_hub_serves_mcp_beside_its_own_paths(hub):
    port = int(hub.url.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/mcp")
    discovered = json.loads(connection.getresponse().read())["tools"]

    async def talk(path):
        async with Client(hub.url + path, read_timeout_seconds=60) as client:
            return (await client.list_tools()).tools

    for path in ["/mcp", "/api/mcp"]:
        assert len(asyncio.run(talk(path))) == len(discovered)


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_session_lives_from_initialize_to_delete(fixture, revision):
    session = Session(fixture, revision)
    assert session.result("ping") == {}
    assert session.result("tools/list")["tools"]
    answer, _ = fixture.ask("DELETE", headers=session.headers)
    assert answer.status == 204
    answer, _ = fixture.ask(body={"jsonrpc": "2.0", "id": 1, "method": "ping"},
                            headers=session.headers)
    assert answer.status == 404


def test_the_end_of_a_session_ends_what_waits_in_it(fixture):
    session = Session(fixture, capabilities={"elicitation": {}})
    stream = events(session.open("tools/call", {"name": "test_elicitation"}))
    assert next(stream)["method"] == "elicitation/create"
    # One that has not begun to stream, and cannot.
    session.headers["Accept"] = "application/json"
    waiting = queue.Queue()
    threading.Thread(target=lambda: waiting.put(
        session.open("tools/call", {"name": "test_tool_with_task"}).status), daemon=True).start()
    time.sleep(0.2)
    assert fixture.ask("DELETE", headers=session.headers)[0].status == 204
    assert list(stream) == []
    assert waiting.get(timeout=PATIENCE) in (404, 200)


def test_a_request_without_a_session_is_told_to_begin(fixture):
    answer, body = fixture.ask(body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status == 400 and b"initialize" in body
    session = Session(fixture)
    for headers in [{"Mcp-Session-Id": "nobody"}, {"MCP-Protocol-Version": "1999-01-01"}]:
        answer, _ = fixture.ask(body={"jsonrpc": "2.0", "id": 1, "method": "ping"},
                                headers={**session.headers, **headers})
        assert answer.status == (404 if "Mcp-Session-Id" in headers else 400)


def test_a_batch_is_answered_as_one(fixture):
    session = Session(fixture, "2025-03-26")
    answer, body = fixture.ask(body=[
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {"jsonrpc": "2.0", "method": "notifications/cancelled"}], headers=session.headers)
    assert answer.status == 200 and [m["id"] for m in json.loads(body)] == [1, 2]


# What is refused


@pytest.mark.parametrize("headers,status", [
    ({"Content-Type": "text/plain"}, 415), ({"Accept": "text/html"}, 406),
    ({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 403),
    ({"Origin": "null"}, 403),
])
def test_requests_that_must_not_be_served(fixture, headers, status):
    for method in ["POST", "GET", "DELETE"]:
        if status in (415, 406) and method != "POST":
            continue
        answer, body = fixture.ask(method, {"jsonrpc": "2.0", "id": 1, "method": "ping"},
                                   headers={**BOTH, **headers})
        assert answer.status == status and json.loads(body)["error"]


def test_other_methods_rubbish_and_too_much(fixture):
    assert fixture.ask("PUT", {})[0].status == 405
    for body in [b"{", b"\xff", b"[]", b"42", b'{"jsonrpc":"2.0"}']:
        assert fixture.ask(body=body)[0].status == 400
    assert fixture.ask(body=b" " * (5 << 20))[0].status == 413


def test_what_is_no_request_is_refused_in_a_session_too(fixture):
    session = Session(fixture)
    for body in [b"{", b"[]", b"42", b'{"jsonrpc":"2.0","id":null,"method":"ping"}']:
        assert fixture.ask(body=body, headers=session.headers)[0].status == 400
    assert session.result("ping") == {}


def test_head_is_answered_without_a_body(fixture):
    connection = http.client.HTTPConnection("127.0.0.1", fixture.port, timeout=PATIENCE)
    for _ in range(2):
        connection.request("HEAD", "/mcp")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (405, b"")


def test_who_takes_only_one_kind_of_answer_gets_that(fixture):
    session = Session(fixture, capabilities={"elicitation": {}})
    session.headers["Accept"] = "text/event-stream"
    answer = session.open("ping")
    assert answer.headers["content-type"] == "text/event-stream"
    assert [message["result"] for message in events(answer)] == [{}]
    # Nobody can be asked on a stream that is not there.
    session.headers["Accept"] = "application/json"
    assert session.call("test_elicitation")["isError"]
    client = Stateless(fixture)
    answer = client.open("subscriptions/listen", {"notifications": {}},
                         headers={"Accept": "application/json"})
    assert answer.status == 406


def test_a_token_keeps_strangers_out():
    site = Site(BINARY, "mcp", "--pcap", SHOP, "--no-cache", "--http", "127.0.0.1:0",
                env={"KUBESHARK_MCP_TOKEN": "s3cret"})
    ping = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    for given in [None, "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret"]:
        answer, _ = site.ask(body=ping, headers={**BOTH, "Authorization": given or ""})
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert site.ask(body=ping, headers={**BOTH, "Authorization": "Bearer s3cret"})[0].status == 200
    assert site.stop() == 0


def test_an_address_for_others_has_a_token_of_its_own():
    site = Site(BINARY, "mcp", "--pcap", SHOP, "--no-cache", "--http", "0.0.0.0:0")
    token = re.search(rb"Bearer (\S+)", site.log).group(1).decode()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    assert site.ask(body=ping)[0].status == 401
    assert site.ask(body=ping, headers={**BOTH, "Authorization": f"Bearer {token}"})[0].status == 200
    assert site.stop() == 0


@pytest.mark.parametrize("headers", [
    {"Mcp-Method": None}, {"Mcp-Method": "tools/list"}, {"Mcp-Name": None}, {"Mcp-Name": "other"},
    {"MCP-Protocol-Version": None}, {"MCP-Protocol-Version": "2025-11-25"},
    {"Mcp-Name": "=?base64?????="},
])
def test_headers_must_say_what_the_body_says(fixture, headers):
    status, messages = Stateless(fixture).request(
        "tools/call", {"name": "test_simple_text"}, headers=headers)
    assert status == 400 and messages[0]["error"]["code"] == -32020


def test_a_session_is_held_to_its_revision_whatever_a_proxy_adds(fixture):
    session = Session(fixture)
    session.headers["Mcp-Method"] = "tools/list"
    assert session.result("tools/list")["tools"]


def test_headers_may_be_wrapped(fixture):
    client = Stateless(fixture)
    status, _ = client.request(
        "tools/call", {"name": "test_simple_text"},
        headers={"Mcp-Name": "=?base64?dGVzdF9zaW1wbGVfdGV4dA==?=", "Mcp-Session-Id": "ignored"})
    assert status == 200


def test_errors_of_the_stateless_form_have_a_status(fixture):
    client = Stateless(fixture)
    for method, status, code in [("no/such", 404, -32601), ("ping", 404, -32601),
                                 ("initialize", 404, -32601)]:
        found, messages = client.request(method)
        assert (found, messages[0]["error"]["code"]) == (status, code), method
    found, messages = client.request("tools/call", {"name": "nope"})
    assert (found, messages[0]["error"]["code"]) == (400, -32602)
    found, messages = client.request(
        "tools/list", meta={"io.modelcontextprotocol/protocolVersion": "2027-01-01"},
        headers={"MCP-Protocol-Version": "2027-01-01"})
    assert (found, messages[0]["error"]["code"]) == (400, -32022)
    for method in ["GET", "DELETE"]:
        answer, _ = fixture.ask(method, headers={**BOTH, "MCP-Protocol-Version": "2026-07-28"})
        assert answer.status == 405 and answer.headers["allow"] == "POST"


# The scenarios of the conformance suite


def clients(site):
    return [Session(site), Stateless(site)]


def test_content_of_every_kind(fixture):
    for client in clients(fixture):
        assert client.call("test_simple_text")["content"][0]["text"].startswith("This is a simple")
        assert client.call("test_image_content")["content"][0]["data"].startswith(PNG)
        assert client.call("test_audio_content")["content"][0]["mimeType"] == "audio/wav"
        assert client.call("test_embedded_resource")["content"][0]["resource"]["text"]
        kinds = [part["type"] for part in client.call("test_multiple_content_types")["content"]]
        assert kinds == ["text", "image", "resource"]
        assert client.call("test_error_handling")["isError"]
        tools = {tool["name"]: tool for tool in client.result("tools/list")["tools"]}
        schema = tools["json_schema_2020_12_tool"]["inputSchema"]
        assert schema["$defs"]["address"] and schema["additionalProperties"] is False


def test_prompts_and_resources(fixture):
    for client in clients(fixture):
        names = [prompt["name"] for prompt in client.result("prompts/list")["prompts"]]
        assert "test_prompt_with_image" in names
        filled = client.result("prompts/get", {
            "name": "test_prompt_with_arguments", "arguments": {"arg1": "a", "arg2": "b"}})
        assert filled["messages"][0]["content"]["text"].endswith("arg1='a', arg2='b'")
        for name in ["test_simple_prompt", "test_prompt_with_image"]:
            assert client.result("prompts/get", {"name": name})["messages"]
        filled = client.result("prompts/get", {
            "name": "test_prompt_with_embedded_resource",
            "arguments": {"resourceUri": "test://example"}})
        assert "test://example" in [
            message["content"].get("resource", {}).get("uri") for message in filled["messages"]]
        read = client.result("resources/read", {"uri": "test://static-text"})
        assert read["contents"][0]["text"]
        assert client.call("test_reconnection")["content"][0]["text"]
        uris = [row["uri"] for row in client.result("resources/list")["resources"]]
        assert "test://static-binary" in uris
        read = client.result("resources/read", {"uri": "test://static-binary"})
        assert read["contents"][0]["blob"].startswith(PNG)
        read = client.result("resources/read", {"uri": "test://template/7/data"})
        assert json.loads(read["contents"][0]["text"])["id"] == "7"
        assert client.result("completion/complete", {
            "ref": {"type": "ref/prompt", "name": "test_prompt_with_arguments"},
            "argument": {"name": "arg1", "value": "a"}})["completion"]["values"] == ["alpha"]
    _, message = Session(fixture).request("resources/read", {"uri": "test://nope"})
    assert message["error"]["code"] == -32002
    status, messages = Stateless(fixture).request("resources/read", {"uri": "test://nope"})
    assert (status, messages[0]["error"]["code"]) == (400, -32602)


def test_progress_and_log_messages_come_before_the_answer(fixture):
    session = Session(fixture)
    session.result("logging/setLevel", {"level": "debug"})
    answer = session.open("tools/call", {
        "name": "test_tool_with_progress", "_meta": {"progressToken": "p"}})
    assert answer.headers["content-type"] == "text/event-stream"
    messages = list(events(answer))
    assert [m["params"]["progress"] for m in messages[:-1]] == [0, 50, 100]
    messages = list(events(session.open("tools/call", {"name": "test_tool_with_logging"})))
    assert len(messages) == 4 and messages[0]["method"] == "notifications/message"
    client = Stateless(fixture)
    assert len(client.request("tools/call", {"name": "test_logging_tool"})[1]) == 1
    _, messages = client.request(
        "tools/call", {"name": "test_logging_tool"}, meta={"io.modelcontextprotocol/logLevel": "info"})
    assert len(messages) == 4


@pytest.mark.parametrize("tool,capability,reply,said", [
    ("test_elicitation", "elicitation",
     {"action": "accept", "content": {"username": "u", "email": "e"}}, "action=accept"),
    ("test_streaming_elicitation", "elicitation", {"action": "decline"}, "action=decline"),
    ("test_elicitation_sep1034_defaults", "elicitation", {"action": "decline"}, "action=decline"),
    ("test_elicitation_sep1330_enums", "elicitation", {"action": "cancel"}, "action=cancel"),
    ("test_sampling", "sampling", {
        "role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"}, "hi"),
])
def test_a_client_is_asked_while_the_call_runs(fixture, tool, capability, reply, said):
    session = Session(fixture, capabilities={capability: {}})
    answer = session.open("tools/call", {"name": tool, "arguments": {"message": "m"}})
    stream = events(answer)
    asked = next(stream)
    validity.check(asked, session.revision)
    answered, body = fixture.ask(
        body={"jsonrpc": "2.0", "id": asked["id"], "result": reply}, headers=session.headers)
    assert (answered.status, body) == (202, b"")
    assert said in next(stream)["result"]["content"][0]["text"]
    # Without the capability the tool says so instead.
    assert Session(fixture).call(tool)["isError"]


def test_answers_come_with_the_next_request(fixture):
    client = Stateless(fixture, {"elicitation": {}, "sampling": {}, "roots": {}})
    replies = {
        "elicitation/create": {"action": "accept", "content": {"name": "Ann"}},
        "sampling/createMessage": {
            "role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"},
        "roots/list": {"roots": []}}
    for tool, rounds in [
            ("elicitation", 1), ("sampling", 1), ("list_roots", 1), ("request_state", 1),
            ("multiple_inputs", 1), ("multi_round", 2)]:
        params = {"name": f"test_input_required_result_{tool}", "arguments": {}}
        result = client.result("tools/call", params)
        while result["resultType"] == "input_required":
            rounds -= 1
            answers = {key: replies[request["method"]]
                       for key, request in result["inputRequests"].items()}
            params = {**params, "inputResponses": answers, "requestState": result["requestState"]}
            result = client.result("tools/call", params)
        assert rounds == 0 and result["content"], tool
    result = client.result("prompts/get", {"name": "test_input_required_result_prompt"})
    assert result["resultType"] == "input_required"
    # What says nothing is asked for again.
    for useless in [{}, {"user_name": {"x": 1}}, {"user_name": {"action": "accept", "content": {}}}]:
        asked = client.call("test_input_required_result_elicitation")
        again = client.call("test_input_required_result_elicitation", inputResponses=useless,
                            requestState=asked["requestState"])
        assert again["resultType"] == "input_required"
    result = client.call("test_input_required_result_tampered_state")
    status, messages = client.request("tools/call", {
        "name": "test_input_required_result_tampered_state", "arguments": {},
        "inputResponses": {"user_name": replies["elicitation/create"]},
        "requestState": result["requestState"][:-4] + "0000"})
    assert (status, messages[0]["error"]["code"]) == (400, -32602)
    status, messages = Stateless(fixture).request(
        "tools/call", {"name": "test_missing_capability", "arguments": {}})
    assert (status, messages[0]["error"]["code"]) == (400, -32021)
    assert messages[0]["error"]["data"]["requiredCapabilities"] == {"sampling": {}}


def test_only_what_the_client_can_answer_is_asked(fixture):
    for capabilities in [{}, {"sampling": {}}]:
        status, messages = Stateless(fixture, capabilities).request(
            "tools/call", {"name": "test_input_required_result_capabilities", "arguments": {}})
        assert (status, messages[0]["error"]["code"]) == (400, -32021)
    asked = Stateless(fixture, {"elicitation": {}}).call("test_input_required_result_capabilities")
    assert {one["method"] for one in asked["inputRequests"].values()} == {"elicitation/create"}


def test_lists_say_how_long_they_hold(fixture):
    client = Stateless(fixture)
    for method, params in [
            ("server/discover", {}), ("tools/list", {}), ("prompts/list", {}),
            ("resources/list", {}), ("resources/templates/list", {}),
            ("resources/read", {"uri": "test://static-text"})]:
        result = client.result(method, params)
        assert result["ttlMs"] >= 0 and result["cacheScope"] in ("public", "private"), method


def test_a_resource_can_be_watched(fixture):
    session = Session(fixture)
    for method in ["resources/subscribe", "resources/unsubscribe"]:
        assert session.result(method, {"uri": "test://watched-resource"}) == {}
    listening = Stateless(fixture).open("subscriptions/listen", {
        "notifications": {"resourceSubscriptions": ["test://watched-resource"]}})
    told = next(events(listening))
    assert told["params"]["notifications"]["resourceSubscriptions"] == ["test://watched-resource"]
    listening.connection.close()


def test_a_destructive_tool_asks_first(fixture):
    assert Session(fixture).call("test_destructive")["isError"]
    assert not Session(fixture).call("test_destructive", confirm=True).get("isError")
    client = Stateless(fixture, {"elicitation": {"form": {}}})
    asked = client.call("test_destructive", arguments={"confirm": True})
    assert asked["resultType"] == "input_required"
    for content, acts in [({"confirm": False}, False), ({"confirm": True}, True)]:
        asked = client.call("test_destructive")
        done = client.call(
            "test_destructive", requestState=asked["requestState"],
            inputResponses={"confirm": {"action": "accept", "content": content}})
        assert bool(done.get("isError")) != acts


def test_a_long_call_becomes_a_task(fixture):
    client = Stateless(fixture, {"extensions": {"io.modelcontextprotocol/tasks": {}}})
    task = client.call("test_tool_with_task")
    assert task["resultType"] == "task" and task["status"] == "working"
    while task["status"] == "working":
        time.sleep(0.1)
        task = client.result("tasks/get", {"taskId": task["taskId"]})
    assert task["status"] == "completed" and "done" in task["result"]["content"][0]["text"]
    task = client.call("test_tool_with_task")
    client.result("tasks/cancel", {"taskId": task["taskId"]})
    assert client.result("tasks/get", {"taskId": task["taskId"]})["status"] == "cancelled"


# Streams


def test_nobody_takes_back_what_another_asked_for(fixture):
    listening, heard = Stateless(fixture).open("subscriptions/listen", {
        "notifications": {"toolsListChanged": True}}), queue.Queue()
    follow(listening, heard)
    assert heard.get(timeout=PATIENCE)["method"] == "notifications/subscriptions/acknowledged"
    answer, body = fixture.ask(
        body={"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        headers={**BOTH, "MCP-Protocol-Version": "2026-07-28"})
    assert (answer.status, body) == (202, b"")
    Stateless(fixture).call("test_trigger_tool_change")
    assert heard.get(timeout=PATIENCE)["method"] == "notifications/tools/list_changed"
    listening.connection.close()


def follow(answer, into):
    threading.Thread(
        target=lambda: [into.put(message) for message in events(answer)], daemon=True).start()


def test_changes_are_told_on_open_streams(fixture):
    session, told = Session(fixture), queue.Queue()
    stream = fixture.open("GET", headers={**session.headers, "Accept": "text/event-stream"})
    assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
    follow(stream, told)
    client, heard = Stateless(fixture), queue.Queue()
    listening = client.open("subscriptions/listen", {"notifications": {"promptsListChanged": True}})
    follow(listening, heard)
    assert heard.get(timeout=10)["method"] == "notifications/subscriptions/acknowledged"
    session.call("test_trigger_tool_change")
    session.call("test_trigger_prompt_change")
    assert told.get(timeout=10)["method"] == "notifications/tools/list_changed"
    message = heard.get(timeout=10)
    validity.check(message, "2026-07-28")
    assert message["method"] == "notifications/prompts/list_changed"
    stream.connection.close()
    listening.connection.close()


def test_many_streams_at_once(fixture):
    session = Session(fixture)
    answers = [session.open("tools/call", {
        "name": "test_tool_with_progress", "_meta": {"progressToken": number}})
        for number in range(20)]
    for number, answer in enumerate(answers):
        messages = list(events(answer))
        assert {m["params"]["progressToken"] for m in messages[:-1]} == {number}
        assert "result" in messages[-1]


def test_the_end_comes_in_time_with_streams_open():
    site = Site(FIXTURE, "0")
    session = Session(site)
    stream = site.open("GET", headers={**session.headers, "Accept": "text/event-stream"})
    client = Stateless(site)
    listening = client.open("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    told = events(listening)
    assert next(told)["method"] == "notifications/subscriptions/acknowledged"
    started = time.monotonic()
    site.process.send_signal(signal.SIGTERM)
    assert next(told)["result"]["resultType"] == "complete"
    assert site.process.wait(timeout=10) == 0
    assert time.monotonic() - started < 2.5
    stream.connection.close()
