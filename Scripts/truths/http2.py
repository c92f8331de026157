"""HTTP/2: streams that carry a request, a reply or both."""

from .comparison import (LINK, Row, cut, differing, ends, instant, nanoseconds, our_ends, settle,
                         unread)

HEADLESS = "neither request nor status of the stream was captured, or none could be decoded"
FOREIGN = "the truth knows HTTP/2 by port or by rule and read no stream in this connection"
CAPPED = "behind the end of the truth's list"
REQUEST = ("authority", "content_type")
REPLY = ("status", "content_type", "content_length")


def http2(truth, records):
    """Compares every stream with headers, those of gRPC among them."""
    rows = [ours(record) for record in records if is_http2(record)]
    expected, spoken = expectation(truth)
    unsure = {row.key[0] for row in expected if row.reason == HEADLESS}
    heard = {row.key[0] for row in expected}
    capped = "http2" in truth.get("capped", {}).get("lists", ())
    last = max((row.facts["begin"] for row in expected if row.facts.get("begin")), default=0)

    def excuse(row):
        if capped and row.facts["begin"] > last:
            return CAPPED
        if row.key[1:] == (None, None) or row.key[0] in unsure and None in row.key[1:]:
            return HEADLESS
        return None if row.key[0] in heard or row.key[0] in spoken else FOREIGN

    return settle(expected, rows, differences, excuse)


def is_http2(record):
    protocol = record["protocol"]
    return protocol["name"] == "http" and protocol["version"][:1] == "2"


# What the truth says


def expectation(truth):
    """Expected rows, and the connections in which the truth saw HTTP/2."""
    both = ends(truth, "tcp")
    # Stream 1 of an upgraded connection answers the HTTP/1 request (RFC 7540 §3.2).
    upgraded = {row["tcp_stream"]: row for row in truth.get("http1", [])
                if (row.get("response") or {}).get("status") == 101 and "tcp_stream" in row}
    rows, spoken = [], set()
    for stream in truth.get("http2", []):
        spoken.add(both.get(stream["tcp_stream"]))
        if not {"HEADERS", "PUSH_PROMISE", "DATA"} & set(stream["frames"]):
            # Windows, priorities and resets alone are no exchange.
            continue
        if stream["stream"] == 1 and "request" not in stream:
            asked = upgraded.get(stream["tcp_stream"])
            if asked:
                stream = {**stream, "request": {
                    "ts": asked["ts"], "pushed": False, ":method": asked["method"],
                    ":path": asked["uri"]}}
        made = expected(stream, both.get(stream["tcp_stream"]))
        if unread(truth):
            made.reason = LINK
        elif made.key[1:] == (None, None):
            made.reason = HEADLESS
        rows.append(made)
    return rows, spoken


def final(stream):
    """The reply that is not interim (RFC 9113 §8.1), or None."""
    replies = stream.get("responses", [])
    return next((r for r in replies if not r[":status"].startswith("1")), None)


def expected(stream, both):
    request, reply = stream.get("request"), final(stream)
    facts = {"begin": nanoseconds((request or reply or {"ts": stream["start"]})["ts"]),
             "end": nanoseconds(reply["ts"]) if reply else None, "reply": None,
             "pushed": bool(request and request["pushed"])}
    if request:
        facts.update(named(request, authority=":authority", content_type="content-type"))
    if reply:
        facts["reply"] = named(reply, status=":status", content_type="content-type",
                               content_length="content-length")
    left = f"{request.get(':method')} {request.get(':path', '')[:60]}" if request else "no request"
    right = f"{reply[':status']}" if reply else "no reply"
    key = ((both, request.get(":method"), request.get(":path")) if request else
           (both, None, reply[":status"] if reply else None))
    return Row(key, f"{left} -> {right} (frame {stream['first_frame']}, stream "
                    f"{stream['stream']})", facts)


def named(message, **names):
    return {name: message[theirs] for name, theirs in names.items() if theirs in message}


# What we say


def ours(record):
    request, reply = record["request"], record["response"]
    made = {"begin": instant(record), "elapsed": record["elapsedTimeUs"], "reply": None,
            "pushed": False}
    status = None
    if reply is not None:
        status = str(reply.get("status_code", reply["status"]))
        made["reply"] = {"status": status, "content_type": header(reply, "content-type"),
                         "content_length": header(reply, "content-length")}
        made["pushed"] = "pushedBy" in reply
    if request is not None:
        made.update(authority=header(request, ":authority"),
                    content_type=header(request, "content-type"))
        # Without pseudo header fields it is the HTTP/1 request before an upgrade.
        method, path = request["method"] or None, header(request, ":path")
        if path is None and header(request, ":method") is None:
            path = request["url"] or None
        key = (our_ends(record), method, cut(path) if path is not None else None)
    elif made["pushed"]:
        promise = reply.get("promise", {})
        made["authority"] = promise.get(":authority")
        key = (our_ends(record), promise.get(":method"), promise.get(":path"))
    else:
        key = (our_ends(record), None, status if status != "0" else None)
    return Row(key, f"{key[1]} {str(key[2])[:60]} -> {status} ({record['id']})", made)


def header(message, name):
    """The values of a header field, which may stand several times."""
    value = message.get("headers", {}).get(name)
    return value if value is None or isinstance(value, str) else ", ".join(value)


# Both


def differences(row, other):
    found = differing(row.facts, other.facts, REQUEST)
    reply, our_reply = row.facts["reply"], other.facts["reply"]
    if (reply is None) != (our_reply is None):
        return found + ["we have a reply" if our_reply else "we have no reply"]
    if reply is not None:
        found += differing(reply, our_reply, REPLY)
    return found + untimely(row.facts, other.facts)


def untimely(row, other):
    """The truth has the time of the packet that completes a frame, we that of its first byte."""
    found = []
    if row["pushed"]:
        return found
    if other["begin"] > row["begin"]:
        found.append(f"begins {(other['begin'] - row['begin']) // 1000} us late")
    if row["end"] is not None and other["elapsed"] is not None:
        late = other["begin"] + other["elapsed"] * 1000 - row["end"]
        if late > 0:
            found.append(f"reply begins {late // 1000} us late")
    return found
