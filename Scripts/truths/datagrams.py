"""UDP, ICMP and SCTP: conversations with their ends and amounts."""

import collections
import ipaddress

from .comparison import LINK, Row, end, our_end, our_ends, settle, unread
from .tcp import differences, mark_copies

# VXLAN, VXLAN-GPE, Geneve, GTP-U, Teredo, L2TP, SCTP.
TUNNEL_PORTS = {4789, 8472, 4790, 6081, 2152, 3544, 1701, 9899}
TUNNEL = "a tunnel: the truth counts the outer packet as well, we what is inside"


def udp(truth, records):
    """Compares what went between two addresses and ports: packets and bytes of each side.

    Not conversation by conversation: the truth makes two of one where SIP announced it, and we make
    two where it was silent for twenty minutes.
    """
    sent = collections.defaultdict(collections.Counter)
    for row in truth.get("udp", []):
        if row["client"] and row["server"]:
            ends = end(row["client"]), end(row["server"])
            for name in ("packets", "bytes"):
                for side, count in zip(ends, row[name]):
                    if count:
                        sent[frozenset(ends)][name, side] += count
    expected = [Row(k, shown(k), dict(facts), tunnel(k)) for k, facts in sent.items()]
    found = collections.defaultdict(collections.Counter)
    for record in own(records, "udp_conn"):
        add(found[our_ends(record)], record, our_end(record["src"]), our_end(record["dst"]))
    return finish(truth, expected, counted(found))


def tunnel(ends):
    """Why the truth has packets of these ends that we have not, or None."""
    return TUNNEL if any(port in TUNNEL_PORTS for _, port in ends) else None


def icmp(truth, records):
    """Compares what went between two addresses, of each version: packets of each side."""
    frames = collections.defaultdict(set)
    for row in truth.get("icmp", []):
        if row["src"] and row["dst"]:
            frames[row["family"], address(row["src"]), address(row["dst"])].add(row["frame"])
    expected = pairs(frames, lambda family, *ends: (family, frozenset(ends)))
    found = collections.defaultdict(collections.Counter)
    for record in own(records, "icmp_conn"):
        source, target = our_end(record["src"])[0], our_end(record["dst"])[0]
        family = "icmpv6" if ":" in source else "icmp"
        add(found[family, frozenset((source, target))], record, source, target)
    return finish(truth, expected, counted(found))


def sctp(truth, records):
    """Compares what went between two addresses and ports: packets of each side."""
    frames = collections.defaultdict(set)
    for row in truth.get("sctp", []):
        # A row without ports is a fragment's, or chunks that another row has too.
        if row["tag"] is not None and row["src"].rpartition(":")[0]:
            frames["sctp", end(row["src"]), end(row["dst"])].add(row["frame"])
    expected = pairs(frames, lambda _, *ends: frozenset(ends))
    found = collections.defaultdict(collections.Counter)
    for record in own(records, "sctp_conn"):
        add(found[our_ends(record)], record, our_end(record["src"]), our_end(record["dst"]))
    return finish(truth, expected, counted(found))


def own(records, kind):
    return [record for record in records if record["protocol"]["macro"] == kind]


def address(text):
    return str(ipaddress.ip_address(text))


def pairs(frames, name):
    """Rows of what was sent between two ends, from the frames each sent to the other."""
    sent = collections.defaultdict(dict)
    for (family, source, target), numbers in frames.items():
        sent[name(family, source, target)]["packets", source] = len(numbers)
    return [Row(k, shown(k), facts) for k, facts in sent.items()]


def shown(key):
    """Both ends as text."""
    family, ends = key if isinstance(key, tuple) else ("", key)
    names = sorted(e if isinstance(e, str) else f"{e[0]}:{e[1]}" for e in ends)
    return " ".join(filter(None, (family, " - ".join(names))))


def add(facts, record, source, target):
    """Adds one conversation of ours to the facts of its ends."""
    mine = (("packets", source, "conn_local_pkts"), ("packets", target, "conn_remote_pkts"),
            ("bytes", source, "conn_local_bytes"), ("bytes", target, "conn_remote_bytes"))
    for name, side, field in mine:
        if record[field]:
            facts[name, side] += record[field]
    for message, side in (("request", source), ("response", target)):
        facts["copies", side] += (record[message] or {}).get("duplicates", 0)


def counted(found):
    return [Row(k, shown(k), dict(facts)) for k, facts in found.items()]


def finish(truth, expected, ours):
    mark_copies(expected, ours)
    if unread(truth):
        for row in expected:
            row.reason = LINK
    return settle(expected, ours, differences)
