"""Rules of every panel for any message of the page: one action at a time, no forged state, errors as text."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Callable, Iterator
from uuid import uuid4

import ipywidgets
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.action import Refused
from cloudtasks_nb.widgets.clickable import Clickable, built
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from cloudtasks_nb.widgets.task_browser import TaskBrowser
from tests.waiting import PATIENCE_S

from .page import FakePage
from .panels import OPENERS

Clicking = Callable[[Clickable], FakePage]


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    """A client with its own project: the explorer lists no queues of other tests, of which there may be many."""
    with ct.connect(f"messages-{uuid4().hex[:8]}", "us-central1", endpoint=emulator) as client:
        yield client


@pytest.fixture(params=OPENERS)
def panel(request: pytest.FixtureRequest, client: ct.Client, queue: ct.Queue) -> Clickable:
    return OPENERS[request.param](client, queue)


def test_the_state_of_a_panel_is_json_and_holds_no_other_widget(panel: Clickable, clicking: Clicking) -> None:
    clicking(panel)
    state = panel.get_state()
    values = {key: value for key, value in state.items() if key not in ("layout", "tabbable", "tooltip")}
    assert "IPY_MODEL" not in json.dumps(values)
    assert {"_esm", "_css"} <= state.keys()
    assert "log" not in panel.keys  # breaks traitlets
    assert not hasattr(type(panel), "_repr_html_")  # some notebooks would prefer it to the widget


def test_the_page_cannot_set_state(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue, read_only=True)
    page = clicking(panel)
    page.set_traits(read_only=False, busy="x", facts={"id": "other"})
    assert panel.read_only and panel.busy == "" and panel.facts["id"] == queue.id
    assert page.click("pause") == "This panel is read-only."
    assert queue.refresh().state == "RUNNING"


def test_a_page_that_hears_nothing_is_told_what_is_under_way(
    queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    answered = threading.Event()
    monkeypatch.setattr(type(queue), "pause", lambda self: answered.wait(PATIENCE_S))
    call = page.start("pause")
    page.send({"do": "alive?"})  # received while the worker is busy
    assert page.sent[-1]["content"] == {"alive": "pause"}
    page.wait(page.start("resume"))
    assert page.sent[-1]["content"]["dropped"]  # the page may have given up on the first
    answered.set()
    page.wait(call)
    page.send({"do": "alive?"})
    assert page.sent[-1]["content"] == {"alive": ""}


def test_only_the_parts_of_a_panel_are_sent(panel: Clickable, clicking: Clicking) -> None:
    page = clicking(panel)
    for name in (*panel._parts, "queue_panel", "../../__init__", None, []):
        page.sent.clear()
        page.send({"do": "part", "name": name})
        sent = [message["content"]["part"] for message in page.sent if "part" in message.get("content", {})]
        assert sent == ([name] if name in panel._parts else [])


@pytest.mark.parametrize(
    "content", [None, "pause", [], {}, {"do": 1}, {"do": ["pause"]}, {"do": "close"}, {"do": "act"}]
)
def test_senseless_messages_are_refused(
    panel: Clickable, clicking: Clicking, content: object, queue: ct.Queue
) -> None:
    clicking(panel).send(content)
    assert panel.busy == ""
    assert panel.notice.get("text", "") in ("", "This panel has no such action.")
    assert queue.refresh().state == "RUNNING"


@pytest.mark.parametrize("arguments", [{"surprise": 1}, {"self": 1}, {"panel": 1}])
def test_arguments_that_do_not_fit_are_refused(
    panel: Clickable, clicking: Clicking, arguments: dict[str, int]
) -> None:
    assert "does not take these arguments" in clicking(panel).click("refresh", **arguments)


def test_a_double_click_acts_once(
    queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    release, calls = threading.Event(), []

    def slow(self: ct.Queue) -> ct.Queue:
        calls.append(1)
        release.wait(PATIENCE_S)
        return self

    monkeypatch.setattr(ct.Queue, "pause", slow)
    first = page.start("pause")
    assert panel.busy == "pause"
    page.wait(page.start("pause"))  # gets a response at once, and is dropped
    release.set()
    page.wait(first)
    assert (len(calls), panel.busy) == (1, "")


def test_a_refusal_of_the_service_is_words_with_a_hint_and_is_raised_in_python(
    queue: ct.Queue, clicking: Clicking
) -> None:
    panel = QueuePanel(queue)
    queue.delete()
    page = clicking(panel)
    assert page.click("pause")
    assert panel.notice["level"] == "error" and "Traceback" not in str(panel.notice)
    with pytest.raises(ct.NotFound):
        panel.pause()


def test_words_of_the_service_hide_no_secret_and_no_trick(
    queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = QueuePanel(queue)

    def fail(self: ct.Queue) -> ct.Queue:
        raise ct.PermissionDenied("no\u202e for Bearer abc.def-1234567890")

    monkeypatch.setattr(ct.Queue, "pause", fail)
    assert clicking(panel).click("pause") == "no⟨U+202E⟩ for Bearer •••"


def test_a_foreign_error_keeps_its_words_to_itself(
    queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = QueuePanel(queue)

    def fail(self: ct.Queue) -> ct.Queue:
        raise KeyError("Bearer secret-token")

    monkeypatch.setattr(ct.Queue, "pause", fail)
    assert clicking(panel).click("pause") == "Unexpected KeyError."
    assert "secret" not in str(panel.get_state())
    with pytest.raises(KeyError):
        panel.pause()


def test_a_panel_opens_although_its_queue_cannot_be_read(queue: ct.Queue) -> None:
    queue.delete()
    panel = QueuePanel(queue)
    assert panel.notice["level"] == "error"
    assert panel.facts["id"] == queue.id
    panel.close()


def test_views_are_counted(panel: Clickable, clicking: Clicking) -> None:
    page = clicking(panel)
    for message, view, views in (
        ("mounted", "a", 1),
        ("mounted", "b", 2),
        ("here", "b", 2),
        ("unmounted", "a", 1),
        ("unmounted", "b", 0),
        ("unmounted", "b", 0),
        ("here", "c", 1),  # silent for so long that it was dropped
    ):
        page.send({"do": message, "view": view})
        assert panel.views == views


def test_closing_ends_the_thread_and_twice_is_fine(panel: Clickable) -> None:
    threads: list[threading.Thread] = []
    panel._worker.submit(lambda: threads.append(threading.current_thread())).result(PATIENCE_S)
    (thread,) = threads  # the name alone could belong to another panel
    panel.close()
    panel.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_without_its_page_a_panel_is_what_it_shows(
    panel: Clickable, clicking: Clicking, queue: ct.Queue
) -> None:
    clicking(panel)
    data, _ = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(panel) == str(panel)
    shown = queue.id  # the workbench's queue has a longer name
    if isinstance(panel, TaskBrowser):
        shown = "t-2"
    for words in (data["text/plain"], data["text/html"], json.dumps(panel.kept)):
        assert shown in words


def test_the_script_of_a_panel_comes_from_the_kernel(panel: Clickable, clicking: Clicking) -> None:
    page = clicking(panel)
    page.send({"do": "part", "name": "panel"})
    part = page.sent[-1]["content"]
    assert (part["code"], part["css"]) == (built(f"{panel._script}.js"), built(f"{panel._script}.css"))


def test_what_is_kept_follows_what_is_done_and_names_the_time_of_reading(
    queue: ct.Queue, clicking: Clicking
) -> None:
    panel = QueuePanel(queue)
    before = panel.kept["read"]
    assert (panel.kept["badge"][0]["text"], before[-4:]) == ("RUNNING", " UTC")
    clicking(panel).click("pause")
    assert panel.kept["badge"][0]["text"] == "PAUSED" and panel.kept["read"] >= before
    queue.delete()
    clicking(panel).click("refresh")
    assert panel.kept["badge"][0]["text"] == "NOT FOUND"


def test_no_secret_is_kept_although_secrets_are_shown(queue: ct.Queue, client: ct.Client) -> None:
    headers = {"Authorization": "Bearer sekret-1234567890"}
    queue.create_task(
        {"token": "sekret-1234567890"}, url="https://a.example/?key=sekret-1234567890", headers=headers
    )
    ct.show_secrets()
    try:
        browser = queue.browse()
        browser.read_payloads()
        browser.open_task(browser.table["ids"][-1])
        data, _ = browser._repr_mimebundle_()
        held = json.dumps([data, browser.get_state(), repr(browser)], default=str)
    finally:
        ct.show_secrets(False)
    assert "a.example" in held and "sekret" not in held


def test_a_panel_sits_in_an_ordinary_box(panel: Clickable, clicking: Clicking) -> None:
    clicking(panel)
    assert ipywidgets.VBox([panel]).children == (panel,)


@pytest.mark.parametrize("opener", OPENERS)
def test_on_colab_a_click_is_done_when_its_message_was_handled(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch, opener: str
) -> None:
    monkeypatch.setattr("cloudtasks_nb.widgets.panel_thread.on_colab", lambda: True)
    panel = OPENERS[opener](client, queue)
    page = clicking(panel)
    call = page.start("refresh")
    assert page.sent[-1]["content"]["done"] == call
    assert (panel.notice["level"], panel.busy, panel._worker.alive) == ("ok", "", False)


def test_panels_on_colab_agree_too(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudtasks_nb.widgets.panel_thread.on_colab", lambda: True)
    panel, other = QueuePanel(queue), QueuePanel(client.queue(queue.id))
    clicking(other).send({"do": "mounted"})
    assert clicking(panel).click("pause").startswith("Paused.")
    assert other.facts["state"] == "PAUSED"


def test_read_only_is_refused_from_python_too(queue: ct.Queue) -> None:
    panel = QueuePanel(queue, read_only=True)
    with pytest.raises(Refused, match="read-only"):
        panel.resume()
    panel.refresh()
    panel.close()


def test_a_closed_panel_is_not_kept_alive(queue: ct.Queue) -> None:
    panel = QueuePanel(queue)
    gone = weakref.ref(panel)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == panel._worker.name]
    panel.close()
    thread.join(PATIENCE_S)
    del panel
    gc.collect()
    assert gone() is None
