"""DNS: queries with their answers, and halves; mDNS and LLMNR among them."""

import collections
import ipaddress

from .comparison import (LINK, Row, alike, ends, instant, nanoseconds, our_ends, settle, unread)
from .network import COPIED, COPY

REPEATED = "a query or reply sent again, counted with the first"
DATA = {"A": "ip", "AAAA": "ip", "CNAME": "cname", "NS": "ns", "PTR": "ptr"}


def dns(truth, records):
    """Compares every query with its answer."""
    ours = [our_row(r) for r in records if r["protocol"]["macro"] == "dns"]
    expected = expectation(truth)
    mark_copies(expected, ours)
    return settle(expected, ours, differences)


def mark_copies(expected, ours):
    """Gives a reason to exchanges that repeat one just before, as captures on two interfaces have
    them, as far as we have fewer of them."""
    lacking = collections.Counter(row.key for row in expected if row.reason is None)
    lacking.subtract(collections.Counter(row.key for row in ours))
    seen = {}
    for row in expected:
        begin = row.facts["begin"]
        if row.reason is not None or begin is None:
            continue
        # Of two buffers either may stand in the capture first.
        if lacking[row.key] > 0 and row.key in seen and abs(begin - seen[row.key]) < COPIED:
            row.reason = COPY
            lacking[row.key] -= 1
        seen[row.key] = begin


# What the truth says


def expectation(truth):
    """Expected rows: each query with the first reply to it or to its repetitions, and halves."""
    streams = {"udp": ends(truth, "udp"), "tcp": ends(truth, "tcp")}
    messages = truth.get("dns", [])
    # Where packets are cut, not all that a header counts is there.
    snapped = truth["capture"]["bytes"] != truth["capture"]["captured_bytes"]
    replies, rows = {}, []
    for message in messages:
        query = asked(messages, message)
        if query is not None and id(query) not in replies:
            replies[id(query)] = message
    answering = {id(reply) for reply in replies.values()}
    # The first query of each key that no reply has come for yet.
    open_queries = {}
    for message in messages:
        both = next((known.get(message[f"{transport}_stream"])
                     for transport, known in streams.items()
                     if f"{transport}_stream" in message), None)
        again = REPEATED if message.get("retransmission") else None
        if message["response"]:
            if id(message) not in answering:
                rows.append(row(both, None, message, again, snapped))
            continue
        reply = replies.get(id(message))
        made = row(both, message, reply, again, snapped)
        first = open_queries.get(made.key)
        if first is None:
            rows.append(made)
            if reply is None:
                open_queries[made.key] = made
            continue
        made.reason = REPEATED
        rows.append(made)
        if reply is not None:
            # Its time runs from the first query for one reader and from the last for another.
            first.facts["reply"] = made.facts["reply"]
            made.facts["reply"] = None
            del open_queries[made.key]
    if unread(truth):
        for made in rows:
            made.reason = made.reason or LINK
    return rows


def asked(messages, reply):
    """The query that a message answers; None when it answers none."""
    if not reply["response"] or "request_frame" not in reply:
        return None
    return next((m for m in messages
                 if not m["response"] and m["id"] == reply["id"]
                 and m["frame"] == reply["request_frame"] and m["src"] == reply["dst"]), None)


def row(both, query, reply, reason, snapped):
    one = query or reply
    questions = tuple((name(q["name"]), kind(q["type"], q["type_name"])) for q in one["questions"])
    facts = {"begin": nanoseconds(one["ts"]) if one["transport"] == "udp" else None,
             "reply": reply and answer(reply, snapped), "elapsed": None}
    if query and reply and "time" in reply and one["transport"] == "udp":
        facts["elapsed"] = round(reply["time"] * 1e6)
    asked = questions[0] if questions else "no question"
    text = (f"{one['family']} {one['id']} {asked} "
            f"({query['frame'] if query else '-'} -> {reply['frame'] if reply else '-'})")
    return Row((both, one["id"], questions, query is not None), text, facts, reason)


def answer(reply, snapped):
    records = [r for r in reply.get("records", []) if r["section"] == "Answers"]
    if reply["opcode"] != 0:
        # Its sections are no answers (RFC 2136 has zone, prerequisites and updates).
        return {"opcode": reply["opcode"], "rcode": reply["rcode"]}
    return {"opcode": 0, "rcode": reply["rcode"], "count": None if snapped else reply["counts"][1],
            "answers": [(name(r["name"]), kind(r["type"], r["type_name"]), r.get("data"))
                        for r in records]}


def name(text):
    text = (text or "").rstrip(".").lower()
    return "" if text == "<root>" else text


def kind(number, words):
    """The short name of a type, or its number as text."""
    word = (words or "Unknown").split(" ")[0]
    return {"*": "ANY", "Unknown": f"TYPE{number}"}.get(word, word)


# What we say


RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5,
          "YXDOMAIN": 6, "YXRRSET": 7, "NXRRSET": 8, "NOTAUTH": 9, "NOTZONE": 10}


def our_row(record):
    request, reply = record["request"], record["response"]
    one = request if request is not None else reply or {}
    questions = tuple((name(q["name"]), q["type"]) for q in one.get("questions", one.get("zone", [])))
    facts = {"begin": instant(record), "elapsed": record["elapsedTimeUs"], "reply": None}
    if reply is not None:
        code = reply["code"]
        facts["reply"] = {"rcode": RCODES.get(code, code), "answers": [
            (name(a.get("name")), a.get("type"), a.get(DATA.get(a.get("type"), "")))
            for a in reply.get("answers", [])]}
    asked = questions[0] if questions else "no question"
    halves = ("query" if request is not None else "") + (" reply" if reply is not None else "")
    return Row((our_ends(record), one.get("id"), questions, request is not None),
               f"{one.get('id')} {asked} {halves} ({record['id']})", facts)


# Both


def differences(row, other):
    found = []
    if row.facts["begin"] is not None and row.facts["begin"] != other.facts["begin"]:
        found.append(f"begins {(other.facts['begin'] - row.facts['begin']) // 1000} us off")
    elapsed = row.facts["elapsed"]
    if elapsed is not None and abs(elapsed - (other.facts["elapsed"] or 0)) > 1:
        found.append(f"takes {other.facts['elapsed']} us instead of {elapsed}")
    reply, our_reply = row.facts["reply"], other.facts["reply"]
    if (reply is None) != (our_reply is None):
        return found + ["we have a reply" if our_reply else "we have no reply"]
    if reply is None:
        return found
    # The truth has four bits of the code; EDNS adds more.
    if isinstance(our_reply["rcode"], int) and reply["rcode"] != our_reply["rcode"] & 15:
        found.append(f"rcode {our_reply['rcode']} instead of {reply['rcode']}")
    if reply["opcode"] == 0:
        found += other_answers(reply, our_reply["answers"])
    return found


def other_answers(reply, found):
    """What is wrong with our answers. The truth shows up to 80 records, and of some types none."""
    if reply["count"] not in (None, len(found)):
        return [f"{len(found)} answers instead of {reply['count']}"]
    waiting = iter(found)
    return [f"answer {theirs} is missing" for theirs in reply["answers"]
            if not any(same_answer(theirs, ours) for ours in waiting)][:1]


def same_answer(theirs, ours):
    if not alike(theirs[0], ours[0]) or theirs[1] != ours[1]:
        return False
    # Of a name beyond its lawful length the truth has no text.
    if theirs[1] not in DATA or None in (theirs[2], ours[2]) or theirs[2] == "<Name too long>":
        return True
    if DATA[theirs[1]] == "ip":
        return ipaddress.ip_address(theirs[2]) == ipaddress.ip_address(ours[2])
    return alike(name(theirs[2]), name(ours[2]))
