"""Calls of a session to a scripted server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloudtasks_nb.model import Queue
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import Scripted, answer

QUEUE = "projects/p/locations/us-central1/queues/emails"
HOST = "tasks.example"
FOUND = answer(200, {"name": QUEUE, "state": "PAUSED"})
EAGER = Retry(initial_s=0.001, maximum_s=0.01)
CUT_WHOLE = answer(200, {"name": QUEUE})[:-5]  # the connection ends before the response is complete

DRIP_TAKES_S = 5.0

VARIABLES = [
    variant
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    for variant in (name, name.upper())
]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


class Dripping(Scripted):
    """Responds by its script; then it sends `head`, and `drop` again and again until it is closed.

    Each drop takes five seconds on the clock of `passed` (tests/waiting.py).
    """

    def __init__(self, *script: bytes, head: bytes = b"", drop: bytes, passed: list[float]) -> None:
        self._drop, self._passed = drop, passed
        self._closing = threading.Event()
        super().__init__(*script, head)

    def _answer(self, connection: socket.socket) -> None:
        drips = len(self.script) == 1
        super()._answer(connection)
        while drips and not self._closing.wait(0.02):
            self._passed.append(DRIP_TAKES_S)
            connection.sendall(self._drop)

    def close(self) -> None:
        self._closing.set()
        super().close()


def session(server: Scripted, auth: Auth | None = None, **options: object) -> Session:
    """One version, so that no error causes a second call in another version."""
    usual = {"retry": EAGER, "api_version": "v2beta2"}
    return Session(server.url, auth or Auth(), **{**usual, **options})  # type: ignore[arg-type]


def get_queue(server: Scripted, **options: object) -> Queue:
    client = session(server, **options)
    try:
        return client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        client.close()


def read_queue(endpoint: str) -> Queue:
    client = Session(endpoint, Auth(), api_version="v2beta2", retry=Retry(max_tries=1))
    try:
        return client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        client.close()


@contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that talks to each client in a thread, until the client has gone. Yields its port."""

    def safely(stream: socket.socket) -> None:
        with suppress(OSError), stream:
            talk(stream)

    def accept() -> None:
        with suppress(OSError):  # the server was closed
            while True:
                threading.Thread(target=safely, args=(server.accept()[0],), daemon=True).start()

    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


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
