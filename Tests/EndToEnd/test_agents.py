"""Agents and a Hub: calls made on nodes are the calls the Hub knows, each once, whatever happens to
agents, Hub and the links between them; and answers say what is missing meanwhile."""

import re
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from conftest import Hub
from nodes import TOKEN, Cluster, waits_until
from test_live import CLIENT, live


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
    import subprocess
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
