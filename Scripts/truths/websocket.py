"""WebSocket: messages, of which the truth lists the frames."""

from .comparison import Row, end, ends
from .messages import begin, finish, halves, place

OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}


def websocket(truth, records):
    """Compares messages: fragments are joined, control frames stand alone."""
    both, expected, pending = ends(truth, "tcp"), [], {}
    for frame in truth.get("websocket", []):
        source = end(frame["from"])
        target = next(iter(both[frame["tcp_stream"]] - {source}), None)
        lane = source, frame["tcp_stream"]
        facts = dict(place(frame), payloadLength=frame["length"],
                     closeCode=frame.get("close_status"), text=frame.get("text"))
        opcode = OPCODES.get(frame["opcode"])
        if opcode is None and lane in pending:
            pending[lane].facts["payloadLength"] += frame["length"]
        else:
            row = Row((source, target, opcode), f"{opcode} (frame {frame['frame']})", facts)
            expected.append(row)
            if not frame["fin"]:
                pending[lane] = row
        if frame["fin"] and frame["opcode"] < 8:
            pending.pop(lane, None)
    ours = []
    for source, target, message, record, half in halves(records, "ws"):
        facts = {name: message.get(name) for name in ("payloadLength", "closeCode")}
        facts["text"] = record.get(f"ws_{half}_payload_data") or None
        facts["begin"] = begin(record, half)
        ours.append(Row((source, target, message["opcode"]),
                        f"{message['opcode']} ({record['id']})", facts))
    return finish(truth, expected, ours)
