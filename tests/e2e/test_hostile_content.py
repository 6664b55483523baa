"""Hostile content of queues and tasks is shown, never run, and freezes nothing: in cards, tables and panels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb import render
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.widgets.clickable import Clickable
from tests.hostile import ADDRESSES, ATTACKS, BREAKOUTS, HIDDEN, MARKUP
from tests.unit.render.conftest import NOW, everything_of

from .lab import Lab
from .service import Service
from .test_themes import mount

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
MIXED = " ".join([*MARKUP, *BREAKOUTS, *HIDDEN]).replace("\x00", "")
AT_ONCE = 12

# Triggers everything on the page that could run a script, without leaving the page.
PROVOKE = """async () => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const events = ['mouseover', 'mouseenter', 'focus', 'blur', 'toggle', 'load', 'error', 'click', 'animationstart'];
    for (const node of document.querySelectorAll('body *')) {
        if (node.closest('button, input, form')) continue;
        for (const name of events) node.dispatchEvent(new Event(name));
    }
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    return window.attacked ?? null;
}"""
ACTIVE = "script, iframe, object, embed, svg, math, meta, base, link, img[src=x], [onerror], [onload], [href]"


@contextmanager
def watched(page: Page) -> Iterator[None]:
    """Fail if the page opens a dialog, navigates away, or sends requests to other machines."""
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: seen.append(request.url) if "attacker" in request.url else None)
    page.on("framenavigated", lambda frame: seen.append(frame.url) if "attacker" in frame.url else None)
    yield
    assert seen == []


@pytest.mark.parametrize("start", range(0, len(ATTACKS), AT_ONCE))
def test_no_card_or_table_runs_what_it_shows(page: Page, start: int) -> None:
    attacks = ATTACKS[start : start + AT_ONCE]
    body = "".join(render.html(obj, NOW) for attack in attacks for obj in everything_of(attack).values())
    with watched(page):
        page.set_content(f"<!doctype html><body>{body}</body>")
        assert page.evaluate(PROVOKE) is None
        assert page.locator(ACTIVE).count() == 0


def poisoned(state: Any, attack: str, key: str = "") -> Any:
    """The state of a panel, with every text from the service replaced by the attack."""
    if isinstance(state, dict):
        return {name: poisoned(held, attack, name) for name, held in state.items()}
    if isinstance(state, list):
        return [poisoned(held, attack, key) for held in state]
    own = key.startswith("_") or key in {
        "look",
        "tone",
        "level",
        "do",
        "time",
        "updated",
        "schedule",
        "state",
        "column",
        "columns",
        "available",
        "field",
    }
    own = own or (key == "cells" and state in {"", "yes", "if", "part"})  # abilities in a policy
    return state if own or not isinstance(state, str) else attack


def panels(client: ct.Client, queue: ct.Queue) -> Iterator[Clickable]:
    """One panel of each kind, with something open in it."""
    pull = client.create_queue(f"pull-{queue.id}", kind="pull")
    pull.create_task({"to": "ada"}, tag="red")
    bench = pull.workbench()
    bench.lease(lease_duration=300)
    bench.open_task(bench.leases[0]["id"])
    yield bench
    yield queue.panel()
    browser = queue.browse()
    browser.open_task(browser.table["ids"][0])
    yield browser
    yield queue.monitor()
    yield from access_and_inbox(queue)
    yield client.explore()


def access_and_inbox(queue: ct.Queue) -> Iterator[Clickable]:
    access = queue.iam_panel()
    access.grant("roles/cloudtasks.viewer", "user:grace@example.com")
    yield access
    with Inbox() as inbox:
        inbox.on("/fails")(lambda request: {}["absent"])
        for path in ("/fails", "/?q=1"):
            requests.post(inbox.url + path, json={"to": "ada"}, headers={"X-Note": "x"}, timeout=10)
        panel = inbox.panel()
        panel.open_request(1)
        yield panel


class Poisoned:
    """A panel with its texts replaced."""

    def __init__(self, panel: Clickable, attack: str) -> None:
        self._panel, self._attack = panel, attack
        self._script, self._parts = panel._script, panel._parts

    def get_state(self) -> dict[str, Any]:
        return poisoned(self._panel.get_state(), self._attack)  # type: ignore[no-any-return]

    def close(self) -> None: ...


def test_no_panel_runs_what_it_shows(page: Page, service: Service) -> None:
    queue_id = f"hostile-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.create_task(queue_id, "t-1", b'{"to":"ada"}', headers={"X-Note": "x"})
    with ct.connect(endpoint=service.url) as client, watched(page):
        for panel in panels(client, client.queue(queue_id)):
            for attack in (MIXED, *ADDRESSES):
                mount(page, Poisoned(panel, attack))  # type: ignore[arg-type]
                assert page.evaluate(PROVOKE) is None, (type(panel), attack)
                active = ACTIVE.replace("svg,", "svg use, svg animate,")  # a panel may draw its own lines
                assert page.locator(active).count() == 0, (type(panel), attack)
            panel.close()


CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.connect()\nqueue = client.queue("{queue_id}")\nqueue.tasks(view="FULL")',
    'queue.task("t-0")',
    'queue.task("t-1")',
    "ct.NotFound({attack!r}, method={attack!r}, resource={attack!r}, hint={attack!r}, details=[{{'x': {attack!r}}}])",
    "queue.tasks(view='FULL').to_dataframe(decode='text')[['url', 'payload_text']]",
    "queue.panel()",
    "queue.browse()",
    "queue.monitor()",
    "queue.iam_panel()",
    """pull = client.queue("pull-{queue_id}")
bench = pull.workbench()
bench.lease(lease_duration=600)
bench.open_task(bench.leases[0]["id"])
bench""",
    """explorer = client.explore()
explorer.open_queue(queue.name, "browse")
explorer.opened.open_task("t-1")
explorer""",
    """import requests
from cloudtasks_nb.emulator.client.inbox import Inbox
inbox = Inbox().__enter__()
@inbox.on("/fails")
def fail(request):
    raise ValueError({attack!r})
requests.post(inbox.url + "/fails", data={attack!r}.encode(), headers={{"X-Note": {header!r}}}, timeout=10)
requests.post(inbox.url + "/?" + {attack!r}, json={{{attack!r}: [{attack!r}]}}, timeout=10)
panel = inbox.panel()
panel.open_request(2)
panel""",
)


def as_header(attack: str) -> str:
    return "".join(character for character in attack if " " <= character < "\x7f")[:2_000]


@pytest.fixture
def hostile_queue(service: Service) -> str:
    """The id of a queue with hostile tasks and policy; a pull queue has hostile tags."""
    queue_id = f"hostile-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number, attack in enumerate((MIXED, BREAKOUTS[0])):
        url = "https://example.com/" + BREAKOUTS[number].replace(" ", "%20")
        payload = json.dumps({"note": attack, attack: [attack]}) if number else attack
        headers = {"X-Note": as_header(attack)}
        service.create_task(queue_id, f"t-{number}", payload.encode(), url=url, headers=headers)
    condition = {"title": as_header(BREAKOUTS[0])[:100], "description": MIXED[:200], "expression": "true"}
    service.grant(queue_id, "roles/cloudtasks.viewer", "user:ada@example.com", condition=condition)
    with ct.connect(endpoint=service.url) as client:
        pull = client.create_queue(f"pull-{queue_id}", kind="pull")
        pull.create_task({"note": MIXED, MIXED: [MIXED]}, tag=MIXED[:400])
    return queue_id


def test_hostile_content_is_text(lab: Lab, page: Page, hostile_queue: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 4000})
    words = {"queue_id": hostile_queue, "attack": MIXED, "header": as_header(MIXED)}
    notebook = lab.open(page, lab.write(f"{hostile_queue}.ipynb", *(cell.format(**words) for cell in CELLS)))
    with watched(page):
        notebook.run_all()
        browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {hostile_queue}").first
        browser.get_by_role("button", name="t-1").click()
        detail = browser.get_by_role("region", name="Task t-1")
        expect(detail.locator(".ct-json")).to_contain_text(BREAKOUTS[0])
        detail.get_by_text("headers").first.click()
        expect(detail.get_by_role("row", name="X-Note")).to_contain_text(BREAKOUTS[0])
        card = notebook.outputs.locator(".ctnb").nth(1)
        expect(card).to_contain_text("invoice⟨U+202E⟩fdp.exe")
        for name in ("Queue", "Monitor of queue", "Access to queue"):
            panel = notebook.outputs.get_by_role("region", name=f"{name} {hostile_queue}", exact=True)
            expect(panel.first).to_be_visible()
        expect(notebook.outputs.get_by_role("region", name="Queues of project local")).to_be_visible()
        leases = notebook.outputs.get_by_role("region", name=f"Leases of queue pull-{hostile_queue}")
        expect(leases.locator(".ct-json")).to_contain_text(MARKUP[0])
        expect(notebook.outputs.get_by_role("region", name="Request 2")).to_contain_text(MARKUP[0])
        outputs = notebook.outputs.locator(".ctnb, .ct-panel")
        expect(outputs.nth(11)).to_be_attached()
        page.evaluate("() => document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert page.evaluate("() => window.attacked ?? null") is None
        assert outputs.locator("script, iframe, object, img[src=x], [onerror], [onload], [href]").count() == 0


HEAVY = """import json, sys
sys.path.insert(0, {root!r})
import cloudtasks_nb as ct
from cloudtasks_nb import model
def task(**request):
    return model.Task(name="projects/p/locations/l/queues/q/tasks/heavy", view="FULL", **request)
"""
HEAVY_CELLS = (
    'task(pull_message=ct.PullMessage(payload=("<b>&" * 250_000).encode()))',
    'task(pull_message=ct.PullMessage(payload=json.dumps([{{"n": n, "t": "x" * 99}} for n in range(9_000)]).encode()))',
    'task(pull_message=ct.PullMessage(payload=bytes(1_000_000)))',
    'task(http_request=ct.HttpRequest(url="https://e.example/" + "u" * 1_000_000))',
    'task(http_request=ct.HttpRequest(headers={{f"X-{{n}}": "v" * 100 for n in range(10_000)}}))',
)  # fmt: skip


def test_a_page_of_heavy_tasks_answers_clicks(lab: Lab, page: Page) -> None:
    first, *rest = (cell.format(root=str(ROOT)) for cell in (HEAVY + HEAVY_CELLS[0], *HEAVY_CELLS[1:]))
    notebook = lab.open(page, lab.write(f"heavy-{uuid4().hex[:8]}.ipynb", first, *rest))
    notebook.run_all()
    cards = notebook.outputs.locator(".ctnb")
    expect(cards).to_have_count(len(HEAVY_CELLS))
    for card in cards.all():
        assert len(card.inner_html()) < 150_000
        for section in card.locator("div > details").all():
            was_open = section.get_attribute("open") is not None
            section.locator("> summary").click()
            expect(section).to_have_attribute("open", "") if not was_open else expect(
                section
            ).not_to_have_attribute("open", "")
