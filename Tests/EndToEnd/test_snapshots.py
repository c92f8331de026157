"""Snapshots of a capture: made, exported to tcpdump and tshark, dissected, kept, deleted."""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from conftest import PATIENCE, SHOP, WORKLOADS, Hub, Server, large_capture

PACKETS = 1345


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    hub = Hub("--pcap", SHOP, "--workloads", WORKLOADS, "--no-cache", "--data",
              str(tmp_path_factory.mktemp("data")))
    hub.snapshot = post(hub, "/mcp/snapshots", {"name": "shop"})
    yield hub
    hub.stop()


def fetch(hub, path, method="GET", body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        hub.url + path, data, {"Content-Type": "application/json", **(headers or {})},
        method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def get(hub, path):
    status, _, body = fetch(hub, path)
    assert status == 200, body
    return json.loads(body)


def post(hub, path, body=None):
    status, _, answer = fetch(hub, path, "POST", body or {})
    assert status == 200, answer
    return json.loads(answer)


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert path, f"{name} is not installed; Scripts/setup --python installs it"
    return path


def counted_by_tcpdump(path, *filter):
    done = subprocess.run(
        [tool("tcpdump"), "-nn", "-r", str(path), *filter], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return len([line for line in done.stdout.split(b"\n") if line[:1].isdigit()])


def counted_by_tshark(path, *arguments):
    done = subprocess.run(
        [tool("tshark"), "-n", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch",
         *arguments], capture_output=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    times = [float(line) for line in done.stdout.split()]
    assert times == sorted(times)
    return len(times)


FILTERS = ["", "udp port 53", "tcp port 80 or tcp port 8080", "host 10.244.1.10 and not arp",
           "tcp[tcpflags] & tcp-syn != 0", "less 100", "portrange 6000-7000"]


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_tcpdump_and_tshark_read_every_export_alike(site, tmp_path, kind):
    for number, filter in enumerate(FILTERS):
        answer = post(site, "/mcp/tools/export_snapshot_pcap",
                      {"id": "shop", "bpf_filter": filter, "format": kind})
        status, headers, body = fetch(site, "/api" + answer["path"])
        assert status == 200 and len(body) == answer["bytes"]
        assert headers["Content-Disposition"] == f'attachment; filename="shop.{kind}"'
        assert headers["Content-Type"] == "application/vnd.tcpdump.pcap"
        digest = hashlib.sha256(body).digest()
        assert headers["Digest"] == "sha-256=" + base64.b64encode(digest).decode()
        assert answer["sha256"] == digest.hex()
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(body)
        of_original = counted_by_tcpdump(SHOP, *([filter] if filter else []))
        assert answer["packets"] == of_original == counted_by_tcpdump(path)
        assert counted_by_tshark(path) == of_original
    assert of_original < PACKETS


def test_a_pcapng_carries_names(site, tmp_path):
    path = tmp_path / "names.pcapng"
    path.write_bytes(fetch(site, "/mcp/snapshots/shop/pcap?format=pcapng")[2])
    done = subprocess.run(
        [tool("tshark"), "-r", str(path), "-N", "n", "-q", "-z", "hosts"], capture_output=True,
        timeout=PATIENCE)
    assert b".shop" in done.stdout


def test_a_window_is_half_open(site, tmp_path):
    found = get(site, "/mcp/data-boundaries")["cluster"]
    middle = (found["oldest_ts"] + found["newest_ts"]) // 2
    parts = [f"end_time={middle}", f"start_time={middle}"]
    counts = []
    for number, part in enumerate(parts):
        path = tmp_path / f"{number}.pcap"
        path.write_bytes(fetch(site, f"/mcp/snapshots/shop/pcap?{part}")[2])
        counts.append(counted_by_tcpdump(path))
    assert min(counts) > 0 and sum(counts) == PACKETS


def test_a_snapshot_of_a_large_capture_writes_no_packet(tmp_path):
    """What the process writes is counted, not how long it takes."""
    capture = large_capture(tmp_path / "large.pcap", 64)
    hub = Hub("--pcap", capture, "--no-cache", "--data", str(tmp_path / "data"))
    # The index of the file is made when it is first asked for.
    assert get(hub, "/mcp/data-boundaries")["nodes"][0]["bytes"] > 60 << 20

    def written():
        lines = pathlib.Path(f"/proc/{hub.process.pid}/io").read_text().split("\n")
        return int(next(line for line in lines if line.startswith("wchar")).split()[1])

    before = written()
    made = post(hub, "/mcp/snapshots", {"name": "large"})
    assert made["status"] == "completed" and made["snapshot"]["size_bytes"] > 60 << 20
    assert written() - before < 1 << 20
    kept = [path for path in (tmp_path / "data" / "snapshots").rglob("*.pcapng")
            if path.stat().st_size > 1 << 20]
    assert [path.stat().st_ino for path in kept] == [os.stat(capture).st_ino]
    hub.stop()


def test_an_export_notes_the_calls_of_a_dissection(site, tmp_path):
    post(site, "/mcp/dissections", {"snapshot": "shop", "name": "noted"})
    deadline = time.monotonic() + PATIENCE
    while get(site, "/mcp/dissections/shop/noted")["status"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    answer = post(site, "/mcp/tools/export_snapshot_pcap",
                  {"id": "shop", "format": "pcapng", "comments": "noted"})
    path = tmp_path / "noted.pcapng"
    path.write_bytes(fetch(site, answer["path"])[2])
    done = subprocess.run(
        [tool("tshark"), "-n", "-r", str(path), "-T", "fields", "-e", "frame.comment",
         "-e", "http.request.method", "-Y", "frame.comment && http.request"],
        capture_output=True, timeout=PATIENCE, text=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) > 50 and all(f" {method} " in comment for comment, method in rows)
    assert counted_by_tcpdump(path) == counted_by_tshark(path) == PACKETS
    fetch(site, "/mcp/dissections/shop/noted", "DELETE")


def test_ranges_and_head(site):
    path = "/mcp/snapshots/shop/pcap"
    status, headers, whole = fetch(site, path)
    assert status == 200
    status, head, body = fetch(site, path, "HEAD")
    assert (status, body) == (200, b"") and head["Content-Length"] == str(len(whole))
    assert head["ETag"] == headers["ETag"] and head["Accept-Ranges"] == "bytes"
    for range, part in [("bytes=0-23", whole[:24]), ("bytes=1000-", whole[1000:]),
                        ("bytes=-7", whole[-7:])]:
        status, headers, body = fetch(site, path, headers={"Range": range})
        assert (status, body) == (206, part)
        assert headers["Content-Range"].endswith(f"/{len(whole)}")
    status, headers, _ = fetch(site, path, headers={"Range": f"bytes={len(whole)}-"})
    assert status == 416 and headers["Content-Range"] == f"bytes */{len(whole)}"
    status, headers, body = fetch(site, path, headers={"If-None-Match": head["ETag"]})
    assert (status, body) == (304, b"") and headers["ETag"] == head["ETag"]
    assert fetch(site, path, headers={"If-Match": '"another"'})[0] == 412
    status, headers, body = fetch(site, path, "HEAD", headers={"Range": "bytes=0-9"})
    assert (status, headers["Content-Length"]) == (200, str(len(whole)))


@pytest.mark.parametrize("method,path,body,status,code", [
    ("GET", "/mcp/snapshots/nobody", None, 404, "not_found"),
    ("GET", "/mcp/snapshots/nobody/pcap", None, 404, "not_found"),
    ("GET", "/mcp/snapshots/shop/pcap?bpf_filter=tcp%20prt%2080", None, 400, "invalid_bpf"),
    ("GET", "/mcp/snapshots/shop/pcap?nodes=other", None, 400, "invalid_argument"),
    ("POST", "/mcp/snapshots", {"name": "shop"}, 409, "name_taken"),
    ("POST", "/mcp/snapshots", {"name": "a/b"}, 400, "invalid_argument"),
    ("POST", "/mcp/snapshots", {"start_time": "2001-01-01T00:00:00Z",
                                "end_time": "2001-01-02T00:00:00Z"}, 422, "outside_window"),
    ("POST", "/mcp/dissections", {"snapshot": "nobody"}, 404, "not_found"),
    ("GET", "/mcp/calls?db=shop/none", None, 404, "not_found"),
])
def test_mistakes_are_told(site, method, path, body, status, code):
    found, _, answer = fetch(site, path, method, body)
    answer = json.loads(answer)
    assert (found, answer["code"]) == (status, code)
    assert answer["error"] and answer["hint"]


def test_calls_of_a_snapshot(site):
    status, _, body = fetch(site, "/mcp/calls?snapshot_id=shop")
    error = json.loads(body)
    assert status == 409
    step = error["details"]["next_step"]
    begun = post(site, "/mcp/tools/" + step["tool"], step["arguments"])
    assert begun["success"] and begun["dissection_id"] == "shop/default"
    end = time.monotonic() + PATIENCE
    while get(site, "/mcp/dissections/shop/default")["active"] and time.monotonic() < end:
        time.sleep(0.05)
    done = get(site, "/mcp/dissections?snapshot=shop")["dissections"][0]
    assert done["status"] == "completed" and done["stats"]["packets_processed"] == PACKETS
    for path in ["/mcp/calls?kfl=http&limit=1000", "/mcp/stats?", "/mcp/flows?"]:
        live, kept = get(site, path), get(site, path + "&snapshot_id=shop")
        assert kept.pop("coverage")["source"] == "shop/default"
        live.pop("coverage")
        assert kept == live
    assert len(get(site, "/mcp/databases")["databases"]) == 2
    status, _, body = fetch(site, "/mcp/dissections/shop/default", "DELETE")
    assert status == 200 and json.loads(body)["success"]
    assert fetch(site, "/mcp/calls?snapshot_id=shop")[0] == 409


def test_snapshots_outlive_the_capture_and_the_hub(tmp_path):
    capture, data = tmp_path / "copy.pcap", str(tmp_path / "data")
    shutil.copy(SHOP, capture)
    hub = Hub("--pcap", str(capture), "--data", data)
    post(hub, "/mcp/snapshots", {"name": "kept"})
    hub.stop()
    capture.unlink()
    hub = Hub("--data", data)
    assert get(hub, "/mcp/snapshots/kept")["packet_count"] == PACKETS
    path = tmp_path / "kept.pcap"
    path.write_bytes(fetch(hub, "/mcp/snapshots/kept/pcap")[2])
    assert counted_by_tcpdump(path) == PACKETS
    assert get(hub, "/mcp/raw-capture")["enabled"] is False
    status, _, body = fetch(hub, "/mcp/snapshots/kept", "DELETE")
    assert status == 200 and json.loads(body)["success"]
    assert get(hub, "/mcp/snapshots")["total"] == 0
    hub.stop()


def test_over_mcp_a_snapshot_is_deleted_only_with_the_users_word():
    server = Server("mcp", "--pcap", SHOP, "--no-cache")
    assert server.call("create_snapshot", name="s")["structuredContent"]["status"] == "completed"
    asked = server.call("delete_snapshot", id="s")
    assert asked["isError"] and "confirm" in asked["content"][0]["text"]
    assert not server.call("delete_snapshot", id="s", confirm=True).get("isError")
    code, _ = server.end()
    assert code == 0


def test_exports_of_a_server_without_a_hub_are_saved(tmp_path):
    server = Server("mcp", "--pcap", SHOP, "--no-cache", "--download-dir", str(tmp_path / "here"))
    server.call("create_snapshot", name="s")
    path = server.call("export_snapshot_pcap", id="s")["structuredContent"]["path"]
    saved = server.call("download_file", path=path, dest="mine.pcap")["structuredContent"]
    assert saved["path"] == str(tmp_path / "here/mine.pcap")
    assert saved["url"] == "file://" + saved["path"]
    assert counted_by_tcpdump(saved["path"]) == PACKETS
    again = server.call("download_file", path=path, dest="mine.pcap")
    assert again["isError"] and "already" in again["content"][0]["text"]
    urls = [server.call("get_file_url", path=path)["structuredContent"]["url"] for _ in range(2)]
    assert urls == [f"file://{tmp_path}/here/{name}" for name in ("s.pcap", "s-2.pcap")]
    assert counted_by_tcpdump(tmp_path / "here/s-2.pcap") == PACKETS
    assert "nowhere" in server.call("get_file_url", path="/mcp/snapshots/nowhere/pcap")["content"][0]["text"]
    assert server.end()[0] == 0
