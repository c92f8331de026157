"""The captures of real servers in Samples/protocols hold the calls that stand beside them."""

import os
import subprocess
import sys

from conftest import BINARY, PATIENCE, ROOT


def test_each_sample_holds_the_calls_beside_it():
    done = subprocess.run(
        [sys.executable, "-B", str(ROOT / "Scripts" / "protocol-calls")], capture_output=True,
        text=True, timeout=10 * PATIENCE, env={**os.environ, "KUBESHARK": BINARY})
    assert done.returncode == 0, done.stdout + done.stderr
    captures = sorted(path.stem for path in (ROOT / "Samples" / "protocols").glob("*.pcap"))
    assert len(captures) >= 10
    assert all((ROOT / "Samples" / "protocols" / f"{name}.calls").exists() for name in captures)
