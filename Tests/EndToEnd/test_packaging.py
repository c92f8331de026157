"""What is installed besides the program: bundle, registry entry, manual page, completions, version."""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import zipfile

import jsonschema
import pytest

from conftest import BINARY, ROOT, kubeshark

SCHEMAS = ROOT / "Tests" / "EndToEnd" / "schemas"


def script(name, *arguments, env=None):
    done = subprocess.run([str(ROOT / "Scripts" / name), *arguments], capture_output=True,
                          timeout=120, env=env)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def valid(document, schema):
    schema = json.loads((SCHEMAS / schema).read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(document)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    # The program's own size does not matter here: a script stands for it.
    folder = tmp_path_factory.mktemp("mcpb")
    program = folder / "program"
    program.write_text(f'#!/bin/sh\nexec "{BINARY}" "$@"\n')
    program.chmod(0o755)
    script("mcpb", "--binary", str(program), "--output", str(folder))
    found = list(folder.glob("*.mcpb"))
    assert len(found) == 1
    return folder, found[0], program


def test_the_manifest_of_the_bundle_is_valid(bundle):
    with zipfile.ZipFile(bundle[1]) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        assert archive.read("icon.png").startswith(b"\x89PNG")
    valid(manifest, "mcpb-manifest-0.3.json")
    assert modes[manifest["server"]["entry_point"]] == 0o755
    assert manifest["version"] == kubeshark("version").stdout.decode().strip()
    assert "list_api_calls" in [tool["name"] for tool in manifest["tools"]]
    # What the arguments and the environment name is what the user is asked for.
    config = json.dumps(manifest["server"]["mcp_config"])
    assert set(re.findall(r"\$\{user_config\.(\w+)\}", config)) == set(manifest["user_config"])


def test_the_same_program_gives_the_same_bundle(bundle, tmp_path):
    script("mcpb", "--binary", str(bundle[2]), "--output", str(tmp_path))
    assert (tmp_path / bundle[1].name).read_bytes() == bundle[1].read_bytes()


def test_the_program_of_the_bundle_starts_as_the_manifest_says(bundle):
    """Values that the user left empty arrive as empty texts, or unexpanded."""
    with zipfile.ZipFile(bundle[1]) as archive:
        arguments = json.loads(archive.read("manifest.json"))["server"]["mcp_config"]["args"]
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize",
             "params": {"protocolVersion": "2025-06-18"}}
    sample = str(ROOT / "Samples" / "shop.pcap")
    for empty in ["", "${user_config.url}"]:
        values = {"${user_config.url}": empty, "${user_config.captures}": sample}
        done = kubeshark(
            *[values.get(one, one) for one in arguments], "--no-cache",
            stdin=json.dumps(hello).encode() + b"\n", env={"KUBESHARK_HUB_TOKEN": ""})
        assert done.returncode == 0 and b"kubeshark-mcp" in done.stdout, done.stderr
    values = {"${user_config.url}": "http://127.0.0.1:9", "${user_config.captures}": ""}
    done = kubeshark(
        *[values.get(one, one) for one in arguments], stdin=json.dumps(hello).encode() + b"\n",
        env={"KUBESHARK_HUB_TOKEN": "${user_config.token}"})
    assert done.returncode == 0 and b"kubeshark-mcp" in done.stdout, done.stderr


def test_what_the_registry_gets_is_valid(bundle):
    import hashlib
    ours = json.loads((ROOT / "server.json").read_text())
    packed = json.loads((bundle[0] / "server.json").read_text())
    number = script("version", "--number").strip()
    for server in [ours, packed]:
        valid(server, "server-json-2025-12-11.json")
        assert server["version"] == number
        for package in server["packages"]:
            assert number in package["identifier"]
    digest = hashlib.sha256(bundle[1].read_bytes()).hexdigest()
    assert packed["packages"][0]["fileSha256"] == digest
    assert packed["packages"][0]["identifier"].endswith(bundle[1].name)
    label = f'io.modelcontextprotocol.server.name="{ours["name"]}"'
    assert label in (ROOT / "Dockerfile").read_text()


def test_what_the_container_copies_is_there():
    text = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"(?m)^COPY (?!--from)(\S+) ", text)
    assert copied and all((ROOT / name).exists() for name in copied)
    # Each folder with targets, for Package.swift names them.
    named = set(re.findall(r'path: "(\w+)', (ROOT / "Package.swift").read_text()))
    folders = {name for name in named if (ROOT / name).is_dir()}
    assert len(folders) > 2 and folders | {"Sources", "Examples"} <= set(copied)


def flags(command):
    for argument in command.get("arguments", []):
        if argument["shouldDisplay"]:
            yield from (name["name"] for name in argument.get("names", [])
                        if name["kind"] == "long" and name["name"] not in ("help", "version"))
    for inner in command.get("subcommands", []):
        yield from flags(inner)


def test_the_manual_page_has_every_flag_and_command():
    page = script("man", "--binary", BINARY, "--output", "-")
    text = page.replace("\\-", "-")
    dump = json.loads(kubeshark("--experimental-dump-help").stdout)
    wanted = set(flags(dump["command"]))
    assert len(wanted) > 20
    assert not [flag for flag in wanted if f"\\fB--{flag}\\fR" not in text]
    for command in dump["command"]["subcommands"]:
        if command["commandName"] != "help":
            assert f".SS kubeshark {command['commandName']}\n" in text
    assert ".SH EXIT STATUS\n.TP\n0\n" in text
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", "-"], input=page.encode(),
                              capture_output=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_everything_is_installed_under_the_prefix(tmp_path):
    import os
    said = script("install", str(tmp_path / "usr"), env={**os.environ, "BINARY": BINARY})
    assert "kubeshark" in said
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "usr/bin/kubeshark", "usr/share/man/man1/kubeshark.1",
        "usr/share/bash-completion/completions/kubeshark",
        "usr/share/zsh/site-functions/_kubeshark",
        "usr/share/fish/vendor_completions.d/kubeshark.fish"}
    script_path = tmp_path / "usr/share/bash-completion/completions/kubeshark"
    assert subprocess.run(["bash", "-n", str(script_path)]).returncode == 0
    assert "list-tools" in script_path.read_text()


def test_the_version_names_the_commit_and_is_what_the_server_says(tmp_path):
    number = script("version", "--number").strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", number)
    built = kubeshark("version").stdout.decode().strip()
    assert built.split("+")[0] == number or "+" not in built
    # Of a copy without git, the number alone.
    for name in ["Scripts/version", "Sources/CVersion/version.c"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    def version():
        done = subprocess.run([str(tmp_path / "Scripts/version")], capture_output=True, check=True)
        return done.stdout.decode().strip()

    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
            cwd=tmp_path, check=True, capture_output=True)

    assert version() == number
    if not shutil.which("git"):
        return
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    assert re.fullmatch(re.escape(number) + r"\+[0-9a-f]{12}", version())
    git("tag", "v7.8.9")
    assert version() == "7.8.9"
    with open(tmp_path / "Scripts/version", "a") as file:
        file.write("\n")
    assert version().endswith("-changed")


@pytest.mark.skipif(not shutil.which("umoci"), reason="umoci is missing; Scripts/setup installs it")
def test_the_image_holds_all_that_the_program_needs_and_runs_without_rights(tmp_path):
    archive = tmp_path / "image.tar"
    script("image", "--binary", BINARY, "--output", str(archive))
    layout = tmp_path / "layout"
    with tarfile.open(archive) as packed:
        packed.extractall(layout, filter="tar")
    index = json.loads((layout / "index.json").read_text())

    def blob(digest):
        data = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest.removeprefix("sha256:")
        return data

    assert json.loads((layout / "oci-layout").read_text())["imageLayoutVersion"] == "1.0.0"
    [entry] = index["manifests"]
    # What containerd names it must be what manifests look for.
    done = kubeshark("tap", "--dry-run")
    [wanted] = set(re.findall(r'image: "(.+)"', done.stdout.decode()))
    assert entry["annotations"]["io.containerd.image.name"] == wanted
    manifest = json.loads(blob(entry["digest"]))
    # docker load looks there alone.
    [docker] = json.loads((layout / "manifest.json").read_text())
    assert docker["RepoTags"] == [wanted]
    assert [docker["Config"], *docker["Layers"]] == [
        "blobs/" + one["digest"].replace(":", "/") for one in [manifest["config"], *manifest["layers"]]]
    config = json.loads(blob(manifest["config"]["digest"]))
    assert config["os"] == "linux" and config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["kubeshark", "mcp"]
    root = tmp_path / "root"
    modes = {}
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(blob(layer["digest"]))) as packed:
            modes |= {one.name: one.mode for one in packed.getmembers()}
            packed.extractall(root, filter="tar")
    assert modes["tmp"] == 0o1777
    # No shell, and nothing that could be one.
    programs = [path for path in root.rglob("*") if path.is_file() and path.stat().st_mode & 0o111]
    assert sorted(path.name.split("-")[0] for path in programs) in (["kubeshark", "ld"], ["kubeshark"])
    if os.geteuid() == 0:
        # The arguments of a program are read from /proc, which containers have.
        (root / "proc").mkdir()
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", 'mount --bind /proc "$0/proc" && exec chroot '
             '--userspec=65532:65532 "$0" /usr/local/bin/kubeshark version', str(root)],
            capture_output=True, timeout=60)
        assert done.stdout == kubeshark("version").stdout, done.stderr
