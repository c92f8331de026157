"""HTTP/1: requests with their replies, and halves."""

import base64
import collections
import re

from .comparison import (LINK, Row, cut, differing, ends, instant, nanoseconds, our_ends, settle,
                         unread)

PIPELINE = ("pipelined: the truth pairs by packet, so of several replies only the first found its "
            "request; paired in order here")
INTERIM = "interim reply (1xx): the truth lists it alone, we count the final reply"
UNKNOWN_PORT = "the truth knows HTTP by port and read no message in this connection"
DATAGRAM = "HTTP outside TCP (SSDP in datagrams, SCTP), which is another protocol"
GAP = "in a connection with lost segments, behind which the truth does not read on"
UNENDED = "the message does not end in the capture, so the truth does not show it"
TUNNEL = "in the tunnel of a CONNECT, into which the truth does not look"
URGENT = ("in a connection with urgent data, which the truth takes out of the stream and we leave "
          "in (RFC 6093)")
OLD = "HTTP/0.9, which the truth does not know"
NO_VERSION = "start line without an HTTP version, which the truth reads by guessing"
REQUEST = ("version", "host", "user_agent")
REPLY = ("status", "phrase", "content_type", "content_length", "body")


def http1(truth, records):
    """Compares every exchange of HTTP/1."""
    rows = [ours(record) for record in records if is_http1(record)]
    expected, spoken = expectation(truth)
    known = ends(truth, "tcp")
    heard = {known[stream] for stream in spoken if stream in known}
    lossy = {known[row["stream"]] for row in truth.get("tcp", [])
             if row["stream"] in known and {"lost_segment", "ack_lost_segment"} & {*row["analysis"]}}
    for row in expected:
        row.facts["lossy"] = row.key is not None and row.key[0] in lossy
    urgent = {known[row["stream"]] for row in truth.get("tcp", [])
              if row["stream"] in known and any(row["flags"].get("urg", ()))}
    for row in expected:
        if row.key is not None and row.key[0] in urgent:
            row.reason = row.reason or URGENT
    tunnels = {row.key[0] for row in expected if row.key and row.key[1] == "CONNECT"}

    def excuse(row):
        if row.facts.get("version") == "HTTP/0.9":
            return OLD
        for reason, streams in ((GAP, lossy), (TUNNEL, tunnels), (URGENT, urgent)):
            if row.key[0] in streams:
                return reason
        if row.facts["unended"]:
            return UNENDED
        return None if row.key[0] in heard else UNKNOWN_PORT

    return settle(expected, rows, differences, excuse)


def is_http1(record):
    protocol = record["protocol"]
    return protocol["name"] == "http" and protocol["version"][:1] in ("", "0", "1")


# What the truth says


def expectation(truth):
    """Expected rows, and the streams in which the truth saw HTTP."""
    both = ends(truth, "tcp")
    requests, halves = collections.defaultdict(list), collections.defaultdict(list)
    rows = []
    for row in truth.get("http1", []):
        if "tcp_stream" in row:
            requests[row["tcp_stream"]].append(row)
        else:
            rows.append(Row(None, shown(row, row.get("response")), {}, DATAGRAM))
    for row in truth.get("http1_unpaired_responses", []):
        if "tcp_stream" in row:
            halves[row["tcp_stream"]].append(row)
        else:
            rows.append(Row(None, shown(None, row), {}, DATAGRAM))
    for stream in sorted(requests.keys() | halves.keys()):
        rows += stream_rows(requests[stream], halves[stream], both.get(stream))
    if unread(truth):
        for made in rows:
            made.reason = made.reason or LINK
    return rows, requests.keys() | halves.keys()


def stream_rows(requests, halves, both):
    """The exchanges of one connection."""
    finals = collections.deque(h for h in halves if not interim(h))
    for half in halves:
        if interim(half):
            yield Row((both, None, half["status"]), shown(None, half), {}, INTERIM)
    for request in requests:
        reply = request.get("response")
        if reply is None and "response_frame" in request:
            # The truth knows of a reply, but another request of its packet got it.
            if finals and finals[0]["frame"] >= request["frame"]:
                reply = finals.popleft()
        yield expected(request, reply, both)
    for half in finals:
        yield Row((both, None, half["status"]), shown(None, half),
                  {"reply": facts(half), "end": nanoseconds(half["ts"]), "frame": half["frame"]})


def interim(reply):
    return 100 <= (reply["status"] or 0) < 200 and reply["status"] != 101


def expected(request, reply, both):
    request_facts = {name: request[name] for name in REQUEST if request.get(name) is not None}
    row = Row((both, request["method"], origin_form(request)), shown(request, reply),
              {**request_facts, "frame": request["frame"], "begin": nanoseconds(request["ts"]),
               "reply": facts(reply) if reply else None,
               "end": nanoseconds(reply["ts"]) if reply else None})
    if not request["version"]:
        row.reason = NO_VERSION
    return row


def origin_form(request):
    """The target without scheme and host, which proxies are told (RFC 9112, 3.2.2)."""
    if request["method"] == "CONNECT":
        return request["uri"]
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*/?", "/", request["uri"], count=1)


def facts(reply):
    made = {name: reply[name] for name in REPLY if reply.get(name) is not None}
    if reply.get("decoded_body") and reply.get("content_encoding") != "zstd":
        made["body"] = reply["decoded_body"]
    return made


def shown(request, reply):
    left = f"{request['method']} {request['uri'][:60]} (frame {request['frame']})" if request \
        else "no request"
    right = f"{reply['status']} (frame {reply['frame']})" if reply else "no reply"
    return f"{left} -> {right}"


# What we say


def ours(record):
    request, reply = record["request"], record["response"]
    # A message that is cut short says so in its entry.
    made = {"reply": None, "begin": instant(record), "elapsed": record["elapsedTimeUs"],
            "unended": record["error"] is not None}
    if request is not None:
        made.update(version=request["httpVersion"], host=header(request, "host"),
                    user_agent=header(request, "user-agent"))
    if reply is not None:
        made["reply"] = {
            "status": reply["status"], "phrase": reply["statusText"],
            "content_type": header(reply, "content-type"),
            "content_length": header(reply, "content-length"), "body": body_length(reply)}
    key = (our_ends(record),) + ((request["method"], cut(request["url"])) if request is not None
                                 else (None, reply["status"] if reply else None))
    left = f"{request['method']} {request['url'][:60]}" if request is not None else "no request"
    right = str(reply["status"]) if reply is not None else "no reply"
    return Row(key, f"{left} -> {right} ({record['id']})", made)


def header(message, name):
    """The values of a header field, which may stand several times."""
    for key, value in message["headers"].items():
        if key.lower() == name:
            return value
    return None


def body_length(reply):
    """Bytes of the decoded body; None when not all of it is shown."""
    content = reply.get("content") or {}
    if "text" not in content or content.get("truncated"):
        return None
    if content.get("encoding") == "base64":
        return len(base64.b64decode(content["text"]))
    return len(content["text"].encode())


# Both


def differences(row, other):
    found = differing(row.facts, other.facts, REQUEST)
    reply, our_reply = row.facts.get("reply"), other.facts["reply"]
    # What the truth gave up at a gap or at the end, we may have.
    if reply is None and our_reply is not None and (row.facts["lossy"] or other.facts["unended"]):
        return found + untimely(row.facts, other.facts)
    if (reply is None) != (our_reply is None):
        return found + ["we have a reply" if our_reply else "we have no reply"]
    if reply is not None:
        names = [n for n in REPLY if n != "body" or our_reply["body"] is not None]
        found += differing({n: reply[n] for n in reply if n in names},
                           {n: first(our_reply[n], reply.get(n)) for n in names}, names)
    return found + untimely(row.facts, other.facts)


def first(value, wanted):
    """Of a field that stands several times the truth has one: that one, if it is among ours."""
    if isinstance(value, str) and isinstance(wanted, str) and ", " in value:
        parts = value.split(", ")
        return wanted if wanted in parts or value.startswith(wanted) else value
    return value


def untimely(row, other):
    """The truth has the time of the packet that completes a message, we that of its first byte."""
    found = []
    if row.get("begin") is not None and other["begin"] > row["begin"]:
        found.append(f"begins {(other['begin'] - row['begin']) // 1000} us late")
    if row.get("begin") is not None and row["end"] is not None and other["elapsed"] is not None:
        late = other["begin"] + other["elapsed"] * 1000 - row["end"]
        if late > 0:
            found.append(f"reply begins {late // 1000} us late")
    return found
