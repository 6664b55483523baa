"""A server on this machine that receives one redirect of the browser."""

from __future__ import annotations

import hmac
import threading
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ..errors import AuthError
from ..interrupts import wait_in_steps

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}}</style>
<h1>{title}</h1><p>{words}</p></html>"""
_WRONG = (400, "Not this request", "This address belongs to another sign-in.")
_REFUSED = (200, "Not signed in", "You may close this page.")
_AGREED = (200, "Signed in", "You may close this page and go back to your notebook.")


class Loopback(ThreadingHTTPServer):
    """Waits for the one redirect with the right state, and rejects all other requests."""

    daemon_threads = True

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state
        self.url = f"http://127.0.0.1:{self.server_port}/"  # the redirect address
        self.address: Future[str] = Future()
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def wait(self, timeout_s: float) -> str:
        """Wait for the redirected address. Errors: AuthError if no redirect arrives in time."""
        if not wait_in_steps(lambda for_s: wait([self.address], for_s).done, timeout_s):
            hint = "try again; if your browser is on another machine: sign_in(..., loopback=False)"
            raise AuthError(f"The browser was not redirected within {timeout_s:.3g} s.", hint=hint)
        return self.address.result()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    timeout = 10.0  # browsers open spare connections; this closes them

    def do_GET(self) -> None:
        given = parse_qs(urlsplit(self.path).query)
        is_right = hmac.compare_digest(given.get("state", [""])[0].encode(), self.server.state.encode())
        status, title, words = (_REFUSED if "error" in given else _AGREED) if is_right else _WRONG
        if is_right:
            with suppress(InvalidStateError):  # only the first one counts
                self.server.address.set_result(self.server.url + self.path.lstrip("/"))
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=UTF-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(_PAGE.format(title=title, words=words).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """The path holds a code, so nothing is logged."""
