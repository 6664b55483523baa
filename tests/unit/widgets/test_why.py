"""Diagnoses and explanations in panels: the calls of a click, and the data for the page."""

from __future__ import annotations

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.explorer import Explorer
from cloudtasks_nb.widgets.queue_panel import QueuePanel


def held(client: ct.Client, name: str) -> ct.Queue:
    queue = client.create_queue(name).pause()
    queue.create_task({"to": "ada"}, url="https://example.com/send?token=hunter2", task_id="welcome")
    return queue


def test_the_tab_reads_only_when_it_is_asked_for(client: ct.Client) -> None:
    panel = QueuePanel(held(client, "why-tab"))
    assert (panel.why, panel.diagnosis, panel.tab) == ({}, None, "")
    panel.diagnose()
    first = panel.why["findings"][0]
    assert first["rule"] == "paused_with_backlog"
    assert first["severity"][0]["text"] == "blocks"
    assert first["cure"] == "queue.resume()"
    assert first["evidence"]["columns"] == ["field", "value", "returned by"]
    assert panel.why["sentence"] == "Findings: 1 blocks the queue."
    assert panel.lines[-1].endswith(".diagnose()")
    panel.diagnose(deep=True)
    assert panel.lines[-1].endswith(".diagnose(deep=True)")
    assert panel.why["deep"] is True
    assert ["whether billing is on", "not available on an emulator"] in panel.why["unseen"]


def test_a_reader_may_ask(client: ct.Client) -> None:
    panel = QueuePanel(held(client, "why-reader"), read_only=True)
    panel.diagnose()
    assert panel.why["findings"]


def test_the_pane_of_a_task_says_why(client: ct.Client) -> None:
    browser = held(client, "why-task").browse()
    browser.open_task("welcome")
    assert "why" not in browser.detail
    browser.explain_task("welcome")
    assert browser.detail["why"]["cause"] == "paused_with_backlog"
    assert browser.detail["why"]["sentence"].startswith("Its queue is PAUSED")
    assert browser.lines[-1].endswith('.task("welcome", read=False).explain()')
    browser.open_task("welcome")
    assert "why" not in browser.detail, "a task that was read again has no explanation yet"


def test_the_explorer_opens_the_tab(client: ct.Client) -> None:
    queue = held(client, "why-row")
    explorer = Explorer(client)
    explorer.why_queue(queue.name)
    assert isinstance(explorer.opened, QueuePanel)
    assert explorer.opened.tab == "Why?"
    assert explorer.opening["view"] == "panel"
    explorer.close()
