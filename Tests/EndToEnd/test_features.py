"""What the protocol offers beside tools, in every revision; each message is held to its schema."""

import json

import pytest

from conftest import EMBEDDED, META, Server

REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


class Talk:
    """One revision's way to ask."""

    def __init__(self, revision):
        self.stateless = revision == "2026-07-28"
        self.server = Server(*EMBEDDED, revision=None if self.stateless else revision)

    def ask(self, method, params=None, meta=None):
        params = dict(params or {})
        if self.stateless:
            params["_meta"] = {**META, **(meta or {})}
        elif meta:
            params["_meta"] = meta
        return self.server.request(method, params)


@pytest.fixture(params=REVISIONS)
def talk(request):
    talk = Talk(request.param)
    yield talk
    assert talk.server.end() == (0, [])


def test_everything_is_answered_as_the_schema_says(talk):
    for method, params in [
            ("tools/list", {}), ("prompts/list", {}), ("resources/list", {}),
            ("resources/templates/list", {}), ("tools/call", {"name": "get_api_stats"}),
            ("tools/call", {"name": "list_api_calls", "arguments": {"kfl": "nonsense =="}}),
            ("prompts/get", {"name": "find_errors", "arguments": {"namespace": "shop"}}),
            ("resources/read", {"uri": "net://coverage"}),
            ("resources/read", {"uri": "net://kfl/fields"}),
            ("resources/read", {"uri": "net://kfl/fields/status_code"}),
            ("completion/complete", {
                "ref": {"type": "ref/prompt", "name": "find_errors"},
                "argument": {"name": "namespace", "value": "s"}})]:
        assert "result" in talk.ask(method, params), method
    if talk.stateless:
        assert "result" in talk.ask("server/discover")
    else:
        assert talk.ask("ping")["result"] == {}
        assert talk.ask("logging/setLevel", {"level": "debug"})["result"] == {}
    for method, params, code in [
            ("tools/call", {"name": "nope"}, -32602), ("tools/list", {"cursor": "x"}, -32602),
            ("prompts/get", {"name": "nope"}, -32602), ("no/such", {}, -32601),
            ("logging/setLevel", {"level": "loud"}, -32601 if talk.stateless else -32602),
            ("completion/complete", {
                "ref": {"type": "ref/prompt", "name": "nope"},
                "argument": {"name": "a", "value": ""}}, -32602),
            ("resources/read", {"uri": "net://nope"}, -32602 if talk.stateless else -32002)]:
        assert talk.ask(method, params)["error"]["code"] == code, method


def test_resources_are_what_the_tools_say(talk):
    listed = talk.ask("resources/list")["result"]["resources"]
    assert [row["uri"] for row in listed] == ["net://kfl/fields", "net://coverage"]
    templates = talk.ask("resources/templates/list")["result"]["resourceTemplates"]
    assert [row["uriTemplate"] for row in templates] == [
        "net://kfl/fields/{name}", "net://call/{+id}", "net://snapshot/{name}"]

    def read(uri):
        contents = talk.ask("resources/read", {"uri": uri})["result"]["contents"]
        assert [content["uri"] for content in contents] == [uri]
        return json.loads(contents[0]["text"])

    fields = {field["name"]: field for field in read("net://kfl/fields")["fields"]}
    assert fields["status_code"] == read("net://kfl/fields/status_code")
    assert read("net://coverage")["packets"] > 0
    rows = talk.ask("completion/complete", {
        "ref": {"type": "ref/resource", "uri": "net://call/{+id}"},
        "argument": {"name": "id", "value": ""}})["result"]["completion"]["values"]
    assert read(f"net://call/{rows[0]}")["id"] == rows[0]
    escaped = "net://kfl/fields/status%5Fcode"
    read_so = talk.ask("resources/read", {"uri": escaped})["result"]["contents"]
    assert read_so[0]["uri"] == escaped
    missing = talk.ask("resources/read", {"uri": "net://call/nope"})["error"]
    assert missing["code"] == (-32602 if talk.stateless else -32002)
    assert missing["data"] == {"uri": "net://call/nope"}
    error = talk.ask("resources/read", {"uri": "net://kfl/fields/status_cod"})["error"]
    assert error["data"] == {"uri": "net://kfl/fields/status_cod"}
    assert "status_code" in error["message"]


@pytest.mark.parametrize("name,value,others,found", [
    ("namespace", "sh", {}, "shop"), ("namespace", "shop,sh", {}, "shop,shop"),
    ("service", "", {"namespace": "shop"}, "gateway"), ("kfl", "http && status_c", {},
                                                        "http && status_code"),
    ("depth", "d", {}, "deep"), ("protocol", "re", {}, "redis"), ("window", "", {}, "15m"),
])
def test_arguments_of_prompts_are_completed(name, value, others, found):
    talk = Talk("2025-11-25")
    completion = talk.ask("completion/complete", {
        "ref": {"type": "ref/prompt", "name": "analyze_traffic"},
        "argument": {"name": name, "value": value}, "context": {"arguments": others}},
    )["result"]["completion"]
    assert found in completion["values"]
    assert completion["total"] == len(completion["values"]) and not completion["hasMore"]
    talk.server.end()


def test_what_is_offered_is_what_is_declared():
    for revision in REVISIONS[:-1]:
        server = Server(*EMBEDDED, revision=revision)
        hello = server.hello["result"]
        assert set(hello["capabilities"]) == {
            "tools", "prompts", "resources", "logging"
        } | ({"completions"} if revision >= "2025-03-26" else set())
        assert ("icons" in hello["serverInfo"]) == (revision >= "2025-11-25")
        server.end()


def test_a_subscription_is_acknowledged_and_ended(tmp_path):
    server = Server(*EMBEDDED, revision=None)
    server.send({"jsonrpc": "2.0", "id": "sub", "method": "subscriptions/listen", "params": {
        "notifications": {"toolsListChanged": True}, "_meta": META}})
    acknowledged = server.receive()
    # The tools of capture files never change, so there is nothing to tell.
    assert acknowledged["params"]["notifications"] == {}
    assert server.request("tools/list", {"_meta": META})["result"]["tools"]
    code, rest = server.end()
    assert code == 0 and [message["id"] for message in rest] == ["sub"]
    assert rest[0]["result"]["resultType"] == "complete"
