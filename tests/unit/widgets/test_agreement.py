"""Panels of one queue agree, update while they are visible, and make no requests otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest.session import Session
from cloudtasks_nb.widgets.panel import Panel
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from cloudtasks_nb.widgets.sharing import Budget
from cloudtasks_nb.widgets.viewers import SILENT_S
from tests.refusing import FORBIDDEN, MISSING, refusing
from tests.waiting import PATIENCE_S

from .page import FakePage
from .panels import OPENERS

Clicking = Callable[[Panel], FakePage]


@pytest.fixture
def looked_at(queue: ct.Queue, clicking: Clicking) -> tuple[QueuePanel, FakePage]:
    panel = QueuePanel(queue)
    page = clicking(panel)
    page.send({"do": "mounted"})
    return panel, page


def test_two_panels_on_one_queue_agree(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, looked_at: tuple[QueuePanel, FakePage]
) -> None:
    other, other_page = looked_at
    panel = QueuePanel(client.queue(queue.id))
    clicking(panel).click("pause")
    other_page.settle()
    assert other.facts["state"] == "PAUSED" == queue.state
    assert f'client.queue("{queue.name}").pause()' not in other.lines


def test_a_panel_that_nobody_looks_at_reads_when_it_is_shown_again(
    client: ct.Client, queue: ct.Queue, clicking: Clicking
) -> None:
    other = QueuePanel(client.queue(queue.id))
    page = clicking(other)
    clicking(QueuePanel(queue)).click("pause")
    page.settle()
    assert other.facts["state"] == "RUNNING"
    page.send({"do": "mounted"})
    page.settle()
    assert other.facts["state"] == "PAUSED"


def test_a_view_that_vanished_without_goodbye_is_not_read_for_until_it_is_back(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_s = [0.0]
    monkeypatch.setattr("cloudtasks_nb.widgets.viewers.monotonic", lambda: time_s[0])
    other = QueuePanel(client.queue(queue.id))
    page = clicking(other)
    page.send({"do": "mounted", "view": "of a tab that is closed"})
    time_s[0] = SILENT_S + 1
    clicking(QueuePanel(queue)).click("pause")
    page.settle()
    assert (other.views, other.facts["state"]) == (0, "RUNNING")
    page.send({"do": "here", "view": "of a tab that was frozen"})
    page.settle()
    assert (other.views, other.facts["state"]) == (1, "PAUSED")


def test_what_is_heard_during_an_action_is_read_after_it(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer = client.explore()
    page = clicking(explorer)
    page.send({"do": "mounted"})
    begun, release = threading.Event(), threading.Event()
    list_queues = client.queues

    def slow(*args: str, **options: bool) -> ct.Pager[ct.Queue]:
        listed = list_queues(*args, **options)
        begun.set()
        release.wait(PATIENCE_S)
        return listed

    monkeypatch.setattr(client, "queues", slow)
    refreshing = page.start("refresh")
    begun.wait(PATIENCE_S)
    clicking(QueuePanel(queue)).click("pause")  # after the explorer had read it
    release.set()
    page.wait(refreshing)
    assert {row["name"]: row["state"] for row in explorer.rows}[queue.name] == "PAUSED"


def test_panels_on_other_queues_and_endpoints_hear_nothing(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    page.send({"do": "mounted"})
    read_at = panel.facts["updated"]
    panel.hear("https://elsewhere", [queue.name])
    panel.hear(panel.endpoint, [f"{queue.name}x"])
    page.settle()
    assert panel.facts["updated"] == read_at


def test_a_look_reads_again_without_a_line_or_a_lock(
    queue: ct.Queue, client: ct.Client, looked_at: tuple[QueuePanel, FakePage]
) -> None:
    panel, page = looked_at
    lines = panel.lines
    client.queue(queue.id).pause()
    page.click("look")
    assert (panel.facts["state"], panel.busy, panel.lines) == ("PAUSED", "", lines)
    assert page.next_s == panel.live_s > 0


def test_looking_again_at_a_queue_that_is_gone_slows_down_and_recovers(
    queue: ct.Queue, looked_at: tuple[QueuePanel, FakePage], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, page = looked_at

    def gone(self: ct.Queue, stats: bool | None = None) -> ct.Queue:
        raise ct.NotFound("Queue does not exist.", resource=self.name)

    with monkeypatch.context() as patch:
        patch.setattr(ct.Queue, "refresh", gone)
        waits = []
        for _ in range(4):
            page.click("look")
            waits.append(page.next_s)
        assert waits == [20, 40, 60, 60]
        assert (panel.notice["level"], panel.gone, panel.facts["depth"]) == ("error", True, None)
        page.click("pause")  # it is paused, but cannot be read
        page.click("look")
        assert panel.notice["level"] == "error"
    page.click("look")
    assert (panel.notice["text"], panel.facts["state"], page.next_s) == ("", "PAUSED", 10)
    said = page.click("resume")
    page.click("look")
    assert panel.notice["text"] == said != ""


def test_a_look_without_quota_reads_nothing(
    queue: ct.Queue, looked_at: tuple[QueuePanel, FakePage], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, page = looked_at
    budget = Budget(per_minute=6, clock=lambda: 0.0)
    assert budget.take() and not budget.take()
    monkeypatch.setattr(panel, "_budget", budget)
    read_at = panel.facts["updated"]
    page.click("look")
    assert panel.facts["updated"] == read_at
    page.click("refresh")  # requested by the user, it is read
    assert panel.facts["updated"] > read_at


def test_the_thread_ends_when_the_last_view_goes_and_starts_again_with_the_next_click(
    queue: ct.Queue, looked_at: tuple[QueuePanel, FakePage]
) -> None:
    panel, page = looked_at
    (thread,) = [thread for thread in threading.enumerate() if thread.name == panel._worker.name]
    page.send({"do": "mounted", "view": "another"})
    page.send({"do": "unmounted", "view": "another"})
    page.click("refresh")
    assert thread.is_alive()
    page.send({"do": "unmounted"})
    thread.join(PATIENCE_S)
    assert not panel._worker.alive
    assert page.click("pause").startswith("Paused.")


@pytest.mark.parametrize("name", OPENERS)
def test_every_panel_reads_again_as_often_as_it_was_asked_to(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = OPENERS[name](client, queue, every_s=7)
    page, calls = clicking(panel), []
    fetch = Session.fetch

    def counted(session: Session, method_id: str, **given: Any) -> bytes:
        calls.append(method_id)
        return fetch(session, method_id, **given)

    monkeypatch.setattr(Session, "fetch", counted)
    if name == "monitor":
        panel._samples.clear()  # type: ignore[attr-defined]  # it leaves a look out that follows a sample
    expected = panel.calls_of_a_look
    page.click("look")
    assert (len(calls), page.next_s) == (expected, 7)
    panel.live_s = 0
    page.click("look")
    assert page.next_s == 0
    with pytest.raises(ct.ConfigError, match="every_s must be between 1 and 3,600 seconds, or 0"):
        getattr(panel.subject, name)(every_s=0.5)


@pytest.mark.parametrize("name", sorted(set(OPENERS) - {"explore"}))
def test_every_panel_says_that_its_queue_is_gone_until_it_is_there_again(
    emulator: str, queue: ct.Queue, clicking: Clicking, name: str
) -> None:
    with refusing(emulator) as between, ct.connect(endpoint=between.url) as client:
        panel = OPENERS[name](client, client.queue(queue.id))
        assert isinstance(panel, Panel) and panel.gone is False
        page, read = clicking(panel), "lease" if name == "workbench" else "refresh"
        between.pattern, between.refusal = panel.queue.id, FORBIDDEN
        page.click(read)
        assert (panel.gone, panel.notice["level"]) == (False, "error")
        between.refusal = MISSING
        page.click(read)
        assert (panel.gone, panel.notice["level"]) == (True, "error")
        between.pattern = ""
        page.click(read)
        assert (panel.gone, panel.notice["level"]) == (False, "ok")
