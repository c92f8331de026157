"""URL mode: a Hub elsewhere answers what the embedded one answers, and its faults are told."""

import http.server
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from conftest import BINARY, DNS, EMBEDDED, PATIENCE, SHOP, Hub, Server, kubeshark

CALLS = [
    ("list_workloads", {}), ("list_workloads", {"type": "service", "limit": 3}),
    ("list_workloads", {"name_regex": "("}), ("list_api_calls", {}),
    ("list_api_calls", {"kfl": "http and response.status == 500", "format": "full"}),
    ("list_api_calls", {"limit": "5", "unknown": 1}), ("list_api_calls", {"kfl": "http &&"}),
    ("list_api_calls", {"kfl": "status_cod == 1"}), ("list_api_calls", {"start": "-5s"}),
    ("list_api_calls", {"start": "yesterday"}), ("list_api_calls", {"cursor": "rubbish"}),
    ("get_api_call", {}), ("get_api_call", {"id": "local/99999/0"}), ("get_api_call", {"id": "x"}),
    ("get_api_stats", {}), ("get_api_stats", {"group_by": "service"}),
    ("get_api_stats", {"group_by": "nonsense"}), ("list_l4_flows", {}),
    ("list_l4_flows", {"limit": 2}), ("list_l4_flows", {"ip": "no address"}),
    ("get_l4_flow_summary", {}), ("no_such_tool", {}), ("list_api_call", {}), ("", {}),
]


@pytest.fixture(scope="module")
def pair(hub):
    servers = Server(*EMBEDDED), Server("mcp", "--url", hub.url)
    yield servers
    for server in servers:
        assert server.end() == (0, [])


LOCAL = ["get_file_url", "download_file"]


def test_the_lists_are_the_same_byte_for_byte(pair):
    for method in ["prompts/list", "resources/list", "resources/templates/list"]:
        assert pair[0].raw(method) == pair[1].raw(method)
    ours, theirs = (server.request("tools/list")["result"]["tools"] for server in pair)
    # The tools about files are this process's own, and come last where the Hub is in it.
    assert [tool["name"] for tool in theirs[:2]] == LOCAL
    assert [tool["name"] for tool in ours[-2:]] == LOCAL
    assert json.dumps(ours[:-2]) == json.dumps(theirs[2:])


def test_resources_are_the_same_byte_for_byte(pair):
    for uri in ["net://coverage", "net://kfl/fields/status_code", "net://call/local/1/0"]:
        ours, theirs = (server.raw("resources/read", {"uri": uri}) for server in pair)
        assert ours == theirs


@pytest.mark.parametrize("tool,arguments", CALLS)
def test_the_answers_are_the_same_byte_for_byte(pair, tool, arguments):
    params = {"name": tool, "arguments": arguments}
    ours, theirs = (server.raw("tools/call", params) for server in pair)
    assert ours == theirs


def test_each_call_in_full_is_the_same_byte_for_byte(pair):
    listed = pair[0].call("list_api_calls", limit=20)["structuredContent"]["calls"]
    for call in listed:
        params = {"name": "get_api_call", "arguments": {"id": call["id"]}}
        ours, theirs = (server.raw("tools/call", params) for server in pair)
        assert ours == theirs


# The Hub by itself


def get(url, headers=None, data=None):
    request = urllib.request.Request(url, headers=headers or {}, data=data)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_discovery_is_what_clients_of_the_contract_read(hub):
    for path in ["/mcp", "/api/mcp"]:
        status, headers, body = get(hub.url + path)
        found = json.loads(body)
        assert status == 200 and found["name"] and headers["ETag"]
        assert {tool["inputSchema"]["type"] for tool in found["tools"]} == {"object"}
        assert get(hub.url + path, {"If-None-Match": headers["ETag"]})[0] == 304


def test_a_call_is_plain_json(hub):
    body = json.dumps({"name": "list_api_calls", "arguments": {"limit": 2}}).encode()
    status, _, answer = get(
        hub.url + "/api/mcp/tools/call", {"Content-Type": "application/json"}, body)
    assert status == 200 and len(json.loads(answer)["calls"]) == 2
    status, _, rest = get(hub.url + "/api/mcp/calls?limit=2")
    assert rest == answer


def test_mistakes_have_a_status_and_a_sentence(hub):
    kfl = json.dumps({"name": "list_api_calls", "arguments": {"kfl": "(("}}).encode()
    asked = {"Content-Type": "application/json"}
    for path, headers, data, expected in [
            ("/nothing", {}, None, 404), ("/api/mcp/tools/call", asked, b"{", 400),
            ("/api/mcp/tools/call", asked, b"{}", 400), ("/api/mcp/tools/call", asked, kfl, 400),
            ("/api/mcp/tools/no_such", asked, b"{}", 404),
            ("/api/mcp/tools/call", {"Content-Type": "text/plain"}, b"{}", 415),
            ("/api/mcp/tools/call", {}, None, 405), ("/mcp", {"Host": "evil.example"}, None, 403),
            ("/mcp", {"Origin": "https://evil.example"}, None, 403)]:
        status, _, body = get(hub.url + path, headers, data)
        assert status == expected, path
        assert json.loads(body)["error"]


def test_a_hub_ends_with_0():
    assert Hub("--pcap", DNS, "--no-cache").stop() == 0


def test_a_port_that_is_taken_is_an_error(hub):
    done = kubeshark("hub", "--pcap", DNS, "--listen", hub.url.removeprefix("http://"))
    assert done.returncode == 1
    assert b"another program listens there" in done.stderr


# Hubs that are none


@pytest.fixture
def odd():
    """A web server that answers with whatever `odd.answer` holds."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            self.server.connections.add(self.client_address)
            self.server.seen.append((self.path, dict(self.headers), self.rfile.read(length)))
            status, headers, body = self.server.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.connections = [], set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()


@pytest.mark.parametrize("answer,sentence", [
    ((401, {}, b"{}"), "401"), ((302, {"Location": "https://sso.example/"}, b""), "sso.example"),
    ((404, {"Content-Type": "text/html"}, b"<html>"), "no MCP endpoint"),
    ((200, {"Content-Type": "text/html"}, b"<html>login</html>"), "web page"),
    ((200, {}, b"nonsense"), "not JSON"), ((200, {}, b'{"a":1}'), "not with a Hub's"),
    ((200, {}, b'{"name":"","tools":[]}'), "switched off"), ((500, {}, b"oh"), "500"),
])
def test_list_tools_says_what_is_wrong(odd, answer, sentence):
    odd.answer = answer
    done = kubeshark("mcp", "--list-tools", "--url", odd.url)
    assert done.returncode == 1
    assert "Kubeshark API:" in done.stdout.decode()
    assert sentence in done.stdout.decode()


def test_a_hub_of_the_contract_is_shown_as_it_is(odd):
    odd.answer = (200, {}, json.dumps({
        "name": "Other", "tools": [{"name": "list_api_calls", "description": "d"}],
        "prompts": [{"name": "extra", "description": "More.", "arguments": []}]}).encode())
    server = Server("mcp", "--url", odd.url + "/base/", "--token", "secret")
    tools = server.request("tools/list")["result"]["tools"]
    assert [tool["name"] for tool in tools] == [*LOCAL, "list_api_calls"]
    assert tools[2]["inputSchema"] == {"type": "object"}
    assert tools[2]["annotations"]["readOnlyHint"]
    names = [prompt["name"] for prompt in server.request("prompts/list")["result"]["prompts"]]
    assert names[0] == "kubeshark_usage" and names[-1] == "extra"
    odd.answer = (200, {}, b'{"calls":[{"id":1}]}')
    answer = server.call("list_api_calls", kfl="http")
    assert "\n" in answer["content"][0]["text"]
    assert answer["structuredContent"] == {"calls": [{"id": 1}]}
    path, headers, body = odd.seen[-1]
    assert path == "/base/api/mcp/tools/call"
    assert headers["X-Kubeshark-Authorization"] == "secret"
    assert headers["X-Kubeshark-Capture"] == "ignore"
    assert json.loads(body) == {"name": "list_api_calls", "arguments": {"kfl": "http"}}
    for status in (404, 500):
        odd.answer = (status, {}, b'{"error":"broken"}')
        answer = server.call("list_api_calls")
        assert answer["isError"] and str(status) in answer["content"][0]["text"]
    assert server.end() == (0, [])


def test_calls_share_a_connection(odd):
    odd.RequestHandlerClass.protocol_version = "HTTP/1.1"
    odd.answer = (200, {}, b'{"name":"Hub","tools":[{"name":"list_api_calls"}]}')
    server = Server("mcp", "--url", odd.url)
    for _ in range(20):
        assert not server.call("list_api_calls").get("isError")
    # At the start the catalogue may be asked for beside them.
    assert len(odd.seen) > 20 and len(odd.connections) <= 3
    assert server.end() == (0, [])


def test_a_hub_that_is_down_does_not_end_the_server():
    server = Server("mcp", "--url", "http://127.0.0.1:1")
    tools = server.request("tools/list")["result"]["tools"]
    assert [tool["name"] for tool in tools] == LOCAL
    answer = server.call("list_api_calls")
    assert answer["isError"] and "refused" in answer["content"][0]["text"]
    status = server.call("check_kubeshark_status")
    assert status["structuredContent"]["state"] == "unreachable"
    assert server.end() == (0, [])


def test_a_hub_that_comes_back_is_told(odd):
    odd.answer = (503, {}, b"{}")
    server = Server("mcp", "--url", odd.url)
    assert len(server.request("tools/list")["result"]["tools"]) == 2
    odd.answer = (200, {}, b'{"name":"Hub","tools":[{"name":"list_api_calls"}]}')
    heard = {server.receive()["method"] for _ in range(3)}
    assert heard == {f"notifications/{name}/list_changed" for name in
                     ("tools", "prompts", "resources")}
    assert len(server.request("tools/list")["result"]["tools"]) == 3
    assert server.end() == (0, [])


def test_a_token_file_is_read_anew(odd, tmp_path):
    odd.answer = (200, {}, b'{"name":"Hub","tools":[{"name":"list_api_calls"}]}')
    path = tmp_path / "token"
    path.write_text("one\n")
    server = Server("mcp", "--url", odd.url, "--token-file", str(path))
    server.call("list_api_calls")
    assert odd.seen[-1][1]["X-Kubeshark-Authorization"] == "one"
    path.write_text("two\n")
    server.call("list_api_calls")
    assert odd.seen[-1][1]["X-Kubeshark-Authorization"] == "two"
    assert server.end() == (0, [])


def test_a_token_may_come_through_a_pipe(odd):
    odd.answer = (200, {}, b'{"name":"Hub","tools":[{"name":"list_api_calls"}]}')
    reading, writing = os.pipe()
    os.write(writing, b"from-a-pipe\n")
    os.close(writing)
    done = subprocess.run(
        [BINARY, "mcp", "--url", odd.url, "--list-tools", "--token-file", f"/dev/fd/{reading}"],
        pass_fds=[reading], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
    os.close(reading)
    assert done.returncode == 0, done.stderr
    assert odd.seen[-1][1]["X-Kubeshark-Authorization"] == "from-a-pipe"


def test_files_of_the_hub_are_linked_and_saved(odd, tmp_path):
    odd.answer = (200, {}, b'{"name":"Hub","tools":[{"name":"export_snapshot_pcap"}]}')
    server = Server("mcp", "--url", odd.url + "/base", "--download-dir", str(tmp_path / "d"))
    server.request("tools/list")
    path = "/mcp/snapshots/s/pcap?bpf_filter=host%2010.0.0.1"
    odd.answer = (200, {}, json.dumps({"path": path}).encode())
    link = server.call("export_snapshot_pcap")["content"][1]
    assert link["type"] == "resource_link" and link["uri"] == odd.url + "/base/api" + path
    found = server.call("get_file_url", path=path)["structuredContent"]
    assert found["url"] == odd.url + "/base/api" + path
    odd.answer = (200, {"Content-Type": "application/vnd.tcpdump.pcap"}, b"x" * 100_000)
    saved = server.call("download_file", path=path)["structuredContent"]
    assert saved["path"] == str(tmp_path / "d" / "pcap") and saved["size"] == 100_000
    assert server.call("download_file", path=path)["isError"]
    assert server.call("download_file", path="/mcp/tools/call")["isError"]
    assert server.end() == (0, [])


def test_a_redirect_to_another_origin_gets_no_credentials(odd):
    odd.answer = (307, {"Location": "http://localhost:1/api/mcp"}, b"")
    done = kubeshark("mcp", "--list-tools", "--url", odd.url, "--token", "secret")
    assert done.returncode == 1 and b"another origin" in done.stdout
