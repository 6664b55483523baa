"""Proxies and certificates of the environment: a real proxy, and a TLS server with its own certificate."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloudtasks_nb import errors
from cloudtasks_nb.rest.connections import Connections
from cloudtasks_nb.rest.deadline import Deadline
from cloudtasks_nb.rest.exchange import Bounds, exchange
from cloudtasks_nb.rest.retry import may_have_run
from tests.scripted import answer, nobody, scripted

from .conftest import FOUND, HOST, QUEUE, certificate, get_queue, listening, read_queue

BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + b"A" * 32  # TLS that no key decrypts


@contextmanager
def tunnels(own: Path | None, *, breaks: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers CONNECT, and the TLS server behind it. Without `own`, it rejects every tunnel.

    `breaks`: the server reads the whole request, and then sends a broken record.
    """
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
        heads.append(head(stream))
        if own is None:
            stream.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with context.wrap_socket(stream, server_side=True) as secure:
            heads.append(head(secure))
            if breaks:
                with socket.socket(fileno=secure.detach()) as bare:
                    bare.sendall(BROKEN_RECORD)
            else:
                secure.sendall(FOUND)

    with listening(talk) as port:
        yield f"http://me:hunter2@127.0.0.1:{port}", heads


def unknown_host(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


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
        monkeypatch.setattr(socket, "getaddrinfo", unknown_host)
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


def test_a_record_that_breaks_after_the_request_may_have_taken_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own))
    with tunnels(own, breaks=True) as (proxy, heads):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(errors.TransportError, match="broke before the response was complete") as caught:
            read_queue(f"https://{HOST}")
    assert QUEUE in heads[1], "the server has read the request"
    assert may_have_run(caught.value)


def test_a_proxy_that_ends_after_the_request_may_have_passed_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(b"") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(errors.TransportError, match="broke before the response was complete") as caught:
            read_queue(f"http://{HOST}")
    assert QUEUE in proxy.requests[0]
    assert may_have_run(caught.value)


@pytest.mark.parametrize(("scheme", "may_run"), [("https", False), ("http", True)])
def test_a_proxy_that_does_not_answer_has_passed_on_only_plain_requests(
    scheme: str, may_run: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{mute.getsockname()[1]}")
        http, within = Connections(direct=False), Bounds(Deadline(1.0))
        with pytest.raises(errors.Timeout) as caught:
            exchange(http, "POST", f"{scheme}://{HOST}/", headers={}, body=b"{}", bounds=within)
        http.close()
    assert may_have_run(caught.value) == may_run


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


@pytest.mark.parametrize("no_proxy", ["", "localhost"])
def test_a_call_without_a_proxy_does_not_import_requests(
    no_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, cloudtasks_nb as ct\n"
        "from cloudtasks_nb.rest.connections import Connections\n"
        "with ct.connect('p', 'us-central1', endpoint=sys.argv[1]) as client: print(client.queue('emails').state)\n"
        "Connections(direct=False)._pools_for('https://tasks.example/')\n"  # one that is not on this machine
        "assert 'requests' not in sys.modules"
    )
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with scripted(FOUND, FOUND) as server:
        done = subprocess.run(
            [sys.executable, "-c", code, server.url], capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.stdout.strip(), done.stderr) == ("PAUSED", "")


def test_logs_of_connections_have_no_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    broken = answer(200, {"name": QUEUE}).replace(b"Connection: close", b"no colon here")
    key = "AIza" + "b" * 35
    with scripted(broken) as server:
        http = Connections(direct=True)
        url = f"{server.url}/v2/{QUEUE}?key={key}"
        exchange(http, "GET", url, headers={}, body=None, bounds=Bounds(Deadline(60)))
        http.close()
    assert {record.name for record in caplog.records} >= {"urllib3.connection", "urllib3.connectionpool"}
    assert "Failed to parse headers" in caplog.text
    assert key not in caplog.text
