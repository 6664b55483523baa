"""The emulator's consent page in a real browser: its buttons work, and other sites cannot read its address."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from .service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
BACK = "http://localhost:8999/back"


def consent(service: Service) -> str:
    scope = "https://www.googleapis.com/auth/cloud-platform"
    asked = {
        "client_id": "<i>app</i>",
        "redirect_uri": BACK,
        "scope": scope,
        "state": "s",
        "access_type": "offline",
    }
    return f"{service.url}/auth?{urlencode(asked)}"


def test_a_person_allows_or_denies(service: Service, page: Page, pictures: Path) -> None:
    page.route(f"{BACK}**", lambda route: route.fulfill(body="back"))
    page.goto(consent(service))
    assert page.locator("strong").inner_text() == "<i>app</i>"
    page.screenshot(path=pictures / "consent.png")
    page.get_by_label("Sign in as").fill("ada@example.com")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{BACK}**")
    answer = parse_qs(urlsplit(page.url).query)
    assert answer["state"] == ["s"]
    form = {"grant_type": "authorization_code", "code": answer["code"][0], "redirect_uri": BACK}
    given = requests.post(f"{service.url}/token", data={**form, "client_id": "<i>app</i>"}, timeout=10).json()
    assert {"access_token", "refresh_token"} <= set(given)
    page.goto(consent(service))
    page.get_by_role("button", name="Deny").click()
    page.wait_for_url(f"{BACK}**")
    assert parse_qs(urlsplit(page.url).query)["error"] == ["access_denied"]


def test_a_page_elsewhere_reads_nothing_through_a_script(service: Service, page: Page) -> None:
    """A script request has no Origin header; Sec-Fetch-Site names another site, or another port of this one."""
    queues = f"{service.url}/v2beta2/projects/local/locations/us-central1/queues"
    script = f"<script>seen = []; cb = answer => seen.push(answer)</script><script src='{queues}?callback=cb'></script>"

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(script.encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        page.goto(f"http://localhost:{server.server_port}/")
        assert page.evaluate("seen") == []
        page.goto(f"http://127.0.0.1:{server.server_port}/")  # the same site, on another port
        assert page.evaluate("seen") == []
        purge = f"fetch('{queues}/emails:purge', {{method: 'POST', mode: 'no-cors', body: '{{}}'}}).then(() => 'sent')"
        assert page.evaluate(purge) == "sent"  # the browser sends the request, and the emulator ignores it
        answer = requests.get(f"{queues}/emails", timeout=10).json()
        assert "purgeTime" not in answer
        server.shutdown()
