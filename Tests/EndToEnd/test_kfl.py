"""`kubeshark kfl`: what it prints where, its exit codes, and the vectors of Tests/KFL/vectors."""

import json
import shutil
import subprocess
import sys

import pytest

from conftest import BINARY, ROOT, kubeshark


def kfl(*arguments, stdin=b"", env=None):
    return kubeshark("kfl", *arguments, stdin=stdin, env=env)


def value(*arguments, stdin=b""):
    done = kfl("eval", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_valid_filter_is_told_with_its_plan():
    done = kfl("check", "http and response.status == 500")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.decode() == """\
filter  http && status_code == 500
type    bool
plan    cheapest first
    http                kind of entry, often for whole blocks
    status_code == 500  column of numbers, blocks skipped by their range
"""


def test_a_mistake_has_its_caret_and_a_correction():
    done = kfl("check", "http && status_cod >= 500")
    assert done.returncode == 1
    assert done.stdout.decode() == """\
http && status_cod >= 500
        ^^^^^^^^^^ there is no variable status_cod; did you mean status_code?
try: http && status_code >= 500
"""


def test_a_check_as_json():
    found = json.loads(kfl("check", "--json", "http and limit(5)").stdout)
    assert found["valid"] and found["normal_form"] == "http" and found["limit"] == 5
    assert found["variables"] == ["http"] and found["dialect"] == "legacy"
    done = kfl("check", "--json", "status_code == '200'")
    assert done.returncode == 1
    error, = json.loads(done.stdout)["errors"]
    assert (error["code"], error["suggestion"]) == ("type", "status_code == 200")


@pytest.mark.parametrize("arguments, expected", [
    (["--cel", "1 + 2"], {"int": "3"}),
    (["--cel", "-7"], {"int": "-7"}),
    (["--cel", "---7"], {"int": "-7"}),
    (["--cel", "--", "-7"], {"int": "-7"}),
    (["-9223372036854775808", "--cel"], {"int": "-9223372036854775808"}),
    (["--cel", "--bind", 'x={"uint":"7"}', "--bind", "y=[1]", "[x, size(y)]"],
     {"list": [{"uint": "7"}, {"int": "1"}]}),
    (["--cel", "--bind", 'x={"int":"7"}', "-x"], {"int": "-7"}),
    (["--cel", "--no-check", "[1, 'a'].exists(x, x == 'a')"], {"bool": True}),
    (["--cel", "a.b", "--bind", 'a.b="c"'], {"string": "c"}),
    (["size(path)"], {"int": "0"}),
    (["http and limit(5)"], {"bool": False}),
    (["--now", "2026-03-14T22:50:00Z", "now()"],
     {"timestamp": {"seconds": "1773528600", "nanos": "0"}}),
])
def test_a_value_is_tagged(arguments, expected):
    assert value(*arguments) == expected


def test_an_expression_comes_from_standard_input():
    assert value("--cel", "-", stdin=b"b'\0' == b'\\000'") == {"bool": True}
    assert kfl("check", "-", stdin=b"http\n  && dns # both").stdout.startswith(b"filter  http && dns")


def test_no_entries_give_no_values():
    done = kfl("eval", "http", "--entry", "-")
    assert done.returncode == 0 and not done.stdout


def test_entries_come_from_a_file_or_standard_input(tmp_path):
    path = tmp_path / "entries.json"
    path.write_text('[{"http": true, "src": {"port": 4242}}, {"dns": true}]')
    done = kfl("eval", "http && src.port > 80", "--entry", str(path))
    assert done.stdout.decode().splitlines() == ['{"bool":true}', '{"bool":false}']
    assert value("method + '!'", "--entry", "-", stdin=b'{"method": "GET"}') == {"string": "GET!"}
    done = kfl("eval", "1 / status_code == 0", "--entry", "-",
               stdin=b'{"status_code": 200}\n{"status_code": 0}\n')
    assert done.returncode == 1 and b"division by zero" in done.stderr
    assert [list(json.loads(line)) for line in done.stdout.splitlines()] == [["bool"], ["error"]]


@pytest.mark.parametrize("arguments", [
    ["eval", "--cel", "1 / 0"], ["eval", "--cel", "x"], ["eval", "--cel", "1 +"],
    ["eval", "--cel", "lower('A')"], ["eval", "statuscode"], ["check", "path"],
    ["fields", "nothing"], ["functions", "nothing"],
])
def test_what_is_refused_is_told_with_1(arguments):
    done = kfl(*arguments)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).strip() and b"Fatal" not in done.stderr


@pytest.mark.parametrize("arguments", [
    ["eval"], ["eval", "--bogus", "1"], ["eval", "1", "2"], ["eval", "--bind", "x=1", "x"],
    ["eval", "--cel", "--bind", "x", "x"], ["eval", "--cel", "--bind", "x=", "x"],
    ["eval", "--cel", "--bind", 'x={"int":"a"', "x"], ["eval", "--cel", "--entry", "-", "1"],
    ["eval", "http", "--entry", "/no/such/file"], ["eval", "-", "--entry", "-"],
    ["eval", "http", "--now", "soon"], ["check"], ["bogus"],
])
def test_bad_usage_is_told_with_2(arguments):
    done = kfl(*arguments)
    assert done.returncode == 2 and done.stderr.strip() and not done.stdout


def test_fields_and_functions_are_listed():
    shown = kfl("fields", "src.").stdout.decode()
    assert "src.port" in shown and "dst." not in shown.split()
    rows = json.loads(kfl("fields", "--json").stdout)
    row, = (row for row in rows if row["name"] == "elapsed_time")
    assert row["type"] == "int" and row["unit"] and row["doc"] and row["example"]
    assert len(rows) > 200
    assert "map_get(" in kfl("functions").stdout.decode()
    assert json.loads(kfl("functions", "--json", "exists").stdout)[0]["name"] == "exists"


def test_the_page_is_the_one_in_the_checkout():
    assert kfl("reference").stdout.decode() == (ROOT / "docs" / "kfl.md").read_text()


def completions(command, typed, shell="bash"):
    done = kubeshark("---completion", "kfl", command, "--", "positional@0", "3", str(len(typed)),
                     "kubeshark", "kfl", command, typed, env={"SAP_SHELL": shell})
    assert done.returncode == 0
    return done.stdout.decode().splitlines()


def test_shells_complete_fields_functions_and_values():
    assert "http && status_code" in completions("check", "http && stat")
    assert "http && path.startsWith(" in completions("check", "'http && path.st")
    assert 'method == "POST"' in completions("eval", 'method == "P')
    assert completions("fields", "src.po")[:2] == ["src.port", "src.pod.name"]
    assert "startsWith" in completions("functions", "st")
    for shell in ["bash", "zsh", "fish"]:
        script = kubeshark("--generate-completion-script", shell)
        assert script.returncode == 0 and b"kfl" in script.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_takes_the_script():
    script = kubeshark("--generate-completion-script", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, check=False).returncode == 0


def test_the_vectors_pass():
    done = subprocess.run(
        [sys.executable, str(ROOT / "Scripts" / "vectors"), str(ROOT / "Tests/KFL/vectors"),
         "--bin", BINARY], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    assert b"cel" in done.stdout and b"kfl" in done.stdout


def test_a_vector_that_fails_is_told(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([
        {"file": "a", "section": "s", "name": "right", "expr": "1 + 1", "value": {"int": "2"}},
        {"file": "a", "section": "s", "name": "wrong", "expr": "1 + 1", "value": {"int": "3"}},
        {"file": "a", "section": "s", "name": "fine", "expr": "1 + 1", "error": True}]))
    done = subprocess.run([sys.executable, str(ROOT / "Scripts/vectors"), str(tmp_path), "--bin",
                           BINARY], capture_output=True, check=False)
    assert done.returncode == 1 and b"1 of     3" in done.stdout and b"s/wrong" in done.stdout
