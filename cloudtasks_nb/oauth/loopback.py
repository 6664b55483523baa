"""A server on this machine that a browser comes back to, once."""

from __future__ import annotations

import hmac
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from ..errors import AuthError

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}}</style>
<h1>{title}</h1><p>{words}</p></html>"""
_HEADERS = {
    "Content-Type": "text/html; charset=UTF-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Loopback(ThreadingHTTPServer):
    """Waits for the one answer that holds the right state; everything else is refused and waited past."""

    daemon_threads = True

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state
        self.address: Future[str] = Future()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        """Where the browser comes back to."""
        return f"http://127.0.0.1:{self.server_port}/"

    def wait(self, timeout_s: float) -> str:
        """The address that a browser came back to. Errors: AuthError when none did in time."""
        try:
            return self.address.result(timeout_s)
        except TimeoutError:
            raise AuthError(
                f"Nobody came back within {timeout_s:.3g} s.",
                hint="try again; if your browser is on another machine: sign_in(..., loopback=False)",
            ) from None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    timeout = 10.0  # a browser that opens connections ahead does not hold up anything

    def do_GET(self) -> None:
        given = parse_qs(urlsplit(self.path).query)
        status, title, words = 200, "Signed in", "You may close this page and go back to your notebook."
        if not hmac.compare_digest(given.get("state", [""])[0].encode(), self.server.state.encode()):
            status, title, words = 400, "Not this one", "This address does not answer the question."
        elif "error" in given:
            title, words = "Not signed in", "You may close this page."
        if status == 200:
            with suppress(InvalidStateError):  # only the first one counts
                self.server.address.set_result(f"{self.server.url.rstrip('/')}{self.path}")
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_PAGE.format(title=title, words=words).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The path holds a code, so nothing is logged."""
