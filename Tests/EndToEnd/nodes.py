"""A small cluster of network namespaces: a Hub in the middle, nodes around it, links that can be cut,
lose packets or be slow."""

import json
import os
import re
import subprocess
import threading
import time

from conftest import BINARY, PATIENCE
from test_live import Namespace

TOKEN = "a-secret-that-all-agents-share"


class Process:
    """A kubeshark in a namespace, with what it says on standard error."""

    def __init__(self, net, *arguments, env=None):
        self.child = subprocess.Popen(
            [*net.prefix, BINARY, *map(str, arguments)], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.log = []
        self.said = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stderr:
            with self.said:
                self.log.append(line.decode())
                self.said.notify_all()
        with self.said:
            self.log.append("(ended)")
            self.said.notify_all()

    def waits_for(self, pattern):
        with self.said:
            assert self.said.wait_for(
                lambda: re.search(pattern, "".join(self.log)) or "(ended)" in self.log, PATIENCE)
        found = re.search(pattern, "".join(self.log))
        assert found, "".join(self.log)
        return found

    def kill(self):
        self.child.kill()
        self.child.wait()

    def end(self):
        self.child.terminate()
        return self.child.wait(timeout=PATIENCE)


class Node:
    """A namespace with an agent, linked to the Hub's."""

    def __init__(self, cluster, number):
        self.cluster, self.name = cluster, f"node-{number}"
        self.net = Namespace()
        self.link = f"n{number}"
        self.address = f"10.77.{number}.2"
        core = cluster.net
        subprocess.run(["ip", "link", "add", self.link, "netns", core.name, "type", "veth",
                        "peer", "name", "uplink", "netns", self.net.name], check=True)
        core.run("ip", "address", "add", f"10.77.{number}.1/24", "dev", self.link)
        core.run("ip", "link", "set", self.link, "up")
        self.net.run("ip", "address", "add", f"{self.address}/24", "dev", "uplink")
        self.net.run("ip", "link", "set", "uplink", "up")
        self.net.run("ip", "route", "add", "default", "via", f"10.77.{number}.1")
        self.data = cluster.folder / self.name
        self.agent = None

    def start(self, *arguments, env=None):
        number = self.name.split("-")[1]
        self.agent = Process(
            self.net, "agent", "--hub", f"http://10.77.{number}.1:8899", "--token-file",
            self.cluster.token, "--data", self.data, "--node", self.name, "--listen",
            "127.0.0.1:8897", *arguments, env=env)
        self.agent.waits_for("health at")
        return self.agent

    def up(self, state):
        self.cluster.net.run("ip", "link", "set", self.link, state)


class Cluster:
    """Nodes, and a Hub that is reached from all of them."""

    def __init__(self, folder, nodes):
        self.folder = folder
        self.token = folder / "token"
        self.token.write_text(TOKEN)
        self.access = folder / "access"
        self.access.write_text("administrator-of-all kubeshark-admin\n")
        self.net = Namespace()
        self.net.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.nodes = [Node(self, number) for number in range(1, nodes + 1)]
        self.hub = None

    def start_hub(self, *arguments):
        self.hub = Process(
            self.net, "hub", "--listen", "0.0.0.0:8899", "--agents", "--agent-token-file",
            self.token, "--auth-tokens", self.access, "--data", self.folder / "hub", *arguments)
        self.hub.waits_for("listening on")

    def ask(self, path, body=None):
        """JSON of the Hub, or None while it does not answer."""
        code = (
            "import sys,urllib.request as u\n"
            "r=u.Request('http://127.0.0.1:8899'+sys.argv[1],sys.stdin.buffer.read() or None,"
            "{'Authorization':'Bearer administrator-of-all','Content-Type':'application/json'})\n"
            "sys.stdout.buffer.write(u.urlopen(r,timeout=60).read())")
        done = subprocess.run(
            [*self.net.prefix, "python3", "-c", code, path], capture_output=True, timeout=PATIENCE * 2,
            input=json.dumps(body).encode() if body is not None else b"")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def call(self, tool, **arguments):
        return self.ask("/api/mcp/tools/call", {"name": tool, "arguments": arguments})

    def total(self, kfl):
        answer = self.call("list_api_calls", kfl=kfl, limit=1)
        return answer and answer["total"]

    def reaches(self, kfl, count):
        """Waits until so many calls match, and no more do."""
        seen = waits_until(lambda: (total := self.total(kfl)) is not None and total >= count and total,
                           lambda: f"{self.total(kfl)} of {count} calls of {kfl}")
        assert seen == count, f"{seen} of {count} calls of {kfl}"

    def paths(self, kfl):
        """The paths of all calls that match, sorted."""
        paths, cursor = [], None
        while True:
            answer = self.call("list_api_calls", kfl=kfl, limit=1000,
                               **({"cursor": cursor} if cursor else {}))
            paths += [call["path"] for call in answer["calls"]]
            cursor = answer.get("next_cursor")
            if not cursor:
                return sorted(paths)

    def agents(self):
        answer = self.ask("/agents")
        return {agent["node"]: agent for agent in answer["agents"]} if answer else {}

    def waits_for_state(self, node, *states):
        return waits_until(
            lambda: (agent := self.agents().get(node.name)) and agent["state"] in states and agent,
            lambda: f"{node.name} is not {states}: {self.agents().get(node.name)}")

    def coverage(self):
        return self.call("list_api_calls", limit=1)["coverage"]

    def close(self):
        for process in [self.hub, *(node.agent for node in self.nodes)]:
            if process:
                process.kill()
        pods = [pod.net for node in self.nodes for pod in getattr(node, "pods", [])]
        for net in [self.net, *(node.net for node in self.nodes), *pods]:
            net.close()


def waits_until(condition, problem=lambda: ""):
    deadline = time.monotonic() + 2 * PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, problem()
        time.sleep(0.2)
    return value


class Pod:
    """A network of its own on a node's bridge, as a container runtime makes it."""

    def __init__(self, node, name, namespace="shop", labels=None):
        number = node.address.split(".")[2]
        self.node, self.name, self.namespace = node, name, namespace
        self.labels = labels or {}
        self.net = Namespace()
        if not hasattr(node, "pods"):
            node.pods = []
            node.net.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            node.net.run("ip", "link", "add", "cni0", "type", "bridge")
            node.net.run("ip", "address", "add", f"10.78.{number}.1/24", "dev", "cni0")
            node.net.run("ip", "link", "set", "cni0", "up")
            node.cluster.net.run("ip", "route", "add", f"10.78.{number}.0/24", "via", node.address)
        node.pods.append(self)
        index = len(node.pods) + 1
        self.address = f"10.78.{number}.{index}"
        subprocess.run(["ip", "link", "add", f"veth{index}", "netns", node.net.name, "type", "veth",
                        "peer", "name", "eth0", "netns", self.net.name], check=True)
        node.net.run("ip", "link", "set", f"veth{index}", "master", "cni0", "up")
        self.net.run("ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        self.net.run("ip", "link", "set", "eth0", "up")
        self.net.run("ip", "route", "add", "default", "via", f"10.78.{number}.1")

    @property
    def object(self):
        return {
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": self.labels},
            "spec": {"nodeName": self.node.name},
            "status": {"phase": "Running", "podIP": self.address,
                       "podIPs": [{"ip": self.address}], "startTime": "2026-01-01T00:00:00Z"}}


class API:
    """The API server of a cluster, in the network of its Hub."""

    def __init__(self, cluster, papers):
        self.cluster, self.papers = cluster, papers
        self.token = cluster.folder / "account-token"
        self.token.write_text("token-of-the-service-account")
        code = os.path.join(os.path.dirname(__file__), "watchapi.py")
        self.child = cluster.net.serve(
            "python3", code, "6443", str(papers / "api.pem"), str(papers / "api.key"),
            str(self.token))
        assert self.child.stdout.readline() == b"ready\n"

    @property
    def flags(self):
        return ["--kube-api", "https://10.77.1.1:6443", "--kube-ca-file",
                self.papers / "authority.pem", "--kube-token-file", self.token]

    def control(self, **order):
        code = (
            "import sys,ssl,urllib.request as u\n"
            "c=ssl._create_unverified_context()\n"
            "r=u.Request('https://127.0.0.1:6443/control',sys.stdin.buffer.read())\n"
            "sys.stdout.buffer.write(u.urlopen(r,timeout=60,context=c).read())")
        done = subprocess.run(
            [*self.cluster.net.prefix, "python3", "-c", code], capture_output=True, check=True,
            timeout=PATIENCE, input=json.dumps(order).encode())
        return json.loads(done.stdout)
