"""The HTTP server of an inbox, on loopback. Its threads keep neither a busy kernel waiting nor Python alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ...errors import ConfigError
from ...origins import why_refused
from .answering import HttpAnswer

HOST = "127.0.0.1"
MAX_BODY_BYTES = 32 * 1024 * 1024
_SLOW_S = 30.0  # a connection that is silent for so long is closed

Answering = Callable[[str, str, dict[str, str], bytes], HttpAnswer]


class Server:
    """Passes every request to `answering`: method, target, headers, body. Errors: ConfigError if the port is in use."""

    def __init__(self, answering: Answering, port: int = 0) -> None:
        try:
            self._http = _Http((HOST, port), _handler(answering))
        except (OSError, OverflowError, TypeError) as error:
            why = str(error).rstrip(".")
            raise ConfigError(
                f"Port {port!r} cannot be used: {why}.", hint="leave port out for a free one"
            ) from None
        self.url = f"http://{HOST}:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.1,), name=f"inbox {self.url}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Idempotent."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client closed the connection: print nothing into the notebook."""


def _text(value: str) -> str:
    """Decodes a header's value as UTF-8, which tasks use. Python decoded it as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _handler(answering: Answering) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _SLOW_S
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self._body()
            if body is not None:
                headers = {name: _text(value) for name, value in self.headers.items()}
                self._send(answering(self.command, self.path, headers, body))

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def _body(self) -> bytes | None:
            """The body of a request that the inbox accepts; None when it was rejected already."""
            length = self.headers.get("Content-Length", "0")
            refused = self._why_not(length)
            if refused is None:
                return self.rfile.read(int(length))
            self.close_connection = True
            self._send(HttpAnswer(refused[0], refused[1].encode(), {"Connection": "close"}))
            return None

        def _why_not(self, length: str) -> tuple[int, str] | None:
            if why := why_refused(self.headers.get):
                return 403, f"The inbox rejects this request: {why}."
            if self.headers.get("Transfer-Encoding") is not None:
                return 411, "Send a Content-Length."
            if not (length.isascii() and length.isdecimal()):
                return 400, "The Content-Length is not a number."
            return (413, "The body is too long.") if int(length[:20]) > MAX_BODY_BYTES else None

        def _send(self, answer: HttpAnswer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD" and answer.status not in (204, 304):
                self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Prints nothing: the table is the log."""

    return Handler
