"""Snapshots in storage elsewhere: a real S3 server (OpenStack Swift with its S3 face), and a folder."""

import base64
import email.utils
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import BINARY, PATIENCE, SHOP, large_capture
from objectstore import SECRET, USER

# The interpreter that Debian's packages belong to.
PYTHON = "/usr/bin/python3"
BUCKET = "snapshots"


class Hub:
    """`kubeshark hub` with an environment of its own."""

    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen(
            [BINARY, "hub", "--listen", "127.0.0.1:0", *arguments], stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        for line in self.process.stderr:
            if found := re.search(rb"listening on (https?://\S+)", line):
                self.url = found.group(1).decode()
                break
        else:
            raise AssertionError("the hub did not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def ask(self, tool, **arguments):
        request = urllib.request.Request(
            self.url + "/api/mcp/tools/call",
            json.dumps({"name": tool, "arguments": arguments}).encode(),
            {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.load(error)}

    def transfer(self, tool, snapshot):
        """Begins a transfer and waits for its end."""
        begun = self.ask(tool, id=snapshot)
        assert begun.get("success"), begun
        deadline = time.monotonic() + PATIENCE
        while (job := self.ask("get_cloud_job_status", job_id=begun["job_id"]))[
                "status"] == "in_progress":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return job

    def stop(self, kills=False):
        (self.process.kill if kills else self.process.terminate)()
        self.process.wait(timeout=PATIENCE)


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """The environment that leads to a bucket of a real server."""
    known = subprocess.run([PYTHON, "-c", "import swift.common.middleware.s3api"],
                           capture_output=True)
    if known.returncode != 0:
        pytest.skip("OpenStack Swift is not installed: Scripts/setup --python installs python3-swift")
    server = subprocess.Popen(
        [PYTHON, str(pathlib.Path(__file__).with_name("objectstore.py")),
         str(tmp_path_factory.mktemp("swift"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = server.stdout.readline().split()
    assert said and said[0] == b"ready", "the S3 server did not start"
    yield {
        "SNAPSHOT_AWS_ENDPOINT": f"http://127.0.0.1:{int(said[1])}", "SNAPSHOT_AWS_BUCKET": BUCKET,
        "SNAPSHOT_AWS_ACCESS_KEY": USER, "SNAPSHOT_AWS_SECRET_KEY": SECRET,
        "SNAPSHOT_CLOUD_PREFIX": "team"}
    server.stdin.close()
    server.wait(timeout=PATIENCE)


class Between(http.server.ThreadingHTTPServer):
    """Passes requests on to the S3 server; breaks connections when told to."""

    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self):
            self.server.asked.append((self.command, self.path, self.headers.get("Range")))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.server.breaks(self):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            request = urllib.request.Request(
                self.server.target + self.path, body or None, dict(self.headers), method=self.command)
            try:
                answer = urllib.request.urlopen(request, timeout=PATIENCE)
            except urllib.error.HTTPError as error:
                answer = error
            data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            length = answer.headers["Content-Length"] if self.command == "HEAD" else len(data)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            cut = self.server.cut if self.command == "GET" and len(data) > self.server.cut else None
            self.wfile.write(data[:cut])
            if cut:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = relay

        def log_message(self, *arguments):
            pass

    def __init__(self, target, breaks=lambda request: False, cut=1 << 40):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.target, self.breaks, self.cut, self.asked = target, breaks, cut, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Connections break here on purpose."""

    @property
    def environment(self):
        return {"SNAPSHOT_AWS_ENDPOINT": f"http://127.0.0.1:{self.server_port}"}


def make_bucket(endpoint):
    """Whoever runs the storage makes the bucket; here with the older signature."""
    date = email.utils.formatdate(usegmt=True)
    text = f"PUT\n\n\n{date}\n/{BUCKET}"
    code = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest())
    request = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT", headers={
        "Date": date, "Authorization": f"AWS {USER}:{code.decode()}"})
    urllib.request.urlopen(request, timeout=PATIENCE).close()


@pytest.fixture(scope="module")
def bucket(s3):
    make_bucket(s3["SNAPSHOT_AWS_ENDPOINT"])
    return s3


def test_a_snapshot_goes_to_s3_and_comes_back_on_another_machine(bucket, tmp_path):
    hub = Hub("--pcap", SHOP, "--no-cache", env=bucket)
    status = hub.ask("get_cloud_storage_status")
    assert status["enabled"] and status["connected"], status
    assert (status["provider"], status["bucket"], status["prefix"]) == ("s3", BUCKET, "team/")
    hub.ask("create_snapshot", name="shop")
    export = hub.ask("export_snapshot_pcap", id="shop")
    job = hub.transfer("upload_snapshot_to_cloud", "shop")
    assert job["status"] == "completed" and job["bytes_done"] == job["bytes_total"] > 100_000, job
    assert [row["location"] for row in hub.ask("list_snapshots")["snapshots"]] == ["both"]
    hub.stop()

    other = Hub("--data", str(tmp_path / "data"), env=bucket)
    assert [row["location"] for row in other.ask("list_snapshots")["snapshots"]] == ["cloud"]
    assert other.ask("export_snapshot_pcap", id="shop")["code"] == "not_local"
    job = other.transfer("download_snapshot_from_cloud", "shop")
    assert job["status"] == "completed", job
    assert other.ask("export_snapshot_pcap", id="shop")["sha256"] == export["sha256"]
    assert other.ask("download_snapshot_from_cloud", id="shop")["status"] == 409
    other.stop()


def test_parts_that_were_sent_are_not_sent_again(bucket, tmp_path):
    """The third part breaks off until the Hub gives up and is killed; the next one goes on."""
    capture = large_capture(tmp_path / "large.pcap", 20)
    broken = threading.Event()

    def breaks(request):
        return not broken.is_set() and request.command == "PUT" and "partNumber=3" in request.path

    between = Between(bucket["SNAPSHOT_AWS_ENDPOINT"], breaks)
    arguments = ["--data", str(tmp_path / "data"), "--pcap", capture]
    hub = Hub(*arguments, env={**bucket, **between.environment})
    assert hub.ask("create_snapshot", name="large")["status"] == "completed"
    job = hub.transfer("upload_snapshot_to_cloud", "large")
    assert job["status"] == "failed" and "goes on where it was" in job["error"], job
    hub.stop(kills=True)
    assert sum("partNumber=3" in path for _, path, _ in between.asked) == 5

    broken.set()
    between.asked.clear()
    hub = Hub(*arguments, env={**bucket, **between.environment})
    job = hub.transfer("upload_snapshot_to_cloud", "large")
    assert job["status"] == "completed", job
    parts = [path for method, path, _ in between.asked if method == "PUT" and "partNumber" in path]
    assert len(parts) == 1 and "partNumber=3" in parts[0]
    # Once more: everything is there, and only the manifest is written.
    between.asked.clear()
    assert hub.transfer("upload_snapshot_to_cloud", "large")["status"] == "completed"
    assert [path.split("/")[3] for method, path, _ in between.asked if method == "PUT"] == ["snapshots"]
    export = hub.ask("export_snapshot_pcap", id="large")
    hub.stop()

    # Back, over connections that break every few megabytes.
    between.cut = 6 << 20
    between.asked.clear()
    other = Hub("--data", str(tmp_path / "other"), env={**bucket, **between.environment})
    job = other.transfer("download_snapshot_from_cloud", "large")
    assert job["status"] == "completed", job
    ranges = [given for method, path, given in between.asked if path.endswith("000001.pcapng")]
    assert len(ranges) >= 4 and ranges[0] is None and all(ranges[1:])
    assert other.ask("export_snapshot_pcap", id="large")["sha256"] == export["sha256"]
    other.stop()
    between.shutdown()


@pytest.mark.parametrize("change,said", [
    ({"SNAPSHOT_AWS_SECRET_KEY": "wrong"}, "SNAPSHOT_AWS_SECRET_KEY"),
    ({"SNAPSHOT_AWS_BUCKET": "no-such-bucket"}, "Check the bucket"),
    ({"SNAPSHOT_AWS_ENDPOINT": "http://127.0.0.1:1"}, "cannot be reached"),
    ({"SNAPSHOT_AWS_ACCESS_KEY": "", "SNAPSHOT_AWS_SECRET_KEY": ""}, "no keys"),
])
def test_what_is_wrong_with_the_storage_is_reported_by_a_hub_that_runs(bucket, change, said):
    hub = Hub("--pcap", SHOP, "--no-cache", env={**bucket, **change})
    status = hub.ask("get_cloud_storage_status")
    assert status["enabled"] and not status["connected"] and said in status["error"], status
    assert "testing-secret" not in json.dumps(status)
    assert hub.ask("list_snapshots")["warnings"]
    hub.stop()


def test_a_folder_serves_as_storage(tmp_path):
    storage = ["--cloud-storage", f"file://{tmp_path}/kept"]
    hub = Hub("--pcap", SHOP, "--no-cache", *storage)
    hub.ask("create_snapshot", name="shop")
    assert hub.transfer("upload_snapshot_to_cloud", "shop")["status"] == "completed"
    hub.ask("delete_snapshot", id="shop")
    assert hub.transfer("download_snapshot_from_cloud", "shop")["status"] == "completed"
    assert hub.ask("export_snapshot_pcap", id="shop")["packets"] == 1345
    hub.stop()
