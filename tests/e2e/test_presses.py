"""Panels never act without a press: held keys, moved focus, typed text, and lost messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .bare_page import MOUNT, OPENED, VERBS, parts_of, unfold
from .service import Service

pytestmark = pytest.mark.browser

# A host that clicks the focused button on each keydown, like VS Code, and a kernel that responds to each action.
HOST = """() => {
    const quiet = ['mounted', 'unmounted', 'here', 'look', 'alive?'];
    window.done = () => window.sent.filter(message => !quiet.includes(message.do)).map(message => message.do);
    const send = window.model.send;
    window.model.send = message => {
        send(message);
        if (message.call) setTimeout(() => window.emit('msg:custom', { done: message.call, next_s: 60 }));
    };
    const hosted = new WeakSet();
    const add = () => {
        for (const button of document.querySelectorAll('button')) {
            if (hosted.has(button)) continue;
            hosted.add(button);
            button.addEventListener('keydown', event => ['Enter', ' '].includes(event.key) && button.click());
        }
    };
    add();
    new MutationObserver(add).observe(document.body, { childList: true, subtree: true });
}"""
SOME = 8
# Counts clicks on buttons, which do nothing else.
COUNT_CLICKS = """() => {
    window.clicked = 0;
    document.addEventListener('click', event => {
        window.clicked += Boolean(event.target.closest('button'));
        event.preventDefault();
        event.stopImmediatePropagation();
    }, true);
}"""
BUTTONS = ".ct-panel button:visible:enabled:not(.ct-under *)"  # heads have many more, which change nothing
TWO_STEPS = {
    "run_task", "run_tasks", "delete_task", "delete_tasks", "acknowledge", "acknowledge_all", "pause_queues", "purge",
    "delete",
}  # fmt: skip
SHADOW = """() => {
    const host = document.body.appendChild(document.createElement('div'));
    window.place = host.attachShadow({ mode: 'open' }).appendChild(document.createElement('div'));
}"""
# The focused element, its text and its caret; also within a shadow root.
FOCUSED = """() => {
    let node = document.activeElement;
    while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return [node.tagName, node.value, node.selectionStart ?? null, node === window.typed];
}"""
Draw = Callable[..., None]


@pytest.fixture
def queue(service: Service) -> Iterator[ct.Queue]:
    project = f"presses-{uuid4().hex[:8]}"  # its own: the explorer has a row for each queue of a project
    with ct.connect(project=project, endpoint=service.url) as client:
        made = client.location("us-central1").create_queue("emails", kind="http")
        payload = {"payload": {"to": "ada"}, "url": "http://127.0.0.1:1/", "schedule": 3600}
        made.create_tasks(({"task_id": f"t-{at}", **payload} for at in range(3)), progress=False)
        yield made


@pytest.fixture(params=OPENED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def draw(page: Page, queue: ct.Queue, name: str) -> Draw:
    """Draws the panel again, in its initial state."""
    panel = OPENED[name].open(queue)
    hidden = ("layout", "tooltip", "tabbable")
    state: dict[str, Any] = {key: value for key, value in panel.get_state().items() if key not in hidden}
    parts = parts_of(panel)
    panel.close()

    def again(before: str = "() => {}") -> None:
        page.set_content("<!doctype html><html lang=en><body></body></html>")
        page.evaluate(before)
        page.evaluate(MOUNT, [state, state["_css"], parts])
        page.locator(".ct-panel[data-panel]").wait_for()
        if any(name.endswith(".verbs") for name in parts):  # requested at once; others when they are opened
            page.locator(VERBS).first.wait_for(state="attached")

    return again


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_held_key_acts_once(page: Page, draw: Draw, name: str, key: str) -> None:
    draw()
    count = page.locator(BUTTONS).count()
    assert count > 0 or name == "watch"  # a watch that ended has no enabled buttons
    pressed = 0
    for at in range(count):
        draw()
        page.evaluate(HOST)
        page.locator(BUTTONS).nth(at).focus()
        for _ in range(4):
            page.keyboard.down(key)
            page.evaluate("() => new Promise(done => setTimeout(done, 5))")  # a response arrives in between
        page.keyboard.up(key)
        done = page.evaluate("() => window.done()")
        assert len(done) <= 1, done
        assert not TWO_STEPS & set(done), done
        pressed += len(done)
    assert pressed > 0 or name in ("settings", "watch")


def test_no_button_that_changes_something_gets_the_focus_by_itself(page: Page, draw: Draw) -> None:
    draw()
    for at in range(page.locator(BUTTONS).count()):
        draw()
        page.evaluate(HOST)
        button = page.locator(BUTTONS).nth(at)
        button.evaluate("button => { window.pressed = button; button.focus(); }")
        page.keyboard.press("Enter")
        page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
        page.evaluate("() => window.announce()")
        other = "node => node.matches('button.ct-action') && node !== window.pressed"
        same = "node => node.dataset.key && node.dataset.key === window.pressed.dataset.key"
        is_wrong = (
            f"() => {{ const node = document.activeElement; return ({other})(node) && !({same})(node); }}"
        )
        assert not page.evaluate(is_wrong), page.evaluate("() => document.activeElement.outerHTML")


@pytest.mark.parametrize("root", ["page", "shadow"])
def test_what_is_typed_keeps_the_focus_and_the_caret(page: Page, draw: Draw, name: str, root: str) -> None:
    inputs = (
        ".ct-panel :is(input:not([type=checkbox], [type=radio], [type=number]), textarea):visible:enabled"
    )
    draw(SHADOW if root == "shadow" else "() => {}")
    if root == "page":
        unfold(page, name)
    for at in range(page.locator(inputs).count()):
        typed = page.locator(inputs).nth(at)
        typed.evaluate("node => { window.typed = node; node.value = ''; node.focus(); }")
        page.keyboard.type("abc")
        page.keyboard.press("ArrowLeft")
        for _ in range(2):
            page.evaluate("() => window.announce()")
            assert page.evaluate(FOCUSED) == [*page.evaluate("() => [window.typed.tagName]"), "abc", 2, True]
        page.keyboard.type("X")
        expect(typed).to_have_value("abXc")


# These draw buttons again on each update.
@pytest.mark.parametrize("name", ["tasks", "leases", "access", "inbox"], indirect=True)
def test_a_press_survives_an_update_between_its_beginning_and_its_end(
    page: Page, draw: Draw, name: str
) -> None:
    draw()
    if name == "tasks":
        page.locator(".ct-under .ct-loaded").wait_for()  # the heads move the buttons
    page.evaluate(COUNT_CLICKS)
    buttons = page.locator(BUTTONS)
    for at in range(min(SOME, buttons.count())):
        buttons.nth(at).evaluate("button => button.scrollIntoView({ block: 'nearest' })")
        box = buttons.nth(at).bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.evaluate("() => window.announce()")
        page.mouse.up()
        assert page.evaluate("() => window.clicked") == at + 1, buttons.nth(at).inner_text()
        page.evaluate("() => new Promise(done => setTimeout(done, 1))")  # the update is drawn now
    page.evaluate("() => { window.state.notice = { text: 'the update came later' }; window.announce(); }")
    expect(page.locator(".ct-status").first).to_have_text("the update came later")


PRESS = """([selector, button]) => document.querySelector(selector).dispatchEvent(
    new PointerEvent('pointerdown', { button, bubbles: true, composed: true }))"""
SAY = "text => { window.state.notice = { text }; window.announce(); }"


@pytest.mark.parametrize("name", ["tasks"], indirect=True)
def test_a_press_whose_release_a_menu_swallowed_holds_no_update(page: Page, draw: Draw, name: str) -> None:
    draw()
    status = page.locator(".ct-status").first
    for selector, button in ((".ct-panel", 2), (".ct-panel select", 0)):  # their menus are the browser's
        page.evaluate(PRESS, [selector, button])
        page.evaluate(SAY, f"{selector} was pressed")
        expect(status).to_have_text(f"{selector} was pressed")
    page.evaluate(PRESS, [".ct-panel", 0])
    page.evaluate(SAY, "the button is down")
    expect(status).not_to_have_text("the button is down")
    page.mouse.move(30, 30)
    expect(status).to_have_text("the button is down")


# The other panels have the same frame and no other calls.
@pytest.mark.parametrize(
    "name", ["queue", "history", "leases", "monitor", "explorer", "access"], indirect=True
)
@pytest.mark.usefixtures("clock")
def test_a_lost_message_gives_the_buttons_back_and_says_what_is_not_known(page: Page, draw: Draw) -> None:
    draw()
    first = page.locator("button.ct-action:visible:enabled").first
    first.click()
    if page.locator(".ct-armed").count():
        first.click()
    expect(page.locator("[aria-busy=true]")).to_have_count(1)
    page.clock.fast_forward(15_100)
    assert page.evaluate("() => window.sent.at(-1).do") == "alive?"
    page.evaluate("() => window.emit('msg:custom', { alive: 'pause' })")  # it goes on
    page.clock.fast_forward(15_100)
    expect(page.locator("[aria-busy=true]")).to_have_count(1)
    page.clock.fast_forward(15_100)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page.locator(".ct-status")).to_contain_text("may have been done: check before you repeat it")


def test_a_panel_in_a_shadow_root_has_the_theme_of_its_page(page: Page, draw: Draw) -> None:
    draw(SHADOW)
    background = """() => getComputedStyle(
        [...document.querySelectorAll('*')].find(node => node.shadowRoot).shadowRoot.querySelector('.ct-panel')
    ).backgroundColor"""
    page.evaluate("() => window.place.append(document.querySelector('style').cloneNode(true))")
    light = page.evaluate(background)
    page.evaluate("() => document.body.setAttribute('data-theme', 'dark')")
    page.wait_for_function(f"light => ({background})() !== light", arg=light)
    assert page.evaluate(background) == "rgb(27, 29, 32)"
