"""TCP: connections with their ends and amounts, and the figures of their health."""

from .comparison import LINK, Row, end, our_end, our_ends, settle, unread

TWICE = "captured several times: the truth takes copies for retransmissions, we count them once"
# The truth counts each segment that announces a closed window, and each that is ahead of a gap. So
# do zero_window_segments and lost_segment_events. zero_window_events counts the times a window
# closed, missing_segments the gaps that were never filled later: both can only be smaller.
SMALLER = {"zero_window_events": "zero_window", "missing_segments": "lost_segment"}
# Our figure, and the truth's that it is the sum of, over both sides.
FIGURES = {
    "retransmissions": "retransmission", "fast_retransmissions": "fast_retransmission",
    "spurious_retransmissions": "spurious_retransmission", "out_of_order": "out_of_order",
    "dup_acks": "duplicate_ack", "lost_segment_events": "lost_segment",
    "zero_window_segments": "zero_window", "window_full_events": "window_full",
    "keepalive_count": "keep_alive",
}


def tcp(truth, records):
    """Compares connections: who began them, packets and bytes of each side."""
    expected = [Row(key(truth, row), shown(row), amounts(row)) for row in streams(truth)]
    ours = [Row(our_key(record), record["id"], our_amounts(record)) for record in own(records)]
    mark_copies(expected, ours)
    if unread(truth):
        for row in expected:
            row.reason = LINK
    return settle(expected, ours, differences)


def tcp_health(truth, records):
    """Compares the figures of analysis; no connection is expected here that `tcp` misses."""
    doubled = {row.key for row in copies(truth, records)}
    found = {our_key(record): record for record in own(records)}
    expected = []
    for row in streams(truth):
        if key(truth, row) in found:
            expected.append(Row(key(truth, row), shown(row), health(row),
                                TWICE if key(truth, row) in doubled else None))
    ours = [Row(k, record["id"], our_health(record)) for k, record in found.items()]
    wanted = {row.key for row in expected}
    return settle(expected, [row for row in ours if row.key in wanted], unequal)


def streams(truth):
    return [row for row in truth.get("tcp", []) if row["client"] and row["server"]]


def own(records):
    return [record for record in records if record["protocol"]["macro"] == "tcp_conn"]


def key(truth, row):
    return frozenset((end(row["client"]), end(row["server"]))), row["first_frame"]


def our_key(record):
    return our_ends(record), int(record["stream"], 16)


def shown(row):
    return f"{row['client']} - {row['server']} (frame {row['first_frame']})"


# Amounts


def amounts(row):
    """Packets and bytes by end, and the client where the packets tell it."""
    client, server = end(row["client"]), end(row["server"])
    facts = {("packets", client): row["packets"][0], ("packets", server): row["packets"][1],
             ("bytes", client): row["bytes"][0], ("bytes", server): row["bytes"][1]}
    if row["client_known_by"] != "first packet":
        facts["client"] = client
    return facts


def our_amounts(record):
    client, server = our_end(record["src"]), our_end(record["dst"])
    return {"client": client,
            ("packets", client): record["conn_local_pkts"],
            ("packets", server): record["conn_remote_pkts"],
            ("bytes", client): record["conn_local_bytes"],
            ("bytes", server): record["conn_remote_bytes"],
            ("copies", client): (record["request"] or {}).get("duplicates", 0),
            ("copies", server): (record["response"] or {}).get("duplicates", 0)}


def differences(row, other):
    return [f"{word(name)} {other.facts.get(name)} instead of {value}"
            for name, value in row.facts.items() if other.facts.get(name) != value]


def word(name):
    if isinstance(name, str):
        return name
    return f"{name[0]} of " + (name[1] if isinstance(name[1], str) else f"port {name[1][1]}")


def mark_copies(expected, ours):
    """Sets aside connections of which we report copies, as many as the truth has packets more."""
    found = {row.key: row.facts for row in ours}
    for row in expected:
        other = found.get(row.key, {})
        packets = {name: value for name, value in row.facts.items() if name[0] == "packets"}
        copies = {name: other.get(("copies", name[1]), 0) for name in packets}
        if any(copies.values()) and all(
                other.get(name) == value - copies[name] for name, value in packets.items()):
            row.reason = TWICE


def copies(truth, records):
    expected = [Row(key(truth, row), "", amounts(row)) for row in streams(truth)]
    mark_copies(expected, [Row(our_key(r), "", our_amounts(r)) for r in own(records)])
    return [row for row in expected if row.reason]


# Health


def health(row):
    facts = {name: sum(row["analysis"].get(theirs, (0, 0))) for name, theirs in FIGURES.items()}
    facts["bounds"] = {name: sum(row["analysis"].get(theirs, (0, 0)))
                       for name, theirs in SMALLER.items()}
    facts["rst_count"] = sum(row["flags"]["rst"])
    facts["fin_count"] = sum(row["flags"]["fin"])
    if "completeness" in row:
        facts["connection_completeness"] = row["completeness"]
    if row.get("initial_rtt") is not None:
        facts["initial_rtt_us"] = round(row["initial_rtt"] * 1e6)
    return facts


def our_health(record):
    # Of a connection captured in one direction nobody can tell whether it filled the other's window:
    # the figure is absent, where tshark counts none.
    figures = dict(record.get("tcp_metrics", {}))
    if figures.get("window_full_events") is None:
        figures["window_full_events"] = 0
    return {name: figures.get(name) for name in
            [*FIGURES, *SMALLER, "rst_count", "fin_count", "connection_completeness", "initial_rtt_us"]}


def unequal(row, other):
    # Round trips are sums of two times, each cut to microseconds by one reader and not the other.
    facts = dict(row.facts)
    bounds = facts.pop("bounds")
    return [f"{name} {other.facts.get(name)} instead of {value}"
            for name, value in facts.items()
            if not close(value, other.facts.get(name), 2 if name.endswith("_us") else 0)
            ] + [f"{name} {other.facts.get(name)}, which is not in 0 to {bound}"
                 for name, bound in bounds.items()
                 if not 0 <= (other.facts.get(name) or 0) <= bound or
                 (bound > 0 and name == "zero_window_events" and not other.facts.get(name))]


def close(expected, found, tolerance):
    return found is not None and abs(expected - found) <= tolerance
