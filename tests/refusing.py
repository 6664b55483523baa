"""A real HTTP server between a client and the emulator. It rejects some paths, like a region with an outage, or
accepts two names for one project."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

FORBIDDEN = {"error": {"code": 403, "message": "Not for you.", "status": "PERMISSION_DENIED"}}
MISSING = {"error": {"code": 404, "message": "Queue does not exist.", "status": "NOT_FOUND"}}


class Refusing(ThreadingHTTPServer):
    """Forwards requests, but returns `refusal` for the paths that match `pattern` (none while it is empty).

    `alias` ({number: id}) replaces one project by another, in requests and in responses.
    """

    def __init__(self, behind: str, pattern: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.pattern, self.refusal = behind, pattern, FORBIDDEN
        self.alias: dict[str, str] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Refusing

    def _pass_on(self) -> None:
        held = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.pattern and re.search(self.server.pattern, self.path):
            refusal = self.server.refusal
            return self._answer(int(str(refusal["error"]["code"])), json.dumps(refusal).encode())
        headers = {"Content-Type": self.headers.get("Content-Type") or "application/json"}
        path = self.path
        for number, project in self.server.alias.items():
            is_asked = f"projects/{number}/" in path or f"projects/{number}/".encode() in held
            path = path.replace(f"projects/{number}/", f"projects/{project}/")
            held = held.replace(f"projects/{number}/".encode(), f"projects/{project}/".encode())
        found = requests.request(
            self.command, self.server.behind + path, data=held, headers=headers, timeout=60
        )
        content = found.content
        for number, project in self.server.alias.items():
            if is_asked:
                content = content.replace(f"projects/{project}/".encode(), f"projects/{number}/".encode())
        return self._answer(found.status_code, content, found.headers.get("Content-Type", ""))

    do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - as the library calls them

    def _answer(
        self, status: int, body: bytes, content_type: str = "application/json; charset=UTF-8"
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def refusing(behind: str, pattern: str = "") -> Iterator[Refusing]:
    """Runs such a server within a with block."""
    with Refusing(behind, pattern) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
