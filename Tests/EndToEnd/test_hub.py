"""The Hub's HTTP face from outside: tokens and scopes, TLS, metrics, events, compression, limits."""

import gzip
import json
import os
import pty
import re
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY, PATIENCE, SHOP, WORKLOADS, Hub, kubeshark

ADMIN, VIEWER = "admin-token-0123456789", "viewer-token-0123456789"
TRAFFIC = ["--pcap", SHOP, "--workloads", WORKLOADS, "--no-cache"]


def ask(url, path, body=None, token=None, headers=None, context=None):
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    tokens = tmp_path_factory.mktemp("tokens") / "tokens"
    tokens.write_text(f"{ADMIN} kubeshark-admin\n{VIEWER} kubeshark-viewer kube-*\n")
    hub = Hub(*TRAFFIC, "--auth-tokens", str(tokens), listen="0.0.0.0:0")
    yield hub.url.replace("0.0.0.0", "127.0.0.1")
    hub.stop()


def test_others_need_a_token():
    refused = kubeshark("hub", *TRAFFIC, "--listen", "0.0.0.0:0")
    assert refused.returncode == 2
    assert b"--auth-tokens" in refused.stderr


def test_all_addresses_are_those_of_ipv4_and_ipv6(tmp_path):
    """As the Hub of a cluster listens for agents: its pods may have addresses of either kind."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{ADMIN} kubeshark-admin\n")
    hub = Hub(*TRAFFIC, "--auth-tokens", str(tokens), listen="[::]:0")
    port = hub.url.rsplit(":", 1)[1]
    try:
        hosts = ["127.0.0.1"]
        if os.path.exists("/proc/net/if_inet6"):
            with open("/proc/net/if_inet6") as addresses:
                hosts += ["[::1]"] if "0" * 31 + "1 " in addresses.read() else []
        for host in hosts:
            assert ask(f"http://{host}:{port}", "/healthz")[0] == 200
    finally:
        hub.stop()


def test_a_file_with_mistakes_is_refused(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("short kubeshark-admin\n")
    refused = kubeshark("hub", *TRAFFIC, "--auth-tokens", str(tokens))
    assert refused.returncode == 2 and b"line 1" in refused.stderr
    assert b"short kubeshark-admin" not in refused.stderr


def test_tokens_decide(gated):
    status, headers, body = ask(gated, "/api/mcp")
    assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer")
    assert "token" in json.loads(body)["error"].lower()
    assert ask(gated, "/healthz")[0] == 200
    assert ask(gated, "/api/mcp", token=ADMIN)[0] == 200
    assert ask(gated, "/api/mcp", headers={"X-Kubeshark-Authorization": ADMIN})[0] == 200
    who = json.loads(ask(gated, "/whoami", token=VIEWER)[2])
    assert who["role"] == "kubeshark-viewer"
    assert who["authzFilters"] == {"namespaces": ["kube-*"]}


def test_a_scope_hides_other_namespaces(gated):
    def calls(token, **arguments):
        status, _, body = ask(
            gated, "/mcp/tools/call", {"name": "list_api_calls", "arguments": arguments}, token)
        return status, json.loads(body)

    everything = calls(ADMIN, limit=1000)[1]
    seen = calls(VIEWER, limit=1000)[1]
    assert 0 < seen["total"] < everything["total"]
    for call in seen["calls"]:
        assert "kube-system" in (call["src"].get("ns"), call["dst"].get("ns")), call
    # Nor is it told how much there is of them.
    assert everything["coverage"]["packets"] > 0 and "packets" not in seen["coverage"]
    assert [ask(gated, "/metrics", token=token)[0] for token in (ADMIN, VIEWER)] == [200, 403]
    hidden = next(c for c in everything["calls"] if c["proto"] == "redis")
    path = "/mcp/calls/" + hidden["id"]
    assert ask(gated, path, token=ADMIN)[0] == 200
    assert ask(gated, path, token=VIEWER)[0] == 404
    # Nothing that explains an empty answer looks beyond the scope.
    for arguments in ({"proto": "redis"}, {"kfl": 'path == "x"'}, {"kfl": 'dst.name == "redis"'}):
        status, empty = calls(VIEWER, **arguments)
        assert status == 200 and empty["total"] == 0
        assert "checkout" not in json.dumps(empty) and "redis-0" not in json.dumps(empty)
    def answer(tool):
        status, _, body = ask(gated, f"/mcp/tools/{tool}", {"limit": 1000}, VIEWER)
        assert status == 200, body
        return json.loads(body)

    for flow in answer("list_l4_flows")["flows"]:
        assert "kube-system" in (flow["client"].get("ns"), flow["server"].get("ns")), flow
    for edge in answer("get_service_map")["edges"]:
        assert "kube-system/" in edge["src"] + edge["dst"], edge
    for workload in answer("list_workloads")["workloads"]:
        assert workload.get("namespace") in (None, "kube-system"), workload
    for address in answer("list_ips")["ips"]:
        assert all(r.get("namespace") == "kube-system" for r in address["records"]), address
    assert answer("get_api_stats")["stats"]["total_calls"] == seen["total"]


def test_a_scope_reaches_into_snapshots(gated):
    def call(tool, token, **arguments):
        status, _, body = ask(
            gated, "/mcp/tools/call", {"name": tool, "arguments": arguments}, token)
        return status, json.loads(body)

    assert call("create_snapshot", VIEWER, name="scoped", duration="24h")[0] == 403
    status, made = call("create_snapshot", ADMIN, name="scoped", duration="24h")
    assert status == 200, made
    status, everything = call(
        "list_api_calls", ADMIN, db="scoped", limit=1000, auto_dissect=True)
    assert status == 200, everything
    status, seen = call("list_api_calls", VIEWER, snapshot_id="scoped", limit=1000)
    assert status == 200 and 0 < seen["total"] < everything["total"]
    for row in seen["calls"]:
        assert "kube-system" in (row["src"].get("ns"), row["dst"].get("ns")), row
    hidden = next(c for c in everything["calls"] if c["proto"] == "redis")
    assert call("get_api_call", ADMIN, id=hidden["id"], db="scoped")[0] == 200
    assert call("get_api_call", VIEWER, id=hidden["id"], db="scoped")[0] == 404
    status, compared = call(
        "compare_api_stats", VIEWER, a={"db": "scoped"}, b={"kfl": "http"}, min_calls=1)
    assert status == 200 and "checkout" not in json.dumps(compared)
    listed = call("list_snapshots", VIEWER)[1]["snapshots"]
    assert "scoped" in [snapshot["name"] for snapshot in listed]
    # Packets have no namespaces: no file of them, and no tool that makes one.
    status, refused = call("export_snapshot_pcap", VIEWER, id="scoped")
    assert status == 403 and "namespace" in refused["error"]
    assert ask(gated, "/mcp/snapshots/scoped/pcap", token=VIEWER)[0] == 403
    tools = json.loads(ask(gated, "/api/mcp", token=VIEWER)[2])["tools"]
    assert "list_snapshots" in [tool["name"] for tool in tools]
    assert "export_snapshot_pcap" not in [tool["name"] for tool in tools]


def test_mcp_over_http_takes_the_same_tokens(gated):
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"}}}
    accept = {"Accept": "application/json, text/event-stream"}
    assert ask(gated, "/mcp", hello, headers=accept)[0] == 401
    # A page of another origin is not even told that a token is needed.
    elsewhere = {**accept, "Origin": "https://evil.example"}
    assert ask(gated, "/mcp", hello, headers=elsewhere)[0] == 403
    assert ask(gated, "/mcp", hello, VIEWER, elsewhere)[0] == 403
    status, headers, _ = ask(gated, "/mcp", hello, VIEWER, accept)
    assert status == 200
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": {"name": "list_api_calls", "arguments": {"proto": "redis"}}}
    session = {**accept, "Mcp-Session-Id": headers["Mcp-Session-Id"],
               "MCP-Protocol-Version": "2025-11-25"}
    assert b'"total":0' in ask(gated, "/mcp", call, VIEWER, session)[2]
    # A session belongs to whoever opened it.
    assert ask(gated, "/mcp", call, ADMIN, session)[0] == 404


def test_metrics(hub):
    ask(hub.url, "/mcp/tools/list_api_calls", {})
    status, headers, body = ask(hub.url, "/metrics")
    page = body.decode()
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert re.search(r"^kubeshark_received_packets_total 1345$", page, re.M)
    assert re.search(r'^kubeshark_hub_calls_total\{tool="list_api_calls",status="200"\} \d+$', page, re.M)
    assert re.search(r"^kubeshark_hub_connections [1-9]", page, re.M)


def test_progress_as_events(hub):
    status, headers, body = ask(
        hub.url, "/mcp/tools/call", {"name": "get_api_stats", "arguments": {}},
        headers={"Accept": "text/event-stream"})
    assert status == 200 and headers["Content-Type"] == "text/event-stream"
    event, data = body.decode().strip().split("\n\n")[-1].split("\n")
    assert event == "event: result"
    assert json.loads(data.removeprefix("data: "))["stats"]["total_calls"] > 300
    body = ask(hub.url, "/mcp/tools/call", {"name": "nonsense"}, headers={"Accept": "text/event-stream"})[2]
    assert body.startswith(b"event: error\ndata: {")


def test_answers_are_compressed_for_those_who_take_it(hub):
    plain = ask(hub.url, "/api/mcp")
    packed = ask(hub.url, "/api/mcp", headers={"Accept-Encoding": "gzip"})
    assert packed[1]["Content-Encoding"] == "gzip" and gzip.decompress(packed[2]) == plain[2]
    assert ask(hub.url, "/api/mcp", headers={"If-None-Match": packed[1]["ETag"]})[0] == 304


def test_every_tool_has_its_rest_form(hub):
    found = json.loads(ask(hub.url, "/mcp/resolve/ips?ip=10.244.2.21")[2])
    assert found["ips"][0]["records"][0]["name"] == "redis-0"
    for path in ("/mcp/resolve/workloads", "/api/mcp/targets", "/mcp/service-map?group_by=pod",
                 "/mcp/stats/compare?window=12s", "/mcp/trace?path=/api/checkout",
                 "/mcp/kfl/validate?kfl=http", "/mcp/flows/summary"):
        status, _, body = ask(hub.url, path)
        assert status == 200 and "coverage" in json.loads(body), path
    status, _, body = ask(hub.url, "/mcp/kfl/validate", {"kfl": "http &&"})
    assert status == 200 and json.loads(body)["valid"] is False
    status, _, body = ask(hub.url, "/mcp/calls?kfl=http%20%26%26%20status_cod%3D%3D5")
    error = json.loads(body)
    assert status == 400 and error["position"] == 8 and "status_code" in error["hint"]


def test_limits_have_their_errors(hub):
    status, _, body = ask(hub.url, "/api/mcp", headers={"X-Long": "a" * 40_000})
    assert status == 431 and json.loads(body)["code"] == "headers_too_large"
    status, _, body = ask(hub.url, "/mcp/tools/call", {"name": "x" * 1_100_000})
    assert status == 413 and json.loads(body)["code"] == "too_large"
    page = ask(hub.url, "/metrics")[2].decode()
    for limit in ("headers", "body"):
        assert re.search(rf'^kubeshark_hub_refused_total\{{limit="{limit}"\}} [1-9]', page, re.M)


def test_tls(tmp_path):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
         certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    hub = Hub(*TRAFFIC, "--tls-cert", certificate, "--tls-key", key)
    try:
        assert hub.url.startswith("https://")
        context = ssl.create_default_context(cafile=certificate)
        assert ask(hub.url, "/api/mcp", context=context)[0] == 200
        with pytest.raises(Exception):
            ask(hub.url, "/api/mcp")  # an authority that is not trusted
        listed = kubeshark("mcp", "--url", hub.url, "--ca-file", certificate, "--list-tools")
        assert b"list_api_calls" in listed.stdout
    finally:
        hub.stop()
    for arguments in (["--tls-cert", certificate], ["--tls-cert", key, "--tls-key", key],
                      ["--tls-cert", certificate, "--tls-key", str(tmp_path / "none")]):
        assert kubeshark("hub", *TRAFFIC, *arguments).returncode != 0


def test_what_the_published_client_expects(hub):
    """It reads name, tools and prompts, and posts a name with arguments."""
    found = json.loads(ask(hub.url, "/api/mcp")[2])
    assert found["name"] and len(found["tools"]) >= 6 and len(found["prompts"]) == 9
    assert all(t["inputSchema"]["type"] == "object" and t["description"] for t in found["tools"])
    stats = json.loads(ask(
        hub.url, "/api/mcp/tools/call", {"name": "get_api_stats", "arguments": None})[2])["stats"]
    assert stats["total_calls"] and 0 <= stats["error_rate"] <= 1
    assert {"path", "count"} <= stats["endpoints"][0].keys()
    status, _, body = ask(hub.url, "/api/mcp/tools/call", {"arguments": {}})
    assert status == 400 and "tool name is required" in json.loads(body)["error"]


def test_tokens_are_read_anew(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{ADMIN} kubeshark-admin\n")
    hub = Hub(*TRAFFIC, "--auth-tokens", str(tokens))
    assert ask(hub.url, "/mcp/calls", token=ADMIN)[0] == 200
    assert ask(hub.url, "/mcp/calls", token=VIEWER)[0] == 401
    tokens.write_text(f"{VIEWER} kubeshark-viewer kube-*\n")
    assert ask(hub.url, "/mcp/calls", token=ADMIN)[0] == 401
    assert ask(hub.url, "/mcp/calls", token=VIEWER)[0] == 200
    assert ask(hub.url, "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"},
               token=ADMIN)[0] == 401
    # What is no file of tokens changes nothing.
    tokens.write_text("short\n")
    assert ask(hub.url, "/mcp/calls", token=VIEWER)[0] == 200
    hub.stop()


def started(*arguments, **more):
    """A Hub without a terminal, and where it listens."""
    process = subprocess.Popen(
        [BINARY, "hub", "--listen", "127.0.0.1:0", *arguments], stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, start_new_session=True, **more)
    return process, said(process, r"listening on (\S+)")


def said(process, pattern):
    for line in process.stderr:
        if found := re.search(pattern, line.decode()):
            return found.group(1)
    raise AssertionError(f"it ended without {pattern}")


def test_a_hangup_reads_files_anew_and_ends_nothing(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"{ADMIN} kubeshark-admin\n")
    process, url = started(*TRAFFIC, "--auth-tokens", str(tokens))
    process.send_signal(signal.SIGHUP)
    said(process, "SIGHUP: (--auth-tokens) was read anew")
    tokens.write_text("short\n")
    process.send_signal(signal.SIGHUP)
    assert "shorter than" in said(process, "--auth-tokens was not read anew, and stays as it was: (.*)")
    assert ask(url, "/mcp/calls", token=ADMIN)[0] == 200
    tokens.write_text(f"{VIEWER} kubeshark-viewer\n")
    process.send_signal(signal.SIGHUP)
    said(process, "SIGHUP: (--auth-tokens) was read anew")
    assert ask(url, "/mcp/calls", token=ADMIN)[0] == 401
    assert ask(url, "/mcp/calls", token=VIEWER)[0] == 200
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0


def named(url, pod):
    """Calls of a pod, with how much of the capture was read."""
    status, _, body = ask(url, "/api/mcp/tools/call", {
        "name": "list_api_calls",
        "arguments": {"kfl": f'src.pod == "{pod}" || dst.pod == "{pod}"', "limit": 1}})
    assert status == 200, body
    found = json.loads(body)
    found = found.get("structuredContent", found)
    return found["total"], found["coverage"]["packets"]


def test_a_hangup_has_workloads_named_anew(tmp_path):
    """Calls from then on; those that were there keep their names. What cannot be read changes none."""
    whole = open(SHOP, "rb").read()
    capture, workloads = tmp_path / "growing.pcap", tmp_path / "workloads.yaml"
    capture.write_bytes(whole[:len(whole) // 2])
    old = open(WORKLOADS).read()
    workloads.write_text(old)
    before, after = "orders-5d8f7c9b6d-x2x7p", "orders-6f6f6f6f6f-aaaaa"
    process, url = started(
        "--pcap", str(capture), "--follow", "--workloads", str(workloads))
    end = time.monotonic() + PATIENCE
    while named(url, before)[0] == 0 and time.monotonic() < end:
        time.sleep(0.05)
    first = named(url, before)[0]
    assert first > 0 and named(url, after)[0] == 0
    workloads.write_text("workloads: [")
    process.send_signal(signal.SIGHUP)
    said(process, "SIGHUP: (--workloads) was not read anew, and stays as it was: ")
    workloads.write_text(old.replace(before, after))
    process.send_signal(signal.SIGHUP)
    said(process, "SIGHUP: (--workloads) was read anew")
    with capture.open("ab") as file:
        file.write(whole[len(whole) // 2:])
    while named(url, after)[1] < 1345 and time.monotonic() < end:
        time.sleep(0.05)
    assert named(url, after)[0] > 0 and named(url, before)[0] >= first
    status, _, body = ask(url, "/api/mcp/tools/call", {
        "name": "list_targeted_workloads", "arguments": {"limit": 1000}})
    assert status == 200 and after in body.decode() and before not in json.dumps(
        [one for one in json.loads(body).get("structuredContent", json.loads(body))["workloads"]])
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0


def test_finished_captures_keep_their_names(tmp_path):
    process, _ = started(*TRAFFIC)
    process.send_signal(signal.SIGHUP)
    said(process, "SIGHUP: (--workloads) was not read anew, .* start anew for other names")
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0


def test_what_began_with_nohup_goes_on(tmp_path):
    process, url = started(
        *TRAFFIC, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    assert ask(url, "/api/mcp")[0] == 200
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0
    assert b"SIGHUP" not in process.stderr.read()


@pytest.mark.parametrize("closes", [False, True])
def test_the_end_of_its_terminal_ends_it(closes):
    number, terminal = pty.fork()
    if number == 0:
        os.execv(BINARY, [BINARY, "hub", "--listen", "127.0.0.1:0", *TRAFFIC])
    seen = b""
    while b"listening on" not in seen:
        seen += os.read(terminal, 4096)
    if closes:
        os.close(terminal)
    else:
        os.kill(number, signal.SIGHUP)
    end = time.monotonic() + PATIENCE
    while (ended := os.waitpid(number, os.WNOHANG))[0] == 0 and time.monotonic() < end:
        time.sleep(0.05)
    if not closes:
        os.close(terminal)
    assert ended[0] == number and os.waitstatus_to_exitcode(ended[1]) == 0


def test_one_connection_takes_many_requests(gated):
    import http.client
    connection = http.client.HTTPConnection(gated.removeprefix("http://"), timeout=PATIENCE)
    connection.connect()
    first = connection.sock
    for path in ("/mcp", "/mcp/calls?limit=1", "/mcp/stats", "/mcp/calls/none", "/whoami",
                 "/mcp/snapshots/none/pcap", "/mcp/calls?limit=1"):
        connection.request("GET", path, headers={"Authorization": f"Bearer {ADMIN}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.headers.get("Connection") is None and connection.sock is first, path
    connection.close()
