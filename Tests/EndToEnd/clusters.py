"""What the tests of proxy mode and of deployments share: a cluster, `kubeshark mcp` on it, and
servers between its forwards and a real Hub."""

import http.server
import os
import threading
import time
import urllib.error
import urllib.request
import uuid

import apiserver
import pytest

from conftest import PATIENCE, Server

KUBECTLS = apiserver.kubectls()
LOCAL = ["check_kubeshark_status", "get_file_url", "download_file"]


needs_kubectl = pytest.mark.skipif(
    not KUBECTLS, reason="kubectl is missing; Scripts/setup --python installs it")


def soon(condition, what):
    """Waits until `condition` gives something true, and gives that."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


@pytest.fixture
def cluster(tmp_path):
    cluster = apiserver.Cluster(tmp_path)
    yield cluster
    cluster.stop()


@pytest.fixture
def installed(cluster, hub):
    cluster.install(address(hub.url))
    return cluster


def address(url):
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


class Proxy(Server):
    """`kubeshark mcp` on a cluster; its children can be told by a mark in their environment."""

    def __init__(self, cluster, *arguments, env=None, **more):
        self.marker = "KUBESHARK_TEST_" + uuid.uuid4().hex
        super().__init__(
            "mcp", "--kubeconfig", cluster.kubeconfig, *arguments,
            env={**cluster.env, self.marker: "1", **(env or {})}, **more)

    def kubectls(self):
        return apiserver.children(self.marker)

    def forwards(self):
        return [number for number, words in self.kubectls() if "port-forward" in words]

    def finish(self):
        code, rest = self.end()
        assert code == 0 and {one["method"] for one in rest} <= NOTICES
        soon(lambda: not self.kubectls(), "no kubectl is left")


NOTICES = {
    "notifications/message", *(f"notifications/{one}/list_changed"
                               for one in ("tools", "prompts", "resources"))}


def answer(server, tool, **arguments):
    """The answer of a call, whatever the server tells meanwhile."""
    number = f"call-{next(server.ids)}"
    server.send({"jsonrpc": "2.0", "id": number, "method": "tools/call",
                 "params": {"name": tool, "arguments": arguments}})
    while (message := server.receive()).get("id") != number:
        assert message["method"] in NOTICES
    return message["result"]


def listed(server):
    number = f"list-{next(server.ids)}"
    server.send({"jsonrpc": "2.0", "id": number, "method": "tools/list", "params": {}})
    while (message := server.receive()).get("id") != number:
        assert message["method"] in NOTICES
    return [tool["name"] for tool in message["result"]["tools"]]


def text(result):
    return result["content"][0]["text"]


@pytest.fixture(params=KUBECTLS)
def any_kubectl(request, tmp_path):
    """A PATH on which that kubectl is the only one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kubectl").symlink_to(request.param)
    return {"PATH": str(folder)}


class Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.admit():
            return self.reply(401, {}, b"{}")
        names = ("Content-Type", "Accept", "If-None-Match")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        request = urllib.request.Request(
            self.server.backend + self.path, headers=headers, data=body or None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                self.reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            self.reply(error.code, error.headers, error.read())

    do_POST = do_GET

    def reply(self, status, headers, body):
        try:
            self.send_response(status)
            for name in ("Content-Type", "ETag"):
                if name in headers:
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked is gone

    def log_message(self, *_):
        pass


def serve(handler, backend):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.backend = backend
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address
