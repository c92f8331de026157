"""Redis: commands with their replies where order tells, else commands, replies and elements alone.

The truth lists values and pairs nothing. Where all of a connection's values are whole and each
command has one reply, order pairs them. Elsewhere (after SUBSCRIBE, MONITOR, CLIENT REPLY, or
where bytes are missing) commands and replies are compared for themselves. RESP3 types and inline
commands are fragments without text to the truth: of those commands the lengths are compared, and
of those replies the elements one by one, for the truth shows them as if they stood alone.
"""

import collections
import re

from .comparison import LINK, Row, cut, end, ends, instant, nanoseconds, our_ends, settle, unread

DEBRIS = "no whole value in RESP2: the truth shows a length and no text"
LONG = "an element behind the first kilobyte of a reply, which is all that a record shows"
CAPPED = "behind the end of the truth's list"
FOREIGN = "the truth knows Redis by port or by rule and read nothing in this connection"
# After these commands, order does not tell which reply is whose.
UNPAIRED = {"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE",
            "SUNSUBSCRIBE", "MONITOR", "CLIENT", "SYNC", "PSYNC", "QUIT"}


def redis(truth, records):
    """Compares commands and replies of every connection."""
    expected, manner = expectation(truth)
    last = max((nanoseconds(v["ts"]) for v in truth.get("redis", [])), default=0)
    capped = "redis" in truth.get("capped", {}).get("lists", ())
    ours = [row for record in records if record["protocol"]["macro"] == "redis"
            for row in our_rows(record, manner.get(our_ends(record)))]
    set_long_aside(expected, ours)

    def excuse(row):
        if row.key[0] not in manner:
            return FOREIGN
        if capped and row.facts["begin"] >= last:
            return CAPPED
        return None

    return settle(expected, ours, differences, excuse)


# What the truth says


def expectation(truth):
    """Expected rows, and per connection whether it is compared in pairs, in halves or in
    elements."""
    both = ends(truth, "tcp")
    streams = collections.defaultdict(list)
    for value in truth.get("redis", []):
        streams[value["tcp_stream"]].append(value)
    rows, manner = [], {}
    for stream, values in streams.items():
        reason = LINK if unread(truth) else None
        server = server_of(values, truth, stream)
        commands = [v for v in values if end(v["from"]) != server]
        replies = [v for v in values if end(v["from"]) == server]
        manner[both[stream]] = way = way_of(commands, replies)
        made = list({"pairs": pairs, "halves": halves, "elements": elements}[way](
            both[stream], values, server))
        for row in made:
            row.reason = row.reason or reason
        # Rich rows first: what is told by its length alone matches what is left.
        rows.extend(sorted(made, key=lambda row: "words" not in row.facts))
    return rows, manner


def set_long_aside(expected, ours):
    """Elements that we lack are not missing where one of our replies is cut."""
    shown = collections.Counter(row.key for row in ours)
    long = {row.key[0] for row in ours if row.facts["cut"]}
    for row in expected:
        if row.key[1] == "element" and row.key[0] in long:
            if shown[row.key] == 0:
                row.reason = row.reason or LONG
            shown[row.key] -= shown[row.key] > 0


def server_of(values, truth, stream):
    """The end that answers: what it sends has types that no command has."""
    for value in values:
        if value["kind"] in ("simple", "error", "integer", "bulk"):
            return end(value["from"])
    row = next(r for r in truth["tcp"] if r["stream"] == stream)
    return end(row["server"])


def way_of(commands, replies):
    if any(is_debris(reply) for reply in replies):
        return "elements"
    if any(word(command) in UNPAIRED or word(command) is None for command in commands):
        return "halves"
    return "pairs"


def is_debris(value):
    """Whether some of it is a fragment."""
    if value["kind"] == "array":
        return any(isinstance(item, dict) and is_debris(item) for item in value.get("items", []))
    return value["kind"] not in ("bulk", "simple", "error", "integer")


def word(command):
    items = command.get("items") or [None]
    return items[0].upper() if isinstance(items[0], str) else None


def pairs(both, values, server):
    """Replies answer the oldest command that waits."""
    waiting = collections.deque()
    for value in values:
        if end(value["from"]) != server:
            waiting.append(value)
        elif waiting:
            yield row_of(both, "call", waiting.popleft(), value)
        else:
            yield row_of(both, "reply", None, value)
    for command in waiting:
        yield row_of(both, "command", command, None)


def halves(both, values, server):
    for value in values:
        if end(value["from"]) != server:
            yield row_of(both, "command", value, None)
        else:
            yield row_of(both, "reply", None, value)


def elements(both, values, server):
    for value in values:
        if end(value["from"]) != server:
            yield row_of(both, "command", value, None)
            continue
        for leaf in leaves(value):
            yield Row((both, "element", leaf), f"element {leaf[:60]} (frame {value['frame']})",
                      {"frame": value["frame"]})
        if is_debris(value) and value["kind"] != "array":
            yield Row((both, "debris", value["frame"]), f"fragment (frame {value['frame']})",
                      {"frame": value["frame"]}, DEBRIS)


def leaves(value):
    if value["kind"] == "array":
        for item in value.get("items", []):
            if isinstance(item, dict):
                yield from leaves(item)
            elif item is not None:
                yield cut(str(item))
    elif value["kind"] in ("bulk", "simple", "error", "integer") and value["value"] is not None:
        yield cut(str(value["value"]))


def row_of(both, what, command, reply):
    one = command or reply
    facts = {"frame": one["frame"], "begin": nanoseconds(one["ts"]),
             "end": nanoseconds(reply["ts"]) if command and reply else None}
    text = what
    if command:
        text += f" {str(command.get('items', command['kind']))[:80]}"
        if command["kind"] == "array" and not is_debris(command):
            facts["words"] = [item for item in command.get("items", [])]
            facts["word count"] = command["length"]
        elif "bytes" in command:
            facts["request bytes"] = command["bytes"]
    if reply:
        text += f" -> {str(reply.get('value', reply.get('items')))[:40]}"
        facts["reply"] = plain(reply)
    row = Row((both, what), f"{text} (frame {one['frame']})", facts)
    if command and command["kind"] not in ("array", "fragment") or reply and is_debris(reply):
        row.reason = DEBRIS
    return row


def plain(value):
    """A value as JSON has it."""
    if value["kind"] == "array":
        return [plain(item) if isinstance(item, dict) else item
                for item in value.get("items", [])] if value["length"] != -1 else None
    return value["value"]


# What we say


def our_rows(record, manner):
    request, reply = record["request"], record["response"]
    facts = {"begin": instant(record), "elapsed": record["elapsedTimeUs"],
             "request bytes": record["requestSize"], "reply": None, "cut": False}
    if request is not None:
        facts["command"] = request.get("command", "")
    if reply is not None:
        facts.update(reply=reply.get("value"), cut=bool(reply.get("truncated")))
    both, text = our_ends(record), f"{facts.get('command', '')[:60]} ({record['id']})"
    if manner != "elements" and manner != "halves":
        what = "call" if request is not None and reply is not None else \
            "command" if request is not None else "reply"
        yield Row((both, what), f"{what} {text}", facts)
        return
    if request is not None:
        yield Row((both, "command"), f"command {text}", facts)
    if reply is not None and manner == "halves":
        yield Row((both, "reply"), f"reply {text} -> {str(facts['reply'])[:40]}", facts)
    elif reply is not None:
        found = list(our_leaves([reply.get(part) for part in (
            "attributes", "value", "elementAttributes")]))
        # The last one of a reply that is cut may be a part.
        for leaf in found[:-1] if facts["cut"] else found:
            yield Row((both, "element", leaf), f"element {leaf[:60]} of {text}", facts)


def our_leaves(value):
    """Texts and whole numbers; nothing that the truth has no text for."""
    if isinstance(value, list):
        for item in value:
            yield from our_leaves(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield cut(name)
            yield from our_leaves(item)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield cut(str(value))


# Both


def differences(row, other):
    found = []
    words = row.facts.get("words")
    if words is not None:
        command = other.facts.get("command", "")
        if not same_command(words, command):
            found.append(f"command {command[:80]!r}")
    elif row.facts.get("request bytes") not in (None, other.facts.get("request bytes")):
        found.append(f"{other.facts.get('request bytes')} bytes instead of "
                     f"{row.facts['request bytes']}")
    if "reply" in row.facts and not same(row.facts["reply"], other.facts["reply"],
                                         other.facts["cut"]):
        found.append(f"reply {str(other.facts['reply'])[:60]!r}")
    if "begin" in row.facts and other.facts["begin"] > row.facts["begin"] \
            and row.key[1] != "reply":
        found.append(f"begins {(other.facts['begin'] - row.facts['begin']) // 1000} us late")
    if row.facts.get("end") is not None and other.facts["elapsed"] is not None:
        late = other.facts["begin"] + other.facts["elapsed"] * 1000 - row.facts["end"]
        if late > 0:
            found.append(f"reply begins {late // 1000} us late")
    return found


def text(value):
    """A text of the truth as ours: bytes that are no text are `hex:…` there, and repaired here."""
    if isinstance(value, str) and re.fullmatch("hex:([0-9a-f]{2})+", value):
        return bytes.fromhex(value[4:]).decode(errors="replace")
    return value


def same_command(words, command):
    """Whether our line is these words. What is secret is redacted, what is long is cut."""
    words = [text(word) for word in words]
    pattern = r" ".join(
        ".*" if word is None else shown(str(word)) for word in words)
    if re.fullmatch(pattern, command, re.DOTALL):
        return True
    line = " ".join(str(word) for word in words)
    return command.endswith("…") and line.startswith(command[:-1]) \
        or len(words) >= 40 and command.startswith(line)


def shown(word):
    word = word.removesuffix("…") if len(word) > 300 else word
    return f"(?:{re.escape(word)}.*|\\[redacted\\])" if len(word) >= 300 \
        else f"(?:{re.escape(word)}|\\[redacted\\])"


def same(expected, found, is_cut):
    expected = text(expected)
    if found == "[redacted]":
        return True
    if isinstance(expected, list):
        if not isinstance(found, list):
            return False
        count = min(len(expected), len(found)) if is_cut or len(expected) >= 40 else None
        if count is None and len(expected) != len(found):
            return False
        # Of a value that is cut, the last element shown may be a part.
        head = list(zip(expected, found))
        return all(same(e, f, is_cut) for e, f in (head[:-1] if is_cut else head))
    if isinstance(expected, str) and isinstance(found, str):
        expected = expected[:-1] if len(expected) > 300 else expected
        return found.startswith(expected) or is_cut and expected.startswith(found) \
            if len(expected) >= 300 or is_cut else expected == found
    return str(expected) == str(found) or is_cut
