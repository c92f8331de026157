"""Calls that are kept: data folders, growing captures, interrupted and hindered writing."""

import json
import os
import pty
import select
import signal
import subprocess
import time
import urllib.request

import pytest

from conftest import BINARY, DNS, PATIENCE, SHOP, Hub, kubeshark


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def calls(*arguments):
    done = kubeshark("calls", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def total(url):
    with urllib.request.urlopen(url + "/api/mcp/calls?limit=1", timeout=PATIENCE) as answer:
        return json.load(answer)["total"]


def until(condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_a_data_folder_keeps_calls(tmp_path):
    data = str(tmp_path / "data")
    first = calls("--pcap", SHOP, "--data", data)
    assert calls("--data", data) == first
    both = calls("--pcap", DNS, "--data", data)
    assert len(both) > len(first) and len({call["id"] for call in both}) == len(both)
    assert calls("--pcap", SHOP, "--data", data) == both
    assert os.stat(data).st_mode & 0o777 == 0o700


def test_a_data_folder_belongs_to_one_process(tmp_path):
    data = str(tmp_path / "data")
    hub = Hub("--pcap", SHOP, "--data", data)
    try:
        second = kubeshark("calls", "--data", data)
        assert second.returncode == 2
        assert b"process %d has it" % hub.process.pid in second.stderr
    finally:
        hub.stop()
    assert len(calls("--data", data)) > 200


def test_a_growing_capture_is_answered_and_survives_a_kill(tmp_path):
    data = str(tmp_path / "data")
    growing = tmp_path / "growing.pcap"
    whole = open(SHOP, "rb").read()
    growing.write_bytes(whole[:100_000])
    hub = Hub("--pcap", str(growing), "--follow", "--data", data)
    some = until(lambda: total(hub.url))
    with open(growing, "ab") as file:
        file.write(whole[100_000:])
    more = until(lambda: (now := total(hub.url)) > some and now)
    hub.process.kill()
    hub.process.wait()
    assert len(calls("--data", data)) >= more > some
    # The next process goes on: what was read is not there twice.
    hub = Hub("--pcap", str(growing), "--follow", "--data", data)
    try:
        again = until(lambda: (now := total(hub.url)) >= more and now)
    finally:
        hub.stop()
    assert again <= len(calls("--pcap", SHOP, "--no-cache"))


def test_a_stream_is_kept(tmp_path):
    data = str(tmp_path / "data")
    with open(SHOP, "rb") as capture:
        done = subprocess.run(
            [BINARY, "calls", "--pcap", "-", "--data", data], stdin=capture, capture_output=True,
            timeout=PATIENCE)
    assert done.returncode == 0
    # Ports and lines are the same; only what is asked differs.
    assert len(calls("--data", data)) == len(done.stdout.splitlines())


def hindered(tmp_path, mount):
    """The result of adding the shop to a folder on which that mount command was run."""
    data = tmp_path / "data"
    data.mkdir()
    script = mount + ' || exit 77; exec "$0" calls --pcap "$2" --data "$1"'
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", script, BINARY, str(data), SHOP], capture_output=True,
            timeout=PATIENCE)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if done.returncode == 77 or b"unshare" in done.stderr:
        pytest.skip("this system gives no mount namespace")
    return done


def test_a_full_disk_is_a_clear_error(tmp_path):
    done = hindered(tmp_path, 'mount -t tmpfs -o size=192k none "$1"')
    assert done.returncode in (1, 2)
    assert b"no space is left on the device" in done.stderr


def test_a_read_only_folder_is_a_clear_error(tmp_path):
    done = hindered(tmp_path, 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"')
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr


def test_reading_shows_a_line_on_a_terminal_and_nowhere_else(tmp_path):
    def said(stderr, read):
        fifo = tmp_path / "capture"
        os.mkfifo(fifo)
        process = subprocess.Popen(
            [BINARY, "calls", "--pcap", str(fifo), "--no-cache"], stdout=subprocess.DEVNULL,
            stderr=stderr, env={**os.environ, "TERM": "xterm"})
        whole = open(SHOP, "rb").read()
        with open(fifo, "wb", buffering=0) as capture:
            capture.write(whole[:60_000])
            time.sleep(1)
            capture.write(whole[60_000:])
        assert process.wait(timeout=PATIENCE) == 0
        fifo.unlink()
        return read()

    terminal, other = pty.openpty()

    def screen():
        # One read may give only a part of what was written.
        text = b""
        while select.select([terminal], [], [], 0)[0]:
            text += os.read(terminal, 65_536)
        return text

    shown = said(other, screen)
    assert b"reading the capture: " in shown and shown.endswith(b"\r\x1b[K")
    plain, other = os.pipe()

    def rest():
        os.close(other)
        return os.read(plain, 65_536)

    assert said(other, rest) == b""


@pytest.mark.parametrize("arguments", [
    ["hub", "--pcap", SHOP, DNS, "--follow"],
    ["hub", "--pcap", SHOP, "--keep-bytes", "1G"], ["hub", "--data", "/dev/null/x"],
    ["hub", "--data", "/tmp", "--keep-age", "soon"], ["hub", "--data", "/tmp", "--keep-bytes", "x"],
    ["mcp", "--url", "https://a.example", "--data", "/tmp/x"],
])
def test_flags_that_do_not_fit_are_told_with_2(arguments):
    done = kubeshark(*arguments)
    assert done.returncode == 2 and done.stderr.strip() and not done.stdout


def test_interrupting_ends_reading(tmp_path):
    fifo = tmp_path / "capture"
    os.mkfifo(fifo)
    hub = subprocess.Popen([BINARY, "hub", "--listen", "127.0.0.1:0", "--pcap", str(fifo)],
                           stderr=subprocess.PIPE)
    with open(fifo, "wb", buffering=0) as capture:
        capture.write(open(SHOP, "rb").read()[:60_000])
        assert b"listening" in hub.stderr.readline()
        hub.send_signal(signal.SIGINT)
        assert hub.wait(timeout=PATIENCE) == 0
