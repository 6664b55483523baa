"""A server on this machine that a browser comes back to, once."""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from ..errors import AuthError

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in</title>
<style>:root{{color-scheme:light dark}}
body{{font:16px system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}}</style>
<h1>{title}</h1><p>{words}</p></html>"""


class Loopback:
    """Waits for the one answer that holds the right state; everything else is refused and waited past."""

    def __init__(self) -> None:
        self._answers: list[str] = []
        self._arrived = threading.Condition()
        self._state = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10.0  # a browser that opens connections ahead does not hold up anything

            def do_GET(self) -> None:
                status, page = outer._answer(self.path)
                body = page.encode()
                self.send_response(status)
                for name, value in (
                    ("Content-Type", "text/html; charset=UTF-8"),
                    ("Content-Length", str(len(body))),
                    ("Cache-Control", "no-store"),
                    ("Referrer-Policy", "no-referrer"),
                    ("Connection", "close"),
                ):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """The path holds a code, so nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the browser comes back to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def expect(self, state: str) -> None:
        """From now on, an answer with this state is the right one."""
        with self._arrived:
            self._state = state

    def wait(self, timeout_s: float) -> str:
        """The address that a browser came back to. Errors: AuthError when none did in time."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: bool(self._answers), timeout_s):
                raise AuthError(
                    f"Nobody came back within {timeout_s:.3g} s.",
                    hint="try again; if your browser is on another machine: sign_in(..., loopback=False)",
                )
            return self._answers[0]

    def _answer(self, path: str) -> tuple[int, str]:
        given = parse_qs(urlsplit(path).query)
        state = given.get("state", [""])[0]
        with self._arrived:
            if not self._state or not hmac.compare_digest(state.encode(), self._state.encode()):
                return 400, _PAGE.format(
                    title="Not this one", words="This address does not answer the question."
                )
            self._answers.append(f"{self.url.rstrip('/')}{path}")
            self._arrived.notify_all()
        if "error" in given:
            return 200, _PAGE.format(title="Not signed in", words="You may close this page.")
        return 200, _PAGE.format(
            title="Signed in", words="You may close this page and go back to your notebook."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
