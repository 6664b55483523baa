"""Panels on a bare page: every text is readable in every theme, and the script works with nothing but a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.panel import Panel
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from cloudtasks_nb.widgets.task_browser import TaskBrowser

from .service import Service

pytestmark = pytest.mark.browser

# What a notebook gives to a widget: a model with get, on, off and send. Messages are kept for the test.
MOUNT = """async ([state, css]) => {
    document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
    const handlers = new Map();
    window.sent = [];
    window.model = {
        get: name => state[name],
        on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
        off: (event, handler) => handlers.set(event, handlers.get(event).filter(other => other !== handler)),
        send: message => window.sent.push(message),
    };
    window.listeners = () => [...handlers.values()].flat().length;
    window.emit = (event, content) => handlers.get(event).forEach(handler => handler(content));
    const url = URL.createObjectURL(new Blob([state._esm], { type: 'text/javascript' }));
    const widget = (await import(url)).default;
    window.cleanup = widget.render({ model: window.model, el: document.body });
}"""

# The contrast of each visible text against what is painted behind it, smallest first.
CONTRASTS = """() => {
    const parse = color => {
        const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
        return { rgb: [r, g, b], a };
    };
    const over = (top, under) => top.rgb.map((value, i) => value * top.a + under[i] * (1 - top.a));
    const behind = node => {
        if (!node) return [255, 255, 255];
        return over(parse(getComputedStyle(node).backgroundColor), behind(node.parentElement));
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const node of document.querySelectorAll('.ct-panel *')) {
        const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
        if (!own || !node.checkVisibility() || node.closest(':disabled')) continue;
        const back = behind(node), front = over(parse(getComputedStyle(node).color), back);
        const [low, high] = [light(back), light(front)].sort((a, b) => a - b);
        found.push([(high + 0.05) / (low + 0.05), node.className || node.tagName, node.textContent.slice(0, 40)]);
    }
    return found.sort((a, b) => a[0] - b[0]);
}"""

LIGHT_LEFTOVERS = "--jp-layout-color1: #fff; --jp-layout-color2: #eee; --jp-content-font-color1: #000"
VS_CODE_DARK = f"{LIGHT_LEFTOVERS}; --vscode-editor-background: #1e1e1e; --vscode-editor-foreground: #d4d4d4"
THEMES = {
    "plain": ("", ""),
    "colab-dark": (f'theme="dark" style="{LIGHT_LEFTOVERS}"', ""),
    "sphinx-dark": ("", f'data-theme="dark" style="{LIGHT_LEFTOVERS}"'),
    "vscode-light": ("", 'data-vscode-theme-kind="vscode-light" style="--vscode-editor-background: #ffffff"'),
    "vscode-dark": ("", f'data-vscode-theme-kind="vscode-dark" style="{VS_CODE_DARK}"'),
}


@pytest.fixture
def queue(service: Service) -> Iterator[ct.Queue]:
    queue_id = f"themes-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b'{"to":"ada"}')
    with ct.connect(endpoint=service.url) as client:
        yield client.queue(queue_id)


def mount(page: Page, panel: Panel, theme: str = "plain") -> None:
    root, body = THEMES[theme]
    page.set_content(f"<!doctype html><html {root}><body {body}></body></html>")
    state = {key: value for key, value in panel.get_state().items() if key != "layout"}
    page.evaluate(MOUNT, [state, state["_css"]])
    panel.close()


def open_browser(queue: ct.Queue) -> TaskBrowser:
    browser = TaskBrowser(queue, page_size=8)
    browser.open_task(browser.rows[0]["id"])
    browser.select([browser.rows[1]["id"]])
    return browser


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_is_readable(page: Page, queue: ct.Queue, theme: str, pictures: Path) -> None:
    for name, panel in (("queue", QueuePanel(queue)), ("tasks", open_browser(queue))):
        mount(page, panel, theme)
        for details in page.locator("details").all():
            details.locator("summary").click()
        if name == "queue":
            page.get_by_role("button", name="Purge…").click()
            page.get_by_role("textbox").fill(queue.id)
        else:
            page.get_by_role("button", name="Delete", exact=True).click()
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 10
        assert contrasts[0][0] >= 4.5, contrasts[:5]
        page.screenshot(path=pictures / f"{name}-{theme}.png")


def test_a_view_that_goes_away_leaves_nothing_behind(page: Page, queue: ct.Queue) -> None:
    mount(page, QueuePanel(queue))
    assert page.evaluate("() => window.sent") == [{"do": "mounted"}]
    page.evaluate("() => window.cleanup()")
    assert page.evaluate("() => window.sent.at(-1)") == {"do": "unmounted"}
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


def test_a_kernel_that_does_not_answer_is_named(page: Page, queue: ct.Queue) -> None:
    page.clock.install()
    mount(page, QueuePanel(queue))
    page.get_by_role("button", name="Refresh").click()
    page.clock.fast_forward(2_000)
    expect(page.get_by_role("status")).to_contain_text("Waiting for the kernel.")
