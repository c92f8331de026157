"""A small Kubernetes API server, enough for the real kubectl: discovery, reading objects,
tokens, and forwarding ports over SPDY or through WebSockets, as that kubectl asks for."""

import base64
import datetime
import hashlib
import http.server
import json
import os
import shutil
import socket
import struct
import threading
import urllib.parse

import spdy

PROTOCOL = "portforward.k8s.io"
TUNNEL = "SPDY/3.1+" + PROTOCOL
RESOURCES = [
    ("namespaces", "Namespace", False), ("services", "Service", True), ("pods", "Pod", True),
    ("pods/portforward", "PodPortForwardOptions", True), ("events", "Event", True),
    ("serviceaccounts", "ServiceAccount", True),
    ("serviceaccounts/token", "TokenRequest", True)]


def service(name, port=80, app="hub"):
    return {
        "kind": "Service", "apiVersion": "v1", "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"app.kubeshark.com/app": app}, "type": "ClusterIP",
            "ports": [{"port": port, "protocol": "TCP", "targetPort": 8080}]}}


def pod(name, app="hub", ready=True, phase="Running", waiting=None):
    status = {
        "phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [{"name": app, "ready": ready, "state": {"running": {}}}]}
    if waiting:
        status["containerStatuses"][0]["state"] = {"waiting": waiting}
    return {
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": "default", "labels": {
            "app.kubernetes.io/name": "kubeshark", "app.kubeshark.com/app": app}},
        "spec": {"nodeName": "node-1", "containers": [
            {"name": app, "ports": [{"containerPort": 8080}]}]},
        "status": status}


class Cluster:
    """What the API server knows; tests change it while it runs."""

    def __init__(self, folder):
        self.namespaces = {"default", "kube-system"}
        self.services = []
        self.pods = []
        self.forbidden = set()
        # Where the pods' port 8080 leads; None when nobody listens.
        self.backend = None
        self.tokens = []
        self.token_seconds = 3600
        self.requests = []
        self.tunnels = []
        self.folder = folder
        cluster = self

        class Bound(Handler):
            pass

        Bound.cluster = cluster
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.kubeconfig = self.write_kubeconfig("config")

    def write_kubeconfig(self, name, **more):
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}], **more}
        path = self.folder / name
        path.write_text(json.dumps(config))
        return str(path)

    @property
    def env(self):
        """No settings of the machine's, and caches of its own."""
        return {"HOME": str(self.folder), "KUBECONFIG": "", "HTTP_PROXY": "", "HTTPS_PROXY": ""}

    def install(self, backend, namespace="default"):
        self.services = [service("kubeshark-front"), service("kubeshark-hub")]
        self.pods = [pod("kubeshark-hub-1")]
        for one in self.services + self.pods:
            one["metadata"]["namespace"] = namespace
        self.backend = backend

    def cut(self):
        """Ends all forwards, as when a pod goes."""
        for tunnel in self.tunnels:
            try:
                tunnel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.tunnels = []

    def stop(self):
        self.cut()
        self.server.shutdown()
        self.server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster = None

    def log_message(self, *_):
        pass

    def send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, code, reason, message):
        self.send(code, {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
            "code": code, "message": message})

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.cluster.requests.append((self.command, self.path))
        parts = url.path.strip("/").split("/")
        if url.path == "/api":
            self.send(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif url.path == "/apis":
            self.send(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
        elif url.path == "/api/v1":
            self.send(200, {
                "kind": "APIResourceList", "groupVersion": "v1", "resources": [
                    {"name": name, "singularName": "", "kind": kind, "namespaced": namespaced,
                     "verbs": ["get", "list", "create", "watch"]}
                    for name, kind, namespaced in RESOURCES]})
        elif parts[:3] == ["api", "v1", "namespaces"] and len(parts) > 3:
            self.object(parts[3], *parts[4:], query=query, body=body)
        else:
            self.refuse(404, "NotFound", "the server could not find the requested resource")

    do_POST = do_GET

    def object(self, namespace, resource=None, name=None, sub=None, query=None, body=b""):
        cluster = self.cluster
        if resource is None:
            if "namespaces" in cluster.forbidden:
                return self.forbid("get", "namespaces", namespace)
            if namespace not in cluster.namespaces:
                return self.refuse(404, "NotFound", f'namespaces "{namespace}" not found')
            return self.send(200, {
                "kind": "Namespace", "apiVersion": "v1", "metadata": {"name": namespace}})
        if resource in cluster.forbidden or f"{resource}/{sub}" in cluster.forbidden:
            return self.forbid("get", resource, name or "")
        if sub == "portforward":
            return self.forward()
        if sub == "token":
            return self.token(name, body)
        found = {"services": cluster.services, "pods": cluster.pods}.get(resource, [])
        found = [one for one in found if one["metadata"]["namespace"] == namespace]
        if name:
            for one in found:
                if one["metadata"]["name"] == name:
                    return self.send(200, one)
            return self.refuse(404, "NotFound", f'{resource} "{name}" not found')
        wanted = [pair.split("=", 1) for pair in query.get("labelSelector", "").split(",") if pair]
        found = [one for one in found if all(
            one["metadata"].get("labels", {}).get(key) == value for key, value in wanted)]
        if query.get("watch"):
            return self.watch()
        kind = {"services": "ServiceList", "pods": "PodList", "events": "EventList"}.get(
            resource, "List")
        self.send(200, {
            "kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"},
            "items": found})

    def forbid(self, verb, resource, name):
        self.refuse(403, "Forbidden", (
            f'{resource} "{name}" is forbidden: User "test" cannot {verb} resource "{resource}" '
            'in API group "" in the namespace "default"'))

    def watch(self):
        """Nothing ever happens; the client ends it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.flush()
        self.connection.recv(1)
        self.close_connection = True

    def token(self, account, body):
        # JSON from some kubectl, protocol buffers from others; both hold the audience as it is.
        audience = "kubeshark-hub" if b"kubeshark-hub" in body else ""
        token = f"token-{len(self.cluster.tokens) + 1}"
        self.cluster.tokens.append((account, audience, token))
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=self.cluster.token_seconds)
        self.send(201, {
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": account}, "spec": {"audiences": [audience]}, "status": {
                "token": token, "expirationTimestamp": end.strftime("%Y-%m-%dT%H:%M:%SZ")}})

    # Forwarding

    def forward(self):
        self.close_connection = True
        self.cluster.tunnels.append(self.connection)
        upgrade = self.headers.get("Upgrade", "").lower()
        if upgrade == "websocket":
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            assert TUNNEL in self.headers["Sec-WebSocket-Protocol"]
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Protocol", TUNNEL)
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.send_header("Sec-WebSocket-Accept", accept)
            self.end_headers()
            tunnel = WebSocketBytes(self.rfile, self.connection)
        else:
            assert upgrade == "spdy/3.1", upgrade
            self.send_response(101)
            self.send_header("Upgrade", "SPDY/3.1")
            self.send_header("Connection", "Upgrade")
            self.send_header("X-Stream-Protocol-Version", PROTOCOL)
            self.end_headers()
            tunnel = PlainBytes(self.rfile, self.connection)
        pairs = {}

        def opened(stream):
            number = stream.headers["requestid"]
            pair = pairs.setdefault(number, {})
            pair[stream.headers["streamtype"]] = stream
            if len(pair) == 2:
                Relay(pairs.pop(number), self.cluster.backend)

        try:
            spdy.Connection(tunnel.read, tunnel.write, opened).serve()
        except (EOFError, OSError):
            pass


class Relay:
    """One connection through a forward to the pod's port."""

    def __init__(self, pair, backend):
        self.data, self.error = pair["data"], pair["error"]
        try:
            if backend is None:
                raise ConnectionRefusedError("connect: connection refused")
            self.socket = socket.create_connection(backend)
        except OSError as error:
            self.error.send(f"an error occurred forwarding 8080 -> 8080: {error}".encode())
            self.error.close()
            self.data.close()
            return
        self.data.received = self.send
        threading.Thread(target=self.pump, daemon=True).start()

    def send(self, data):
        try:
            if data is None:
                self.socket.shutdown(socket.SHUT_WR)
            else:
                self.socket.sendall(data)
        except OSError:
            pass

    def pump(self):
        try:
            while data := self.socket.recv(64 << 10):
                self.data.send(data)
            self.data.close()
            self.error.close()
        except OSError:
            pass
        finally:
            self.socket.close()


class PlainBytes:
    def __init__(self, reading, connection):
        self.reading, self.connection = reading, connection

    def read(self, count):
        data = self.reading.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def write(self, data):
        self.connection.sendall(data)


class WebSocketBytes(PlainBytes):
    """The bytes inside binary messages (RFC 6455)."""

    def __init__(self, reading, connection):
        super().__init__(reading, connection)
        self.waiting = b""
        self.lock = threading.Lock()

    def read(self, count):
        while len(self.waiting) < count:
            self.waiting += self._message()
        data, self.waiting = self.waiting[:count], self.waiting[count:]
        return data

    def _message(self):
        first, second = super().read(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", super().read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", super().read(8))[0]
        assert second & 0x80, "clients mask"
        mask = super().read(4)
        body = super().read(length)
        repeated = (mask * (length // 4 + 1))[:length]
        body = (int.from_bytes(body, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
            length, "big")
        code = first & 0xF
        if code == 8:
            raise EOFError
        if code == 9:
            self._send(10, body)
        return body if code in (0, 2) else b""

    def write(self, data):
        self._send(2, data)

    def _send(self, code, data):
        head = bytes([0x80 | code])
        if len(data) < 126:
            head += bytes([len(data)])
        elif len(data) < 65_536:
            head += struct.pack(">BH", 126, len(data))
        else:
            head += struct.pack(">BQ", 127, len(data))
        with self.lock:
            self.connection.sendall(head + data)


def kubectls():
    """Every kubectl worth a test: the one on the PATH, and KUBECTLS, a list of further ones."""
    found = [shutil.which("kubectl"), *os.environ.get("KUBECTLS", "").split(":")]
    return [path for path in found if path]


def children(marker):
    """Processes of kubectl with that text in their environment."""
    found = []
    for number in os.listdir("/proc"):
        if not number.isdigit():
            continue
        try:
            with open(f"/proc/{number}/environ", "rb") as file:
                if marker.encode() not in file.read():
                    continue
            with open(f"/proc/{number}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"kubectl" in os.path.basename(words[0]):
            found.append((int(number), [word.decode() for word in words]))
    return found
