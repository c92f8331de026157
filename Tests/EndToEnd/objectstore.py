"""An S3 server on this machine: OpenStack Swift with its S3 face, in one folder, as Debian has it.

Run by the system's Python, which Debian's python3-swift belongs to: python3 objectstore.py FOLDER
Says `ready PORT` when it answers, and ends with its standard input.
"""

import os
import pathlib
import socket
import subprocess
import sys
import time

USER, SECRET = "test:tester", "testing-secret"
SERVERS = {"account": "Account", "container": "Container", "object": "Object"}


class Memory(dict):
    """What the proxy asks of memcached, for one process."""

    def __bool__(self):
        return True  # also while nothing is in it

    def get(self, key, *_, **__):
        return dict.get(self, key)

    def set(self, key, value, *_, **__):
        self[key] = value

    def incr(self, key, delta=1, *_, **__):
        self[key] = int(dict.get(self, key) or 0) + delta
        return self[key]

    def decr(self, key, delta=1, *_, **__):
        return self.incr(key, -delta)

    def delete(self, key, *_, **__):
        self.pop(key, None)

    def get_multi(self, keys, *_, **__):
        return [dict.get(self, key) for key in keys]

    def set_multi(self, values, *_, **__):
        self.update(values)


def memory(settings, **_):
    """The filter of that name."""
    cache = Memory()

    def around(app):
        def answer(env, start_response):
            env["swift.cache"] = cache
            return app(env, start_response)
        return answer
    return around


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
workers = 0
log_level = WARNING
user = {user}
"""

STORAGE = COMMON + """
disable_fallocate = true

[pipeline:main]
pipeline = {kind}-server

[app:{kind}-server]
use = egg:swift#{kind}
"""

# Parts may be small, so that a small file has several.
PROXY = COMMON + """
[pipeline:main]
pipeline = catch_errors memory s3api tempauth bulk slo dlo versioned_writes proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:memory]
paste.filter_factory = objectstore:memory

[filter:s3api]
use = egg:swift#s3api
s3_acl = false
check_bucket_owner = false
location = us-east-1
min_segment_size = 1
auth_pipeline_check = false

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin

[filter:bulk]
use = egg:swift#bulk

[filter:slo]
use = egg:swift#slo
minimum_segment_size = 1

[filter:dlo]
use = egg:swift#dlo

[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
"""


def make_ring(folder, kind, port):
    from swift.common.ring import RingBuilder
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port,
                     "device": "d1", "weight": 1.0, "meta": "", "replication_ip": "127.0.0.1",
                     "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def prepare(folder):
    """Writes what the servers read; gives their kinds and the port of the proxy."""
    ports = free_ports(4)
    (folder / "disks" / "d1").mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
        "[storage-policy:0]\nname = only\ndefault = yes\n")
    import pwd
    user = pwd.getpwuid(os.getuid()).pw_name
    for (kind, _), port in zip(SERVERS.items(), ports):
        make_ring(folder, kind, port)
        (folder / f"{kind}.conf").write_text(
            STORAGE.format(kind=kind, port=port, folder=folder, user=user))
    (folder / "proxy.conf").write_text(
        PROXY.format(port=ports[3], folder=folder, user=user, secret=SECRET))
    return ports


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def main(folder):
    import swift.common.utils
    swift.common.utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    ports = prepare(folder)
    program = ("import sys, swift.common.utils as u; u.SWIFT_CONF_FILE = sys.argv[1];"
               "u.validate_hash_conf(); from swift.common.wsgi import run_wsgi;"
               "sys.exit(run_wsgi(sys.argv[2], sys.argv[3], verbose=True))")
    running = []
    try:
        for kind in [*SERVERS, "proxy"]:
            log = open(folder / f"{kind}.log", "wb")
            running.append(subprocess.Popen(
                [sys.executable, "-c", program, str(folder / "swift.conf"),
                 str(folder / f"{kind}.conf"), f"{kind}-server"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent)}))
        while not all(map(answers, ports)):
            if any(one.poll() is not None for one in running):
                sys.exit("a server ended: " + str(folder))
            time.sleep(0.1)
        print("ready", ports[3], flush=True)
        sys.stdin.read()
    finally:
        for one in running:
            one.kill()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
