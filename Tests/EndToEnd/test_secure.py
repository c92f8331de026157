"""The way to a Hub elsewhere: authorities, client certificates, proxies and their exceptions."""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conftest import kubeshark

CATALOGUE = json.dumps({
    "name": "kubeshark", "version": "1.0", "description": "a Hub", "prompts": [],
    "tools": [{"name": "tool_behind_it", "description": "d", "inputSchema": {"type": "object"}}],
}).encode()


class Site(http.server.ThreadingHTTPServer):
    """Answers every GET with a catalogue, and keeps what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append((self.path, dict(self.headers)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(CATALOGUE)))
            self.end_headers()
            self.wfile.write(CATALOGUE)

        protocol_version = "HTTP/1.1"

        def do_CONNECT(self):
            # As a proxy it answers itself in place of whoever is behind the tunnel.
            self.server.asked.append((self.path, dict(self.headers)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.asked = []
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Handshakes that fail are what these tests are about."""

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"


def certificate(folder, name, issuer=None, valid_days=10, address="127.0.0.1"):
    """Writes name.pem and name.key; gives what the next one needs to be signed by it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder().subject_name(subject)
        .issuer_name(issuer[0] if issuer else subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=20))
        .not_valid_after(now + datetime.timedelta(days=valid_days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(address))]), critical=False))
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return subject, key


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    authority = certificate(folder, "authority")
    certificate(folder, "server", authority)
    certificate(folder, "client", authority)
    certificate(folder, "expired", authority, valid_days=-1)
    certificate(folder, "elsewhere", authority, address="192.0.2.1")
    return folder


def site(papers, name, asks_for_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / f"{name}.pem", papers / f"{name}.key")
    if asks_for_client:
        context.load_verify_locations(papers / "authority.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return Site(context)


def listed(url, *arguments, env=None):
    quiet = {name: "" for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy",
                                   "https_proxy", "no_proxy")}
    done = kubeshark("mcp", "--url", url, "--list-tools", *arguments, env={**quiet, **(env or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_an_authority_of_ones_own_is_trusted_by_flag_alone(papers):
    server = site(papers, "server")
    code, text, _ = listed(f"https://{server.address}")
    assert code == 1 and "signed by an authority that is not known here" in text
    code, text, _ = listed(f"https://{server.address}", "--ca-file", str(papers / "authority.pem"))
    assert code == 0 and "tool_behind_it" in text
    code, text, errors = listed(f"https://{server.address}", "--insecure-skip-verify")
    assert code == 0 and "can pose as" in errors
    server.shutdown()


@pytest.mark.parametrize("name,reason", [
    ("expired", "has expired"), ("elsewhere", "for another name")])
def test_a_certificate_that_does_not_fit_is_told_with_the_reason(papers, name, reason):
    server = site(papers, name)
    code, text, _ = listed(f"https://{server.address}", "--ca-file", str(papers / "authority.pem"))
    assert code == 1 and reason in text and not server.asked
    server.shutdown()


def test_a_client_certificate_is_shown(papers):
    server = site(papers, "server", asks_for_client=True)
    trust = ["--ca-file", str(papers / "authority.pem")]
    code, text, _ = listed(f"https://{server.address}", *trust)
    assert code == 1 and "tool_behind_it" not in text and not server.asked
    code, text, _ = listed(
        f"https://{server.address}", *trust, "--client-cert", str(papers / "client.pem"),
        "--client-key", str(papers / "client.key"))
    assert code == 0 and "tool_behind_it" in text
    server.shutdown()


def test_proxies_are_used_and_their_exceptions_are_not():
    proxy, hub = Site(), Site()
    env = {"HTTP_PROXY": f"http://{proxy.address}", "HTTPS_PROXY": f"http://{proxy.address}"}
    code, text, _ = listed("http://hub.example:81", env=env)
    assert code == 0 and "tool_behind_it" in text
    assert [path for path, _ in proxy.asked] == ["hub.example:81", "/api/mcp"]
    proxy.asked.clear()
    code, _, _ = listed("https://hub.example", env=env)
    assert code == 1 and proxy.asked[0][0] == "hub.example:443"
    proxy.asked.clear()
    code, text, _ = listed(f"http://{hub.address}", env={**env, "NO_PROXY": "127.0.0.1"})
    assert code == 0 and hub.asked and not proxy.asked
    proxy.shutdown()
    hub.shutdown()


def test_a_token_over_plain_http_is_warned_of():
    proxy = Site()
    env = {"HTTP_PROXY": f"http://{proxy.address}", "KUBESHARK_HUB_TOKEN": "s3cret"}
    code, _, errors = listed("http://hub.example", env=env)
    assert code == 0 and "unencrypted" in errors and "s3cret" not in errors
    # It is for the Hub alone, not for the proxy.
    assert "X-Kubeshark-Authorization" not in proxy.asked[0][1]
    assert proxy.asked[1][1]["X-Kubeshark-Authorization"] == "s3cret"
    hub = Site()
    code, _, errors = listed(f"http://{hub.address}", env={"KUBESHARK_HUB_TOKEN": "s3cret"})
    assert code == 0 and not errors
    proxy.shutdown()
    hub.shutdown()
