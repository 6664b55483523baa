from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.action import Refused
from cloudtasks_nb.widgets.queue_panel import QueuePanel

from .page import FakePage

Clicking = Callable[[QueuePanel], FakePage]


def test_a_new_panel_has_read_its_queue(queue: ct.Queue) -> None:
    panel = QueuePanel(queue)
    facts = panel.facts
    assert (facts["id"], facts["location"], facts["kind"], facts["state"]) == (
        queue.id,
        "us-central1",
        "HTTP",
        "RUNNING",
    )
    assert facts["depth"] == 3
    assert datetime.now(UTC) - datetime.fromisoformat(facts["updated"]) < timedelta(minutes=1)
    assert [label for label, _ in facts["settings"]][:2] == ["Rate", "Retries"]
    panel.close()


def test_pause_and_resume_change_the_queue_and_the_variable(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    assert page.click("pause").startswith("Paused.")
    assert queue.state == "PAUSED" == panel.facts["state"]
    assert page.click("resume").startswith("Resumed.")
    assert queue.state == "RUNNING" == panel.facts["state"]
    assert queue.refresh().state == "RUNNING"


def test_refresh_shows_what_changed_elsewhere(queue: ct.Queue, client: ct.Client, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    client.queue(queue.id).pause()
    queue.create_task("x", url="https://example.com/", schedule=3600)
    assert clicking(panel).click("refresh") == ""
    assert (panel.facts["state"], panel.facts["depth"]) == ("PAUSED", 4)


@pytest.mark.parametrize("typed", ["", "emails", None, 1, ["x"], {}])
def test_purge_is_refused_unless_the_id_was_typed(queue: ct.Queue, clicking: Clicking, typed: object) -> None:
    panel = QueuePanel(queue)
    assert clicking(panel).click("purge", confirm=typed).startswith("Not purged")
    assert clicking(panel).click("purge") == '"purge" does not take these arguments.'
    with pytest.raises(Refused):
        panel.purge(confirm=f"{queue.id} ")
    assert len(list(queue.tasks())) == 3


def test_purge_removes_the_tasks_when_the_id_was_typed(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    assert clicking(panel).click("purge", confirm=queue.id).startswith("Purged.")
    assert list(queue.tasks()) == []
    assert panel.facts["depth"] == 0


def test_each_click_is_also_a_line_of_python(queue: ct.Queue, client: ct.Client, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    page.click("pause")
    page.click("purge", confirm="wrong")
    called = f'client.queue("{queue.name}")'
    assert panel.lines == [f"{called}.refresh(stats=True)", f"{called}.pause()"]
    panel.resume()
    elsewhere = ct.connect(project="elsewhere", endpoint=client.endpoint)
    eval(panel.lines[1], {"client": elsewhere})  # noqa: S307 - the line is what is tested
    elsewhere.close()
    assert queue.refresh().state == "PAUSED"


def test_every_button_is_a_method(queue: ct.Queue) -> None:
    panel = QueuePanel(queue)
    panel.pause()
    assert queue.state == "PAUSED"
    panel.resume()
    panel.purge(confirm=queue.id)
    panel.refresh()
    assert (panel.facts["state"], panel.facts["depth"]) == ("RUNNING", 0)
    panel.close()
