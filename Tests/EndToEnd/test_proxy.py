"""Proxy mode: the real kubectl, a small API server, and behind its forwards a real Hub."""

import os
import signal
import socket
import threading
import time

import apiserver
import pytest

from clusters import (
    KUBECTLS, LOCAL, NOTICES, Passing, Proxy, address, answer, any_kubectl, cluster, installed,
    listed, needs_kubectl, serve, soon, text)
from conftest import EMBEDDED, PATIENCE, Server, kubeshark

pytestmark = needs_kubectl


def test_the_hub_of_the_cluster_answers_like_the_embedded_one(installed, any_kubectl):
    here, there = Server(*EMBEDDED), Proxy(installed, env=any_kubectl)
    assert "check_kubeshark_status" in there.hello["result"]["instructions"]
    tools = [tool["name"] for tool in here.request("tools/list")["result"]["tools"]]
    # Tools about files come last where the Hub is in the process.
    assert listed(there) == LOCAL + tools[:-2] and set(tools[-2:]) <= set(LOCAL)
    for tool, arguments in [
            ("list_api_calls", {"kfl": "http and response.status == 500"}),
            ("get_api_stats", {}), ("list_api_calls", {"kfl": "status_cod == 1"})]:
        assert answer(there, tool, **arguments) == here.call(tool, **arguments)
    status = answer(there, "check_kubeshark_status")
    found = status["structuredContent"]
    assert found["state"] == "running" and found["components"]["hub"] == {"ready": 1, "total": 1}
    assert "running in namespace 'default'" in text(status)
    assert len(there.forwards()) == 1
    there.finish()
    assert here.end() == (0, [])
    assert "portforward" in "".join(path for _, path in installed.requests)


def test_a_forward_that_is_killed_is_rebuilt(installed):
    server = Proxy(installed)
    before = answer(server, "get_api_stats")
    [first] = server.forwards()
    os.kill(first, signal.SIGKILL)
    assert answer(server, "get_api_stats") == before
    [second] = soon(server.forwards, "a new forward")
    assert second != first
    # A pod that goes takes its connections with it.
    installed.cut()
    assert answer(server, "get_api_stats") == before
    server.finish()


def test_a_call_under_way_is_sent_again_when_its_forward_breaks(installed, hub):
    relay = Relay(address(hub.url))
    installed.backend = relay.address
    server = Proxy(installed)
    before = answer(server, "get_api_stats")
    relay.hold = True
    server.send({"jsonrpc": "2.0", "id": "held", "method": "tools/call",
                 "params": {"name": "get_api_stats", "arguments": {}}})
    soon(lambda: relay.held, "the call is on its way")
    relay.hold = False
    [forward] = server.forwards()
    os.kill(forward, signal.SIGKILL)
    while (message := server.receive()).get("id") != "held":
        assert message["method"] in NOTICES
    assert message["result"] == before
    server.finish()


def test_a_hub_that_comes_later_is_told(cluster, hub):
    server = Proxy(cluster)
    assert listed(server) == LOCAL
    status = answer(server, "check_kubeshark_status")
    assert status["structuredContent"]["state"] == "not_installed"
    assert "not running in namespace 'default'" in text(status)
    failed = answer(server, "list_api_calls")
    assert failed["isError"] and "not running in namespace 'default'" in text(failed)
    cluster.install(address(hub.url))
    while server.receive().get("method") != "notifications/tools/list_changed":
        pass
    assert "list_api_calls" in listed(server)
    assert not answer(server, "list_api_calls").get("isError")
    server.finish()


def test_a_deployment_in_another_namespace_is_found(cluster, hub):
    cluster._namespace("tools")
    cluster.install(address(hub.url), namespace="tools")
    server = Proxy(cluster)
    status = answer(server, "check_kubeshark_status")
    found = status["structuredContent"]
    assert found["state"] == "not_installed" and found["elsewhere"] == ["tools"]
    assert "not running in namespace 'default'" in text(status)
    assert "installed in namespace tools" in text(status)
    status = answer(server, "check_kubeshark_status", release_namespace="tools")
    assert status["structuredContent"]["state"] == "running"
    # Not everybody may look everywhere.
    cluster.forbidden = {"list services None"}
    found = answer(server, "check_kubeshark_status")["structuredContent"]
    assert found["state"] == "not_installed" and "elsewhere" not in found
    server.finish()


def test_pods_that_do_not_start_are_named(installed):
    installed.pods = [apiserver.pod(
        "kubeshark-hub-1", ready=False, phase="Pending",
        waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""})]
    server = Proxy(installed)
    status = answer(server, "check_kubeshark_status")
    found = status["structuredContent"]
    assert found["state"] == "starting" and found["components"]["hub"] == {"ready": 0, "total": 1}
    assert "ImagePullBackOff" in found["not_ready"][0]["reason"]
    assert "not running yet" in text(status)
    installed.pods = [apiserver.pod("kubeshark-hub-1"),
                      apiserver.pod("kubeshark-worker-1", app="worker", ready=False)]
    found = answer(server, "check_kubeshark_status")["structuredContent"]
    assert found["state"] == "degraded" and found["components"]["worker"]["ready"] == 0
    server.finish()


def test_pods_on_nodes_that_are_not_ready_are_told(installed):
    installed.of("nodes").append({
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": "node-2"},
        "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}})
    installed.pods = [apiserver.pod("kubeshark-hub-1"), apiserver.pod(
        "kubeshark-worker-2", app="worker", ready=False, node="node-2")]
    server = Proxy(installed)
    status = answer(server, "check_kubeshark_status")
    assert "kubeshark-worker-2 on node-2: its node is not ready" in text(status)
    # Not everybody may look at nodes.
    installed.forbidden = {"nodes"}
    status = answer(server, "check_kubeshark_status")
    assert "kubeshark-worker-2 on node-2: Running" in text(status)
    server.finish()


def test_what_is_forbidden_is_said_to_be(installed):
    installed.forbidden = {"services"}
    server = Proxy(installed)
    assert listed(server) == LOCAL
    for tool in ("list_api_calls", "check_kubeshark_status"):
        failed = answer(server, tool)
        assert failed["isError"] and "forbids" in text(failed)
        assert "not running" not in text(failed)
    installed.forbidden = {"pods/portforward"}
    found = answer(server, "check_kubeshark_status")
    assert found["structuredContent"]["state"] == "forbidden"
    server.finish()


def test_what_is_missing_is_said_and_ends_nothing(cluster, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    other = cluster.write_kubeconfig("other", **{"clusters": [
        {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}]})
    # Not on the PATH, nor where people install it.
    elsewhere = any(os.path.exists(f"{folder}/kubectl") for folder in (
        "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin", "/snap/bin"))
    for arguments, env, sentence in [
            *([] if elsewhere else [([], {"PATH": str(empty)}, "no kubectl")]),
            (["--kubeconfig", "/nowhere"], {}, "no usable kubeconfig"),
            (["--context", "nope"], {}, "no context nope"),
            (["--kubeconfig", other], {}, "cannot be reached"),
            (["--release-namespace", "nope"], {}, "no namespace 'nope'")]:
        server = Proxy(cluster, *arguments, env=env)
        assert listed(server) == LOCAL
        failed = answer(server, "list_api_calls")
        assert failed["isError"] and sentence in text(failed), text(failed)
        server.finish()


def test_whoever_has_to_sign_in_is_not_asked_again_and_again(installed, tmp_path):
    """Plug-ins for credentials open a page in a browser each time they are run."""
    runs = tmp_path / "runs"
    fake = tmp_path / "fake"
    fake.mkdir()
    kubectl = fake / "kubectl"
    kubectl.write_text(
        f"#!/bin/sh\necho run >> {runs}\n"
        "echo 'Unable to connect to the server: getting credentials: exec: executable oidc failed "
        "with exit code 1' >&2\nexit 1\n")
    kubectl.chmod(0o755)

    def count():
        return runs.read_text().count("run") if runs.exists() else 0

    server = Proxy(installed, env={"PATH": f"{fake}:{os.environ['PATH']}"})
    soon(lambda: count() == 1, "the first look")
    time.sleep(4)
    assert count() == 1
    # Whoever asks is told, and that is a try of its own.
    failed = answer(server, "list_api_calls")
    assert failed["isError"] and "executable oidc failed" in text(failed)
    assert count() > 1
    # Somebody has signed in: from then on all is as before.
    kubectl.unlink()
    kubectl.symlink_to(KUBECTLS[0])
    assert not answer(server, "get_api_stats").get("isError")
    assert "get_api_stats" in listed(server)
    server.finish()


def test_kubectl_is_found_where_people_install_it(installed, tmp_path):
    """A client on a desktop starts servers with another PATH than a shell has."""
    folder = tmp_path / ".local" / "bin"
    folder.mkdir(parents=True)
    (folder / "kubectl").symlink_to(KUBECTLS[0])
    assert installed.env["HOME"] == str(tmp_path)
    server = Proxy(installed, env={"PATH": str(tmp_path / "empty")})
    assert "get_api_stats" in listed(server)
    server.finish()


def test_a_kubeconfig_may_be_a_list(installed, tmp_path):
    half = installed.write_kubeconfig("half", contexts=[], **{"current-context": ""})
    rest = installed.write_kubeconfig("rest", clusters=[], users=[])
    server = Server("mcp", env={**installed.env, "KUBECONFIG": f"{half}:{rest}"})
    assert "get_api_stats" in listed(server)
    server.process.kill()


def test_settings_come_from_flags_then_set_then_the_file(installed, tmp_path):
    path = tmp_path / "settings.yaml"

    def origin(*flags, **more):
        return kubeshark("mcp", "--list-tools", *flags, env=installed.env, cwd=tmp_path, **more)

    path.write_text(f"""
kube: {{configPath: {installed.kubeconfig}, context: nope}}
tap: {{release: {{namespace: elsewhere}}, tls: true}}
license: ""
""")
    done = origin("--config-path", str(path))
    assert b"context nope), namespace elsewhere" in done.stdout and b"no context nope" in done.stdout
    done = origin("--config-path", str(path), "--set", "kube.context=test,tap.tls=false",
                  "--release-namespace", "default")
    assert done.returncode == 0 and b"context test), namespace default" in done.stdout
    assert b"tap.tls has no effect" in done.stderr
    path.rename(tmp_path / "kubeshark.yaml")
    assert b"namespace elsewhere" in origin().stdout
    for flags, sentence in [
            (["--set", "kube.contxt=x"], b"did you mean kube.context?"),
            (["--set", "kube.context"], b"key=value"),
            (["--set", "kube.context=a", "--set", "kube.context=b"], b"twice"),
            (["--set", "tap.release.namespace=A"], b"cannot be a namespace")]:
        done = origin(*flags)
        assert done.returncode == 2 and sentence in done.stderr
    (tmp_path / "kubeshark.yaml").write_text("tap:\n  - {")
    done = origin()
    assert done.returncode == 1 and b"kubeshark.yaml is not YAML" in done.stderr
    (tmp_path / "kubeshark.yaml").write_text("tap:\n  release:\n    namespace: [a]\n")
    done = origin()
    assert done.returncode == 1 and b"kubeshark.yaml:3: tap.release.namespace" in done.stderr


def test_start_and_stop_are_refused_unless_allowed(installed):
    server = Proxy(installed)
    for tool in ("start_kubeshark", "stop_kubeshark"):
        refused = answer(server, tool)
        assert refused["isError"] and "--allow-destructive" in text(refused)
    server.finish()
    server = Server("mcp", "--url", "http://127.0.0.1:1")
    assert "URL mode" in text(answer(server, "start_kubeshark"))
    server.process.kill()


def test_arguments_never_become_flags(installed):
    server = Proxy(installed)
    for name in ("--kubeconfig=/x", "-A", "a b", "UPPER", "x" * 64, "a/../b"):
        refused = answer(server, "check_kubeshark_status", release_namespace=name)
        assert refused["isError"] and "cannot be a namespace" in text(refused)
    server.finish()
    done = kubeshark("mcp", "--release-namespace=--x")
    assert done.returncode == 2 and b"cannot be a namespace" in done.stderr


def test_tools_are_listed_with_and_without_a_hub(cluster, hub):
    def run(*flags):
        return kubeshark("mcp", "--list-tools", "--kubeconfig", cluster.kubeconfig, *flags,
                         env=cluster.env)

    done = run()
    assert done.returncode == 1 and b"Kubeshark API: Kubeshark is not running" in done.stdout
    cluster.install(address(hub.url))
    done = run()
    assert done.returncode == 0
    for line in (b"Cluster Management:", b"  check_kubeshark_status", b"File Tools:",
                 b"Connected to: ", b"Traffic Analysis Tools:", b"  list_api_calls"):
        assert line in done.stdout


def test_a_gated_hub_gets_a_token_and_a_new_one_in_time(installed, hub):
    gate = Gate(installed, hub.url)
    installed.backend = gate.address
    # Shorter than the margin: each call renews it first. By the API server's clock it is over already.
    installed.token_seconds, installed.clock = 200, -7200
    server = Proxy(installed)
    assert not answer(server, "get_api_stats").get("isError")
    account, audience, token = installed.tokens[0]
    assert (account, audience, token) == ("kubeshark-cli", "kubeshark-hub", "token-1")
    answer(server, "get_api_stats")
    assert len(installed.tokens) > 1 and gate.seen[-1] == installed.tokens[-1][2]
    installed.forbidden = {"serviceaccounts"}
    gate.refuses = True
    failed = answer(server, "get_api_stats")
    assert failed["isError"] and "401" in text(failed) and "No token could be made" in text(failed)
    server.finish()


class Bare(Passing):
    """A Hub without a front before it, as the published product's: nothing takes /api off."""

    def admit(self):
        return True

    def do_GET(self):
        if not self.path.startswith("/api"):
            return super().do_GET()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(404, {"Content-Type": "text/plain"}, b"404 page not found")

    do_POST = do_GET


def test_a_hub_without_a_front_is_asked_at_its_root(cluster, hub):
    cluster.install(serve(Bare, hub.url))
    cluster.services = [one for one in cluster.services
                        if one["metadata"]["name"] == "kubeshark-hub"]
    server = Proxy(cluster)
    assert not answer(server, "get_api_stats").get("isError")
    assert "list_api_calls" in listed(server)
    assert answer(server, "check_kubeshark_status")["structuredContent"]["state"] == "running"
    server.finish()


def test_no_kubectl_outlives_a_server_that_is_killed(installed):
    server = Proxy(installed)
    answer(server, "get_api_stats")
    assert server.forwards()
    server.process.kill()
    server.process.wait()
    soon(lambda: not server.kubectls(), "no kubectl is left")


def test_no_kubectl_outlives_a_server_that_is_asked_to_end(installed):
    server = Proxy(installed)
    answer(server, "get_api_stats")
    server.process.terminate()
    assert server.process.wait(timeout=PATIENCE) == 0
    soon(lambda: not server.kubectls(), "no kubectl is left")


# What changes the cluster


@pytest.fixture
def helm(tmp_path):
    """A stand-in for helm, which is not in every system's packages: it keeps what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "helm.log"
    program = folder / "helm"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" END >> {log}\n'
        f'if [ -e {tmp_path}/fails ]; then cat {tmp_path}/fails >&2; exit 1; fi\n'
        f'if [ -e {tmp_path}/slow ]; then sleep 12; fi\n')
    program.chmod(0o755)

    class Helm:
        env = {"PATH": f"{folder}:{os.path.dirname(KUBECTLS[0])}:/usr/bin:/bin"}
        failure = tmp_path / "fails"
        slow = tmp_path / "slow"

        @staticmethod
        def calls():
            text = log.read_text() if log.exists() else ""
            return [call.split("\n")[:-1] for call in text.split("END\n")[:-1]]

    return Helm


def changing(cluster, helm):
    return Proxy(cluster, "--allow-destructive", "--chart", "./chart", env=helm.env)


def test_start_installs_the_chart_and_waits_for_the_hub(cluster, hub, helm):
    server = changing(cluster, helm)
    assert set(listed(server)) == {*LOCAL, "start_kubeshark", "stop_kubeshark"}
    refused = answer(server, "start_kubeshark")
    assert refused["isError"] and "confirm" in text(refused) and not helm.calls()
    server.send({"jsonrpc": "2.0", "id": "start", "method": "tools/call", "params": {
        "name": "start_kubeshark", "arguments": {
            "namespaces": "default, sock-shop", "pod_regex": "front.*", "confirm": True}}})
    [call] = soon(helm.calls, "helm is called")
    assert call[0] == f"--kubeconfig={cluster.kubeconfig}"
    assert "--namespace=default" in call and "--set-json=tap.regex=\"front.*\"" in call
    assert "--set-json=tap.namespaces=[\"default\",\"sock-shop\"]" in call
    assert call[-3:-1] == ["--", "kubeshark"] and call[-1].endswith("chart")
    cluster.install(address(hub.url))
    while (message := server.receive()).get("id") != "start":
        assert message["method"] in NOTICES
    assert not message["result"].get("isError"), text(message["result"])
    assert message["result"]["structuredContent"]["state"] == "running"
    assert "list_api_calls" in listed(server)
    cluster.services, cluster.pods = [], []
    removed = answer(server, "stop_kubeshark", confirm=True)
    assert removed["structuredContent"] == {
        "removed": True, "namespace": "default", "objects": [], "left": [], "complete": True}
    assert helm.calls()[-1][1:] == [
        "uninstall", "--namespace=default", "--wait", "--timeout=4m", "--", "kubeshark"]
    assert "list_api_calls" not in listed(server)
    server.finish()


def test_what_was_seen_before_the_installation_does_not_count(cluster, hub, helm):
    server = changing(cluster, helm)
    assert set(listed(server)) == {*LOCAL, "start_kubeshark", "stop_kubeshark"}
    # What Services there were before is heard when the pods are ready.
    cluster.slow = {"services": 3}
    server.send({"jsonrpc": "2.0", "id": "start", "method": "tools/call", "params": {
        "name": "start_kubeshark", "arguments": {"confirm": True}}})
    soon(lambda: "kubeshark-hub" in cluster.slowed, "somebody looks for Services")
    soon(helm.calls, "helm is called")
    cluster.slow = {}
    cluster.install(address(hub.url))
    while (message := server.receive()).get("id") != "start":
        assert message["method"] in NOTICES
    assert not message["result"].get("isError"), text(message["result"])
    server.finish()


def test_a_slow_helm_is_told_of_all_the_time(cluster, hub, helm):
    cluster.install(address(hub.url))
    helm.slow.touch()
    server = changing(cluster, helm)
    server.send({"jsonrpc": "2.0", "id": "start", "method": "tools/call", "params": {
        "name": "start_kubeshark", "arguments": {"confirm": True},
        "_meta": {"progressToken": "p"}}})
    told = []
    while (message := server.receive()).get("id") != "start":
        if message["method"] == "notifications/progress":
            told.append(message["params"])
    numbers = [one["progress"] for one in told]
    assert numbers == sorted(set(numbers))
    assert len([one for one in told if one["message"].startswith("installing the chart")]) == 3
    server.finish()


def test_what_was_started_elsewhere_is_asked_from_then_on(cluster, hub, helm):
    cluster.install(address(hub.url), "ks")
    server = changing(cluster, helm)
    assert answer(server, "list_api_calls")["isError"]
    started = answer(server, "start_kubeshark", release_namespace="ks", confirm=True)
    assert not started.get("isError"), text(started)
    assert not answer(server, "list_api_calls").get("isError")
    assert "namespace 'ks'" in text(answer(server, "check_kubeshark_status"))
    server.finish()


def test_failures_to_start_and_stop_are_told(cluster, helm):
    server = changing(cluster, helm)
    helm.failure.write_text("Error: INSTALLATION FAILED: chart not readable\n")
    for tool in ("start_kubeshark", "stop_kubeshark"):
        failed = answer(server, tool, confirm=True)
        assert failed["isError"] and "INSTALLATION FAILED" in text(failed)
    for arguments in ({"namespaces": "--all"}, {"pod_regex": "("}, {"release_namespace": "-x"}):
        before = len(helm.calls())
        assert answer(server, "start_kubeshark", confirm=True, **arguments)["isError"]
        assert len(helm.calls()) == before
    helm.failure.write_text("Error: uninstall: Release not loaded: kubeshark: release: not found\n")
    assert answer(server, "stop_kubeshark", confirm=True)["structuredContent"]["removed"] is False
    helm.failure.unlink()
    cluster.install(None)
    cluster.pods = [apiserver.pod("kubeshark-hub-1", ready=False, waiting={
        "reason": "ImagePullBackOff", "message": "Back-off pulling image"})]
    failed = answer(server, "start_kubeshark", confirm=True)
    assert failed["isError"] and "ImagePullBackOff: Back-off pulling image" in text(failed)
    server.finish()


def test_settings_go_with_the_chart(cluster, hub, helm):
    cluster.install(address(hub.url))
    server = Proxy(
        cluster, "--allow-destructive", "--chart", "./chart", "--set",
        "tap.docker.tag=7,tap.namespaces={a,b}", env=helm.env)
    assert not answer(server, "start_kubeshark", confirm=True).get("isError")
    [call] = helm.calls()
    assert '--set-json=tap.docker.tag="7"' in call
    assert '--set-json=tap.namespaces=["a","b"]' in call
    server.finish()


class Relay:
    """Before a Hub: passes requests on, or holds them."""

    def __init__(self, backend):
        relay = self
        self.hold, self.held = False, 0

        class Handler(Passing):
            def admit(self):
                if relay.hold:
                    relay.held += 1
                    while relay.hold:
                        time.sleep(0.05)
                return True

        self.address = serve(Handler, "http://%s:%d" % backend)


class Gate:
    """Before a Hub: lets nobody in without the newest token."""

    def __init__(self, cluster, url):
        gate = self
        self.seen, self.refuses = [], False

        class Handler(Passing):
            def admit(self):
                token = self.headers.get("X-Kubeshark-Authorization")
                gate.seen.append(token)
                known = [one[2] for one in cluster.tokens]
                return token in known and not gate.refuses

        self.address = serve(Handler, url)


def test_what_answers_must_be_a_hub(installed):
    class Page(Passing):
        def admit(self):
            self.reply(200, {"Content-Type": "text/html"}, b"<html>another program</html>")
            return False

        def do_GET(self):
            self.admit()

        do_POST = do_GET

    # Neither behind the Service nor on the port that the published command uses.
    installed.backend = serve(Page, "")
    server = Proxy(installed)
    assert listed(server) == LOCAL
    failed = answer(server, "list_api_calls")
    assert failed["isError"] and "is no Hub that can be used" in text(failed)
    [forward] = [words for _, words in server.kubectls() if "port-forward" in words] or [[]]
    assert not forward or any(word.startswith(":") for word in forward)
    server.finish()


def test_initialize_does_not_wait_for_the_cluster(cluster):
    ends = []
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def hold():
            while True:
                try:
                    connection, _ = silent.accept()
                except OSError:
                    return
                while connection.recv(4096):
                    pass
                ends.append(connection)

        threading.Thread(target=hold, daemon=True).start()
        config = cluster.write_kubeconfig("silent", clusters=[{"name": "c", "cluster": {
            "server": "http://127.0.0.1:%d" % silent.getsockname()[1]}}])
        server = Proxy(cluster, "--kubeconfig", config)
        # Whoever asked the cluster first would have given up by now.
        assert "serverInfo" in server.hello["result"] and not ends
        server.process.terminate()
        assert server.process.wait(timeout=PATIENCE) == 0
