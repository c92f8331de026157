"""Pages that point to tests point to some that exist."""

import re

from conftest import EMBEDDED, ROOT, kubeshark


def test_each_defect_has_its_row_and_its_tests():
    tests = "\n".join(
        path.read_text() for kind in ("*.swift", "*.py") for path in (ROOT / "Tests").rglob(kind))
    rows = re.findall(r"(?m)^\| (\d+) \| [^|]+ \| ([^|]+) \|$",
                      (ROOT / "docs" / "defects.md").read_text())
    assert [int(number) for number, _ in rows] == list(range(1, 58))
    for number, shown in rows:
        names = re.findall(r"`(\w+)`", shown)
        missing = [name for name in names if not re.search(rf"(func|def) {name}\b", tests)]
        assert not missing, f"defect {number}: {missing}"
        told = ("not built", "not gone through yet", "never")
        assert names or any(word in shown for word in told), f"defect {number} is not shown"


def test_a_server_that_has_nothing_to_say_says_nothing():
    done = kubeshark(*EMBEDDED)
    assert done.returncode == 0 and not done.stdout and not done.stderr
