"""Panels on a bare page: texts and controls have contrast in every host, and the script needs only a model."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.clickable import built
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from tests.unit.widgets.test_styles import OWN

from .bare_page import OPENED, mount, unfold
from .hosts import weak_contrasts
from .service import Service

pytestmark = pytest.mark.browser


# Every rule of every panel, as a notebook has them on its page after this panel's own.
OTHERS = "\n".join(map(built, OWN))
# The number of nodes, and those whose look changes when the page gets more sheets, compared at the same moment.
RESTYLED = """css => {
    const nodes = [...document.querySelectorAll('.ct-panel, .ct-panel *')];
    const looks = () => nodes.map(node => {
        const style = getComputedStyle(node);
        return [...style].map(name => `${name}: ${style.getPropertyValue(name)}`);
    });
    const alone = looks();
    document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
    const beside = looks();
    const differs = at => beside[at].filter((rule, number) => rule !== alone[at][number]).slice(0, 3);
    const found = nodes.map((node, at) => [node.outerHTML.slice(0, 80), differs(at)]);
    return [nodes.length, found.filter(([, rules]) => rules.length)];
}"""


# Tables with a row that has more or fewer cells than the head.
UNEVEN = """() => [...document.querySelectorAll('.ct-panel table')].filter(table => {
    const width = row => [...row.cells].reduce((sum, cell) => sum + cell.colSpan, 0);
    return new Set([...table.rows].map(width)).size > 1;
}).map(table => table.outerHTML.slice(0, 200))"""


@pytest.fixture
def queue(service: Service) -> Iterator[ct.Queue]:
    queue_id = f"themes-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b'{"to":"ada"}')
    with ct.connect(endpoint=service.url) as client:
        yield client.queue(queue_id)


@pytest.mark.parametrize("name", OPENED)
def test_texts_and_controls_stand_out_in_every_host(page: Page, queue: ct.Queue, name: str) -> None:
    """WCAG AA: contrast 4.5 for text, 3 for the edges of controls and the focus ring."""
    mount(page, OPENED[name].open(queue))
    unfold(page, name)
    texts, edges, weak = weak_contrasts(page, ".ct-panel *")
    assert (texts > 10, edges > 0) == (True, True)
    assert weak == []
    page.set_viewport_size({"width": 400, "height": 900})
    assert (
        page.evaluate("() => document.documentElement.scrollWidth") == 400
    )  # wide parts scroll by themselves
    assert page.evaluate(UNEVEN) == []


def test_words_have_the_font_of_words_in_vs_code(page: Page, queue: ct.Queue) -> None:
    mount(page, QueuePanel(queue), "vscode-dark-modern")
    fonts = page.evaluate(
        "() => ['.ct-panel', '.ct-panel button', '.ct-panel pre'].map(at => "
        "getComputedStyle(document.querySelector(at)).fontFamily.split(',')[0])"
    )
    assert fonts == ["Workbench", "Workbench", '"Editor Mono"']


def test_a_view_that_goes_away_leaves_nothing_behind(page: Page, queue: ct.Queue) -> None:
    mount(page, QueuePanel(queue))
    (mounted,) = page.evaluate("() => window.sent")
    assert mounted["do"] == "mounted"
    page.evaluate("() => window.cleanup()")
    assert page.evaluate("() => window.sent.at(-1)") == {"do": "unmounted", "view": mounted["view"]}
    assert page.evaluate("() => window.listeners()") == 0


def test_buttons_wait_for_the_answer_to_their_own_click(page: Page, queue: ct.Queue) -> None:
    mount(page, QueuePanel(queue))
    pause, refresh = (page.get_by_role("button", name=name) for name in ("Pause", "Refresh"))
    pause.click()
    expect(refresh).to_be_disabled()
    (message,) = [message for message in page.evaluate("() => window.sent") if message["do"] == "pause"]
    page.evaluate("() => window.emit('msg:custom', { done: 'of another view' })")
    expect(refresh).to_be_disabled()
    page.evaluate("call => window.emit('msg:custom', { done: call })", message["call"])
    expect(refresh).to_be_enabled()


@pytest.mark.usefixtures("clock")
def test_a_kernel_that_does_not_answer_is_named(page: Page, queue: ct.Queue) -> None:
    mount(page, QueuePanel(queue))
    page.get_by_role("button", name="Refresh").click()
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("status")).to_contain_text("Waiting for the kernel.")


@pytest.mark.parametrize("name", OPENED)
def test_a_panel_looks_the_same_beside_all_others(page: Page, queue: ct.Queue, name: str) -> None:
    mount(page, OPENED[name].open(queue))
    unfold(page, name)
    count, restyled = page.evaluate(RESTYLED, OTHERS)
    assert count > 20
    assert restyled == []
