"""gRPC: calls with their status and the number of their messages, over HTTP/2."""

from urllib.parse import unquote

from .comparison import LINK, Row, cut, differing, end, ends, our_ends, settle, unread

HEADLESS = "the headers of the request were not captured, so the truth does not know the method"
OVER_HTTP1 = "gRPC-Web over HTTP/1.1, which the truth shows as HTTP/1 only"
CAPPED = "behind the end of the truth's list"
NAMES = ("http_status", "grpc_status", "grpc_message", "sent", "received")


def grpc(truth, records):
    """Compares every call."""
    ours = [our_row(record) for record in records if record["protocol"]["macro"] == "grpc"]
    expected = expectation(truth)
    headless = {row.key[0] for row in expected if row.reason == HEADLESS}
    capped = "http2" in truth.get("capped", {}).get("lists", ())

    def excuse(row):
        if row.facts["web"]:
            return OVER_HTTP1
        if row.key[1] is None or row.key[0] in headless:
            return HEADLESS
        return CAPPED if capped else None

    return settle(expected, ours, differences, excuse)


# What the truth says


def expectation(truth):
    both = ends(truth, "tcp")
    sides = {row["stream"]: row for row in truth.get("tcp", [])}
    streams = {(row["tcp_stream"], row["stream"]): row for row in truth.get("http2", [])}
    rows = []
    for call in truth.get("grpc", []):
        number = call["tcp_stream"]
        stream = streams.get((number, call["stream"]), {})
        made = Row((both.get(number), call["path"]),
                   f"{call['path']} (stream {call['stream']}, frame {call['request_frame']})",
                   facts(call, stream, sides.get(number, {})))
        if unread(truth):
            made.reason = LINK
        elif call["path"] is None:
            made.reason = HEADLESS
        rows.append(made)
    return rows


def facts(call, stream, sides):
    """Status, and messages by direction; who asks is told by the request."""
    made = {"http_status": call.get("http_status"), "grpc_status": call.get("grpc_status")}
    if made["grpc_status"] is None and "reset" in call:
        # A status of our own (RFC 9113 leaves none): the truth has nothing to compare.
        del made["grpc_status"]
    if "grpc_message" in call:
        made["grpc_message"] = unquote(call["grpc_message"])
    asker = stream.get("request", {}).get("from")
    if asker is not None:
        counts = {end(name): count for name, count in call["messages"].items()}
        both = {end(side) for side in (sides.get("client"), sides.get("server")) if side}
        other = next(iter(both - {end(asker)}), None)
        made["sent"] = counts.get(end(asker), 0)
        made["received"] = counts.get(other, 0)
    # A call whose end is not in the capture has no status yet.
    if not stream.get("trailers") and made.get("grpc_status") is None:
        made.pop("grpc_status", None)
    return made


# What we say


def our_row(record):
    request, reply = record["request"], record["response"]
    path = (request or {}).get("headers", {}).get(":path") or (request or {}).get("path") or None
    status = (reply or {}).get("grpcStatus")
    made = {
        "http_status": str(reply.get("status_code", reply["status"])) if reply else None,
        "grpc_status": None if status is None else str(status),
        "grpc_message": (reply or {}).get("grpcMessage"),
        "sent": (request or {}).get("messageCount", 0),
        "received": (reply or {}).get("messageCount", 0),
        "cut": {side: bool((message or {}).get("messagesAreCut"))
                for side, message in (("sent", request), ("received", reply))},
        "web": not record["protocol"]["version"].startswith("2"),
    }
    return Row((our_ends(record), cut(path) if path else None), f"{path} ({record['id']})", made)


# Both


def differences(row, other):
    names = [name for name in NAMES if not (
        # Of a long body only the beginning is kept, and its messages counted.
        other.facts["cut"].get(name) and other.facts[name] <= row.facts.get(name, 0))]
    return differing(row.facts, other.facts, names)
