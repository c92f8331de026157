"""A small Kubernetes API server, enough for the real kubectl: discovery, objects and server-side
apply, logs, tokens, and forwarding ports over SPDY or through WebSockets, as that kubectl asks for."""

import base64
import datetime
import hashlib
import http.server
import json
import os
import re
import shutil
import socket
import struct
import threading
import time
import urllib.parse

import spdy
from objects import KINDS, Objects, Refused, pod

PROTOCOL = "portforward.k8s.io"
TUNNEL = "SPDY/3.1+" + PROTOCOL
SUBRESOURCES = [
    ("pods/portforward", "PodPortForwardOptions", True), ("pods/log", "Pod", True),
    ("serviceaccounts/token", "TokenRequest", True)]
VERBS = ["get", "list", "create", "update", "patch", "delete", "watch"]


def service(name, port=80, app="hub"):
    return {
        "kind": "Service", "apiVersion": "v1", "metadata": {
            "name": name, "namespace": "default", "labels": {"app.kubernetes.io/name": "kubeshark"}},
        "spec": {
            "selector": {"app.kubeshark.com/app": app}, "type": "ClusterIP",
            "ports": [{"port": port, "protocol": "TCP", "targetPort": 8080}]}}


class Cluster(Objects):
    """The server and what it knows; tests change it while it runs."""

    def __init__(self, folder):
        super().__init__()
        # Resources that may not be used, or single verbs of them: `pods`, `patch clusterroles`.
        self.forbidden = set()
        # What pods have printed.
        self.logs = {}
        # Where the pods' port 8080 leads; None when nobody listens.
        self.backend = None
        self.tokens = []
        self.token_seconds = 3600
        # How old single objects of a resource are when they arrive, in seconds, and which were.
        self.slow = {}
        self.slowed = []
        # What it says of itself.
        self.version = {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
        # Seconds by which its clock is ahead.
        self.clock = 0
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

    @property
    def services(self):
        return self.of("services")

    @services.setter
    def services(self, new):
        self.kept["services"] = list(new)

    @property
    def pods(self):
        return self.of("pods")

    @pods.setter
    def pods(self, new):
        self.kept["pods"] = list(new)

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


def field(number, value):
    """A field of a protocol buffer that holds bytes, of which there are fewer than 16,384."""
    value = value.encode() if isinstance(value, str) else value
    size = bytes([len(value)]) if len(value) < 128 else bytes(
        [len(value) & 0x7F | 0x80, len(value) >> 7])
    return bytes([number << 3 | 2]) + size + value


def openapi():
    """That every kind can be patched with `dryRun`, as a Document of OpenAPI v2 in gnostic's protocol
    buffers; kubectl before 1.27 looks there."""
    # Parameter, NonBodyParameter, QueryParameterSubSchema, its name.
    parameter = field(1, field(2, field(3, field(4, "dryRun"))))
    paths = b""
    for version, resource, kind, _ in KINDS:
        group, _, number = version.rpartition("/")
        says = json.dumps({"group": group, "version": number, "kind": kind})
        extension = field(1, "x-kubernetes-group-version-kind") + field(2, field(2, says))
        operation = field(8, parameter) + field(13, extension)
        paths += field(2, field(1, f"/{version}/{resource}") + field(2, field(8, operation)))
    return field(1, "2.0") + field(2, field(1, "test") + field(2, "1")) + field(8, paths)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster = None

    def log_message(self, *_):
        pass

    def send(self, status, body):
        self.send_bytes("application/json", json.dumps(body).encode(), status)

    def send_bytes(self, kind, data, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
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
        try:
            self.route(url.path, query, body)
        except Refused as refused:
            self.refuse(refused.code, refused.reason, refused.message)

    do_POST = do_PATCH = do_DELETE = do_GET

    def route(self, path, query, body):
        parts = path.strip("/").split("/")
        versions = sorted({version for version, *_ in KINDS if "/" in version})
        if path == "/api":
            return self.send(200, {"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return self.send(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": one.split("/")[0], "preferredVersion": self.version(one),
                 "versions": [self.version(one)]} for one in versions]})
        if path == "/openapi/v2":
            return self.send_bytes("application/octet-stream", openapi())
        if path == "/version":
            return self.send(200, self.cluster.version)
        version, rest = "", []
        if parts[0] == "api":
            version, rest = parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 2:
            version, rest = "/".join(parts[1:3]), parts[3:]
        if version not in {one for one, *_ in KINDS}:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        if not rest:
            return self.send(200, self.discovery(version))
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        self.object(namespace, *rest, query=query, body=body)

    @staticmethod
    def version(text):
        return {"groupVersion": text, "version": text.split("/")[-1]}

    @staticmethod
    def discovery(version):
        found = [(name, kind, namespaced) for one, name, kind, namespaced in KINDS
                 if one == version]
        return {"kind": "APIResourceList", "groupVersion": version, "resources": [
            {"name": name, "singularName": "", "kind": kind, "namespaced": namespaced,
             "verbs": VERBS}
            for name, kind, namespaced in found + (SUBRESOURCES if version == "v1" else [])]}

    def object(self, namespace, resource, name=None, sub=None, query=None, body=b""):
        cluster = self.cluster
        verb = {"GET": "get" if name else "list", "PATCH": "patch", "POST": "create",
                "DELETE": "delete"}[self.command]
        asked = f"{resource}/{sub}" if sub else resource
        if {resource, asked, f"{verb} {resource}", f"{verb} {resource} {namespace}"} & (
                cluster.forbidden):
            return self.forbid(verb, resource, name or "")
        if cluster.hiccups and verb == "list" and resource == "pods":
            cluster.hiccups -= 1
            raise Refused(503, "ServiceUnavailable", "the apiserver is shutting down")
        if sub == "portforward":
            return self.forward()
        if sub == "token":
            return self.token(name, body)
        if sub == "log":
            return self.log(name, query)
        if self.command == "PATCH":
            assert self.headers["Content-Type"] == "application/apply-patch+yaml"
            new, made = cluster.apply(
                resource, namespace, name, json.loads(body), query.get("fieldManager"),
                query.get("dryRun") == "All")
            return self.send(201 if made else 200, new)
        if self.command == "DELETE":
            return self.send(200, cluster.delete(resource, namespace, name))
        if name:
            found = cluster.find(resource, namespace, name)
            if resource in cluster.slow:
                cluster.slowed.append(name)
                time.sleep(cluster.slow[resource])
            if not found:
                raise Refused(404, "NotFound", f'{resource} "{name}" not found')
            return self.send(200, cluster.shown(found))
        wanted = [pair.split("=", 1) for pair in query.get("labelSelector", "").split(",") if pair]
        fields = [re.split("(!?=)", pair, maxsplit=1)
                  for pair in query.get("fieldSelector", "").split(",") if pair]
        if query.get("watch"):
            return self.watch()
        kind = next(kind for _, one, kind, _ in KINDS if one == resource)
        items = [one for one in cluster.listed(resource, namespace, wanted) if all(
            (one.get(name) == value) == (sign == "=") for name, sign, value in fields)]
        self.send(200, {
            "kind": kind + "List",
            "apiVersion": next(version for version, one, _, _ in KINDS if one == resource),
            "metadata": {"resourceVersion": "1"}, "items": items})

    def log(self, name, query):
        key = name + (".previous" if query.get("previous") == "true" else "")
        if key not in self.cluster.logs:
            raise Refused(400, "BadRequest", f"previous terminated container in {name} not found")
        # A kubelet begins so many lines before the end, and ends after so many bytes.
        lines = self.cluster.logs[key].encode().splitlines(keepends=True)
        lines = lines[-int(query.get("tailLines", len(lines) or 1)):]
        self.send_bytes("text/plain", b"".join(lines)[:int(query.get("limitBytes", 1 << 30))])

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
            seconds=self.cluster.token_seconds + self.cluster.clock)
        self.send(201, {
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": account}, "spec": {
                "audiences": [audience], "expirationSeconds": self.cluster.token_seconds}, "status": {
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
