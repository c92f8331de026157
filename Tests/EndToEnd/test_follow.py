"""A capture that is still being written."""

import pathlib
import time

from conftest import PATIENCE, SHOP, Hub, Server, kubeshark


def packets(answer):
    return answer["structuredContent"]["coverage"]["packets"]


def test_a_growing_capture_is_answered_from_as_it_grows(tmp_path):
    whole = pathlib.Path(SHOP).read_bytes()
    capture = tmp_path / "growing.pcap"
    # Not even the file header is whole.
    capture.write_bytes(whole[:10])
    server = Server("mcp", "--pcap", str(capture), "--follow")
    assert packets(server.call("list_l4_flows")) == 0
    shown = []
    for part in (len(whole) // 2, len(whole)):
        with capture.open("ab") as file:
            file.write(whole[file.tell():part])
        deadline = time.monotonic() + PATIENCE
        before = shown[-1] if shown else 0
        while (seen := packets(server.call("list_l4_flows"))) <= before or \
                part == len(whole) and seen < 1345:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        shown.append(seen)
    assert shown[-1] == 1345
    answer = server.call("list_l4_flows")
    assert "still grows" in " ".join(answer["structuredContent"]["coverage"]["notes"])
    # All that is open or over, each once.
    calls = server.call("list_api_calls", kfl="conn", limit=1000)["structuredContent"]["calls"]
    ids = [call["id"] for call in calls]
    assert len(ids) == len(set(ids)) == 59
    assert server.end() == (0, [])


def test_follow_goes_with_one_capture():
    for arguments in ([], ["--pcap", SHOP, "--pcap", SHOP]):
        done = kubeshark("mcp", *arguments, "--follow")
        assert done.returncode == 2
        assert b"one --pcap" in done.stderr


def test_a_hub_that_follows_ends_when_told_to(tmp_path):
    capture = tmp_path / "growing.pcap"
    capture.write_bytes(pathlib.Path(SHOP).read_bytes())
    hub = Hub("--pcap", str(capture), "--follow")
    assert hub.stop() == 0
