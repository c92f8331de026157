#!/usr/bin/env python3
"""The programs of the sample shop: three services, their load, and a talkative resolver.

    shop.py frontend|orders|payment     serve until SIGTERM
    shop.py load                        play the customers, one request after the other
    shop.py lookups SERVER              ask a name server all kinds of questions

Only the standard library; run by Scripts/make-samples inside network namespaces. Whatever looks
random comes from fixed seeds, so every run sends the same requests in the same order. Every
credential below is made up.
"""

import gzip
import hashlib
import http.client
import http.server
import json
import random
import signal
import socket
import struct
import sys
import threading
import time

REDIS_PASSWORD = "fake-redis-password"
PRODUCTS = [
    {"id": number, "name": name, "price": price, "stock": 3 * number}
    for number, (name, price) in enumerate(
        [
            ("Teapot", 24.5), ("Kettle", 39.0), ("Cup and saucer", 9.75), ("Milk jug", 12.0),
            ("Sugar bowl", 8.25), ("Tea strainer", 6.4), ("Tray", 18.9), ("Cosy", 14.2),
        ],
        start=1,
    )
]


def child_trace(traceparent, hop):
    """The same trace with the span id of the next hop (W3C Trace Context, section 3.2)."""
    version, trace, span, flags = traceparent.split("-")
    span = hashlib.sha256((span + hop).encode()).hexdigest()[:16]
    return f"{version}-{trace}-{span}-{flags}"


class Upstream:
    """A kept-alive HTTP connection to one service, reopened after some requests."""

    def __init__(self, host, port, requests_per_connection=6):
        self.host, self.port, self.limit = host, port, requests_per_connection
        self.connection, self.used, self.lock = None, 0, threading.Lock()

    def call(self, method, path, incoming, hop, body=None):
        """Status and JSON of the answer; forwards the correlation headers of `incoming`."""
        headers = {"Accept": "application/json", "User-Agent": f"{hop}/1.4"}
        for name in ("X-Request-Id", "traceparent"):
            if incoming.get(name):
                headers[name] = incoming[name]
        if "traceparent" in headers:
            headers["traceparent"] = child_trace(headers["traceparent"], hop)
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        with self.lock:
            if self.connection is None or self.used == self.limit:
                self.close()
                self.connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
                self.used = 0
            self.used += 1
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Service(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive; a subclass answers in `route(path)`."""

    protocol_version = "HTTP/1.1"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_one(self):
        path = self.path.partition("?")[0]
        length = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(length)) if length else None
        self.route(path)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_one

    def answer(self, status, value=None, headers=(), content_type="application/json"):
        body = b""
        if isinstance(value, str):
            body = value.encode()
        elif value is not None:
            body = json.dumps(value).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", content_type)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_chunked(self, parts, content_type):
        """An answer of unknown length, a chunk for each part (RFC 9112, section 7.1)."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            part = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
            time.sleep(0.015)
        self.wfile.write(b"0\r\n\r\n")

    def end_headers(self):
        if self.headers.get("X-Request-Id"):
            self.send_header("X-Request-Id", self.headers["X-Request-Id"])
        super().end_headers()

    def log_message(self, *_):
        pass


class Frontend(Service):
    """Pages, sessions and accounts. Asks the orders service for what it shows."""

    server_version = "frontend/1.4"
    orders = Upstream("orders", 8080)

    def route(self, path):
        if path == "/":
            _, products = self.orders.call("GET", "/api/products", self.headers, "frontend")
            rows = [f"<li>{p['name']}: {p['price']:.2f} EUR</li>\n" for p in products["products"]]
            page = ["<!doctype html>\n<title>Tea shop</title>\n<h1>Tea shop</h1>\n<ul>\n"]
            self.send_chunked(page + rows + ["</ul>\n"], "text/html; charset=utf-8")
        elif path == "/api/login":
            if self.body.get("password") == "not-a-real-password":
                session = "session=fake-session-0001; Path=/; HttpOnly; SameSite=Lax"
                self.answer(200, {"user": self.body["username"]}, [("Set-Cookie", session)])
            else:
                self.answer(401, {"error": "wrong user name or password"})
        elif path == "/api/account":
            if self.headers.get("Authorization") or self.headers.get("Cookie"):
                account = {"user": "ada@example.com", "loyalty": "gold", "orders": [1001, 1003]}
                self.answer(200, account)
            else:
                self.answer(401, {"error": "sign in first"}, [("WWW-Authenticate", "Bearer")])
        elif path == "/style.css":
            etag = '"tea-7"'
            if self.headers.get("If-None-Match") == etag:
                self.answer(304, headers=[("ETag", etag)])
            else:
                css = "h1 { font-family: serif }\nli { list-style: square }\n"
                self.answer(200, css, [("ETag", etag)], "text/css")
        elif path == "/reset":
            self.answer(302, headers=[("Location", "/")])
        else:
            self.answer(404, {"error": "no such page"})


class Orders(Service):
    """Products and orders; hands checkouts to the payment service."""

    server_version = "orders/2.1"
    payment = Upstream("payment-service.payments", 8080)
    deleted = set()

    def route(self, path):
        if path == "/api/products":
            self.products()
        elif path == "/api/checkout":
            self.checkout()
        elif path.startswith("/api/orders/"):
            self.order(path.split("/")[3], path.endswith("/note"))
        else:
            self.answer(404, {"error": "no such resource"})

    def products(self):
        answer = {"products": PRODUCTS}
        if "recommended=" in self.path:
            try:
                Upstream("recommendations", 9090).call("GET", "/top", self.headers, "orders")
            except OSError as problem:
                answer["recommended"] = []
                answer["notice"] = f"recommendations: {problem.strerror or problem}"
        self.answer(200, answer)

    def order(self, number, is_note):
        if not number.isdigit() or not 1001 <= int(number) <= 1049 or number in self.deleted:
            self.answer(404, {"error": f"no order {number}"})
        elif self.command == "DELETE":
            self.deleted.add(number)
            self.answer(204)
        elif is_note:
            self.answer(200, {"order": int(number), "note": self.body["note"]})
        elif number == "1013":
            self.answer(500, {"error": "order 1013 cannot be read: unexpected end of record"})
        else:
            if number == "1042":
                time.sleep(1.2)
            lines = [PRODUCTS[int(number) * step % 8] for step in (1, 3, 5)]
            self.answer(
                200,
                {
                    "order": int(number),
                    "state": "shipped",
                    "lines": lines,
                    "total": sum(line["price"] for line in lines),
                },
            )

    def checkout(self):
        order = {**self.body, "amount": sum(PRODUCTS[i - 1]["price"] for i in self.body["items"])}
        status, answer = self.payment.call(
            "POST", "/api/checkout", self.headers, "orders", order
        )
        if status == 201:
            self.answer(201, {"order": self.body["order"], "receipt": answer["receipt"]})
        else:
            self.answer(502, {"error": "payment failed", "cause": answer["error"]})


class Redis:
    """Just enough of RESP2 to talk to a real server."""

    def __init__(self, host, port=6379):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        return self.pipeline(words)[0]

    def pipeline(self, *commands):
        """Sends all commands in one write; gives their answers in order."""
        out = b""
        for words in commands:
            out += b"*%d\r\n" % len(words)
            for word in words:
                word = str(word).encode()
                out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        raise OSError(f"unexpected reply {line!r}")

    def close(self):
        self.file.close()
        self.socket.close()


class Payment(Service):
    """Charges cards, remembers payments in Redis; some customers' banks are in trouble."""

    server_version = "payment/0.9"
    lock = threading.Lock()
    redis = None
    charges = 0

    def route(self, path):
        if path != "/api/checkout":
            self.answer(404, {"error": "no such resource"})
            return
        with self.lock:
            self.checkout(self.body)

    def checkout(self, order):
        if Payment.charges % 5 == 0:
            self.reconnect()
        Payment.charges += 1
        redis, key = self.redis, f"payment:{order['order']}"
        redis.call("GET", key)
        redis.pipeline(
            ("HSET", key, "amount", f"{order['amount']:.2f}", "customer", order["customer"]),
            ("EXPIRE", key, 3600),
            ("INCR", "payments:attempts"),
        )
        bank = order["customer"].rpartition("@")[2]
        if bank == "slow-bank.example":
            time.sleep(2.338)
            self.answer(500, {"error": "bank did not answer within 2338 ms"})
        elif bank == "broken-bank.example":
            problem = redis.call("LPUSH", key, "retry")
            self.answer(500, {"error": f"charge was not recorded: {problem}"})
        else:
            time.sleep(0.9 if bank == "careful-bank.example" else 0.02)
            receipt = f"R-{order['order']}"
            redis.pipeline(("MULTI",), ("HSET", key, "receipt", receipt),
                           ("LPUSH", "payments:done", key), ("EXEC",))
            self.answer(201, {"receipt": receipt})

    @classmethod
    def reconnect(cls):
        if cls.redis is not None:
            cls.redis.close()
        cls.redis = Redis("redis")
        cls.redis.call("AUTH", REDIS_PASSWORD)
        cls.redis.call("PING")


def serve(handler, address, port):
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server((address, port), handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever(poll_interval=0.1)


# The customers


class Customer:
    """One browser: one address, one kept-alive connection, its own trace of random ids."""

    def __init__(self, address, agent, seed):
        self.random = random.Random(seed)
        self.agent = agent
        self.connection = http.client.HTTPConnection(
            "10.244.1.11", 80, timeout=20, source_address=(address, 0)
        )

    def send(self, number, method, path, body=None, headers=()):
        trace, span = self.random.getrandbits(128), self.random.getrandbits(64)
        out = {
            "Host": "shop.example.com",
            "User-Agent": self.agent,
            "Accept-Encoding": "gzip",
            "X-Request-Id": f"req-{number:04d}",
            "traceparent": f"00-{trace:032x}-{span:016x}-01",
        }
        if body is not None:
            out["Content-Type"] = "application/json"
            body = json.dumps(body)
        out.update(headers)
        if out.get("Expect"):
            return self.send_patiently(method, path, body, out)
        self.connection.request(method, path, body, out)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return answer.status, content

    def send_patiently(self, method, path, body, headers):
        """Waits for 100 Continue before the body (RFC 9110, section 10.1.1)."""
        connection = self.connection
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, text in headers.items():
            connection.putheader(name, text)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        interim = b""
        while b"\r\n\r\n" not in interim:
            interim += connection.sock.recv(1)
        connection.send(body.encode())
        answer = connection.getresponse()
        return answer.status, answer.read()


def requests():
    """What the customers ask for, in order: (method, path, body, headers, expected status)."""
    card = {"number": "4111111111111111", "cvc": "000", "holder": "A Customer"}
    banks = ["good.example"] * 9 + ["careful-bank.example"] * 3
    banks += ["slow-bank.example"] * 3 + ["broken-bank.example"] * 5
    list_ = []
    for index, bank in enumerate(banks):
        order = 2001 + index
        body = {
            "order": order,
            "items": [1 + order % 8, 1 + order % 5],
            "customer": f"customer{index + 1}@{bank}",
            "card": card,
        }
        good = bank in ("good.example", "careful-bank.example")
        list_.append(("POST", "/api/checkout", body, {}, 201 if good else 502))
    list_ += [("GET", "/", None, {}, 200)] * 8
    list_ += [("GET", "/api/products", None, {}, 200)] * 12
    list_ += [("GET", "/api/products", None, {"Accept-Encoding": "identity"}, 200)] * 3
    list_ += [("GET", "/api/products?recommended=3", None, {}, 200)] * 2
    list_ += [("GET", f"/api/orders/{1001 + n}", None, {}, 200) for n in range(10)]
    list_ += [("GET", f"/api/orders/{1021 + n}", None, {}, 200) for n in range(6)]
    list_ += [("GET", "/api/orders/1042", None, {}, 200)] * 2
    list_ += [("GET", "/api/orders/1013", None, {}, 500)] * 2
    list_ += [("GET", f"/api/orders/{9000 + n}", None, {}, 404) for n in range(4)]
    list_ += [("GET", "/favicon.ico", None, {}, 404)]
    list_ += [("GET", "/style.css", None, {}, 200)] * 2
    list_ += [("GET", "/style.css", None, {"If-None-Match": '"tea-7"'}, 304)] * 2
    random.Random(7).shuffle(list_)
    user = {"username": "ada@example.com"}
    token = "Bearer fake.bearer.token-for-demonstration-only"
    list_[20:20] = [
        ("POST", "/api/login", {**user, "password": "wrong-fake-password"}, {}, 401),
        ("POST", "/api/login", {**user, "password": "not-a-real-password"}, {}, 200),
        ("GET", "/api/account", None,
         {"Authorization": token, "Cookie": "session=fake-session-0001; theme=dark"}, 200),
        ("GET", "/api/account", None, {}, 401),
        ("GET", "/reset?user=ada&token=fake-reset-token", None, {}, 302),
    ]
    list_[40:40] = [
        ("HEAD", "/api/orders/1003", None, {}, 200),
        ("PUT", "/api/orders/1003/note", {"note": "Ring twice, please. " * 20},
         {"Expect": "100-continue"}, 200),
        ("DELETE", "/api/orders/1031", None, {}, 204),
    ]
    return list_


def load():
    agents = ["Mozilla/5.0 (X11; Linux x86_64) TeaBrowser/12.1", "TeaApp/3.2 (Android 16)",
              "curl/8.11.0"]
    addresses = ["198.51.100.23", "198.51.100.57", "203.0.113.140"]
    customers = {}
    for number, (method, path, body, headers, expected) in enumerate(requests(), start=1):
        who = number * 7 % 3
        if number % 14 == 1:
            for customer in customers.values():
                customer.connection.close()
            customers = {}
        if who not in customers:
            customers[who] = Customer(addresses[who], agents[who], seed=100 * number + who)
        began = time.monotonic()
        status, _ = customers[who].send(number, method, path, body, headers)
        took = 1000 * (time.monotonic() - began)
        print(f"{number:3} {method:6} {path:40} {status} {took:7.1f} ms", flush=True)
        if status != expected:
            sys.exit(f"request {number}: expected status {expected}, not {status}")
        time.sleep(0.12)
    for customer in customers.values():
        customer.connection.close()


# Questions to a name server


TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28,
         "SRV": 33, "ANY": 255}


def question(identifier, name, type_, payload_size=None):
    """A DNS query (RFC 1035, section 4.1), with EDNS when a payload size is given."""
    extra = 0 if payload_size is None else 1
    message = struct.pack("!6H", identifier, 0x0100, 1, 0, 0, extra)
    for label in name.rstrip(".").split("."):
        message += bytes([len(label)]) + label.encode()
    message += struct.pack("!BHH", 0, TYPES[type_], 1)
    if payload_size is not None:
        message += struct.pack("!BHHIH", 0, 41, payload_size, 0, 0)
    return message


def lookups(server):
    """About thirty questions over UDP, the truncated ones again over TCP."""
    identifiers = random.Random(53)
    shop = "shop.svc.cluster.local"
    list_ = [
        (f"orders.{shop}", "A", None), (f"orders.{shop}", "AAAA", None),
        (f"frontend.{shop}", "A", 1232), (f"gateway.{shop}", "A", 1232),
        ("redis.payments.svc.cluster.local", "AAAA", None),
        ("payment-service.payments.svc.cluster.local", "A", None),
        (f"_http._tcp.orders.{shop}", "SRV", 1232), (f"shop-alias.{shop}", "A", 1232),
        ("12.0.96.10.in-addr.arpa", "PTR", None), ("example.com", "MX", 1232),
        ("example.com", "TXT", None), ("long.example.com", "TXT", None),
        ("many.example.com", "A", None), ("many.example.com", "A", 1232),
        (f"inventory.{shop}", "A", None), (f"inventory.{shop}", "AAAA", None),
        ("orders.shop.svc.cluster.local.shop.svc.cluster.local", "A", None),
        ("www.example.org", "A", None), ("Orders.Shop.SVC.Cluster.Local", "A", None),
        ("*.wild.example.com", "A", None), ("deep.under.wild.example.com", "A", 1232),
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(2)
        udp.connect((server, 53))
        for name, type_, size in list_:
            message = question(identifiers.getrandbits(16), name, type_, size)
            udp.send(message)
            answer = udp.recv(4096)
            flags = struct.unpack("!H", answer[2:4])[0]
            print(f"{type_:5} {name:55} rcode {flags & 15}, {len(answer)} bytes", flush=True)
            if flags & 0x0200:
                with socket.create_connection((server, 53), timeout=2) as tcp:
                    tcp.sendall(struct.pack("!H", len(message)) + message)
                    print(f"      again over TCP: {len(tcp.recv(65536))} bytes", flush=True)
            time.sleep(0.02)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["frontend"]:
            serve(Frontend, "0.0.0.0", 3000)
        case ["orders"]:
            serve(Orders, "0.0.0.0", 8080)
        case ["payment"]:
            serve(Payment, "127.0.0.1", 9000)
        case ["load"]:
            load()
        case ["lookups", server]:
            lookups(server)
        case _:
            sys.exit(__doc__)
