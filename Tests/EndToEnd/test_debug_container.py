"""One pod's traffic, as kubectl debug sees it: a Hub in the pod's network that has the rights of
Deploy/debug-container.yaml and no others."""

import json
import pathlib
import shutil
import subprocess
import types

import pytest
import yaml
from conftest import PATIENCE, ROOT
from nodes import Process, waits_until
from test_live import CLIENT, live, net  # noqa: F401  (net is a fixture)

ASK = """
import sys, urllib.request as u
request = u.Request("http://127.0.0.1:8899" + sys.argv[1], sys.stdin.buffer.read() or None,
                    {"Content-Type": "application/json"})
sys.stdout.buffer.write(u.urlopen(request, timeout=60).read())
"""


def ask(net, path, body=None):
    done = subprocess.run(
        [*net.prefix, "python3", "-c", ASK, path], capture_output=True, timeout=PATIENCE,
        input=json.dumps(body).encode() if body else b"")
    return json.loads(done.stdout) if done.returncode == 0 else None


@live
@pytest.mark.skipif(not shutil.which("setpriv"), reason="rights are taken away by setpriv")
@pytest.mark.parametrize("user", [0, 65_532])
def test_what_the_debug_container_may_do_is_enough(net, user):  # noqa: F811
    file = (ROOT / "Deploy" / "debug-container.yaml").read_text()
    security = yaml.safe_load(file)["securityContext"]
    assert security["capabilities"]["drop"] == ["ALL"]
    rights = ",".join(["-all", *("+" + name.lower() for name in security["capabilities"]["add"])])
    assert rights == "-all,+net_raw"
    folder = pathlib.Path("/tmp") / f"kubeshark-debug-{net.name}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    # To a user other than root Kubernetes gives no rights that its container was added: there it
    # is the program's file that has them. Here they come with the user.
    who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
           f"--inh-caps={rights}", f"--ambient-caps={rights}", f"--bounding-set={rights}"]
    net.web(8001)
    # As the file says it is run.
    words = file[file.index("-- kubeshark hub") + 13:file.index("#   kubectl port-forward")]
    command = words.replace("\\", "").replace("#", "").split()
    assert command[:3] == ["hub", "--interface", "any"] and "--keep-bytes" in command
    hub = Process(types.SimpleNamespace(prefix=[*net.prefix, *who]), *command,
                  env={"TMPDIR": str(folder), "HOME": str(folder)})
    try:
        hub.waits_for("listening on")
        status = pathlib.Path(f"/proc/{hub.child.pid}/status").read_text()
        rights_there = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
        assert int(rights_there["CapEff"], 16) == 1 << 13 and rights_there["Uid"].split()[0] == str(user)
        net.python(CLIENT, "127.0.0.1", 8001, "pod", 30)

        def total(kfl):
            answer = ask(net, "/api/mcp/tools/call", {
                "name": "list_api_calls", "arguments": {"kfl": kfl, "limit": 1}})
            return answer and answer["total"]

        waits_until(lambda: total('http && path.startsWith("/pod/")') == 30,
                    lambda: f"{total('http')} calls; {''.join(hub.log)}")
    finally:
        hub.kill()
        shutil.rmtree(folder, ignore_errors=True)
