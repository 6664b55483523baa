"""SOCKS proxies, with a real one, and settings of proxies that cannot be used."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloudtasks_nb import errors
from cloudtasks_nb.rest.connections import Connections
from cloudtasks_nb.rest.deadline import Deadline
from cloudtasks_nb.rest.exchange import Bounds, exchange
from cloudtasks_nb.rest.retry import may_have_run
from tests.scripted import nobody, scripted

from .conftest import FOUND, HOST, QUEUE, certificate, listening, read_queue

REMEDY = 'pip install "requests[socks]"'
WITHOUT_PYSOCKS = f"""
import sys
sys.modules["socks"] = None
from cloudtasks_nb import errors
from tests.unit.rest.conftest import read_queue
try:
    read_queue("http://{HOST}")
except errors.ConfigError as error:
    print(error)
"""


@contextmanager
def listens(*answers: bytes | float, own: Path | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A SOCKS5 proxy for me:hunter2, and the server behind it: its port, and what it has read.

    The server sends the answers, and waits where there is a number of seconds. With `own`, it speaks TLS.
    """
    asked: list[bytes] = []
    over = threading.Event()

    def talk(stream: socket.socket) -> None:
        if not signed_in(stream):
            return
        asked.append(stream.recv(4 + 1 + len(HOST) + 2))  # CONNECT, with the name of the host
        stream.sendall(b"\x05\x00\x00\x01" + bytes(6))
        with stream if own is None else secured(stream, own) as server:
            asked.append(server.recv(65536))
            for answer in answers:
                if isinstance(answer, bytes):
                    server.sendall(answer)
                else:
                    over.wait(answer)

    with listening(talk) as port:
        try:
            yield port, asked
        finally:
            over.set()


def signed_in(stream: socket.socket) -> bool:
    """RFC 1928 and 1929: the greeting, then name and password."""
    stream.recv(2 + 2)
    stream.sendall(b"\x05\x02")
    given = stream.recv(512)
    right = given == b"\x01\x02me\x07hunter2"
    stream.sendall(b"\x01\x00" if right else b"\x01\x01")
    return right


def secured(stream: socket.socket, own: Path) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context.wrap_socket(stream, server_side=True)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_goes_through_a_socks_proxy(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path) if scheme == "https" else None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own or ""))
    with listens(FOUND, own=own) as (port, asked):
        monkeypatch.setenv("ALL_PROXY", f"socks5h://me:hunter2@127.0.0.1:{port}")
        assert read_queue(f"{scheme}://{HOST}").state == "PAUSED"
    connect, request = asked
    assert HOST.encode() in connect, "the proxy looks up the name"
    assert request.startswith(f"GET /v2beta2/{QUEUE}?".encode())


def test_a_slow_server_behind_a_socks_proxy_does_not_outlast_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drips = [piece for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 for piece in (bytes([byte]), 0.1)]
    with listens(*drips) as (port, _):
        monkeypatch.setenv("ALL_PROXY", f"socks5h://me:hunter2@127.0.0.1:{port}")
        began = time.monotonic()
        with pytest.raises(errors.Timeout):
            exchange(
                Connections(direct=False),
                "GET",
                f"http://{HOST}/",
                headers={},
                body=None,
                bounds=Bounds(Deadline(0.5)),
            )
    assert time.monotonic() - began < 60, "the server would send for two minutes"


def test_a_socks_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with listens() as (port, _):
        monkeypatch.setenv("ALL_PROXY", f"socks5h://me:swordfish@127.0.0.1:{port}")
        with pytest.raises(
            errors.TransportError, match=r"The proxy rejected .*authentication failed"
        ) as caught:
            read_queue(f"http://{HOST}")
    assert not may_have_run(caught.value)
    assert "swordfish" not in str(caught.value)
    with nobody() as address:
        monkeypatch.setenv("ALL_PROXY", address.replace("http:", "socks5h:"))
        with pytest.raises(errors.TransportError, match=r"The proxy rejected .*Connection refused") as caught:
            read_queue(f"http://{HOST}")
    assert "HTTPS_PROXY" in (caught.value.hint or "")


def test_socks_without_pysocks_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:1080")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PYSOCKS], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    assert "socks5://127.0.0.1:1080 cannot be used" in done.stdout
    assert REMEDY in done.stdout
    assert "hunter2" not in done.stdout


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("foo://me:hunter2@127.0.0.1:1", "foo://127.0.0.1:1"),
        ("socks6://me:hunter2@127.0.0.1:1", "socks6://127.0.0.1:1"),
        ("http://", "http://"),
        ("http://me:hunter2@[::1", "http://[::1"),
        ("http://me:hunter2@127.0.0.1:x", "http://127.0.0.1:x"),
        ("me:hunter2@127.0.0.1:x", "127.0.0.1:x"),
        ("me:hunter2://@127.0.0.1:x", "127.0.0.1:x"),
        ("http://me:hunter2://@127.0.0.1:x", "http://127.0.0.1:x"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_wrong_setting(
    proxy: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(errors.ConfigError) as caught:
        read_queue(f"http://{HOST}")
    assert f"The proxy {shown} cannot be used" in str(caught.value)
    assert "NO_PROXY" in (caught.value.hint or "")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None, "the library's error may show the password"


def test_a_wrong_proxy_does_not_matter_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "foo://127.0.0.1:1")
    with scripted(FOUND) as server:
        assert read_queue(server.url).state == "PAUSED"
