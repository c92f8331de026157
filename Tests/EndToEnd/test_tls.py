"""TLS with known secrets: from files, from captures, and on live interfaces where they come late."""

import json
import subprocess
import time

from conftest import PATIENCE, ROOT, Hub, Server, kubeshark
from test_live import Namespace, live
from test_snapshots import fetch, get, post, tool

SAMPLES = ROOT / "Samples" / "tls"
SAMPLE = str(SAMPLES / "tls13-aes128gcm.pcap")
KEYS = str(SAMPLES / "tls13-aes128gcm.keylog")
PATHS = ["/orders/7", "/orders", "/missing"]

# A web server over TLS, and a client that writes its secrets only when all is said.
SERVER = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
"""
CLIENT = """
import http.client, os, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.keylog_filename = sys.argv[1] + ".part"
connection = http.client.HTTPSConnection("127.0.0.1", 8443, timeout=60, context=context)
for number in range(5):
    connection.request("GET", f"/secret/{number}")
    connection.getresponse().read()
connection.close()
with open(sys.argv[1] + ".part") as part, open(sys.argv[1], "a") as log:
    log.write(part.read())
"""


def calls(*arguments):
    done = kubeshark("calls", "--no-cache", "--format", "raw", "--kfl", "tls", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_calls_inside_tls_are_marked():
    found = calls("--pcap", SAMPLE, "--tls-keylog", KEYS)
    assert sorted(record["request"]["path"] for record in found) == sorted(PATHS)
    assert all(record["tls"] and record["protocol"]["macro"] == "http" for record in found)
    assert calls("--pcap", SAMPLE) == []


def test_several_key_logs_and_captures_may_be_named():
    found = calls("--pcap", SAMPLE, str(SAMPLES / "redis-tls.pcap"), "--tls-keylog", KEYS,
                  str(SAMPLES / "redis-tls.keylog"))
    assert {record["protocol"]["macro"] for record in found} == {"http", "redis"}


def test_a_key_log_that_is_not_there_is_told():
    done = kubeshark("calls", "--pcap", SAMPLE, "--tls-keylog", "/nonexistent/keys")
    assert done.returncode == 2 and b"/nonexistent/keys" in done.stderr
    done = kubeshark("calls", "--tls-keylog", KEYS)
    assert done.returncode == 2 and b"--tls-keylog" in done.stderr


def test_an_index_without_secrets_is_not_taken_for_one_with(tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    counts = []
    for flags in ([], ["--tls-keylog", KEYS], [], ["--tls-keylog", KEYS]):
        done = kubeshark("calls", "--pcap", SAMPLE, *flags, "--kfl", "tls", env=env)
        counts.append(len(done.stdout.splitlines()))
    assert counts == [0, 3, 0, 3]


def test_the_ledger_says_what_was_read_and_why_not():
    server = Server("mcp", "--no-cache", "--pcap", SAMPLE, str(SAMPLES / "redis-tls.pcap"),
                    "--tls-keylog", KEYS)
    try:
        answer = server.call("list_workloads")["structuredContent"]
        seen = answer["workloads"][0]["observed"]["tls"]
        assert seen["decrypted"] >= 1 and seen["no_keys"] == 1
        counters = answer["coverage"]["counters"]
        assert counters["TLS connections decrypted"] == seen["decrypted"]
        assert counters["TLS connections no keys"] == 1
        text = json.dumps(server.call("list_api_calls", kfl='conn_tls == "no_keys"'))
        assert "4451" in text
        for line in open(KEYS):
            assert line.split()[2] not in text
    finally:
        server.end()


def test_exports_carry_the_secrets(tmp_path):
    hub = Hub("--pcap", SAMPLE, "--tls-keylog", KEYS, "--no-cache", "--data", str(tmp_path / "data"))
    try:
        post(hub, "/mcp/snapshots", {"name": "one"})
        deadline = time.monotonic() + PATIENCE
        while get(hub, "/mcp/snapshots/one")["status"] != "completed":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        status, _, body = fetch(hub, "/mcp/snapshots/one/pcap?format=pcapng")
        assert status == 200
        export = tmp_path / "export.pcapng"
        export.write_bytes(body)
        done = subprocess.run(
            [tool("tshark"), "-n", "-r", str(export), "-T", "fields", "-e", "http.request.uri"],
            capture_output=True, text=True, timeout=PATIENCE)
        assert done.stdout.split() == PATHS
        assert sorted(r["request"]["path"] for r in calls("--pcap", str(export))) == sorted(PATHS)
    finally:
        hub.stop()


@live
def test_secrets_may_come_after_the_connection_is_over(tmp_path):
    keys = tmp_path / "keys"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop", "-keyout",
         str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")], check=True,
        capture_output=True, timeout=PATIENCE)
    network = Namespace()
    server = None
    try:
        ready = network.serve("python3", "-c", SERVER, str(tmp_path / "cert.pem"),
                              str(tmp_path / "key.pem")).stdout.readline()
        assert ready == b"ready\n"
        server = Server("mcp", "--interface", "lo", "--tls-keylog", str(keys),
                        prefix=network.prefix)
        server.call("list_api_calls")
        network.python(CLIENT, keys)
        deadline = time.monotonic() + PATIENCE
        found = []
        while len(found) < 5:
            assert time.monotonic() < deadline
            found = server.call("list_api_calls", kfl="tls && http")["structuredContent"]["calls"]
            time.sleep(0.1)
        assert sorted(call["path"] for call in found) == [f"/secret/{n}" for n in range(5)]
    finally:
        if server:
            server.end()
        network.close()
