"""MQTT, PostgreSQL and MySQL: what tshark says of a capture, asked on the spot.

The truths that lie beside captures do not have these. Where tshark is installed, their messages
are added: one row for each packet of MQTT, each statement and its outcome of the other two.
"""

import json
import shutil
import subprocess

from .comparison import LINK, Row, end, nanoseconds, our_end, settle, unread
from .messages import begin, halves

TYPES = {1: "connect", 3: "publish", 8: "subscribe", 10: "unsubscribe", 12: "ping",
         14: "disconnect", 15: "auth"}
# PUBREC and PUBREL are steps within a message of quality 2.
ANSWERS = {2: "connect", 4: "publish", 7: "publish", 9: "subscribe", 11: "unsubscribe", 13: "ping"}


def add(truth, capture):
    """Adds the lists of these protocols to a truth."""
    if shutil.which("tshark") is None:
        return
    done = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", "mqtt || pgsql || mysql", "-T", "json",
         "--no-duplicate-keys"], capture_output=True, timeout=60)
    try:
        packets = json.loads(done.stdout or b"[]")
    except ValueError:
        return
    for name in ("mqtt", "pgsql", "mysql"):
        truth[name] = [message for packet in packets for message in messages(packet, name)]


def messages(packet, name):
    """The messages of one protocol in a packet, with who sent them when."""
    layers = packet["_source"]["layers"]
    if name not in layers or "tcp" not in layers:
        return
    network = layers.get("ip", layers.get("ipv6"))
    ip = "ip" if "ip" in layers else "ipv6"
    if not isinstance(network, dict) or not isinstance(layers["tcp"], dict):
        return
    found = layers[name] if isinstance(layers[name], list) else [layers[name]]
    for message in found:
        if isinstance(message, dict):
            yield dict(message, frame=layers["frame"]["frame.number"],
                       ts=layers["frame"]["frame.time_epoch"],
                       src=f"[{network[ip + '.src']}]:{layers['tcp']['tcp.srcport']}",
                       dst=f"[{network[ip + '.dst']}]:{layers['tcp']['tcp.dstport']}")


def first(value):
    return value[0] if isinstance(value, list) else value


def mqtt(truth, records):
    """Compares packets: type, identifier, topic, quality, client, and reasons."""
    expected = []
    for message in truth.get("mqtt", []):
        # Of what is malformed or cut there may be no head at all.
        flags = message.get("mqtt.hdrflags_tree") or {}
        kind = int(flags.get("mqtt.msgtype", 0))
        facts = {"ts": nanoseconds(message["ts"])}
        number = message.get("mqtt.msgid")
        if kind in TYPES:
            name, half = TYPES[kind], "request"
            facts["topic"] = first(message.get("mqtt.topic")) or None
            facts["client"] = message.get("mqtt.clientid") or None
            facts["qos"] = int(flags["mqtt.qos"]) if "mqtt.qos" in flags else None
        elif kind in ANSWERS:
            name, half = ANSWERS[kind], "response"
            reason = message.get("mqtt.conack.val", message.get("mqtt.rcode"))
            facts["reason"] = int(reason) if isinstance(reason, str) else None
        else:
            continue
        expected.append(Row((end(message["src"]), end(message["dst"]), name, half, number),
                            f"{name} {half} (frame {message['frame']})", facts))
    ours = []
    for source, target, message, record, half in halves(records, "mqtt"):
        number = (record["request"] or {}).get("packetId")
        if record["request"] is None:
            number = None
        facts = {"begin": begin(record, half)}
        if half == "request":
            facts.update(topic=message.get("topic", first_filter(message)), qos=message.get("qos"),
                         client=message.get("clientId"))
        else:
            facts["reason"] = message.get("reasonCode")
        # A lone reply does not say what was asked.
        name = record.get("mqtt_type")
        ours.append(Row((source, target, name, half, None if number is None else str(number)),
                        f"{name} {half} ({record['id']})", facts))
    return settle(reasoned(truth, expected), ours, differing)


def first_filter(message):
    topics = message.get("topics")
    return topics[0]["filter"] if topics else None


# PostgreSQL and MySQL


def postgresql(truth, records):
    """Compares statements: text, tag or SQLSTATE."""
    expected, open_rows = [], {}
    for message in truth.get("pgsql", []):
        kind = message.get("pgsql.type")
        lane = message["src"], message["dst"]
        if kind == "Simple query":
            row = Row((end(message["src"]), end(message["dst"])),
                      f"{message['pgsql.query'][:40]} (frame {message['frame']})",
                      {"ts": nanoseconds(message["ts"]), "query": message["pgsql.query"].strip()})
            expected.append(row)
            open_rows[lane] = row
        elif lane[::-1] in open_rows and kind == "Command completion":
            open_rows[lane[::-1]].facts.setdefault("tag", message["pgsql.tag"].split()[0])
        elif lane[::-1] in open_rows and kind == "Error":
            open_rows[lane[::-1]].facts["state"] = message.get("pgsql.code")
        elif kind == "Ready for query":
            open_rows.pop(lane[::-1], None)
    ours = []
    for record in records:
        if record["protocol"]["macro"] != "postgresql" or not record.get("postgresql_query"):
            continue
        ours.append(Row((our_end(record["src"]), our_end(record["dst"])),
                        f"{record['postgresql_query'][:40]} ({record['id']})",
                        {"query": record["postgresql_query"].strip(),
                         "tag": record["postgresql_command"].split()[0].upper(),
                         "state": record.get("postgresql_error_code") or None,
                         "begin": begin(record, "request")}))
    return settle(reasoned(truth, expected), ours, differing)


def mysql(truth, records):
    """Compares commands: number, text, and the error they ended in."""
    expected, open_rows = [], {}
    for message in truth.get("mysql", []):
        lane = message["src"], message["dst"]
        request = message.get("mysql.request")
        if isinstance(request, dict) and request.get("mysql.command") not in (None, "1"):
            row = Row((end(message["src"]), end(message["dst"])),
                      f"{request.get('mysql.query', request['mysql.command'])[:40]} "
                      f"(frame {message['frame']})",
                      {"ts": nanoseconds(message["ts"]), "query": request.get("mysql.query"),
                       "error": None})
            expected.append(row)
            open_rows[lane] = row
        elif "mysql.error_code" in message and lane[::-1] in open_rows:
            open_rows[lane[::-1]].facts["error"] = int(message["mysql.error_code"])
    ours = []
    for record in records:
        if record["protocol"]["macro"] != "mysql" or not record["mysql_command"].startswith("COM_"):
            continue
        ours.append(Row((our_end(record["src"]), our_end(record["dst"])),
                        f"{(record.get('mysql_query') or record['mysql_command'])[:40]} "
                        f"({record['id']})",
                        {"query": record.get("mysql_query") or None,
                         "error": record.get("mysql_error_code") or None,
                         "begin": begin(record, "request")}))
    return settle(reasoned(truth, expected), ours, differing)


def differing(row, other):
    """What is not equal; a fact that the truth lacks is not compared, nor the last microsecond."""
    found = [f"{name} {other.facts.get(name)!r} instead of {value!r}"
             for name, value in row.facts.items()
             if name != "ts" and value is not None and value != other.facts.get(name)]
    if other.facts["begin"] > row.facts["ts"] + 999:
        found.append(f"begins {(other.facts['begin'] - row.facts['ts']) // 1000} us late")
    return found


def reasoned(truth, expected):
    if unread(truth):
        for row in expected:
            row.reason = LINK
    return expected


PROTOCOLS = {"mqtt": mqtt, "postgresql": postgresql, "mysql": mysql}
