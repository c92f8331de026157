"""The part of a Kubernetes API server that lists and watches, as its documentation describes it
(API Concepts): pages, resource versions, chunked events, bookmarks, 410 Gone. Over TLS, for those
who show the token that is in a file now.

Run as: watchapi.py PORT CERTIFICATE KEY TOKEN_FILE. Objects are put and removed by POST /control.
"""

import http.server
import json
import ssl
import sys
import threading
import urllib.parse

LISTS = {
    ("api", "v1", "pods"): "Pod", ("api", "v1", "services"): "Service",
    ("apis", "discovery.k8s.io", "v1", "endpointslices"): "EndpointSlice"}


class Objects:
    """What is in the cluster, and what happened to it since the oldest version still known."""

    def __init__(self):
        self.changed = threading.Condition()
        self.version, self.oldest = 100, 100
        self.objects = {}
        self.events = []
        self.forbidden = []
        self.breaks = False
        self.watches, self.lists, self.requests, self.timeouts = 0, 0, [], []
        self.generation = 0

    def put(self, thing):
        key = (thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        thing["metadata"].setdefault("uid", "/".join(key))
        self.events.append(
            (self.version, "MODIFIED" if key in self.objects else "ADDED", thing))
        self.objects[key] = thing

    def remove(self, kind, namespace, name):
        self.version += 1
        thing = json.loads(json.dumps(self.objects.pop((kind, namespace, name))))
        thing["metadata"]["resourceVersion"] = str(self.version)
        self.events.append((self.version, "DELETED", thing))

    def control(self, order):
        with self.changed:
            for thing in order.get("put", []):
                self.put(thing)
            for place in order.get("remove", []):
                self.remove(*place)
            self.forbidden = order.get("forbid", self.forbidden)
            # What is cut ends in the middle, as by a balancer.
            self.breaks = order.get("breaks", self.breaks)
            if order.get("forget"):
                # As when etcd was compacted: older versions cannot be watched from any more.
                self.version += 10
                self.oldest, self.events = self.version, []
            if order.get("cut"):
                self.generation += 1
            self.changed.notify_all()
            return {"watches": self.watches, "lists": self.lists, "requests": self.requests,
                    "timeouts": self.timeouts}


objects = Objects()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

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
        self.send(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure",
                         "reason": reason, "code": code, "message": message})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send(200, objects.control(json.loads(body)))

    def do_GET(self):
        with open(sys.argv[4]) as file:
            if self.headers.get("Authorization") != "Bearer " + file.read().strip():
                return self.refuse(401, "Unauthorized", "Unauthorized")
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts, namespace = url.path.strip("/").split("/"), None
        objects.requests.append(url.path + ("?watch" if query.get("watch") else ""))
        if "namespaces" in parts:
            at = parts.index("namespaces")
            namespace = parts[at + 1]
            del parts[at:at + 2]
        kind = LISTS.get(tuple(parts))
        if kind is None:
            return self.refuse(404, "NotFound", "the server could not find the requested resource")
        if {parts[-1], f"namespace {namespace}"} & set(objects.forbidden):
            return self.refuse(403, "Forbidden", f'{parts[-1]} is forbidden: User "agent" cannot '
                               f'list resource "{parts[-1]}" in API group ""')

        def wanted(thing):
            return thing["kind"] == kind and namespace in (None, thing["metadata"]["namespace"])

        if query.get("watch"):
            self.watch(query, wanted, kind)
        else:
            self.list(query, wanted, kind)

    def list(self, query, wanted, kind):
        with objects.changed:
            objects.lists += 1
            found = [json.loads(json.dumps(one)) for key, one in sorted(objects.objects.items())
                     if wanted(one)]
            version = objects.version
        for one in found:
            del one["kind"]
        start = int(query.get("continue", "0").split("+")[0])
        page = min(int(query.get("limit", "500")), 3)
        metadata = {"resourceVersion": str(version)}
        if start + page < len(found):
            metadata["continue"] = f"{start + page}+/="
            metadata["remainingItemCount"] = len(found) - start - page
        self.send(200, {"kind": kind + "List", "apiVersion": "v1", "metadata": metadata,
                        "items": found[start:start + page]})

    def watch(self, query, wanted, kind):
        since = int(query["resourceVersion"])
        objects.timeouts.append(int(query["timeoutSeconds"]))
        generation = objects.generation
        if since < objects.oldest and objects.watches % 2:
            return self.refuse(410, "Expired", "too old resource version")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        objects.watches += 1
        try:
            while objects.generation == generation:
                with objects.changed:
                    if since < objects.oldest:
                        self.event("ERROR", {
                            "kind": "Status", "code": 410, "reason": "Expired",
                            "message": "too old resource version"})
                        break
                    news = [event for event in objects.events if event[0] > since]
                    since = objects.version
                    for _, what, thing in news:
                        if wanted(thing):
                            self.event(what, thing)
                    if not news and query.get("allowWatchBookmarks"):
                        self.event("BOOKMARK", {
                            "kind": kind, "metadata": {"resourceVersion": str(since)}})
                    objects.changed.wait(1)
            if objects.breaks:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def event(self, what, thing):
        """One event, cut in two in the middle of a line, as a network may."""
        line = json.dumps({"type": what, "object": thing}).encode() + b"\n"
        for piece in (line[:len(line) // 2], line[len(line) // 2:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()


def main():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
