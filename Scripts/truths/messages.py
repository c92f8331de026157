"""AMQP, LDAP, RADIUS and Diameter: every message of the truth is a half of a call of ours.

The truth lists messages; we list calls. A call gives one row for its request and one for its reply;
rows meet by who sent what to whom, and what is told of them is compared.
"""

import collections
import re

from .comparison import LINK, Row, end, instant, nanoseconds, our_end, settle, unread


def halves(records, kind):
    """Our messages of a kind: who sent it, who got it, what it says, its call, which half it is."""
    for record in records:
        if record["protocol"]["macro"] != kind:
            continue
        source, target = our_end(record["src"]), our_end(record["dst"])
        if record["request"] is not None:
            yield source, target, record["request"], record, "request"
        if record["response"] is not None:
            yield target, source, record["response"], record, "response"


def compared(row, other):
    """What is not equal. A fact that either lacks is not compared."""
    found = [f"{name} {other.facts.get(name)!r} instead of {value!r}"
             for name, value in row.facts.items()
             if value is not None and name != "ts" and not alike(value, other.facts.get(name))]
    if other.facts.get("begin") is not None and other.facts["begin"] > row.facts["ts"]:
        found.append(f"begins {(other.facts['begin'] - row.facts['ts']) // 1000} us late")
    return found


def alike(value, found):
    if isinstance(value, str) and isinstance(found, str) and value.endswith("…") and len(value) > 300:
        return found.startswith(value[:250])
    return value == found


def finish(truth, expected, ours, excuse=lambda row: None):
    for row in expected:
        if unread(truth):
            row.reason = row.reason or LINK
        del row.facts["frame"], row.facts["stream"]
    return settle(expected, ours, compared, excuse)


def place(message):
    """Facts that every message of the truth has."""
    return {"ts": nanoseconds(message["ts"]), "frame": message["frame"],
            "stream": message.get("tcp_stream")}


def begin(record, half):
    """When a half of ours begins, in nanoseconds."""
    start = instant(record)
    if half == "response" and record["request"] is not None:
        return start + (record["elapsedTimeUs"] or 0) * 1000
    return start


# AMQP

ARGUMENTS = {"exchange": "exchange", "routing_key": "routingKey", "queue": "queue",
             "consumer_tag": "consumerTag", "delivery_tag": "deliveryTag"}


def amqp(truth, records):
    """Compares methods with their arguments, and the size of the content of those that have one."""
    expected, open_contents = [], {}
    for message in truth.get("amqp", []):
        lane = message["src"], message["dst"], message.get("channel")
        if message.get("type") == 1:
            name = f"{message['class_name']}.{message['method_name']}".lower()
            facts = place(message)
            for theirs, mine in ARGUMENTS.items():
                if theirs in message.get("arguments", {}):
                    facts[mine] = str(message["arguments"][theirs])
            row = Row((end(message["src"]), end(message["dst"]), name),
                      f"{name} (frame {message['frame']})", facts)
            expected.append(row)
            open_contents[lane] = row
        elif message.get("type") == 2 and lane in open_contents:
            open_contents[lane].facts["bodySize"] = message.get("body_size")
    ours = []
    for source, target, message, record, half in halves(records, "amqp"):
        name = message.get("method", "?")
        facts = {mine: str(message[mine]) for mine in ARGUMENTS.values() if mine in message}
        facts["bodySize"] = message.get("bodySize")
        facts["begin"] = begin(record, half)
        ours.append(Row((source, target, name), f"{name} ({record['id']})", facts))
    return finish(truth, expected, ours)


# LDAP

CUT = "cut before its end: the truth shows messages that came whole"
OPERATIONS = {0: "bind", 2: "unbind", 3: "search", 6: "modify", 8: "add", 10: "delete",
              12: "moddn", 14: "compare", 16: "abandon", 23: "extended"}
ANSWERS = {1, 5, 7, 9, 11, 13, 15, 24}
SCOPES = {0: "base", 1: "one", 2: "sub"}


def ldap(truth, records):
    """Compares requests, and results; entries and references by their number for each search."""
    expected, entries = [], collections.Counter()
    for message in truth.get("ldap", []):
        ends = end(message["src"]), end(message["dst"])
        lane = *ends, message.get("id")
        text = f"{message.get('op_name')} {message.get('id')} (frame {message['frame']})"
        facts = place(message)
        op = message.get("op")
        if op in OPERATIONS:
            facts["dn"] = message.get("base", message.get("name", message.get(
                "entry", message.get("object", message.get("dn")))))
            if op == 3:
                facts["scope"] = SCOPES.get(message.get("scope"))
                facts["filter"] = filter_of(message.get("filter"))
            if op in (2, 16, 23):
                facts["dn"] = None
            expected.append(Row((*lane, OPERATIONS[op]), text, facts))
        elif op in (4, 19):
            entries[lane, op] += 1
        elif op in ANSWERS:
            facts["resultCode"] = message.get("result")
            if op == 5:
                facts["entries"] = entries.pop((lane, 4), 0)
            expected.append(Row((*lane, "answer"), text, facts))
    ours = []
    for source, target, message, record, half in halves(records, "ldap"):
        kind = record["ldap_type"] if half == "request" and "resultCode" not in message else "answer"
        if half == "response" and "resultCode" not in message:
            continue  # A search whose end was not captured: the truth lists ends.
        facts = {"dn": message.get("dn", message.get("baseDn")), "scope": message.get("scope"),
                 "filter": filter_of(message.get("filter")), "resultCode": message.get("resultCode"),
                 "entries": message.get("entries"), "begin": begin(record, half),
                 "cut": any(words in (record["error"] or {}).get("msg", "") for words in (
                     "only the beginning", "inside the message"))}
        ours.append(Row((source, target, message.get("messageId"), kind),
                        f"{kind} {message.get('messageId')} ({record['id']})", facts))
    return finish(truth, expected, ours, lambda row: CUT if row.facts["cut"] else None)


def filter_of(text):
    """The assertions of a filter. The truth nests lists by twos, escapes nothing, and shows numbers
    of Active Directory in its own way."""
    if not text or "0x" in text or "?" in text:
        return None
    text = re.sub(r"\\([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"[\s()&|]", "", text).lower()


# RADIUS

def radius(truth, records):
    """Compares packets: code, identifier, types of attributes, user, and which answers which.
    Of a packet that is cut the truth shows no attributes."""
    expected = []
    for message in truth.get("radius", []):
        facts = dict(place(message), attributes=message.get("attributes") or None, user=message.get("user"))
        again = message.get("duplicate_of")
        expected.append(Row(
            (end(message["src"]), end(message["dst"]), message["code"], message["id"]),
            f"{message['code_name']} {message['id']} (frame {message['frame']})", facts,
            AGAIN if again else None))
    ours = []
    for source, target, message, record, half in halves(records, "radius"):
        attributes = [a["type"] for a in message["attributes"]]
        user = next((a["value"] for a in message["attributes"] if a["type"] == 1), None)
        ours.append(Row((source, target, message["code"], message["identifier"]),
                        f"{message['codeName']} {message['identifier']} ({record['id']})",
                        {"attributes": attributes, "user": user, "begin": begin(record, half)}))
    return finish(truth, expected, ours)


AGAIN = "sent again: we count it, and show the first"


# Diameter

def diameter(truth, records):
    """Compares messages: command, application, identifiers, sizes, result, ends and session, and
    the time an answer took."""
    expected, ends = [], None
    for message in truth.get("diameter", []):
        # Of several chunks of a packet of SCTP the truth gives the ends with the first alone.
        if message["src"].rpartition(":")[0]:
            ends = end(message["src"]), end(message["dst"])
        facts = dict(place(message), application=message["application"],
                     endToEnd=message["end_to_end"], avps=message["avps"],
                     command=message["command_name"].removeprefix("3GPP-"),
                     session=message.get("session"), result=message.get(
                         "result", message.get("experimental_result")),
                     originHost=message.get("origin_host"),
                     realm=message.get("destination_realm"), length=message["length"])
        if "time" in message:
            facts["microseconds"] = int(float(message["time"]) * 1_000_000 + 1e-3)
        expected.append(Row(
            (*ends, message["command"], message["hop_by_hop"], message["request"]),
            f"{message['command_name']} {message['hop_by_hop']} (frame {message['frame']})", facts))
    ours = []
    for source, target, message, record, half in halves(records, "diameter"):
        avps = {avp["code"]: avp.get("value") for avp in message["avps"] if "vendor" not in avp}
        facts = {"application": message["applicationId"], "endToEnd": message["endToEnd"],
                 "avps": count(message["avps"]), "command": message["command"],
                 "session": avps.get(263), "originHost": avps.get(264), "realm": avps.get(283),
                 "length": record["requestSize" if half == "request" else "responseSize"],
                 "begin": begin(record, half)}
        if half == "response":
            facts["result"] = record.get("diameter_result_code")
            if record["request"] is not None:
                facts["microseconds"] = record["elapsedTimeUs"]
        ours.append(Row((source, target, message["code"], message["hopByHop"], half == "request"),
                        f"{message['command']} {message['hopByHop']} ({record['id']})", facts))
    return finish(truth, expected, ours, elsewhere)


def elsewhere(row):
    """The truth looks for Diameter on its own port alone."""
    return None if 3868 in (row.key[0][1], row.key[1][1]) else "on a port where the truth does not look"


def count(avps):
    """AVPs, those in groups included."""
    return sum(1 + count(avp.get("avps", [])) for avp in avps)
