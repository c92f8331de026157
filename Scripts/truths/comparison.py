"""Matching what is expected with what was found."""

import collections
import dataclasses
import datetime
import ipaddress
from typing import Any, Callable, Optional


@dataclasses.dataclass
class Row:
    """One transaction, expected or ours."""

    # What it is told by: rows match only when their keys are equal.
    key: Any
    # How it is shown.
    text: str
    # What is compared once it is matched.
    facts: dict
    # Why it does not count: the truth is wrong about it, or holds what we do not claim to read.
    reason: Optional[str] = None


class Comparison:
    """How expected and found rows met."""

    def __init__(self):
        self.expected = self.found = self.equal = 0
        self.missing, self.surplus, self.unequal, self.explained = [], [], [], []

    @property
    def percent(self):
        """Equal ones, of those expected and those nobody expected."""
        whole = self.expected + len(self.surplus)
        return 100.0 if whole == 0 else 100.0 * self.equal / whole

    def add(self, other, name):
        """Takes in the comparison of the capture `name`."""
        self.expected += other.expected
        self.found += other.found
        self.equal += other.equal
        for mine, theirs in ((self.missing, other.missing), (self.surplus, other.surplus),
                             (self.unequal, other.unequal)):
            mine.extend(f"{name}: {text}" for text in theirs)
        self.explained.extend((reason, f"{name}: {text}") for reason, text in other.explained)


def settle(expected, ours, differences: Callable[[Row, Row], list], excuse=lambda row: None):
    """Matches rows of equal keys: first those without differences, then the rest in order.

    `differences` gives what is not equal, as texts. `excuse` gives the reason why one of ours that
    nobody expects is right all the same, or None.
    """
    result = Comparison()
    result.expected = sum(row.reason is None for row in expected)
    waiting = collections.defaultdict(collections.deque)
    for row in ours:
        waiting[row.key].append(row)
    rest = []
    for row in sorted(expected, key=lambda row: row.reason is not None):
        same = next((o for o in waiting[row.key] if not differences(row, o)), None)
        if same is None:
            rest.append(row)
            continue
        waiting[row.key].remove(same)
        if row.reason is None:
            result.found += 1
            result.equal += 1
        else:
            result.explained.append((row.reason, row.text))
    for row in rest:
        other = waiting[row.key].popleft() if waiting[row.key] else None
        if row.reason is not None:
            result.explained.append((row.reason, row.text))
        elif other is None:
            result.missing.append(row.text)
        else:
            result.found += 1
            result.unequal.append(f"{row.text}: " + "; ".join(differences(row, other)))
    for rows in waiting.values():
        for row in rows:
            reason = excuse(row)
            if reason is None:
                result.surplus.append(row.text)
            else:
                result.explained.append((reason, row.text))
    return result


# Reading both sides


def nanoseconds(text):
    """An epoch time of the truth (`1354328870.191989000`) in nanoseconds; None without one."""
    if text is None:
        return None
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int((fraction + "0" * 9)[:9])


def instant(record):
    """When one of our records begins, in nanoseconds."""
    text = record["startTime"].removesuffix("Z")
    whole, _, fraction = text.partition(".")
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(moment.timestamp()) * 10**9 + int((fraction + "0" * 9)[:9])


def end(text):
    """`1.2.3.4:80` or `[::1]:80` as address and port."""
    address, _, port = text.rpartition(":")
    return str(ipaddress.ip_address(address.strip("[]"))), int(port)


def our_end(side):
    """One side of our record as address and port."""
    return str(ipaddress.ip_address(side["ip"])), int(side["port"])


def our_ends(record):
    """Both sides, without an order."""
    return frozenset((our_end(record["src"]), our_end(record["dst"])))


def ends(truth, transport):
    """The two sides of each stream of the truth, by its number."""
    return {row["stream"]: frozenset((end(row["client"]), end(row["server"])))
            for row in truth.get(transport, []) if row["client"] and row["server"]}


def unread(truth):
    """Whether all packets have a link type that is not read."""
    kinds = truth["capture"]["encapsulations"]
    return bool(kinds) and all(kind.startswith(UNREAD_LINKS) for kind in kinds)


UNREAD_LINKS = ("Wireshark Upper PDU export",)
LINK = "in frames of a kind that is not read (exported PDUs)"


def cut(text):
    """A text of ours as the truth would cut it: 300 characters and a mark."""
    return text if len(text) <= 300 else text[:300] + "…"


def alike(expected, found):
    """Whether a text of the truth, which may be cut, is ours."""
    expected, found = expected or "", found or ""
    if expected.endswith("…") and len(expected) > 300:
        return found.startswith(expected[:-1])
    return expected == found


def differing(expected, found, names):
    """Which of those facts differ, as texts. A fact that the truth lacks is not compared."""
    return [f"{name} {found.get(name)!r} instead of {expected[name]!r}" for name in names
            if name in expected and not same(expected[name], found.get(name))]


def same(expected, found):
    """Equal, texts up to their cut."""
    return alike(expected, found) if isinstance(expected, str) else expected == found
