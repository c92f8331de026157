"""TLS handshakes: what each side says in its hello, and the fingerprints made of it."""

import collections

from .comparison import LINK, Row, end, nanoseconds, our_end, settle, unread
from .messages import begin, compared, halves

AGAIN = "the hello after a HelloRetryRequest, or such a request: part of the same entry"
UNHEARD = "the truth read nothing that this side sent"
STARTTLS = "behind a STARTTLS of a protocol that is not read"


def tlsx(truth, records):
    """Compares hellos: suites, extensions, names, versions, JA3 and JA3S."""
    expected, seen = [], set()
    for message in truth.get("tls_client_hello", []):
        lane = end(message["src"]), end(message["dst"]), "client"
        facts = {"ts": nanoseconds(message["ts"]), "sni": message["sni"] or None,
                 "alpn": message["alpn"] or None, "cipherSuites": message["ciphers"],
                 "extensions": message["extensions"], "ja3": message["ja3"]}
        expected.append(Row(lane, f"ClientHello (frame {message['frame']})", facts,
                            reason(message, lane, seen)))
    # Of two hellos of a server the first is a HelloRetryRequest; so is the one of a server whose
    # client says hello twice.
    hellos = collections.Counter(stream(m) for m in truth.get("tls_client_hello", []))
    hellos.subtract(stream(m) for m in truth.get("tls_server_hello", []))
    for message in reversed(truth.get("tls_server_hello", [])):
        lane = end(message["src"]), end(message["dst"]), "server"
        facts = {"ts": nanoseconds(message["ts"]), "cipherCode": message["cipher"],
                 "alpn": message["alpn"][0] if message["alpn"] else None, "ja3s": message["ja3s"],
                 "cipherSuite": message["cipher_name"]}
        expected.append(Row(
            lane, f"ServerHello (frame {message['frame']})", facts,
            reason(message, lane, seen)
            or (AGAIN if hellos[stream(message)] > 0 else None)))
    ours = []
    for source, target, message, record, half in halves(records, "tlsx"):
        if {"alert", "plain"} & message.keys() and "cipherSuite" not in message:
            continue  # An alert, or an answer in clear, in the place of a ServerHello.
        side = "client" if half == "request" else "server"
        facts = {name: message.get(name) for name in
                 ("sni", "alpn", "cipherSuites", "extensions", "ja3", "ja3s", "cipherCode",
                  "cipherSuite")}
        facts["begin"] = begin(record, half)
        ours.append(Row((source, target, side), f"{side} hello ({record['id']})", facts))
    ours_lanes = {row.key for row in ours}
    if unread(truth):
        for row in expected:
            row.reason = LINK
    for row in expected:
        if row.reason is None and row.key not in ours_lanes and first_is_clear(truth, row):
            row.reason = STARTTLS
    heard = {row.key for row in expected}
    return settle(expected, ours, compared,
                  lambda row: UNHEARD if row.key not in heard else None)


def reason(message, lane, seen):
    """Why a hello is none of ours."""
    lane = (*lane, stream(message))
    again = lane in seen
    seen.add(lane)
    return AGAIN if again else None


def stream(message):
    """The conversation of a hello, over TCP or in QUIC over UDP."""
    if "tcp_stream" in message:
        return "tcp", message["tcp_stream"]
    return "udp", message.get("udp_stream")


def first_is_clear(truth, row):
    """Whether the connection spoke something else before it turned to TLS: the hello is not among
    its first packets with data."""
    for stream in truth.get("tcp", []):
        if {end(stream["client"]), end(stream["server"])} == {row.key[0], row.key[1]}:
            frame = int(row.text.split("frame ")[1].rstrip(")"))
            return frame > stream["first_frame"] + 8
    return False
