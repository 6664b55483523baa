"""Proxies and certificates of the environment: a real proxy, and a TLS server with its own certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, nobody, scripted

from .conftest import QUEUE, get_queue

HOST = "tasks.example"
FOUND = answer(200, {"name": QUEUE, "state": "PAUSED"})
VARIABLES = [
    variant
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    for variant in (name, name.upper())
]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def read_queue(endpoint: str) -> Queue:
    client = Session(endpoint, Auth(), api_version="v2beta2", retry=Retry(max_tries=1))
    try:
        return client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        client.close()


def certificate(folder: Path) -> Path:
    """A file with a certificate for the host, signed by itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@contextmanager
def tunnels(own: Path | None) -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers CONNECT, and the TLS server behind it. Without `own`, it rejects every tunnel."""
    heads: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if own is not None:
        context.load_cert_chain(own)

    def head(stream: socket.socket) -> str:
        read = b""
        while b"\r\n\r\n" not in read and (more := stream.recv(4096)):
            read += more
        return read.decode()

    def talk(stream: socket.socket) -> None:
        with stream:
            heads.append(head(stream))
            if own is None:
                stream.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                with context.wrap_socket(stream, server_side=True) as secure:
                    heads.append(head(secure))
                    secure.sendall(FOUND)
            except OSError:  # the client did not trust the certificate
                return

    def accept() -> None:
        while True:
            try:
                stream, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(stream,), daemon=True).start()

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://me:hunter2@127.0.0.1:{listening.getsockname()[1]}", heads
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def test_a_plain_request_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(FOUND, FOUND) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://me:hunter2@"))
        assert read_queue(f"http://{HOST}").state == "PAUSED"
        assert read_queue(f"http://{HOST}").state == "PAUSED"
    first, second = proxy.requests
    assert first.startswith(f"GET http://{HOST}/v2beta2/{QUEUE}?prettyPrint=false HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6aHVudGVyMg==" in second


def test_a_host_without_a_proxy_and_this_machine_are_called_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as proxy, scripted(FOUND) as server:
        monkeypatch.setenv("ALL_PROXY", proxy)
        assert get_queue(server).state == "PAUSED"
        monkeypatch.setenv("NO_PROXY", "tasks.invalid")
        with pytest.raises(errors.TransportError, match=r"tasks\.invalid was not reached"):
            read_queue("http://tasks.invalid")


@pytest.mark.parametrize("endpoint", [f"http://{HOST}", f"https://{HOST}"])
def test_a_proxy_that_is_down_is_named(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        with pytest.raises(errors.TransportError, match=r"The proxy rejected .*Connection refused") as caught:
            read_queue(endpoint)
    assert not caught.value.reached
    assert "HTTPS_PROXY" in (caught.value.hint or "")


def test_a_secure_request_goes_through_a_tunnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own))
    with tunnels(own) as (proxy, heads):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        assert read_queue(f"https://{HOST}").state == "PAUSED"
    tunnel, request = heads
    assert tunnel.startswith(f"CONNECT {HOST}:443 HTTP/1.")
    assert "Proxy-Authorization: Basic bWU6aHVudGVyMg==" in tunnel
    assert request.startswith(f"GET /v2beta2/{QUEUE}?")
    assert "Proxy-Authorization" not in request


@pytest.mark.parametrize("bundle", ["", "missing.pem"])
def test_a_certificate_that_is_not_trusted_is_refused(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / bundle) if bundle else "")
    with tunnels(certificate(tmp_path)) as (proxy, heads):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(errors.TransportError, match="No secure connection to https://") as caught:
            read_queue(f"https://{HOST}")
    assert not caught.value.reached
    assert "REQUESTS_CA_BUNDLE" in (caught.value.hint or "")
    assert not any(QUEUE in head for head in heads)


def test_a_refused_tunnel_is_the_proxys_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with tunnels(None) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(errors.TransportError, match="The proxy rejected") as caught:
            read_queue(f"https://{HOST}")
    assert "hunter2" not in str(caught.value)


def test_cookies_are_not_kept_and_redirects_not_followed() -> None:
    moved = answer(302, {}, Location="http://tasks.invalid/", Set_Cookie="a=b")
    with scripted(moved, FOUND) as server:
        with pytest.raises(errors.CloudTasksError):
            get_queue(server)
        assert get_queue(server).state == "PAUSED"
    assert len(server.requests) == 2
    assert "Cookie" not in server.requests[1]


def test_a_call_without_a_proxy_does_not_import_requests() -> None:
    code = (
        "import sys, cloudtasks_nb as ct\n"
        "with ct.connect('p', 'us-central1', endpoint=sys.argv[1]) as client: print(client.queue('emails').state)\n"
        "assert 'requests' not in sys.modules"
    )
    with scripted(FOUND, FOUND) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.stdout.strip(), done.stderr) == ("PAUSED", "")
