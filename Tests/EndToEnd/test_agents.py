"""Agents and a Hub: calls made on nodes are the calls the Hub knows, each once, whatever happens to
agents, Hub and the links between them; and answers say what is missing meanwhile."""

import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest
from conftest import Hub, kubeshark
from nodes import TOKEN, Cluster, waits_until
from test_live import CLIENT, live
from test_secure import certificate


@pytest.fixture
def cluster(tmp_path, request):
    cluster = Cluster(tmp_path, getattr(request, "param", 2))
    yield cluster
    cluster.close()


def named(prefix, count):
    return sorted(f"/{prefix}/{number}" for number in range(count))


@live
def test_calls_of_all_nodes_arrive_once_and_say_where_they_are_from(cluster):
    cluster.start_hub()
    assert cluster.coverage()["notes"].count("no agent has reported yet") == 1
    for node in cluster.nodes:
        node.net.web(8001)
        node.start()
    for node in cluster.nodes:
        cluster.waits_for_state(node, "capturing")
    for node in cluster.nodes:
        node.net.python(CLIENT, "127.0.0.1", 8001, node.name, 40)
    cluster.reaches("http", 80)
    for node in cluster.nodes:
        assert cluster.paths(f'http && node.name == "{node.name}"') == named(node.name, 40)
    row = cluster.call("list_api_calls", kfl="http", limit=1)["calls"][0]
    assert row["id"].split("/")[0] in ("node-1", "node-2")
    assert cluster.call("get_api_call", id=row["id"])["request"]["path"] == row["path"]
    said = cluster.coverage()
    assert said["nodes"] == ["node-1", "node-2"] and said["agents"] == {"capturing": ["node-1", "node-2"]}
    # An agent that is told to end sends what it has and says so.
    cluster.nodes[0].net.python(CLIENT, "127.0.0.1", 8001, "last", 5)
    assert cluster.nodes[0].agent.end() == 0
    assert cluster.total('http && path.startsWith("/last")') == 5
    assert cluster.agents()["node-1"]["state"] == "left"
    assert any(note.startswith("left: node-1") for note in cluster.coverage()["notes"])


@live
def test_what_is_captured_while_the_hub_is_away_comes_later_and_once(cluster):
    node = cluster.nodes[0]
    node.net.web(8001)
    node.start()
    node.net.python(CLIENT, "127.0.0.1", 8001, "early", 30)
    node.agent.waits_for("cannot be reached")
    cluster.start_hub()
    cluster.reaches("http", 30)
    # The Hub is killed again and again while it takes calls and is asked.
    for round in range(3):
        node.net.python(CLIENT, "127.0.0.1", 8001, f"round{round}", 20)
        cluster.hub.kill()
        node.net.python(CLIENT, "127.0.0.1", 8001, f"away{round}", 20)
        assert cluster.total("http") is None
        cluster.start_hub()
        assert cluster.total("http") >= 30
    cluster.reaches("http", 150)
    for round in range(3):
        for word in ("round", "away"):
            assert cluster.paths(f'http && path.startsWith("/{word}{round}/")') \
                == named(f"{word}{round}", 20)


@live
def test_an_agent_that_is_killed_loses_nothing_it_had_settled(cluster):
    cluster.start_hub()
    node = cluster.nodes[0]
    node.net.web(8001)
    node.start()
    cluster.waits_for_state(node, "capturing")
    # The Hub does not see these before the agent is killed.
    cluster.hub.kill()
    node.net.python(CLIENT, "127.0.0.1", 8001, "settled", 25)
    # Asking is traffic of the node as well.
    waits_until(lambda: (found := re.search(r"waiting_entries (\d+)", metrics(node)))
                and int(found.group(1)) >= 30, lambda: metrics(node))
    node.agent.kill()
    cluster.start_hub()
    cluster.waits_for_state(node, "late", "silent")
    said = cluster.coverage()
    assert said["agents"].keys() & {"late", "silent"}
    assert any("node-1" in note for note in said["notes"])
    node.start()
    cluster.waits_for_state(node, "capturing")
    node.net.python(CLIENT, "127.0.0.1", 8001, "again", 10)
    cluster.reaches('http && path.startsWith("/again")', 10)
    assert cluster.paths('http && path.startsWith("/settled")') == named("settled", 25)


def metrics(node):
    return subprocess.run(
        [*node.net.prefix, "python3", "-c",
         "import urllib.request as u;print(u.urlopen('http://127.0.0.1:8897/metrics').read().decode())"],
        capture_output=True, text=True).stdout


@live
def test_links_that_are_cut_lose_packets_or_are_slow(cluster):
    cluster.start_hub()
    made = {}
    stop = threading.Event()

    def traffic(node):
        round = 0
        while not stop.is_set():
            node.net.python(CLIENT, "127.0.0.1", 8001, f"{node.name}-{round}", 10)
            round += 1
            made[node.name] = round
            time.sleep(0.2)

    for node in cluster.nodes:
        node.net.web(8001)
        node.start()
        cluster.waits_for_state(node, "capturing")
    threads = [threading.Thread(target=traffic, args=(node,)) for node in cluster.nodes]
    for thread in threads:
        thread.start()
    try:
        cut, other = cluster.nodes
        # Cut: the other node's calls go on coming, and the answers say who is missing.
        cut.up("down")
        cluster.waits_for_state(cut, "late", "silent")
        assert any("node-1" in note for note in cluster.coverage()["notes"])
        assert cluster.agents()["node-2"]["state"] == "capturing"
        cut.up("up")
        cluster.waits_for_state(cut, "capturing")
        # Lossy in both directions, and slow.
        for chain in ("INPUT", "OUTPUT"):
            other.net.run("iptables", "-A", chain, "-i" if chain == "INPUT" else "-o", "uplink", "-m",
                          "statistic", "--mode", "random", "--probability", "0.15", "-j", "DROP")
        cut.net.run("tc", "qdisc", "add", "dev", "uplink", "root", "tbf", "rate", "100kbit", "burst",
                    "16kb", "latency", "400ms")
        before = cluster.total("http")
        waits_until(lambda: (cluster.total("http") or 0) > before + 40)
        other.net.run("iptables", "-F")
        cut.net.run("tc", "qdisc", "del", "dev", "uplink", "root")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    cluster.reaches("http", 10 * sum(made.values()))
    expected = sorted(f"/{node}-{round}/{number}" for node, rounds in made.items()
                      for round in range(rounds) for number in range(10))
    assert cluster.paths("http") == expected


# Asks over one connection as often as a line says, and stays connected in between.
TALK = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=600)
for line in sys.stdin:
    for number in range(int(line)):
        connection.request("GET", f"/talk/{number}")
        connection.getresponse().read()
    print("asked", flush=True)
connection.close()
"""


class Talk:
    """A connection that stays open."""

    def __init__(self, net, port):
        self.child = subprocess.Popen(
            [*net.prefix, "python3", "-c", TALK, "127.0.0.1", str(port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        net.children.append(self.child)

    def ask(self, count):
        self.child.stdin.write(f"{count}\n".encode())
        self.child.stdin.flush()
        assert self.child.stdout.readline() == b"asked\n"

    def close(self):
        self.child.stdin.close()
        self.child.wait()


@live
def test_what_is_still_open_is_shown_and_replaced_by_its_end(cluster):
    cluster.start_hub()
    node, other = cluster.nodes
    for one in (node, other):
        one.net.web(8001)
        one.start()
        cluster.waits_for_state(one, "capturing")

    def flow(who):
        """Connections to the web server that the Hub knows of, and packets in them."""
        answer = cluster.call("list_l4_flows", limit=1000)
        rows = [row for row in (answer or {}).get("flows", []) if row["server"].get("port") == 8001]
        open = cluster.call("list_api_calls", kfl='conn && dst.port == 8001 && conn_state == "open"'
                            f' && node.name == "{who.name}"', limit=10)
        return (sum(row["connections"] for row in rows), sum(row["totals"]["pkts"] for row in rows),
                open["total"] if open else None)

    talk = Talk(node.net, 8001)
    talk.ask(5)
    waits_until(lambda: flow(node)[0] == 1 and flow(node)[2] == 1, lambda: str(flow(node)))
    before = flow(node)[1]
    # What comes later takes the place of what was shown, as often as that may be.
    for _ in range(3):
        talk.ask(20)
    waits_until(lambda: flow(node)[1] >= before + 120, lambda: str((before, flow(node))))
    assert flow(node)[0] == 1
    # The Hub forgets it with its memory, and is told again.
    cluster.hub.kill()
    cluster.start_hub()
    waits_until(lambda: flow(node)[0] == 1, lambda: str(flow(node)))
    # Of one that is over a record is there, and never both.
    seen = set()
    talk.close()
    waits_until(lambda: seen.add(flow(node)[0]) or flow(node)[2] == 0, lambda: str(flow(node)))
    assert flow(node)[0] == 1 and seen <= {1, None}, seen
    # Nobody knows whether what was open on an agent that is gone still is.
    talk = Talk(other.net, 8001)
    talk.ask(5)
    waits_until(lambda: flow(other)[0] == 2 and flow(other)[2] == 1, lambda: str(flow(other)))
    other.agent.kill()
    cluster.waits_for_state(other, "silent")
    waits_until(lambda: flow(other)[0] == 1 and flow(other)[2] == 0, lambda: str(flow(other)))
    assert any(note.startswith("silent: node-2") for note in cluster.coverage()["notes"])
    # Its next start captures what comes from then on.
    other.start()
    cluster.waits_for_state(other, "capturing")
    talk.ask(5)
    waits_until(lambda: flow(other)[0] == 2, lambda: str(flow(other)))


@live
def test_who_does_not_know_the_secret_is_not_let_in(cluster):
    cluster.start_hub()
    node = cluster.nodes[0]
    own = cluster.folder / "wrong"
    own.write_text("another-secret-of-this-length")
    node.start("--token-file", own)
    node.agent.waits_for("does not know the token")
    assert cluster.agents() == {}
    # The Hub reads its secret again when it changes.
    cluster.token.write_text("another-secret-of-this-length")
    cluster.waits_for_state(node, "capturing")


@live
def test_agents_and_hub_speak_tls(cluster, tmp_path):
    papers = tmp_path / "papers"
    papers.mkdir()
    authority = certificate(papers, "authority")
    certificate(papers, "hub", authority, address="10.77.1.1")
    certificate(papers, "stranger")
    cluster.start_hub("--agents-listen", "0.0.0.0:8898", "--agents-tls-cert", papers / "hub.pem",
                      "--agents-tls-key", papers / "hub.key")
    node = cluster.nodes[0]
    node.net.web(8001)
    way = ["--hub", "https://10.77.1.1:8898", "--ca-file"]
    node.start(*way, papers / "stranger.pem")
    node.agent.waits_for("TLS to it fails")
    assert cluster.agents() == {}
    node.agent.kill()
    node.start(*way, papers / "authority.pem")
    cluster.waits_for_state(node, "capturing")
    node.net.python(CLIENT, "127.0.0.1", 8001, "sealed", 20)
    cluster.reaches('http && path.startsWith("/sealed")', 20)
    # Packets of a snapshot take the same way.
    cluster.call("create_snapshot", name="sealed", duration="1h")
    waits_until(lambda: (made := cluster.call("get_snapshot", id="sealed"))
                and made["status"] == "completed" and made["nodes"] == ["node-1"])


@live
def test_certificates_are_renewed_while_hub_and_agents_run(cluster, tmp_path):
    old, new, papers = (tmp_path / name for name in ("old", "new", "papers"))
    for folder in (old, new, papers):
        folder.mkdir()
    for folder in (old, new):
        certificate(folder, "hub", certificate(folder, "authority"), address="10.77.1.1")

    def renew(folder, *names):
        for name in names:
            # As the kubelet does it: the new file is there in one step.
            (papers / "next").write_bytes((folder / name).read_bytes())
            (papers / "next").rename(papers / name)

    def shown():
        code = "import ssl; print(ssl.get_server_certificate(('127.0.0.1', 8898)))"
        done = subprocess.run([*cluster.net.prefix, "python3", "-c", code], capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    renew(old, "hub.pem", "hub.key", "authority.pem")
    way = ["--agents-listen", "0.0.0.0:8898", "--agents-tls-cert", papers / "hub.pem",
           "--agents-tls-key", papers / "hub.key"]
    cluster.start_hub(*way)
    node = cluster.nodes[0]
    node.start("--hub", "https://10.77.1.1:8898", "--ca-file", papers / "authority.pem")
    cluster.waits_for_state(node, "capturing")
    # A certificate goes with its key alone.
    renew(new, "hub.pem")
    assert shown() == (old / "hub.pem").read_bytes().split()
    renew(new, "hub.key")
    assert shown() == (new / "hub.pem").read_bytes().split()
    # Connections stay as they are. When the agent makes a new one it trusts the old authority, until
    # it is told of the new one.
    assert cluster.hub.end() == 0
    cluster.start_hub(*way)
    node.agent.waits_for("TLS to it fails")
    renew(new, "authority.pem")
    node.agent.waits_for("takes shipments again")


def test_certificates_that_cannot_be_used_are_told(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "no.pem").write_text("nothing")
    flags = ["hub", "--agents", "--agent-token-file", str(tmp_path / "token"), "--agents-tls-cert",
             str(tmp_path / "no.pem")]
    for more, problem in [
            ([], b"go together"), (["--agents-tls-key", "k"], b"goes with --agents-listen"),
            (["--agents-tls-key", str(tmp_path / "no.pem"), "--agents-listen", "127.0.0.1:0"],
             b"--agents-tls-cert")]:
        done = kubeshark(*flags, *more)
        assert done.returncode == 2 and problem in done.stderr, done.stderr


@live
def test_switching_dissection_reaches_every_agent_and_each_answers(cluster):
    cluster.start_hub()
    for node in cluster.nodes:
        node.net.web(8001)
        node.start()
        cluster.waits_for_state(node, "capturing")
    off = cluster.call("disable_dissection")
    assert off["success"] is True and off["enabled"] is False
    assert off["nodes"] == [{"node": "node-1", "success": True}, {"node": "node-2", "success": True}]
    time.sleep(1)
    for node in cluster.nodes:
        node.net.python(CLIENT, "127.0.0.1", 8001, "unseen", 5)
    assert cluster.call("get_dissection_status")["state"] == "disabled"
    # One that cannot be reached is named, and does it when it is back.
    cluster.nodes[1].agent.kill()
    on = cluster.call("enable_dissection")
    assert on["success"] is False
    assert [answer["success"] for answer in on["nodes"]] == [True, False]
    assert "has not answered" in on["nodes"][1]["problem"]
    cluster.nodes[1].start()
    waits_until(lambda: cluster.agents()["node-2"]["dissection"] is True
                and cluster.agents()["node-2"]["state"] == "capturing")
    for node in cluster.nodes:
        node.net.python(CLIENT, "127.0.0.1", 8001, f"seen-{node.name}", 5)
    cluster.reaches("http", 10)


@live
def test_raw_packets_of_a_snapshot_are_gathered_from_the_nodes(cluster):
    cluster.start_hub()
    for node in cluster.nodes:
        node.net.web(8001)
        node.start()
        cluster.waits_for_state(node, "capturing")
    for node in cluster.nodes:
        node.net.python(CLIENT, "127.0.0.1", 8001, node.name, 15)
    cluster.reaches("http", 30)

    def cut(name):
        cluster.call("create_snapshot", name=name, duration="1h")
        return waits_until(
            lambda: (made := cluster.call("get_snapshot", id=name))
            and made["status"] in ("completed", "failed") and made)

    made = cut("both")
    assert made["status"] == "completed" and made["nodes"] == ["node-1", "node-2"], made
    assert "missing" not in made
    # The calls in the packets are those the agents saw.
    assert cluster.call("start_snapshot_dissection", snapshot_id="both")
    answer = waits_until(lambda: cluster.call(
        "list_api_calls", db="both/default", kfl="http", limit=100))
    waits_until(lambda: cluster.call(
        "list_api_calls", db="both/default", kfl="http", limit=1)["total"] == 30)
    assert answer is not None
    one = cluster.call("export_snapshot_pcap", id="both", nodes=["node-1"])
    all = cluster.call("export_snapshot_pcap", id="both")
    assert 0 < one["packets"] < all["packets"]
    # A node that is gone is named, and the others are had all the same.
    cluster.nodes[1].agent.kill()
    cluster.waits_for_state(cluster.nodes[1], "silent")
    made = cut("one")
    assert made["status"] == "completed" and made["nodes"] == ["node-1"], made
    assert made["missing"] == ["node-2: its agent is silent"]


def status(url, token=None, data=None):
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"} if token else {})
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


def answers(url):
    try:
        return status(url + "/healthz") == 200
    except OSError:
        return False


def test_agents_have_an_address_of_their_own(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Templates leave flags empty that choose nothing.
    hub = Hub("--agents", "--agent-token-file", str(tmp_path / "token"), "--agents-listen",
              f"127.0.0.1:{port}", "--namespaces=", "--data", str(tmp_path / "data"))
    agents = f"http://127.0.0.1:{port}"
    waits_until(lambda: answers(agents))
    assert status(agents + "/healthz") == 200 and status(hub.url + "/agents") == 200
    # Nothing of the traffic is told there, and shipments are taken there alone.
    assert status(agents + "/mcp") == 404 and status(agents + "/agents") == 404
    assert status(hub.url + "/agents/n1", TOKEN, b"x") == 404
    assert status(agents + "/agents/n1", TOKEN, b"x") == 400
    assert status(agents + "/agents/n1", "wrong", b"x") == 401
    assert status(agents + "/agents/..", TOKEN, b"x") in (400, 404)
    assert hub.stop() == 0
