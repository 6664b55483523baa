"""A page requests updates only while it is visible, and one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .bare_page import mount
from .service import Service

pytestmark = pytest.mark.browser

LOOKS = "() => window.sent.filter(message => message.do === 'look').length"
ANSWER = """nextS => window.emit('msg:custom',
    { done: window.sent.filter(message => message.do === 'look').at(-1).call, next_s: nextS })"""
HIDE = """hidden => {
    Object.defineProperty(document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
OBSERVED = """() => new Promise(resolve => {
    new IntersectionObserver(resolve).observe(document.querySelector('.ct-panel'));
})"""


@pytest.fixture
def queue(service: Service) -> Iterator[ct.Queue]:
    queue_id = f"live-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    with ct.connect(endpoint=service.url) as client:
        yield client.queue(queue_id)


@pytest.fixture
def ahead(page: Page, clock: None) -> Page:
    return page


def looks_after(page: Page, seconds: int) -> int:
    page.clock.run_for(seconds * 1000)
    asked: int = page.evaluate(LOOKS)
    return asked


def shown(page: Page) -> None:
    """Wait until the page has detected its visibility. The browser notifies observers in order of creation."""
    page.clock.run_for(100)
    page.evaluate(OBSERVED)
    page.clock.run_for(100)


def test_one_question_at_a_time_as_often_as_the_kernel_says(ahead: Page, queue: ct.Queue) -> None:
    mount(ahead, queue.panel())
    shown(ahead)
    assert looks_after(ahead, 5) == 0
    assert looks_after(ahead, 5) == 1
    assert looks_after(ahead, 9) == 1  # no response yet
    ahead.evaluate(ANSWER, 30)
    assert looks_after(ahead, 29) == 1
    assert looks_after(ahead, 1) == 2


def test_a_hidden_page_asks_nothing_and_asks_at_once_when_it_is_seen_again(
    ahead: Page, queue: ct.Queue
) -> None:
    mount(ahead, queue.panel())
    shown(ahead)
    ahead.evaluate(HIDE, True)
    assert looks_after(ahead, 60) == 0
    ahead.evaluate(HIDE, False)
    assert looks_after(ahead, 1) == 1


def test_a_panel_that_is_scrolled_away_asks_nothing_but_a_monitor_does(ahead: Page, queue: ct.Queue) -> None:
    for panel, asks in ((queue.panel(), False), (queue.monitor(), True)):
        mount(ahead, panel)
        ahead.evaluate("() => { document.querySelector('.ct-panel').style.marginTop = '5000px'; }")
        shown(ahead)
        assert (looks_after(ahead, 30) > 0) is asks


def test_a_view_that_went_away_asks_nothing(ahead: Page, queue: ct.Queue) -> None:
    mount(ahead, queue.monitor())
    ahead.evaluate("() => window.cleanup()")
    assert looks_after(ahead, 60) == 0
    assert ahead.evaluate("() => window.listeners()") == 0


def test_a_kernel_that_is_gone_is_named_and_asked_again_later(ahead: Page, queue: ct.Queue) -> None:
    mount(ahead, queue.panel())
    shown(ahead)
    asleep = ahead.get_by_text("not updating: the kernel is busy or gone")
    assert looks_after(ahead, 10) == 1
    expect(asleep).to_be_hidden()
    assert looks_after(ahead, 20) == 1
    expect(asleep).to_be_visible()
    assert looks_after(ahead, 20) == 2
    ahead.evaluate(ANSWER, 10)
    expect(asleep).to_be_hidden()
