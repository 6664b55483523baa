from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
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
    assert [label for label, _ in facts["settings"]][:2] == ["Rate", "Retry"]
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


def test_a_change_of_rates_leaves_retries_as_they_are_and_the_other_way_round(queue: ct.Queue) -> None:
    panel = QueuePanel(queue)
    panel.update({"max_concurrent_tasks": 7})
    panel.update({"max_attempts": 3})
    panel.update({"max_burst_size": 9})
    read = queue.refresh()
    assert read.rate_limits is not None and read.retry_config is not None
    held = (
        read.rate_limits.max_concurrent_tasks,
        read.retry_config.max_attempts,
        read.rate_limits.max_burst_size,
    )
    assert held == (7, 3, 9)


def test_purge_removes_the_tasks_when_the_id_was_typed(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    assert clicking(panel).click("purge", confirm=queue.id).startswith("Purged.")
    assert list(queue.tasks()) == []
    assert panel.facts["depth"] == 0


def test_a_backup_comes_before_a_purge(queue: ct.Queue, clicking: Clicking, tmp_path: Path) -> None:
    panel = QueuePanel(queue)
    page, file = clicking(panel), tmp_path / "kept.parquet"
    words = page.click("purge", confirm=queue.id, backup=str(file))
    assert words.startswith("Purged.") and str(file) in words
    assert set(pd.read_parquet(file)["task_id"]) == {"t-0", "t-1", "t-2"}
    assert pd.read_parquet(file)["payload"].iloc[0].startswith(b'{"number"')
    assert list(queue.tasks()) == []
    assert panel.lines[-1] == f'client.queue("{queue.name}").purge(backup="{file}")'
    assert queue.restore(file, progress=False).ok
    assert len(list(queue.tasks())) == 3


def test_without_a_complete_backup_nothing_is_removed(
    queue: ct.Queue, clicking: Clicking, tmp_path: Path
) -> None:
    panel = QueuePanel(queue)
    page, file = clicking(panel), tmp_path / "kept.parquet"
    file.write_text("yesterday's")
    for action in ("purge", "delete"):
        for backup in (str(file), str(tmp_path / "no" / "folder.parquet"), str(tmp_path), 1):
            assert "Nothing was removed" in page.click(action, confirm=queue.id, backup=backup) or backup == 1
            assert panel.notice["level"] == "error"
    assert file.read_text() == "yesterday's"
    assert len(list(queue.tasks())) == 3


def test_a_deleted_queue_leaves_a_readable_panel(
    queue: ct.Queue, client: ct.Client, clicking: Clicking
) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    assert page.click("delete", confirm="wrong").startswith("Not deleted")
    assert client.queue(queue.id).state == "RUNNING"
    assert page.click("delete", confirm=queue.id).startswith("Deleted.")
    with pytest.raises(ct.NotFound):
        client.queue(queue.id)
    assert (panel.gone, panel.facts["id"], panel.facts["depth"]) == (True, queue.id, None)
    page.click("pause")
    assert panel.notice["level"] == "error"


def test_settings_are_checked_before_they_are_sent_and_only_changes_are_sent(
    queue: ct.Queue, client: ct.Client, clicking: Clicking
) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    client.queue(queue.id).update(rate_limits={"max_concurrent_tasks": 7})  # meanwhile, by another client
    assert page.click("update", settings={"max_burst_size": "many"}) == "Burst: many is not valid."
    typed = {"max_tasks_dispatched_per_second": "5", "min_backoff": "2 min", "max_attempts": "unlimited"}
    assert page.click("update", settings=typed) == "Changed 3 settings."
    now = client.queue(queue.id)
    assert (now.rate_limits.max_tasks_dispatched_per_second, now.rate_limits.max_concurrent_tasks) == (5, 7)
    assert (now.retry_config.min_backoff, now.retry_config.unlimited_attempts) == (timedelta(minutes=2), True)
    called = f'client.queue("{queue.name}").update'
    assert panel.lines[-1] == (
        f'{called}(rate_limits={{"max_tasks_dispatched_per_second": 5.0}}, '
        'retry_config={"min_backoff": 120, "unlimited_attempts": True})'
    )
    panel.update({"max_attempts": 3})
    assert client.queue(queue.id).retry_config.max_attempts == 3
    eval(panel.lines[-2], {"client": client})  # noqa: S307 - the line is what is tested
    assert client.queue(queue.id).retry_config.unlimited_attempts


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
