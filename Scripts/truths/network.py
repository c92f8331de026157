"""ICMP messages and SCTP packets: each of the truth is a half of an entry of ours, or an entry."""

import collections
import json

from .comparison import Row, end, our_end
from .messages import begin, finish, halves, place


def icmp_messages(truth, records):
    """Compares messages: type, code, identifier and number, and whether a query was answered.

    Where queries with the same numbers follow each other, as in tunnels, nobody can say which of
    them a reply answers: there the messages are compared alone.
    """
    expected = []
    asked = collections.Counter(query(message) for message in truth.get("icmp", [])
                                if message["type"] in (8, 128))
    for message in truth.get("icmp", []):
        if not message["src"] or not message["dst"]:
            continue
        facts = place(message)
        # An error has those of the query that it quotes.
        if message["type"] in QUERIES[message["family"]]:
            facts.update(id=message.get("id"), seq=message.get("seq"))
        if asked[query(message)] > 1:
            pass
        elif "reply_frame" in message or "no_response_seen" in message:
            facts["answered"] = "reply_frame" in message
        elif "response_ms" in message:
            facts["microseconds"] = int(float(message["response_ms"]) * 1000 + 1e-3)
        expected.append(Row(
            key(message["family"], message["src"], message["dst"], message["type"],
                message["code"]),
            f"{message['type_name']} {message.get('id', '')} {message.get('seq', '')} "
            f"(frame {message['frame']})", facts))
    ours = []
    for source, target, message, record, half in halves(records, "icmp"):
        family = "icmpv6" if ":" in source[0] else "icmp"
        facts = {"id": message.get("identifier"), "seq": message.get("sequence"),
                 "begin": begin(record, half)}
        if half == "request":
            facts["answered"] = record["response"] is not None
        elif record["request"] is not None:
            facts["microseconds"] = record["elapsedTimeUs"]
        ours.append(Row(key(family, source[0], target[0], message["type"], message["code"]),
                        f"{message['name']} ({record['id']})", facts))
    mark_copied(expected, ours, "id", "seq")
    return finish(truth, expected, ours)


QUERIES = {"icmp": {0, 8, 13, 14, 15, 16, 17, 18, 42, 43}, "icmpv6": {128, 129, 144, 145, 160, 161}}


def query(message):
    """What a query and its reply share, whichever of them it is."""
    return (message["family"], frozenset((message["src"], message["dst"])), message.get("id"),
            message.get("seq"))


def key(family, source, target, kind, code):
    return family, our_end({"ip": source, "port": 0})[0], our_end({"ip": target, "port": 0})[0], \
        kind, code


# Names of a chunk's facts in the truth, and ours.
CHUNK = {"type": "type", "name": "name", "init_tag": "initTag", "initack_tag": "initTag",
         "tsn": "tsn", "sid": "stream", "ssn": "streamSequence", "ppid": "payloadProtocol",
         "begin": "isFirst", "end": "isLast", "cumulative_tsn": "cumulativeTSN"}
# Chunks of a packet that we show.
SHOWN = 64
# Nanoseconds within which equal packets are copies of one.
COPIED = 10_000_000
COPY = "captured twice: the truth has both copies, we count them once"


def sctp_packets(truth, records):
    """Compares packets: tag, and what each chunk says.

    The truth has a row for each packet, and further ones for its DATA chunks behind the first.
    """
    expected = []
    for packet in truth.get("sctp", []):
        chunks = [named({mine: chunk[theirs] for theirs, mine in CHUNK.items() if theirs in chunk})
                  for chunk in packet.get("chunks") or []]
        if packet["tag"] is None or not packet["src"].rpartition(":")[0]:
            if expected and expected[-1].facts["frame"] == packet["frame"]:
                expected[-1].facts["chunks"] += chunks
            continue
        # A packet may hold its common header alone, and a damaged one what no reader takes for a chunk.
        expected.append(Row((end(packet["src"]), end(packet["dst"]), packet["tag"],
                             chunks[0]["type"] if chunks else None),
                            f"{[chunk['name'] for chunk in chunks[:8]]} (frame {packet['frame']})",
                            dict(place(packet), chunks=chunks)))
    for row in expected:
        row.facts["chunks"] = row.facts["chunks"][:SHOWN]
    ours = []
    for source, target, message, record, _ in halves(records, "sctp"):
        chunks = [{name: chunk[name] for name in CHUNK.values() if name in chunk}
                  for chunk in message.get("chunks") or []]
        for chunk in chunks:
            # The truth has no number of SHUTDOWN.
            if chunk["type"] == 7:
                chunk.pop("cumulativeTSN", None)
        ours.append(Row((source, target, message["tag"], chunks[0]["type"] if chunks else None),
                        f"{[chunk['name'] for chunk in chunks[:8]]} ({record['id']})",
                        {"chunks": chunks, "begin": begin(record, "request")}))
    mark_copied(expected, ours, "chunks")
    return finish(truth, expected, ours)


def named(chunk):
    """With the name as the RFCs spell it."""
    return dict(chunk, name=chunk["name"].replace("_", " ").replace("ASCONF ACK", "ASCONF-ACK"))


def mark_copied(expected, ours, *facts):
    """Gives a reason to rows that repeat one with the same key and facts, captured just before, as
    far as we have fewer of them."""
    same = lambda row: json.dumps([row.key, [row.facts.get(fact) for fact in facts]], default=str)
    lacking = collections.Counter(map(same, expected))
    lacking.subtract(map(same, ours))
    seen = {}
    for row in expected:
        name = same(row)
        if lacking[name] > 0 and row.facts["ts"] - seen.get(name, -COPIED) < COPIED:
            row.reason = COPY
            lacking[name] -= 1
        seen[name] = row.facts["ts"]
