"""Mounts every kind of panel on a bare page, with only the model that any notebook provides."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.widgets.clickable import Clickable, built
from cloudtasks_nb.widgets.unsaved_rows import UnsavedRows

from .hosts import dress

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The model that a notebook gives to a widget, with get, on, off and send. It stores messages for the test, and answers
# only requests for parts of the script.
MOUNT = """async ([state, css, parts, rows]) => {
    document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
    const handlers = new Map();
    window.sent = [];
    window.model = {
        get: name => state[name],
        on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
        off: (event, handler) => handlers.set(event, handlers.get(event).filter(other => other !== handler)),
        send: message => {
            const answer = (content, buffers) => queueMicrotask(() => window.emit('msg:custom', content, buffers));
            if (message.do === 'part') answer({ part: message.name, ...parts[message.name] });
            else if (message.do === 'rows') answer(rows.message, rows.buffers.map(read));
            else window.sent.push(message);
        },
    };
    window.state = state;
    window.announce = () => {
        for (const event of handlers.keys()) if (event.startsWith('change:')) window.emit(event);
    };
    window.listeners = () => [...handlers.values()].flat().length;
    window.emit = (event, ...content) => handlers.get(event)?.forEach(handler => handler(...content));
    const read = text => new DataView(Uint8Array.from(atob(text), sign => sign.charCodeAt(0)).buffer);
    const url = URL.createObjectURL(new Blob([state._esm], { type: 'text/javascript' }));
    const widget = (await import(url)).default;
    window.cleanup = widget.render({ model: window.model, el: window.place ?? document.body });
}"""


# Where a panel shows the verbs that it loads from its kernel: tasks, a queue, the queues that are ticked.
VERBS = ".ct-verbs, .ct-now-view .ct-action, .ct-choice .ct-buttons > *"


@dataclass(frozen=True)
class Opened:
    """A panel, the calls that bring it into a state with content, and what to unfold in its page."""

    open: Callable[..., Clickable]
    unfold: Callable[[Page], None] = lambda page: None


def parts_of(panel: Clickable) -> dict[str, dict[str, str]]:
    """The kernel's responses to requests for parts of the script."""
    own = {"code": built(f"{panel._script}.js"), "css": built(f"{panel._script}.css")}
    return {"panel": own, **{name: {"code": built(f"{name}.js")} for name in panel._parts}}


def mount(page: Page, panel: Clickable, host: str = "plain") -> None:
    """Draw the panel on an empty page; window.sent stores the messages that it sends."""
    dress(page, host)
    state = {
        key: value for key, value in panel.get_state().items() if key not in ("layout", "tooltip", "tabbable")
    }
    page.evaluate(MOUNT, [state, state["_css"], parts_of(panel), rows_of(panel)])
    page.locator(".ct-panel[data-panel]").wait_for()
    if any(name.endswith(".verbs") for name in panel._parts):  # requested without a click
        page.locator(VERBS).first.wait_for(state="attached")
    if "task_browser.verbs" in panel._parts:
        page.locator(".ct-under .ct-loaded").wait_for()
    panel.close()


def rows_of(panel: Clickable) -> dict[str, Any]:
    """All rows of a panel as its kernel sends them; {} if its traits hold all rows."""
    if not isinstance(panel, UnsavedRows) or not (sent := panel.rows_sent(whole=True)):
        return {}
    message, buffers = sent
    return {"message": message, "buffers": [b64encode(buffer).decode() for buffer in buffers]}


def unfold(page: Page, name: str) -> None:
    """Open everything that is folded, and the main form of the panel."""
    page.evaluate("() => document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    OPENED[name].unfold(page)


def _queue_panel(queue: ct.Queue, **options: Any) -> Clickable:
    return queue.panel(**options)


def _history(queue: ct.Queue, **options: Any) -> Clickable:
    panel = queue.pause().panel(**options)
    panel.read_history("1h")
    return panel


def _looking_back(page: Page) -> None:
    page.get_by_role("button", name="History", exact=True).click()


def _purging(page: Page) -> None:
    page.get_by_role("button", name="Purge…").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("textbox", name="Type the queue id").fill(page.locator("h3").inner_text())


def _editing(page: Page) -> None:
    page.get_by_role("button", name="Edit settings…").click()
    page.get_by_role("textbox", name="Burst").fill("many")


def _tasks(queue: ct.Queue, **options: Any) -> Clickable:
    browser = queue.browse(**options)
    browser.open_task(browser.table["ids"][0])
    browser.select([browser.table["ids"][1]])
    return browser


def _leases(queue: ct.Queue, **options: Any) -> Clickable:
    client = ct.connect(endpoint=queue._session.endpoint)
    pull = client.create_queue(f"pull-{uuid4().hex[:8]}", kind="pull")
    for number in range(3):
        pull.create_task({"number": number}, tag="red")
    bench = pull.workbench(**options)
    if not bench.read_only:
        bench.lease(2, lease_duration=300)
        bench.give_back(bench.leases[0]["id"])
        bench.open_task(bench.leases[1]["id"])
    return bench


def _explorer(queue: ct.Queue, **options: Any) -> Clickable:
    """An explorer of a project of its own: every queue of the shared one adds buttons to press."""
    own = f"explored-{uuid4().hex[:8]}"
    client = ct.connect(endpoint=queue._session.endpoint, project=own, location="us-central1")
    for name in ("emails", "reports", "webhooks"):
        client.create_queue(name)
    explorer = client.explore(**options)
    explorer.choose([row["name"] for row in explorer.rows][:2])
    return explorer


def _access(queue: ct.Queue, **options: Any) -> Clickable:
    queue.set_iam_policy(queue.iam_policy().grant("roles/cloudtasks.viewer", "user:ada@example.com"))
    panel = queue.iam_panel(**options)
    if not panel.read_only:
        panel.grant("roles/cloudtasks.taskRunner", "user:grace@example.com")
        panel.revoke("roles/cloudtasks.viewer", "user:ada@example.com")
    return panel


def _armed_delete(page: Page) -> None:
    delete = page.get_by_role("region", name="Task t-").get_by_role("button", name="Delete")
    delete.press("Enter")  # the open menu of columns covers it


def _resuming(page: Page) -> None:
    page.get_by_role("button", name="Resume chosen…").click()


def _inbox(queue: ct.Queue, **options: Any) -> Clickable:
    """The panel of an inbox with requests; it has no actions that change a service."""
    with Inbox() as inbox:
        inbox.on("/fails")(lambda request: {}["absent"])
        for path in ("/fails", "/?q=1"):
            requests.post(inbox.url + path, json={"to": ["ada", {"cc": None}]}, timeout=10)
        panel = inbox.panel()
        panel.open_request(1)
        return panel


def _watch(queue: ct.Queue, **options: Any) -> Clickable:
    """A watch that polled once, and does not poll again during the test."""
    with TemporaryDirectory() as folder:
        return queue.watch(Path(folder) / "failed.parquet", every="1d").panel()


OPENED = {
    "queue": Opened(_queue_panel, _purging),
    "history": Opened(_history, _looking_back),
    "settings": Opened(_queue_panel, _editing),
    "tasks": Opened(_tasks, _armed_delete),
    "leases": Opened(_leases),
    "monitor": Opened(lambda queue, **options: queue.monitor(**options)),
    "explorer": Opened(_explorer, _resuming),
    "access": Opened(_access),
    "inbox": Opened(_inbox),
    "watch": Opened(_watch),
}
