"""Keyboards and screen readers: controls have names, tables have heads, read-only panels have no actions."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.action import actions_of

from .bare_page import OPENED, mount, unfold
from .service import Service

pytestmark = pytest.mark.browser

# Returns the accessibility problems as text.
COMPLAINTS = """() => {
    const root = document.querySelector('.ct-panel'), found = [];
    const say = (node, words) => found.push(`${words}: ${node.outerHTML.slice(0, 140)}`);
    const all = selector => [...root.querySelectorAll(selector)];
    const labelled = node => [...node.labels ?? []].some(label => label.textContent.trim());
    const named = node => node.getAttribute('aria-label') || node.textContent.trim() || labelled(node);
    for (const node of all('button, input, select, textarea, summary, a, [tabindex]')) {
        if (!node.checkVisibility({ visibilityProperty: true })) continue;
        if (!named(node)) say(node, 'no name');
        if (node.tabIndex > 0) say(node, 'jumps the order');
        const byArrows = node.closest('[data-roving]') || node.tagName === 'H4';
        if (node.tabIndex < 0 && !node.disabled && !byArrows) say(node, 'not reached by keyboard');
    }
    for (const table of all('table')) if (!table.caption?.textContent) say(table, 'no caption');
    for (const head of all('th')) if (!head.scope) say(head, 'no scope');
    for (const picture of all('svg, img')) {
        if (!picture.getAttribute('aria-label') && !picture.getAttribute('alt')) say(picture, 'no words for a picture');
    }
    for (const name of ['aria-describedby', 'for', 'list']) {
        for (const node of all(`[${name}]`)) {
            if (!document.getElementById(node.getAttribute(name))) say(node, `${name} leads nowhere`);
        }
    }
    const ids = all('[id]').map(node => node.id);
    if (new Set(ids).size < ids.length) found.push(`ids twice: ${ids}`);
    if (!root.getAttribute('aria-label') || root.tagName !== 'SECTION') say(root, 'no region');
    if (!root.querySelector('[role=status][aria-live=polite]')) say(root, 'no status');
    return found;
}"""
STOPS = """() => {
    const node = document.activeElement;
    return node === document.body ? null : [node.textContent, node.getBoundingClientRect().width > 0];
}"""
FOCUSABLE = """() => [...document.querySelectorAll('.ct-panel :is(button, input, select, summary, [tabindex="0"])')]
    .filter(node => node.checkVisibility() && !node.disabled).length"""


# Presses every button once, also buttons that appear in between, and responds like a kernel.
PRESS_ALL = """() => {
    const pressed = new Set(), name = button => button.getAttribute('aria-label') ?? button.textContent;
    const next = () => [...document.querySelectorAll("button")].find(
        button => button.checkVisibility() && !pressed.has(name(button)));
    for (let button; (button = next()); ) {
        pressed.add(name(button));
        button.click();
        const asked = window.sent.filter(message => message.call && message.do !== 'look').at(-1);
        if (asked) window.emit('msg:custom', { done: asked.call, next_s: 0 });
    }
    return pressed.size;
}"""


@pytest.fixture
def queue(service: Service) -> Iterator[ct.Queue]:
    queue_id = f"named-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b'{"to":"ada"}')
    with ct.connect(endpoint=service.url) as client:
        yield client.queue(queue_id)


@pytest.mark.parametrize("name", OPENED)
def test_there_is_nothing_to_complain_about(page: Page, queue: ct.Queue, name: str) -> None:
    mount(page, OPENED[name].open(queue))
    assert page.evaluate(COMPLAINTS) == []
    unfold(page, name)
    assert page.evaluate(COMPLAINTS) == []


@pytest.mark.parametrize("name", ["queue", "monitor", "access"])
def test_the_tabulator_reaches_every_control_and_leaves(page: Page, queue: ct.Queue, name: str) -> None:
    mount(page, OPENED[name].open(queue))
    count = page.evaluate(FOCUSABLE)
    stops = []
    for _ in range(count + 1):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(STOPS))
    assert count > 3 and stops[-1] is None
    assert all(visible for _, visible in stops[:-1])


@pytest.mark.parametrize("name", OPENED)
def test_no_button_of_a_read_only_page_asks_for_a_change(page: Page, queue: ct.Queue, name: str) -> None:
    panel = OPENED[name].open(queue, read_only=True)
    changing = {action for action, described in actions_of(type(panel)).items() if described.changes}
    mount(page, panel)
    page.evaluate(
        "() => { for (const details of document.querySelectorAll('details')) details.open = true; }"
    )
    if changing:
        expect(page.locator(".ct-panel").first).to_contain_text("read-only")
    pressed = page.evaluate(PRESS_ALL)
    asked = {message["do"] for message in page.evaluate("() => window.sent")}
    assert pressed > 0 and len(asked) > 1
    assert asked & changing == set()
