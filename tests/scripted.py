"""A real TCP server with scripted responses to HTTP requests, for responses that no normal server sends."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Scripted:
    """Responds to each request with the next entry of `script`; the last entry repeats. Stores the requests."""

    def __init__(self, *script: bytes) -> None:
        self.script = list(script)
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # the client may close it before it has read the response
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(65536)
            request += piece
            if not piece or not request[:1].isalpha():  # a kernel's client looks for a port that is ours now
                return
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(
            (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
        )
        while len(body) < length and (piece := connection.recv(65536)):
            body += piece
        self.requests.append((head + b"\r\n\r\n" + body).decode())
        connection.sendall(self.script.pop(0) if len(self.script) > 1 else self.script[0])


@contextmanager
def scripted(*script: bytes) -> Iterator[Scripted]:
    """Runs a server within a with block."""
    server = Scripted(*script)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def nobody() -> Iterator[str]:
    """An address at which no server listens; the port is reserved, so that no other program can use it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def answer(
    status: int = 200,
    body: Any = None,
    *,
    content_type: str = "application/json; charset=UTF-8",
    **headers: str,
) -> bytes:
    """The bytes of an HTTP response; a body that is not bytes is written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(data)}",
        "Connection: close",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def refusal(status: int, rpc_status: str, message: str = "no", **headers: str) -> bytes:
    """The bytes of an error response in the API's envelope."""
    return answer(status, {"error": {"code": status, "message": message, "status": rpc_status}}, **headers)
