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


def test_the_help_of_mcp_names_its_flags():
    shown = kubeshark("mcp", "--help").stdout.decode()
    for flag in ["--pcap", "--interface", "--url", "--tls-keylog", "--allow-destructive", "--http",
                 "--mcp-config", "--list-tools"]:
        assert f"  {flag}" in shown, flag
    assert "kubeshark mcp install" in shown
    for other in (["mcp", "-h"], ["help", "mcp"]):
        assert kubeshark(*other).stdout.decode() == shown
    assert "--client" in kubeshark("mcp", "install", "--help").stdout.decode()


@pytest.mark.parametrize("arguments", [
    ["bogus"], ["hub"], ["mcp", "--bogus"], ["mcp", "stray"], ["mcp", "--pcap"],
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
    done = kubeshark("mcp", "--mcp-config", "--url", "https://a.example", "-d")
    assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
        "mcp", "--url", "https://a.example", "--debug"]
    done = kubeshark("mcp", "--mcp-config=true", "--kubeconfig=k", "--allow-destructive=false",
                     "--list-tools=false", cwd=tmp_path)
    assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
        "mcp", "--kubeconfig", f"{tmp_path}/k"]
    for setting, path in [("/k/one", "/k/one"), ("", f"{tmp_path}/.kube/config")]:
        done = kubeshark(
            "mcp", "--mcp-config", env={"KUBECONFIG": setting, "HOME": str(tmp_path)})
        assert json.loads(done.stdout)["mcpServers"]["kubeshark"]["args"] == [
            "mcp", "--kubeconfig", path]


def test_the_configuration_has_the_token_when_that_is_asked_for():
    ask = ["mcp", "--mcp-config", "--url", "https://a.example", "--with-token"]
    done = kubeshark(*ask, env={"KUBESHARK_HUB_TOKEN": "s3cret"})
    assert done.returncode == 0
    assert done.stdout.decode().endswith("""
      "args": ["mcp", "--url", "https://a.example"],
      "env": {
        "KUBESHARK_HUB_TOKEN": "s3cret"
      }
    }
  }
}
""")
    assert b"plain text" in done.stderr and b"s3cret" not in done.stderr
    done = kubeshark(*ask, "--token", "other", env={"KUBESHARK_HUB_TOKEN": "s3cret"})
    entry = json.loads(done.stdout)["mcpServers"]["kubeshark"]
    assert entry["env"] == {"KUBESHARK_HUB_TOKEN": "other"} and "other" not in entry["args"]
    for wrong, why in [
            (ask, b"needs a token"), (ask + ["--token-file", "/t"], b"--token-file"),
            (["mcp", "--mcp-config", "--with-token", "--pcap", "a.pcap"], b"--url"),
            (["mcp", "--with-token", "--pcap", "a.pcap"], b"--mcp-config")]:
        done = kubeshark(*wrong, env={"KUBESHARK_HUB_TOKEN": ""})
        assert done.returncode == 2 and why in done.stderr and not done.stdout, wrong


@pytest.mark.parametrize("client,section", [
    ("claude-desktop", "mcpServers"), ("claude-code", "mcpServers"), ("cursor", "mcpServers"),
    ("vscode", "servers")])
def test_the_configuration_is_in_the_form_of_the_client(client, section):
    done = kubeshark("mcp", "--mcp-config", "--client", client, "--url", "https://a.example",
                     "--ca-file", "/ca.pem")
    entry = json.loads(done.stdout)[section]["kubeshark"]
    assert entry["args"] == ["mcp", "--url", "https://a.example", "--ca-file", "/ca.pem"]


def test_install_keeps_what_is_there_and_a_copy_of_it(tmp_path):
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    install = ["mcp", "install", "--client", "cursor", "--url", "https://a.example"]
    path = tmp_path / ".cursor" / "mcp.json"
    shown = kubeshark(*install, "--dry-run", env=home)
    assert shown.returncode == 0 and not path.exists()
    assert kubeshark(*install, env=home).returncode == 0
    assert path.read_bytes() == shown.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text('{"theme": 1, "mcpServers": {"other": {"command": "x"}}}')
    assert kubeshark(*install, env=home).returncode == 0
    found = json.loads(path.read_text())
    assert found["theme"] == 1 and set(found["mcpServers"]) == {"other", "kubeshark"}
    assert json.loads((tmp_path / ".cursor" / "mcp.json.bak").read_text())["theme"] == 1
    path.write_text("{ // mine")
    done = kubeshark(*install, env=home)
    assert done.returncode == 2 and path.read_text() == "{ // mine"


@pytest.mark.parametrize("arguments", [
    ["install"], ["install", "--client", "emacs", "--url", "https://a.example"],
    ["install", "--client", "cursor", "--release-namespace", "A"], ["--client", "cursor", "--url", "https://a.example"],
    ["--url", "https://a.example", "--client-cert", "c.pem"],
    ["--url", "https://a.example", "--ca-file", "/no/such/file"],
    ["--url", "https://a.example", "--token", "a", "--token-file", "b"],
    ["--url", "https://a.example", "--token-file", "/no/such/file"],
    ["--pcap", SHOP, "--http", "nonsense"], ["--pcap", SHOP, "--allow-host", "x"],
])
def test_bad_usage_of_mcp_is_told_with_2(arguments):
    done = kubeshark("mcp", *arguments)
    assert done.returncode == 2 and done.stderr.strip() and not done.stdout
