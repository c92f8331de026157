"""Flags, exit codes, and what is printed where."""

import json
import pathlib

import pytest

from conftest import BINARY, DNS, SHOP, WORKLOADS, kubeshark


def test_version_and_help():
    version = kubeshark("version")
    assert version.returncode == 0 and version.stdout.strip()
    assert kubeshark("--version").stdout == version.stdout
    for command in [[], ["mcp"], ["hub"]]:
        shown = kubeshark(*command, "--help")
        assert shown.returncode == 0 and b"EXIT CODES" in shown.stdout and not shown.stderr


@pytest.mark.parametrize("arguments", [
    ["bogus"], ["mcp"], ["hub"], ["mcp", "--bogus"], ["mcp", "stray"], ["mcp", "--pcap"],
    ["mcp", "--pcap", "-"], ["mcp", "--json"], ["mcp", "--url", "localhost:8899"],
    ["mcp", "--url", "https://a.example", "--pcap", SHOP], ["hub", "--listen", "x:y:z"],
    ["hub", "--pcap", DNS, "--listen", "127.0.0.1:99999"],
    ["mcp", "--pcap", "/no/such/file"], ["mcp", "--pcap", "/"],
    ["mcp", "--pcap", WORKLOADS], ["mcp", "--pcap", SHOP, "--workloads", "/no/such/file"],
    ["mcp", "--pcap", SHOP, "--workloads", SHOP],
])
def test_bad_usage_and_bad_input_are_told_with_2(arguments):
    done = kubeshark(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip() and not done.stdout
    assert b"Fatal" not in done.stderr


def test_an_empty_capture_is_bad_input(tmp_path):
    path = tmp_path / "empty.pcap"
    path.write_bytes(b"")
    done = kubeshark("mcp", "--pcap", str(path))
    assert done.returncode == 2 and str(path).encode() in done.stderr


def test_list_tools_is_readable_and_fits():
    done = kubeshark("mcp", "--list-tools", "--pcap", SHOP)
    assert done.returncode == 0
    shown = done.stdout.decode().splitlines()
    assert shown[:2] == ["MCP Tools", "========="]
    assert "Traffic Analysis Tools:" in shown and "Prompts:" in shown
    rows = [line for line in shown if line.startswith("  ")]
    assert all(len(row) <= 2 + 24 + 1 + 55 for row in rows)
    assert rows[0].startswith("  list_workloads           ")


def test_list_tools_as_json():
    done = kubeshark("mcp", "--list-tools", "--json", "--pcap", SHOP)
    found = json.loads(done.stdout)
    assert [tool["name"] for tool in found["tools"]][:2] == ["list_workloads", "list_api_calls"]


def test_the_configuration_of_a_client_is_that_of_the_documentation():
    done = kubeshark("mcp", "--mcp-config", "--url", "https://kubeshark.example.com")
    assert done.returncode == 0
    command = str(pathlib.Path(BINARY).resolve())
    assert done.stdout.decode() == """{
  "mcpServers": {
    "kubeshark": {
      "command": "%s",
      "args": ["mcp", "--url", "https://kubeshark.example.com"]
    }
  }
}
""" % command


def test_the_configuration_carries_all_flags_and_no_token(tmp_path):
    done = kubeshark(
        "mcp", "--mcp-config", "--pcap", "a.pcap", "b.pcap", "--pcap", "/c.pcap", "--workloads",
        "~/w.yaml", "--show-secrets", "--token", "secret", cwd=tmp_path, env={"HOME": "/home/x"})
    assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
        "mcp", "--pcap", f"{tmp_path}/a.pcap", "--pcap", f"{tmp_path}/b.pcap", "--pcap", "/c.pcap",
        "--workloads", "/home/x/w.yaml", "--show-secrets"]
    assert b"secret\"" not in done.stdout and b"KUBESHARK_HUB_TOKEN" in done.stderr
    done = kubeshark("mcp", "--mcp-config", "--kubeconfig", "k", "--allow-destructive", cwd=tmp_path)
    assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
        "mcp", "--kubeconfig", f"{tmp_path}/k", "--allow-destructive"]
