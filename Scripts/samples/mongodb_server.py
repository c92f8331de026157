"""What stands in for a MongoDB server, which Debian has not: it keeps documents in memory and answers its
clients with the messages of the wire protocol (OP_QUERY for the first, OP_MSG, OP_COMPRESSED).

Usage: mongodb_server.py ADDRESS
"""

import socketserver
import struct
import sys
import zlib

import bson

OP_REPLY, OP_QUERY, OP_COMPRESSED, OP_MSG = 1, 2004, 2012, 2013
ZLIB = 2
collections = {}


def hello(command):
    said = {"ismaster": True, "isWritablePrimary": True, "maxBsonObjectSize": 1 << 24,
            "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0,
            "maxWireVersion": 9, "readOnly": False}
    return {**said, "compression": ["zlib"]} if "zlib" in command.get("compression", []) else said


def failure(code, name, message):
    return {"ok": 0.0, "errmsg": message, "code": code, "codeName": name}


def documents(command, name):
    return collections.setdefault(command[name], [])


def matches(document, wanted):
    return all(document.get(key, 0) > value["$gt"] if isinstance(value, dict)
               else document.get(key) == value for key, value in wanted.items())


def insert(command):
    kept, errors = documents(command, "insert"), []
    for number, document in enumerate(command["documents"]):
        if any(one["_id"] == document["_id"] for one in kept):
            errors.append({"index": number, "code": 11000, "errmsg": (
                f"E11000 duplicate key error collection: shop.{command['insert']} index: _id_ "
                f"dup key: {{ _id: {document['_id']} }}")})
            break
        kept.append(document)
    answer = {"n": len(command["documents"]) - len(errors)}
    return {**answer, "writeErrors": errors} if errors else answer


def batch(command, name, found):
    """The first documents, and a cursor for the rest."""
    size = command.get("batchSize", command.get("cursor", {}).get("batchSize", 101))
    cursors[7] = (command[name], found[size:])
    return {"cursor": {"firstBatch": found[:size], "id": bson.Int64(7 if found[size:] else 0),
                       "ns": f"shop.{command[name]}"}}


def find(command):
    return batch(command, "find", [
        one for one in documents(command, "find") if matches(one, command.get("filter", {}))])


def aggregate(command):
    for stage in command["pipeline"]:
        if "$group" not in stage:
            return failure(40324, "Location40324",
                           f"Unrecognized pipeline stage name: '{next(iter(stage))}'")
    total = sum(one["grams"] for one in documents(command, "aggregate"))
    return batch(command, "aggregate", [{"_id": None, "grams": total}])


def get_more(command):
    if command["getMore"] not in cursors:
        return failure(43, "CursorNotFound", f"cursor id {command['getMore']} not found")
    name, rest = cursors.pop(command["getMore"])
    return {"cursor": {"nextBatch": rest, "id": bson.Int64(0), "ns": f"shop.{name}"}}


def update(command):
    changed = 0
    for one in command["updates"]:
        for document in documents(command, "update"):
            if matches(document, one["q"]) and (one.get("multi") or not changed):
                for key, value in one["u"]["$inc"].items():
                    document[key] += value
                changed += 1
    return {"n": changed, "nModified": changed}


def delete(command):
    kept = documents(command, "delete")
    gone = [one for one in kept if matches(one, command["deletes"][0]["q"])]
    kept[:] = [one for one in kept if one not in gone]
    return {"n": len(gone)}


cursors = {}
COMMANDS = {
    "ismaster": hello, "isMaster": hello, "hello": hello, "ping": lambda _: {}, "insert": insert,
    "find": find, "getMore": get_more, "aggregate": aggregate, "update": update, "delete": delete,
    "endSessions": lambda _: {},
    "saslStart": lambda _: failure(18, "AuthenticationFailed", "Authentication failed."),
}


def answer(command):
    name = next(iter(command))
    if name not in COMMANDS:
        return failure(59, "CommandNotFound", f"no such command: '{name}'")
    return {"ok": 1.0, **COMMANDS[name](command)}


def read_message(body):
    """The command of an OP_MSG, and whether nobody waits for its answer."""
    flags, at, command = struct.unpack_from("<I", body)[0], 4, {}
    end = len(body) - (4 if flags & 1 else 0)
    while at < end:
        kind, at = body[at], at + 1
        size = struct.unpack_from("<i", body, at)[0]
        section = body[at:at + size]
        if kind == 0:
            command = {**bson.decode(section), **command}
        else:
            name, _, rest = section[4:].partition(b"\0")
            command[name.decode()] = bson.decode_all(rest)
        at += size
    # Its name comes first.
    return dict(sorted(command.items(), key=lambda item: item[0] not in COMMANDS)), flags & 2


class Connection(socketserver.StreamRequestHandler):
    number = 0

    def send(self, to, code, body):
        self.number += 1
        self.wfile.write(struct.pack("<4i", 16 + len(body), self.number, to, code) + body)

    def handle(self):
        while head := self.rfile.read(16):
            length, number, _, code = struct.unpack("<4i", head)
            body = self.rfile.read(length - 16)
            if code == OP_QUERY:
                start = body.index(b"\0", 4) + 9
                said = bson.encode(answer(bson.decode(body[start:])))
                self.send(number, OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + said)
                continue
            is_compressed = code == OP_COMPRESSED
            if is_compressed:
                body = zlib.decompress(body[9:])
            command, is_alone = read_message(body)
            said = struct.pack("<Ib", 0, 0) + bson.encode(answer(command))
            if is_alone:
                continue
            if is_compressed:
                packed = struct.pack("<iib", OP_MSG, len(said), ZLIB) + zlib.compress(said)
                self.send(number, OP_COMPRESSED, packed)
            else:
                self.send(number, OP_MSG, said)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server((sys.argv[1], 27017), Connection).serve_forever()
