"""The comparison with an independent reader comes through what is odd in captures."""

import sys

from conftest import ROOT

sys.path.insert(0, str(ROOT / "Scripts"))
from truths import live, network  # noqa: E402

CAPTURE = {"encapsulations": []}
PLACE = {"frame": 1, "ts": "1.000000000", "src": "10.0.0.1:1", "dst": "10.0.0.2:2"}


def record(kind, **more):
    return {"protocol": {"macro": kind}, "id": "local/1/0", "startTime": "1970-01-01T00:00:01Z",
            "elapsedTimeUs": None, "src": {"ip": "10.0.0.1", "port": 1},
            "dst": {"ip": "10.0.0.2", "port": 2}, "request": None, "response": None, **more}


def test_sctp_packets_may_have_no_chunks():
    for chunks in ({"chunks": []}, {}):
        found = network.sctp_packets(
            {"capture": CAPTURE, "sctp": [dict(PLACE, tag="0x1", **chunks)]},
            [record("sctp", request={"tag": "0x1", **chunks})])
        assert (found.expected, found.equal, found.surplus) == (1, 1, [])


def test_messages_of_mqtt_may_have_no_type():
    found = live.mqtt({"capture": CAPTURE, "mqtt": [dict(PLACE), {**PLACE, "mqtt.hdrflags_tree": {}}]},
                      [record("mqtt", response={"reasonCode": 0})])
    assert found.expected == 0 and found.surplus == ["None response (local/1/0)"]
