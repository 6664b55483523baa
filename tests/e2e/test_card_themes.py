"""Cards and tables are readable in every notebook's theme and by screen readers, and unfold by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb import render
from tests.specimens import NOW, specimens, task

from .hosts import dress, weak_contrasts

pytestmark = pytest.mark.browser


def show(page: Page) -> None:
    cards = "".join(f"<p>{render.html(obj, NOW)}</p>" for obj in specimens().values())
    page.set_content(f"<!doctype html><html><body>{cards}</body></html>")
    page.evaluate("() => document.querySelectorAll('details').forEach(part => { part.open = true; })")


def test_every_word_is_readable_in_every_host(page: Page) -> None:
    show(page)
    texts, _, weak = weak_contrasts(page, ".ctnb *")
    assert texts > 300
    assert weak == []


def test_a_card_is_a_table_with_headers_that_belong_to_its_rows(page: Page) -> None:
    show(page)
    card = page.get_by_role("table", name="emails HTTP queue RUNNING").first
    expect(card.get_by_role("rowheader", name="retry")).to_be_visible()
    listing = page.get_by_role("table", name="queues of us-central1")
    expect(listing.get_by_role("columnheader", name="state")).to_be_visible()
    expect(listing.get_by_role("row", name=re.compile("thumbnails.*PAUSED"))).to_be_visible()


def test_json_folds_by_keyboard(page: Page) -> None:
    page.set_content(render.html(specimens()["task"], NOW))
    items = page.get_by_text('"items"').locator("xpath=ancestor::details[1]")
    expect(items.get_by_text("A-113")).to_be_visible()
    items.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(items.get_by_text("A-113")).to_be_hidden()
    expect(items.get_by_text("2 items")).to_be_visible()


def test_tasks_with_payloads_need_no_scrolling_sideways(page: Page) -> None:
    url = "https://worker-7hbvx2-uc.a.run.app/handlers/send-email?tenant=shop"
    held = ct.HttpRequest(url=url, body=b'{"to": "grace@example.com", "template": "welcome"}')
    listed = [task(id, attempts=1, code=14, http_request=held) for id in ("5271989125487454025", "0" * 32)]
    html = render.html(render.task_table(listed, caption="tasks", now=NOW), NOW)
    # The width that JupyterLab leaves beside its file browser, of 1280 px.
    page.set_content(
        f"<body style='font: 13px system-ui; margin: 0'><div style='width: 880px'>{html}</div></body>"
    )
    assert page.locator("table").bounding_box()["width"] <= 880  # type: ignore[index]
    assert page.get_by_role("columnheader", name="payload").is_visible()


def test_a_picture_is_as_light_as_its_page(page: Page) -> None:
    picture = ct.RetryConfig(max_attempts=5, min_backoff=1).plot()._repr_html_()
    shown = """() => [...document.querySelectorAll('img')].filter(node => node.checkVisibility())
        .map(node => [node.className, getComputedStyle(node).backgroundColor])"""
    without = re.sub("<style>.*</style>", "", picture)  # as in a notebook that is not trusted
    for host, html, seen in (
        ("lab-light", picture, ["ctnb-day", "rgba(0, 0, 0, 0)"]),
        ("lab-dark", picture, ["ctnb-night", "rgba(0, 0, 0, 0)"]),
        ("colab-dark", picture, ["ctnb-night", "rgba(0, 0, 0, 0)"]),
        ("vscode-contrast", picture, ["ctnb-night", "rgba(0, 0, 0, 0)"]),
        ("lab-dark", without, ["ctnb-day", "rgb(255, 255, 255)"]),
    ):
        dress(page, host)
        page.evaluate("html => { document.body.innerHTML = html; }", html)
        assert page.evaluate(shown) == [seen], host
