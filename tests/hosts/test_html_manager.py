"""A saved panel on a web page without a kernel, as nbconvert and Sphinx embed it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from ipywidgets.embed import embed_minimal_html
from playwright.sync_api import Page, Route, expect

import cloudtasks_nb as ct
from tests.e2e.service import Service

from .pinned import npm_file

pytestmark = pytest.mark.browser

ANYWIDGET = Path(sys.prefix, "share/jupyter/nbextensions/anywidget/index.js")


def test_a_saved_panel_shows_what_it_showed(
    page: Page, service: Service, queue_id: str, pictures: Path, tmp_path: Path
) -> None:
    """Serve the page that ipywidgets writes, and the scripts that it loads."""
    saved = tmp_path / "saved.html"
    with ct.connect(endpoint=service.url) as client:
        queue = client.queue(queue_id)
        panels = [queue.panel(), queue.browse()]
        embed_minimal_html(
            saved, views=panels, title="saved", drop_defaults=False
        )  # anywidget's model does not have it
    # The page has a hash of the minified RequireJS. The test uses the file of npm, which `pinned.py` checks.
    saved.write_text(re.sub(r'integrity="[^"]+" crossorigin="anonymous"', "", saved.read_text()))
    scripts = {
        r"require(\.min)?\.js$": npm_file("requirejs", "require.js"),
        r"embed-amd\.js$": npm_file("@jupyter-widgets/html-manager", "dist/embed-amd.js"),
        r"anywidget@.*\.js$": ANYWIDGET.read_text(),
    }
    unknown: list[str] = []

    def answer(route: Route) -> None:
        for pattern, script in scripts.items():
            if re.search(pattern, route.request.url):
                route.fulfill(body=script, content_type="text/javascript; charset=utf-8")
                return
        unknown.append(route.request.url)
        route.abort()

    page.route(re.compile("^https?:"), answer)
    page.goto(saved.as_uri())
    views = page.get_by_role("region", name=re.compile(queue_id))
    expect(views).to_have_text([re.compile("saved view, read at")] * 2)
    expect(page.get_by_role("row", name=re.compile("t-00"))).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    page.screenshot(path=pictures / "html-manager.png", full_page=True)
    assert unknown == []
