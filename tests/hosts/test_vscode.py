"""Panels in VS Code's own widget manager, with the colours of its themes, on a page with a real kernel."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.e2e.hosts import HOSTS
from tests.e2e.lab import Lab
from tests.e2e.service import Service

from .pinned import npm_file
from .pressing import CELL, pause, press_heads, turn

pytestmark = pytest.mark.browser

ANYWIDGET = Path(sys.prefix, "share/jupyter/nbextensions/anywidget/index.js")
SHOWN = CELL + "display(queue.panel(), queue.browse(), ct.connect().explore())"
PAGE = """<!doctype html><html lang=en><body {body}><script src="/hosts/require.js"></script>
<script type=module src="/hosts/vscode.js"></script></body></html>"""


def serve(page: Page, server: Lab) -> None:
    """The page that VS Code's extension builds for an output, served from a server with kernels."""
    files = {
        "require.js": npm_file("requirejs", "require.js"),
        "ipywidgets.js": npm_file("@vscode/jupyter-ipywidgets8", "dist/ipywidgets.js"),
        "anywidget.js": ANYWIDGET.read_text(),
        "vscode.js": Path(__file__).with_name("vscode.js").read_text(),
    }

    def answer(route: Route) -> None:
        body = files[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type="text/javascript; charset=utf-8")

    page.route(f"{server.url}/hosts/*.js", answer)
    # a real address, because an invented one may not connect to this machine
    page.goto(f"{server.url}/hosts")
    page.set_content(PAGE.format(body=HOSTS["vscode-dark-modern"].body))
    page.wait_for_function("() => window.runCell")


def test_panels_act_turn_and_look_like_the_editor(
    page: Page, server: Lab, service: Service, queue_id: str, pictures: Path
) -> None:
    serve(page, server)
    kernel = requests.post(f"{server.url}/api/kernels", json={"name": "python3"}, timeout=30).json()
    try:
        assert (
            page.evaluate("at => window.runCell(...at)", [kernel["id"], SHOWN.format(queue_id=queue_id)])
            == "ok"
        )
        pause(page, service, queue_id)
        turn(page, queue_id)
        service.create_task(queue_id, "later", b"{}", due_s=10_000)
        press_heads(page, queue_id)
        explorer = page.get_by_role("region", name="Queues of project local")
        explorer.get_by_role("button", name=queue_id, exact=True).click()
        expect(explorer.get_by_role("region", name=f"Queue {queue_id}", exact=True)).to_be_visible()
        panel = page.locator(".ct-panel").first
        assert panel.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(31, 31, 31)"
        assert panel.evaluate("node => getComputedStyle(node).fontFamily") == "Workbench"
        page.screenshot(path=pictures / "vscode-dark.png", full_page=True)
    finally:
        requests.delete(f"{server.url}/api/kernels/{kernel['id']}", timeout=30)
