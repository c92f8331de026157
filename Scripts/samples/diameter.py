"""A gateway and a policy server that talk through a Diameter relay: what make-protocol-samples captures.

Usage: diameter.py RELAY
"""

import socket
import struct
import sys
import threading

GX = 16777238
THREE_GPP = 10415


def avp(code, value, vendor=None):
    if isinstance(value, int):
        value = struct.pack(">I", value)
    elif isinstance(value, str):
        value = value.encode()
    head = struct.pack(">II", code, (0xC0 if vendor else 0x40) << 24 | len(value) + (12 if vendor else 8))
    return head + (struct.pack(">I", vendor) if vendor else b"") + value + bytes(-len(value) % 4)


class Peer:
    """One peer of the relay: what it asks, and how it answers."""

    def __init__(self, name, relay):
        self.name, self.number, self.answers = name, 0, []
        self.socket = socket.create_connection((relay, 3868))
        self.own = avp(264, name) + avp(296, "example")
        self.ready = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()
        self.ask(257, 0, self.own + avp(257, b"\0\1" + socket.inet_aton(self.socket.getsockname()[0]))
                 + avp(266, 0) + avp(269, "sample")
                 + avp(260, avp(266, THREE_GPP) + avp(258, GX)))

    def send(self, flags, command, application, hop, end, avps):
        self.socket.sendall(struct.pack(
            ">IIIII", 1 << 24 | len(avps) + 20, flags << 24 | command, application, hop, end) + avps)

    def ask(self, command, application, avps, flags=0x80):
        """Sends a request and waits for its answer."""
        with self.ready:
            self.number += 1
            self.send(flags, command, application, self.number, self.number, avps)
            count = len(self.answers)
            if not self.ready.wait_for(lambda: len(self.answers) > count, timeout=10):
                sys.exit(f"diameter.py: {self.name}: no answer to {command}")

    def listen(self):
        while head := self.read(20):
            length, command, application, hop, end = struct.unpack(">IIIII", head)
            body = self.read((length & 0xFFFFFF) - 20)
            if command >> 31:
                self.answer(command & 0xFFFFFF, application, hop, end, body)
            else:
                with self.ready:
                    self.answers.append(command & 0xFFFFFF)
                    self.ready.notify()

    def read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                return b""
            data += more
        return data

    def answer(self, command, application, hop, end, body):
        session = body[body.find(b"gateway.example;"):][:18] if b"gateway.example;" in body else None
        result = 2001
        if avp(416, 2) in body:
            result = 4012
        said = (avp(263, session) if session else b"") + avp(268, result) + self.own
        if command == 272:
            said += avp(258, GX) + body[body.find(avp(416, 1)[:4]):][:24]
        self.send(0x40 if command in (272, 258) else 0, command, application, hop, end, said)


def main(relay):
    policy, gateway = Peer("policy.example", relay), Peer("gateway.example", relay)
    session = avp(263, "gateway.example;1;")

    def credit(kind, realm="example", more=b""):
        gateway.ask(272, GX, session + gateway.own + avp(283, realm) + avp(258, GX) + avp(416, kind)
                    + avp(415, kind - 1) + more, flags=0xC0)

    credit(1, more=avp(443, avp(450, 1) + avp(444, "001010000000001")) + avp(8, socket.inet_aton("10.45.0.2"))
           + avp(1032, 1004, THREE_GPP))
    credit(2, more=avp(446, avp(421, struct.pack(">Q", 123456))))
    policy.ask(258, GX, session + policy.own + avp(293, "gateway.example") + avp(283, "example")
               + avp(258, GX) + avp(285, 0), flags=0xC0)
    credit(3, realm="nowhere.example", more=avp(295, 1))
    gateway.ask(280, 0, gateway.own)
    gateway.ask(282, 0, gateway.own + avp(273, 0))
    policy.ask(282, 0, policy.own + avp(273, 0))


main(sys.argv[1])
