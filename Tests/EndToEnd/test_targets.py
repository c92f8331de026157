"""Which pods are captured follows the cluster's API as pods come and go; and a call between two nodes,
which both see, is known once."""

import re
import subprocess
import time

import pytest
from nodes import API, Cluster, Pod, waits_until
from test_agents import metrics
from test_live import CLIENT, live
from test_secure import certificate


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    authority = certificate(folder, "authority")
    certificate(folder, "api", authority, address="10.77.1.1")
    return folder


@pytest.fixture
def cluster(tmp_path, papers):
    cluster = Cluster(tmp_path, 2)
    for node in cluster.nodes:
        # The API server is at one address for all.
        if node.name != "node-1":
            node.net.run("ip", "route", "add", "10.77.1.1", "via",
                         node.address.rsplit(".", 1)[0] + ".1")
    cluster.api = API(cluster, papers)
    cluster.start_hub(*cluster.api.flags)
    yield cluster
    cluster.close()


def web(node, name, namespace="shop", **labels):
    pod = Pod(node, name, namespace, labels)
    pod.net.web(8001)
    return pod


def in_front_of(server, namespace="shop"):
    """The Service of a pod, at 10.96.0.10, and the slice that says so."""
    return ({
        "kind": "Service", "metadata": {"name": "server", "namespace": namespace},
        "spec": {"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"],
                 "selector": {"app": "server"}}}, {
        "kind": "EndpointSlice", "metadata": {
            "name": "server-x", "namespace": namespace,
            "labels": {"kubernetes.io/service-name": "server"}},
        "endpoints": [{"targetRef": {"kind": "Pod", "name": "server-1"}}]})


def proxies(node, server):
    """Does what kube-proxy does for that Service."""
    node.net.run("iptables", "-t", "nat", "-A", "PREROUTING", "-d", "10.96.0.10", "-p", "tcp",
                 "-j", "DNAT", "--to-destination", f"{server.address}:8001")


def captures(cluster, node, *pods):
    """Waits until an agent says that it captures these pods."""
    waits_until(lambda: cluster.agents().get(node.name, {}).get("pods") == len(pods),
                lambda: str(cluster.agents()))


@live
def test_a_call_between_nodes_is_known_once_and_by_its_names(cluster):
    one, two = cluster.nodes
    client, server = web(one, "client-1", app="client"), web(two, "server-1", app="server")
    outside = Pod(two, "outside", "other")
    service, behind = in_front_of(server)
    cluster.api.control(put=[client.object, server.object, outside.object, service, behind])
    for node in cluster.nodes:
        proxies(node, server)
        node.start("--namespaces", "shop", *cluster.api.flags)
    for node, pod in zip(cluster.nodes, (client, server)):
        captures(cluster, node, pod)
        cluster.waits_for_state(node, "capturing")
    client.net.python(CLIENT, server.address, 8001, "direct", 20)
    client.net.python(CLIENT, "10.96.0.10", 8001, "service", 20)
    # From outside of the targets to one, from one to outside, and between two that are none.
    outside.net.web(8001)
    outside.net.python(CLIENT, server.address, 8001, "in", 5)
    client.net.python(CLIENT, outside.address, 8001, "out", 5)
    outside.net.python(CLIENT, two.address.replace("10.77", "10.78").rsplit(".", 1)[0] + ".1", 1,
                       "none", 0)
    cluster.reaches("http", 50)
    assert cluster.paths('http && path.startsWith("/direct")') == \
        sorted(f"/direct/{number}" for number in range(20))
    assert cluster.total('http && path.startsWith("/service")') == 20
    assert cluster.total('src.pod.name == "client-1" && dst.pod.name == "server-1"') == 40
    assert cluster.total('dst.service.name == "server" && http') == 45
    assert cluster.total('http && node.name == "node-1"') == 5
    names = [one["name"] for one in cluster.call("list_workloads", type="pod")["workloads"]]
    assert {"client-1", "server-1", "outside"} <= set(names)


@live
@pytest.mark.parametrize("flags", [
    ["--pod-regex", "^client"], ["--namespaces", "shop", "--cluster-names"]])
def test_a_call_to_a_service_of_pods_that_are_not_chosen_is_known_once(cluster, flags):
    one, two = cluster.nodes
    client, server = web(one, "client-1"), web(two, "server-1", "other", app="server")
    cluster.api.control(put=[client.object, server.object, *in_front_of(server, "other")])
    proxies(one, server)
    one.start(*flags, *cluster.api.flags)
    captures(cluster, one, client)
    client.net.python(CLIENT, "10.96.0.10", 8001, "service", 20)
    # What is seen later is known later.
    client.net.python(CLIENT, server.address, 8001, "last", 1)
    cluster.reaches('http && path == "/last/0"', 1)
    assert cluster.total('http && path.startsWith("/service")') == 20
    assert cluster.total('http && dst.pod.name == "server-1"') == 21


@live
def test_pods_that_come_and_go_change_what_is_captured(cluster):
    node = cluster.nodes[0]
    first, other = web(node, "web-1"), web(node, "db-1")
    client = Pod(node, "client", "tools")
    cluster.api.control(put=[first.object, other.object, client.object])
    node.start("--pod-regex", "^web-", *cluster.api.flags)
    captures(cluster, node, first)
    # A watch whose other side has gone without a word is noticed.
    watches = subprocess.run(
        [*node.net.prefix, "ss", "-tnoH", "state", "established", "dst", "10.77.1.1:6443"],
        capture_output=True, check=True).stdout.decode().splitlines()
    assert len(watches) >= 3 and all("keepalive" in line for line in watches), watches
    # All nodes began together; they do not come back together.
    timeouts = cluster.api.control()["timeouts"]
    assert len(timeouts) >= 3 and len(set(timeouts)) > 1, timeouts
    client.net.python(CLIENT, first.address, 8001, "one", 5)
    client.net.python(CLIENT, other.address, 8001, "unseen", 5)
    cluster.reaches("http", 5)
    # One comes: its calls are captured from then on.
    second = web(node, "web-2")
    cluster.api.control(put=[second.object])
    captures(cluster, node, first, second)
    client.net.python(CLIENT, second.address, 8001, "two", 5)
    cluster.reaches("http", 10)
    # The watch ends, its version is too old, the token is another one: what happened is learnt anew.
    cluster.api.token.write_text("another-token-of-the-account")
    cluster.api.control(remove=[["Pod", "shop", "web-1"]], forget=True, cut=True)
    captures(cluster, node, second)
    client.net.python(CLIENT, first.address, 8001, "gone", 5)
    client.net.python(CLIENT, second.address, 8001, "three", 5)
    cluster.reaches("http", 15)
    assert cluster.total('http && path.startsWith("/gone")') == 0
    # The Hub chooses others.
    answer = cluster.call("set_targets", namespaces=["shop"], pod_regex="^db-")
    assert answer["success"] is True and answer["nodes"] == [{"node": "node-1", "success": True}]
    captures(cluster, node, other)
    client.net.python(CLIENT, second.address, 8001, "left", 5)
    client.net.python(CLIENT, other.address, 8001, "db", 5)
    cluster.reaches("http", 20)
    assert cluster.total('http && path.startsWith("/left")') == 0
    # All but those of a namespace, and then all.
    answer = cluster.call("set_targets", excluded_namespaces=["shop"])
    assert answer["success"] is True
    captures(cluster, node, client)
    cluster.call("set_targets")
    captures(cluster, node, second, other, client)
    # One has ended and is listed still, with an address that another may have by now.
    ended = {**second.object, "status": {**second.object["status"], "phase": "Succeeded"}}
    cluster.api.control(put=[ended])
    captures(cluster, node, other, client)


@live
def test_a_watch_that_breaks_in_silence_is_taken_up_again_without_a_word(cluster):
    node = cluster.nodes[0]
    first, second = web(node, "web-1"), web(node, "web-2")
    cluster.api.control(put=[first.object])
    node.start(*cluster.api.flags)
    captures(cluster, node, first)
    # One that breaks at once is told of.
    time.sleep(2)
    cluster.api.control(breaks=True, cut=True)
    cluster.api.control(put=[second.object])
    captures(cluster, node, first, second)
    assert "API server" not in "".join(node.agent.log), node.agent.log


@live
def test_an_agent_of_some_namespaces_says_that_it_sees_no_others(cluster):
    node = cluster.nodes[0]
    inside, outside = web(node, "web-1"), web(node, "web-2", "tools")
    cluster.api.control(put=[inside.object, outside.object])
    node.start("--namespaces", "shop,data", "--exclude-namespaces", "data", *cluster.api.flags)
    captures(cluster, node, inside)
    cluster.waits_for_state(node, "capturing")
    answer = cluster.call("set_targets", namespaces=["shop", "tools"])
    assert answer["success"] is False and answer["nodes"][0]["success"] is False
    assert "captures nothing of tools" in answer["nodes"][0]["problem"], answer
    captures(cluster, node, inside)
    assert cluster.call("set_targets", namespaces=["shop"])["success"] is True


@live
def test_a_namespace_that_is_closed_keeps_nobody_from_the_others(cluster):
    """Who removes a namespace removes the right to look into it, and agents may start after that."""
    node = cluster.nodes[0]
    inside, closed = web(node, "web-1"), web(node, "web-2", "tools")
    cluster.api.control(put=[inside.object, closed.object], forbid=["namespace tools"])
    node.start("--namespaces", "shop,tools", *cluster.api.flags)
    captures(cluster, node, inside)
    agent = cluster.waits_for_state(node, "capturing")
    assert "/api/v1/namespaces/tools/" in agent["problem"] and "403" in agent["problem"], agent
    # It is back, and so is the right.
    cluster.api.control(forbid=[])
    captures(cluster, node, inside, closed)


# More than a program may be long, and more than a kernel has room for at once (net.core.optmem_max).
CROWDS = {
    "IPv4": [f"10.90.{number // 200}.{number % 200 + 1}" for number in range(900)],
    "IPv6": [f"fd00:90::{number + 1:x}" for number in range(190)],
}


@live
@pytest.mark.parametrize("family", CROWDS)
def test_more_pods_than_the_kernels_filter_holds_are_all_captured(cluster, family):
    node = cluster.nodes[0]
    # As kernels before 6.8 have it for all; there it is not a namespace's own.
    subprocess.run([*node.net.prefix, "sysctl", "-qw", "net.core.optmem_max=20480"],
                   capture_output=True, check=False)
    server, stranger = web(node, "web-1"), web(node, "other-1")
    client = Pod(node, "client", "tools")
    # Names without anybody behind them: their addresses fill the filter.
    crowd = [{**server.object, "metadata": {"name": f"web-crowd-{number}", "namespace": "shop"},
              "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}
             for number, address in enumerate(CROWDS[family])]
    cluster.api.control(put=[server.object, stranger.object, client.object, *crowd])
    node.start("--pod-regex", "^web-", *cluster.api.flags)
    captures(cluster, node, server, *crowd)
    agent = cluster.waits_for_state(node, "capturing")
    assert agent["problem"] is None
    client.net.python(CLIENT, server.address, 8001, "wanted", 20)
    client.net.python(CLIENT, stranger.address, 8001, "unwanted", 20)
    cluster.reaches("http", 20)
    assert cluster.total('http && path.startsWith("/wanted")') == 20
    # They share a network, so that the kernel lets the others' packets pass as well.
    assert int(re.search(r"^kubeshark_agent_packets_others_total (\d+)", metrics(node), re.M)[1]) > 0


@live
def test_an_agent_that_may_not_list_says_so_and_captures_nothing(cluster):
    node = cluster.nodes[0]
    pod = web(node, "web-1")
    cluster.api.control(put=[pod.object], forbid=["services"], cut=True)
    node.start(*cluster.api.flags)
    for process in (node.agent, cluster.hub):
        process.waits_for(r"warning: the API server refuses /api/v1/services \(403\).*list and watch")
    agent = cluster.waits_for_state(node, "starting")
    waits_until(lambda: cluster.agents()["node-1"]["problem"])
    problem = cluster.agents()["node-1"]["problem"]
    assert "/api/v1/services" in problem and "403" in problem, problem
    pod.net.python(CLIENT, pod.address, 8001, "nothing", 5)
    assert cluster.total("http") == 0 and agent["node"] == "node-1"
    # With the permission it goes on by itself; in a namespace only its own paths are asked.
    cluster.api.control(forbid=[])
    captures(cluster, node, pod)
    assert cluster.waits_for_state(node, "capturing")["problem"] is None
    for process in (node.agent, cluster.hub):
        process.waits_for("can be asked for /api/v1/services again")
