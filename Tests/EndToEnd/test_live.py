"""Live interfaces: calls of real servers in a network namespace are the calls that are seen."""

import base64
import http.server
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
import urllib.request

import pytest
from conftest import BINARY, PATIENCE, Hub, Server, kubeshark
from test_snapshots import counted_by_tcpdump, counted_by_tshark


def may_capture():
    import socket
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
        return os.geteuid() == 0 and shutil.which("ip") is not None
    except (AttributeError, OSError):
        return False


live = pytest.mark.skipif(
    not may_capture(), reason="packet sockets and network namespaces need root on Linux")

# A web server that answers every path, and one that says so when it listens.
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = self.path.encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
"""
CLIENT = """
import http.client, sys
host, port, prefix, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
connection = http.client.HTTPConnection(host, port, timeout=60)
for number in range(count):
    connection.request("GET", f"/{prefix}/{number}")
    connection.getresponse().read()
connection.close()
"""
REDIS = """
import socket, sys
talk = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60)
file = talk.makefile("rwb")
for number in range(25):
    file.write(f"*3\\r\\n$3\\r\\nSET\\r\\n$6\\r\\nkey-{number:02}\\r\\n$2\\r\\n{number:02}\\r\\n".encode())
    file.flush()
    assert file.readline() == b"+OK\\r\\n"
"""
DNS = """
import socket, struct, sys
talk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
talk.settimeout(60)
for number in range(15):
    name = b"".join(bytes([len(p)]) + p for p in f"host-{number}.test".encode().split(b"."))
    talk.sendto(struct.pack(">6H", number + 1, 256, 1, 0, 0, 0) + name + b"\\0\\0\\1\\0\\1",
                ("127.0.0.1", int(sys.argv[1])))
    talk.recv(2000)
"""


class Namespace:
    """A network of its own, with loopback up."""

    def __init__(self):
        self.name = f"kubeshark-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
        self.children = []
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.prefix = ["ip", "netns", "exec", self.name]
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command):
        subprocess.run([*self.prefix, *command], check=True, timeout=PATIENCE)

    def python(self, code, *arguments):
        self.run("python3", "-c", code, *map(str, arguments))

    def serve(self, *command):
        child = subprocess.Popen([*self.prefix, *command], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def web(self, port):
        assert self.serve("python3", "-c", SERVER, str(port)).stdout.readline() == b"ready\n"

    def listens(self, port, kind="t"):
        """Waits until somebody has the port."""
        deadline = time.monotonic() + PATIENCE
        while f":{port} " not in subprocess.run(
                [*self.prefix, "ss", f"-Hln{kind}"], capture_output=True, text=True).stdout:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def close(self):
        for child in self.children:
            child.kill()
            child.wait()
        subprocess.run(["ip", "netns", "del", self.name], check=True)


@pytest.fixture
def net():
    net = Namespace()
    yield net
    net.close()


def capture(net, *arguments):
    """A server that captures already."""
    server = Server("mcp", *arguments, prefix=net.prefix)
    assert server.call("get_dissection_status")["structuredContent"]["enabled"] is True
    return server


def total(server, kfl):
    return server.call("list_api_calls", kfl=kfl, limit=1)["structuredContent"]["total"]


def reaches(server, kfl, count):
    """Waits until so many calls match, and no more do."""
    deadline = time.monotonic() + PATIENCE
    while (seen := total(server, kfl)) < count:
        assert time.monotonic() < deadline, f"{seen} of {count} calls of {kfl}"
        time.sleep(0.1)
    assert seen == count


def coverage(server):
    return server.call("list_api_calls", limit=1)["structuredContent"]["coverage"]


@live
def test_the_calls_made_are_the_calls_seen(net, tmp_path):
    net.web(8001)
    server = capture(net, "--interface", "lo")
    net.python(CLIENT, "127.0.0.1", 8001, "shop", 40)
    net.python(CLIENT, "127.0.0.1", 8001, "missing", 3)
    made = 43
    if shutil.which("redis-server"):
        net.serve("redis-server", "--port", "6390", "--save", "", "--dir", str(tmp_path))
        net.listens(6390)
        net.python(REDIS, 6390)
        reaches(server, 'redis && redis_type == "SET"', 25)
    if shutil.which("dnsmasq"):
        net.serve("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--port", "5390",
                  "--address=/test/192.0.2.7", "--user=root", "--conf-file=/dev/null")
        net.listens(5390, "u")
        net.python(DNS, 5390)
        reaches(server, "dns", 15)
    reaches(server, "http", made)
    assert total(server, "http && status_code == 404") == 3
    rows = server.call("list_api_calls", kfl="http && status_code == 200", limit=100)
    paths = [call["path"] for call in rows["structuredContent"]["calls"]]
    assert sorted(paths) == sorted(f"/shop/{number}" for number in range(40))
    said = coverage(server)
    assert said["dissection_enabled"] is True and said["source"] == "lo"
    assert "live" in said["notes"]
    # Of what was captured, nothing was lost or shed.
    assert said["packets"] <= said["counters"]["packets captured"]
    assert not {"packets dropped by the kernel", "packets shed before dissection"} \
        & said["counters"].keys()
    # Now is the clock.
    recent = server.call("list_api_calls", kfl="http", start="-1h", end="now", limit=1)
    assert recent["structuredContent"]["total"] == made
    assert server.end() == (0, [])


@live
def test_only_what_the_filter_lets_through_is_seen(net):
    net.web(8001)
    net.web(8002)
    server = capture(net, "--interface", "lo", "--bpf", "tcp port 8002")
    net.python(CLIENT, "127.0.0.1", 8001, "one", 5)
    net.python(CLIENT, "127.0.0.1", 8002, "two", 7)
    reaches(server, "http", 7)
    assert total(server, 'http && path.startsWith("/one")') == 0
    assert server.end() == (0, [])


@live
def test_all_interfaces_at_once(net):
    net.run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right")
    net.run("ip", "address", "add", "10.9.0.1/24", "dev", "left")
    net.run("ip", "link", "set", "left", "up")
    net.web(8001)
    server = capture(net, "--interface", "any", "--bpf", "tcp port 8001")
    # Both addresses are this machine's own: the packets go over loopback.
    net.python(CLIENT, "10.9.0.1", 8001, "any", 9)
    reaches(server, 'http && dst.ip == "10.9.0.1"', 9)
    assert server.end() == (0, [])


@live
def test_dissection_is_switched_off_and_on(net):
    net.web(8001)
    server = capture(net, "--interface", "lo")
    net.python(CLIENT, "127.0.0.1", 8001, "before", 4)
    reaches(server, "http", 4)
    off = server.call("disable_dissection")["structuredContent"]
    assert off["success"] is True and off["enabled"] is False
    status = server.call("get_dissection_status")["structuredContent"]
    assert (status["enabled"], status["state"]) == (False, "disabled")
    # A packet already fetched may still be read.
    time.sleep(1)
    net.python(CLIENT, "127.0.0.1", 8001, "between", 6)
    deadline = time.monotonic() + PATIENCE
    # The raw packets go on: each request takes two packets at least.
    while coverage(server)["counters"].get("packets captured while dissection was off", 0) < 12:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    said = coverage(server)
    assert said["dissection_enabled"] is False
    assert any("dissection is off" in note for note in said["notes"])
    assert total(server, "http") == 4
    assert server.call("disable_dissection")["structuredContent"]["success"] is True
    # The very next packets are dissected.
    client = net.serve("python3", "-c", "print('ready', flush=True)\ninput()\n" + CLIENT,
                       "127.0.0.1", "8001", "after", "5")
    assert client.stdout.readline() == b"ready\n"
    on = server.call("enable_dissection")["structuredContent"]
    assert on["success"] is True and on["enabled"] is True
    client.communicate(b"\n", timeout=PATIENCE)
    reaches(server, 'http && path.startsWith("/after")', 5)
    assert total(server, 'http && path.startsWith("/between")') == 0
    assert total(server, "http") == 9
    assert server.end() == (0, [])


@live
def test_dissection_pauses_when_nobody_asks_and_a_question_wakes_it(net):
    server = capture(net, "--interface", "lo", "--stop-after", "1s")
    deadline = time.monotonic() + PATIENCE
    while True:
        status = server.call("get_dissection_status")["structuredContent"]
        if status["state"] == "paused_idle":
            break
        assert time.monotonic() < deadline and status["stop_after"] == "1s"
        time.sleep(0.1)
    assert status["enabled"] is False and status["idle_since"] > 0
    assert "time of day" in server.hello["result"]["instructions"]
    assert coverage(server)["dissection_enabled"] is True
    assert server.end() == (0, [])


@live
def test_an_interface_that_goes_away_is_waited_for(net):
    def plug():
        net.run("ip", "link", "add", "left", "type", "veth", "peer", "name", "right")
        net.run("ip", "link", "set", "left", "address", "02:00:00:00:00:01")
        net.run("ip", "address", "add", "10.9.0.1/24", "dev", "left")
        for end in ("left", "right"):
            net.run("ip", "link", "set", end, "up")

    def says(text):
        deadline = time.monotonic() + PATIENCE
        while text not in "".join(server.log):
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)

    # A question that nobody answers: it leaves through the interface all the same.
    ask = DNS.replace("127.0.0.1", "10.9.0.2").replace("talk.recv(2000)", "pass")
    plug()
    net.run("ip", "neighbour", "replace", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "left")
    server = capture(net, "--interface", "left", "--bpf", "udp port 53")
    net.python(ask, 53)
    net.run("ip", "link", "del", "left")
    says("left is gone")
    assert any("left is gone" in note for note in coverage(server)["notes"])
    plug()
    net.run("ip", "neighbour", "replace", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "left")
    says("left is back")
    net.python(ask, 53)
    deadline = time.monotonic() + PATIENCE
    while (seen := coverage(server))["packets"] < 30:
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    assert seen["packets"] == 30
    assert not any("left is" in note for note in seen["notes"])
    assert server.end() == (0, [])


@live
def test_calls_and_raw_packets_are_kept_in_the_data_folder(net, tmp_path):
    net.web(8001)
    data = tmp_path / "data"
    server = capture(net, "--interface", "lo", "--data", str(data))
    net.python(CLIENT, "127.0.0.1", 8001, "kept", 8)
    reaches(server, "http", 8)
    assert server.end() == (0, [])
    done = kubeshark("calls", "--data", str(data), "--kfl", "http")
    assert done.returncode == 0 and done.stdout.count(b"/kept/") == 8
    segments = list((data / "ring").glob("*/*.pcapng"))
    assert segments
    done = kubeshark("calls", "--no-cache", "--pcap", *map(str, segments), "--kfl", "http")
    assert done.stdout.count(b"/kept/") == 8, "the raw packets hold the same calls"


@live
def test_packets_of_live_calls_are_cut_from_the_ring_and_exported(net, tmp_path):
    net.web(8001)
    server = capture(net, "--interface", "lo", "--data", str(tmp_path / "data"),
                     "--download-dir", str(tmp_path / "saved"))
    net.python(CLIENT, "127.0.0.1", 8001, "cut", 6)
    reaches(server, "http", 6)
    call = server.call("list_api_calls", kfl="http", limit=1)["structuredContent"]["calls"][0]
    details = server.call("get_api_call_details", id=call["id"], include_pcap=True)
    found = details["structuredContent"]
    # A handshake, six requests with replies, and what ends it.
    assert found["pcap_packets"] >= 3 + 12 + 2, found.get("pcap_note")
    path = tmp_path / "call.pcap"
    path.write_bytes(base64.b64decode(found["pcap"]))
    assert counted_by_tcpdump(path, "tcp port 8001") == counted_by_tcpdump(path) \
        == found["pcap_packets"]
    made = server.call("create_snapshot", name="live")["structuredContent"]
    assert made["status"] == "completed"
    for kind in ("pcap", "pcapng"):
        export = server.call("export_snapshot_pcap", id="live", bpf_filter="tcp port 8001",
                             format=kind)["structuredContent"]
        saved = server.call("download_file", path=export["path"], dest=f"live.{kind}")
        assert not saved.get("isError"), saved
        path = tmp_path / f"saved/live.{kind}"
        assert counted_by_tcpdump(path) == counted_by_tshark(path) == export["packets"] >= 17
    assert server.end() == (0, [])


@live
def test_what_was_counted_is_known_after_a_kill(net, tmp_path):
    net.web(8001)
    data = tmp_path / "data"
    server = capture(net, "--interface", "lo", "--data", str(data))
    net.python(CLIENT, "127.0.0.1", 8001, "kept", 8)
    reaches(server, "http", 8)
    seen = coverage(server)["packets"]
    deadline = time.monotonic() + PATIENCE
    while (noted := noted_packets(data)) < seen:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    server.process.kill()
    server.process.wait()
    later = Server("mcp", "--data", str(data))
    assert coverage(later)["packets"] >= noted
    assert total(later, "http") == 8
    assert later.end() == (0, [])


def noted_packets(data):
    """The packets that a running process has written down."""
    with sqlite3.connect(f"file:{data}/entries.sqlite?mode=ro", uri=True) as database:
        row = database.execute("SELECT bytes FROM note WHERE name = 'statistics'").fetchone()
    return json.loads(row[0])["packets"] if row else 0


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


@live
def test_a_hub_over_http_captures_and_is_switched():
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = web.server_port
    hub = Hub("--interface", "lo", "--bpf", f"tcp port {port}")

    def ask(path, method="GET", base="/api/mcp"):
        request = urllib.request.Request(hub.url + base + path, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    assert ask("/dissection")["state"] == "active"
    for number in range(6):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=PATIENCE).read()
    deadline = time.monotonic() + PATIENCE
    while (seen := ask("/calls?kfl=http")["total"]) < 6:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert seen == 6
    assert ask("/dissection/disable", "POST")["enabled"] is False
    assert ask("/dissection", base="/mcp")["state"] == "disabled"
    assert ask("/dissection/enable", "POST")["enabled"] is True
    web.shutdown()
    assert hub.stop() == 0


@live
def test_without_the_privilege_it_says_which_one_and_how_to_give_it():
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv takes the capability away")
    done = subprocess.run(
        ["setpriv", "--inh-caps=-net_raw", "--bounding-set=-net_raw", BINARY, "mcp",
         "--interface", "lo"], input=b"", capture_output=True, timeout=PATIENCE)
    text = done.stderr.decode()
    assert done.returncode == 1 and "CAP_NET_RAW" in text
    assert "setcap cap_net_raw+ep " in text and BINARY.rsplit("/", 1)[1] in text
    assert "--cap-add NET_RAW" in text and "securityContext" in text


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="interfaces are captured on Linux")
def test_wrong_flags_are_answered_with_what_is_right():
    done = kubeshark("mcp", "--interface", "nosuch0")
    assert done.returncode == 2 and b"no interface nosuch0" in done.stderr and b"lo" in done.stderr
    done = kubeshark("mcp", "--interface", "lo", "--bpf", "tcp prot 80")
    assert done.returncode == 2 and b'"tcp prot 80"' in done.stderr
    for arguments, reason in [
        (["--bpf", "tcp"], b"--bpf goes with --interface"),
        (["--promiscuous"], b"--promiscuous goes with --interface"),
        (["--interface", "lo", "--pcap", "x.pcap"], b"two sources"),
        (["--interface", "any", "--interface", "lo"], b"name it alone"),
        (["--interface", "lo", "--stop-after", "soon"], b"--stop-after"),
    ]:
        done = kubeshark("mcp", *arguments)
        assert done.returncode == 2 and reason in done.stderr, (arguments, done.stderr)
    done = kubeshark("calls", "--interface", "lo")
    assert done.returncode == 2 and b"have no end" in done.stderr


def test_the_catalogue_of_live_traffic_needs_no_privilege():
    done = kubeshark("mcp", "--interface", "nosuch0", "--list-tools")
    assert done.returncode == 0 and b"disable_dissection" in done.stdout
    done = kubeshark("mcp", "--interface", "lo", "--bpf", "udp", "--mcp-config")
    assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
        "mcp", "--interface", "lo", "--bpf", "udp"]
