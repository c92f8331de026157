"""An agent within a limit of memory: what it does not read it counts, and it goes on when there is
memory again."""

import pathlib
import re
import subprocess

import pytest
from conftest import PATIENCE
from nodes import Cluster, Process, waits_until
from test_live import live

LIMIT = 96 << 20

# Sends conversations whose requests never get to their end: their beginnings have to wait.
FLOOD = """
import socket, struct, sys
talk = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
talk.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
talk.bind(("flood1", 0))

def frame(turned, port, sequence, acknowledged, flags, body=b""):
    client, server = (b"\\n\\5" + struct.pack(">H", port >> 8), b"\\n\\6\\0\\1")
    ports = (1024 + (port & 255), 80)
    if turned:
        client, server, ports = server, client, ports[::-1]
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledged, 0x50, flags, 65535, 0, 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(body), 0, 0, 64, 6, 0, client, server)
    return b"\\2\\0\\0\\0\\0\\1\\2\\0\\0\\0\\0\\2\\x08\\0" + ip + tcp + body

def conversation(number, request, reply=b""):
    yield frame(False, number, 0, 0, 2)
    yield frame(True, number, 0, 1, 18)
    yield frame(False, number, 1, 1, 16)
    yield frame(False, number, 1, 1, 24, request)
    if reply:
        yield frame(True, number, 1, 1 + len(request), 24, reply)
        yield frame(False, number, 1 + len(request), 1 + len(reply), 17)
        yield frame(True, number, 1 + len(reply), 2 + len(request), 17)

first, count, whole = map(int, sys.argv[1:])
sent = 0
for number in range(first, first + count):
    if whole:
        frames = conversation(number, b"GET /whole/%d HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n" % number,
                              b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    else:
        frames = conversation(number, b"POST /part/%d HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 90000"
                                      b"\\r\\n\\r\\n" % number + b"x" * 1200)
    for one in frames:
        talk.send(one)
        sent += 1
print(sent)
"""


class Group:
    """A control group with a limit of memory, seen by its processes where a container's own is."""

    def __init__(self, limit):
        self.folder = None
        for root, file in (("/sys/fs/cgroup", "memory.max"),
                           ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            folder = pathlib.Path(root) / "kubeshark-test"
            try:
                controllers = pathlib.Path(root) / "cgroup.subtree_control"
                if controllers.exists():
                    controllers.write_text("+memory")
                folder.mkdir(exist_ok=True)
                if not (folder / file).exists():
                    # Nobody makes groups of folders there.
                    folder.rmdir()
                    continue
                (folder / file).write_text(str(limit))
            except OSError:
                continue
            self.root, self.folder = root, folder
            return

    def prefix(self, net):
        """Runs a command in the group and in that network: `ip netns exec` would hide the group."""
        if not self.folder:
            return net.prefix
        return ["nsenter", f"--net=/var/run/netns/{net.name}", "unshare", "--mount", "sh", "-c",
                f'echo $$ > {self.folder}/cgroup.procs && mount --bind {self.folder} {self.root}'
                ' && exec "$@"', "sh"]

    def close(self):
        if self.folder:
            try:
                self.folder.rmdir()
            except OSError:
                pass


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path, 1)
    yield cluster
    cluster.close()


@live
def test_an_agent_sheds_before_it_reaches_its_memory_limit(cluster):
    cluster.start_hub()
    node = cluster.nodes[0]
    node.net.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    node.net.run("ip", "link", "add", "flood0", "type", "veth", "peer", "name", "flood1")
    for end in ("flood0", "flood1"):
        node.net.run("ip", "link", "set", end, "up")
    group = Group(LIMIT)
    inside = type(node.net).__new__(type(node.net))
    inside.prefix = group.prefix(node.net)
    # Without a group to be in, it is told what it would find out.
    told = [] if group.folder else ["--memory", str(LIMIT // 2)]
    node.agent = Process(
        inside, "agent", "--hub", "http://10.77.1.1:8899", "--token-file", cluster.token, "--data",
        node.data, "--node", node.name, "--listen", "127.0.0.1:8897", "--interface", "flood0",
        "--kernel-memory", "8M", *told)
    node.agent.waits_for("health at")
    cluster.waits_for_state(node, "capturing")

    def metric(name):
        done = subprocess.run(
            [*node.net.prefix, "python3", "-c",
             "import urllib.request as u;"
             "print(u.urlopen('http://127.0.0.1:8897/metrics').read().decode())"],
            capture_output=True, text=True, timeout=PATIENCE)
        assert node.agent.child.poll() is None, "".join(node.agent.log)
        return int(float(re.search(rf"^kubeshark_agent_{name} (\S+)$", done.stdout, re.M).group(1)))

    def flood(first, count, whole=False):
        done = subprocess.run(
            [*node.net.prefix, "python3", "-c", FLOOD, str(first), str(count), str(int(whole))],
            capture_output=True, text=True, check=True, timeout=2 * PATIENCE)
        return int(done.stdout)

    def accounted():
        """All that was sent: captured or dropped by the kernel; and of that, read or shed."""
        captured = metric("packets_total")
        return (captured + metric("packets_dropped_total") == sent
                and captured == metric("packets_dissected_total") + metric("packets_shed_total"))

    sent = first = 0
    while metric("packets_shed_total") == 0:
        assert first < 400_000, "it never ran short of memory"
        sent += flood(first, 10_000)
        first += 10_000
    sent += flood(first, 10_000)
    first += 10_000
    waits_until(accounted, lambda: f"{sent} sent, {metric('packets_total')} captured, "
                f"{metric('packets_dissected_total')} read, {metric('packets_shed_total')} shed")
    node.agent.waits_for("memory runs short")
    assert cluster.agents()["node-1"]["packets_shed"] > 0
    # It lets go of what waits, and reads calls again.
    waits_until(lambda: metric("shedding") == 0)
    sent += flood(first, 50, whole=True)
    cluster.reaches('http && path.startsWith("/whole/")', 50)
    waits_until(accounted)
    assert metric("memory_bytes") < LIMIT
    assert node.agent.end() == 0
    group.close()
