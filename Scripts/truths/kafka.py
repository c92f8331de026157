"""Kafka: requests with their responses, by correlation id."""

from .comparison import LINK, Row, cut, end, instant, nanoseconds, our_ends, settle, unread

STRAY = "the truth could not tell a request from a response here"
PIECE = "continues a message whose beginning was not captured, which the truth takes for another"
LOST = "a response whose request was not captured, which tells neither its API nor its version"
CAPPED = "behind the end of the truth's list"
FOREIGN = "the truth knows Kafka by port or by rule and read nothing in this connection"
# A topic that is null, and one whose name is empty.
NAMELESS = {"[ Null ]", ""}
# The newest versions whose bodies tshark 4.0 knows, by API; of others no body is compared.
KNOWN = {0: 8, 1: 11, 2: 5, 3: 9, 8: 8, 9: 7, 10: 3, 11: 6, 12: 4, 13: 4, 14: 4, 15: 5, 16: 3,
         17: 1, 18: 3, 19: 5, 20: 5, 22: 3, 32: 2, 36: 2}


def kafka(truth, records):
    """Compares every request with its response."""
    rows = [ours(r) for r in records if r["protocol"]["macro"] == "kafka"]
    expected = expectation(truth)
    heard = {row.key[0] for row in expected}
    capped = "kafka" in truth.get("capped", {}).get("lists", ())

    def excuse(row):
        if capped:
            return CAPPED
        if row.key[2] is None and row.key[0] in heard:
            return LOST
        return None if row.key[0] in heard else FOREIGN

    return settle(expected, rows, differences, excuse)


# What the truth says


def expectation(truth):
    messages = truth.get("kafka", [])
    replies = {(m["tcp_stream"], m["correlation_id"], m["request_frame"]): m
               for m in messages if m["kind"] == "response" and "request_frame" in m}
    rows, used = [], set()
    for message in messages:
        if message["kind"] != "request":
            continue
        key = (message["tcp_stream"], message["correlation_id"], message["frame"])
        if key in used:
            key = None
        reply = replies.get(key)
        if reply is not None:
            used.add(key)
        rows.append(expected(message, reply))
    pair_the_rest(rows, messages, used)
    for message in messages:
        if message["kind"] == "request" or id(message) in used:
            continue
        key = (message["tcp_stream"], message["correlation_id"], message.get("request_frame"))
        if message["kind"] == "response" and key in used:
            continue
        made = expected(None, message)
        made.reason = STRAY if message["kind"] == "unknown" else LOST
        rows.append(made)
    for row in rows:
        if unread(truth):
            row.reason = LINK
    return rows


def pair_the_rest(rows, messages, used):
    """Responses whose request the truth did not find though it has it: by their id, in order."""
    for message in messages:
        if not message.get("request_missing"):
            continue
        row = next((r for r in rows if not r.facts["has reply"]
                    and r.facts["stream"] == message["tcp_stream"]
                    and r.key[1] == message["correlation_id"]
                    and r.facts["frame"] < message["frame"]), None)
        if row is not None:
            used.add(id(message))
            row.facts.update({"has reply": True, "end": nanoseconds(message["ts"]),
                              "reply bytes": message["length"] + 4})
            # The truth read nothing of it.
            row.facts.pop("topics", None)


def expected(request, reply):
    one = request or reply
    both = frozenset((end(one["src"]), end(one["dst"])))
    facts = {"frame": one["frame"], "stream": one["tcp_stream"], "begin": nanoseconds(one["ts"]),
             "has reply": reply is not None,
             "end": nanoseconds(reply["ts"]) if reply else None}
    if request:
        facts.update({"version": request.get("version"), "client": request.get("client_id") or "",
                      "request bytes": request["length"] + 4})
        if request.get("version", 99) <= KNOWN.get(request.get("api"), -1):
            facts["topics"] = {*request.get("topics", []), *(reply or {}).get("topics", [])} \
                - NAMELESS
    if reply:
        facts["reply bytes"] = reply["length"] + 4
        if reply.get("version", 99) <= KNOWN.get(reply.get("api"), -1):
            facts["errors"] = {*reply.get("errors", [])} - {0}
    name = f"{one.get('api_name')} v{one.get('version')} {one['correlation_id']}"
    return Row((both, one["correlation_id"], one.get("api")),
               f"{name} ({request['frame'] if request else '-'} -> "
               f"{reply['frame'] if reply else '-'})", facts)


# What we say


def ours(record):
    request, reply = record["request"], record["response"]
    one = request if request is not None else reply
    payloads = [(side or {}).get("payload") for side in (request, reply)]
    facts = {"begin": instant(record), "elapsed": record["elapsedTimeUs"],
             "has reply": reply is not None,
             "topics": {cut(topic) for topic in
                        [*record.get("kafka_topics", []), *topics(payloads)]} - NAMELESS,
             "errors": {*codes(payloads[1])}, "reply bytes": record["responseSize"],
             "request bytes": record["requestSize"],
             "cut": any(bool((side or {}).get("truncated")) for side in (request, reply))}
    if request is not None:
        facts.update({"version": request.get("apiVersion"), "client": request.get("clientID", "")})
    api = request.get("apiKey") if request is not None else None
    return Row((our_ends(record), one.get("correlationID"), api),
               f"{(request or {}).get('apiKeyName')} {one.get('correlationID')} ({record['id']})",
               facts)


def topics(value):
    """Every name of a topic in a payload."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "topic" and isinstance(inner, str):
                yield inner
            else:
                yield from topics(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from topics(inner)


def codes(value):
    """Every error code in a payload but 0."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "errorCode":
                if inner != 0:
                    yield inner
            else:
                yield from codes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from codes(inner)


# Both


def differences(row, other):
    found = []
    for name in ("has reply", "version", "client", "request bytes", "reply bytes"):
        if name in row.facts and row.facts[name] is not None \
                and row.facts[name] != other.facts.get(name):
            found.append(f"{name} {other.facts.get(name)!r} instead of {row.facts[name]!r}")
    for name in ("topics", "errors"):
        # The truth lists fifty topics, and a long payload of ours shows its beginning.
        if name not in row.facts or len(row.facts[name]) >= 50:
            continue
        mine, theirs = other.facts[name], row.facts[name]
        if not (mine == theirs or other.facts["cut"] and mine <= theirs):
            found.append(f"{name} {sorted(mine)} instead of {sorted(theirs)}")
    if other.facts["begin"] > row.facts["begin"]:
        found.append(f"begins {(other.facts['begin'] - row.facts['begin']) // 1000} us late")
    if row.facts["end"] is not None and other.facts["elapsed"] is not None:
        late = other.facts["begin"] + other.facts["elapsed"] * 1000 - row.facts["end"]
        if late > 0:
            found.append(f"reply begins {late // 1000} us late")
    return found
