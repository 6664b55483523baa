"""History in panels: read on request, at most once a minute, without delaying actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.history.figures import Moment
from cloudtasks_nb.history.lately import Failing, FailingShared, failing_of
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.explorer import Explorer
from cloudtasks_nb.widgets.queue_monitor import QueueMonitor, past_points
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from cloudtasks_nb.widgets.queue_story import points
from cloudtasks_nb.widgets.task_browser import TaskBrowser
from tests.refusing import refusing
from tests.waiting import PATIENCE_S, wait_until

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def own(emulator: str) -> ct.Client:
    return ct.connect(endpoint=emulator, project=f"p-{uuid4().hex[:8]}", location="us-central1")


def failing_queue(client: ct.Client) -> ct.Queue:
    """A queue with one task, whose only attempt failed."""
    inbox = client.emulator.inbox()
    inbox.on("/no")(lambda request: 503)
    queue = client.create_queue("bad", retry_config={"max_attempts": 1})
    queue.create_task(
        {"n": 1}, url=inbox.url_for("/no")
    ).run()  # this emulator dispatches nothing automatically
    inbox.wait(timeout=PATIENCE_S)
    wait_until(lambda: [one.outcome for one in client.emulator.history(queue)] == ["GIVEN_UP"])
    return queue


def test_failing_queues_are_asked_for_then_kept_up_to_date(own: ct.Client, clicking: Clicking) -> None:
    queue = failing_queue(own)
    own.create_queue("calm")
    explorer = Explorer(own)
    page = clicking(explorer)
    assert [row["failed"] for row in explorer.rows] == [None, None]
    assert not explorer.place["failing"]
    page.click("show_failing")
    rows = {row["id"]: (row["failed"], row["attempts"], row["mostly"]) for row in explorer.rows}
    assert rows == {"bad": (1, 1, "UNAVAILABLE"), "calm": (0, 0, "")}
    assert explorer.place["failing"]
    other = Explorer(own)  # all panels of a project share the read data
    assert {row["failed"] for row in other.rows} == {0, 1}
    other.close()
    assert queue.name in (failing_of(own._session, own.project).found or {})


def waits_for_its_second_attempt(client: ct.Client) -> ct.Queue:
    """A queue with one task whose attempt got 503, and one without attempts."""
    inbox = client.emulator.inbox()
    inbox.on("/no")(lambda request: 503)
    queue = client.create_queue("bad", retry_config={"min_backoff": "1h"})
    for task_id in ("failed", "new"):
        queue.create_task({}, url=inbox.url_for("/no"), task_id=task_id, schedule=3600)
    queue.task("failed").run()
    inbox.wait(timeout=PATIENCE_S)
    wait_until(lambda: [one.outcome for one in client.emulator.history(queue)] == ["RETRY"])
    return queue


def test_without_metrics_failing_is_a_sample_and_a_click_leads_to_its_tasks(
    own: ct.Client, clicking: Clicking
) -> None:
    queue = waits_for_its_second_attempt(own)
    panel = QueuePanel(queue)
    page = clicking(panel)
    known = {"failed": 1, "attempts": 2, "mostly": "UNAVAILABLE", "of": "tasks on the first page (a sample)"}
    assert panel.facts["failing"] == known
    assert panel.calls_of_a_look == 1  # a sample is taken once a minute
    page.click("open_tasks", query="code:error")
    assert panel.browser is not None and [task.id for task in panel.browser.matching] == ["failed"]
    assert panel.lines[-1] == f'client.queue("{queue.name}").browse(query="code:error", page_size=1000)'
    assert panel.opening["model"] == panel.browser.model_id
    page.click("close_tasks")
    assert (panel.browser, panel.opening) == (None, {})

    explorer = Explorer(own)
    page = clicking(explorer)
    page.click("open_queue", name=queue.name, query="code:error")
    assert isinstance(explorer.opened, TaskBrowser) and explorer.opening["view"] == "browse"
    assert [task.id for task in explorer.opened.matching] == ["failed"]
    page.click("show_failing")  # by metrics, for every panel of the project
    other = QueuePanel(queue)
    assert other.facts["failing"] == known | {"attempts": 1, "of": "attempts in the last hour"}
    other.close()


def test_a_table_of_queues_shows_the_worst_first(own: ct.Client) -> None:
    own.create_queue("calm")
    waits_for_its_second_attempt(own)
    queues = own.queues(failing=True)
    assert [queue.failing and queue.failing.failed for queue in queues] == [1, 0]  # as the service lists them
    text = str(queues)
    assert "1 of 1" in text and text.index("bad") < text.index("calm")
    assert "attempts of the last hour" in text
    with (
        refusing(own.endpoint, "/timeSeries") as server,
        ct.connect(endpoint=server.url, project=own.project, location="us-central1") as client,
    ):
        text = str(client.queues(failing=True))
        assert "1 of 2 (sample)" in text and "roles/monitoring.viewer" in text


def test_one_call_a_minute_for_all_panels(own: ct.Client) -> None:
    now, shared = 0.0, FailingShared(clock=lambda: now)
    failing_queue(own)
    shared.ask(own._session, own.project)
    read = shared.found
    assert read is not None
    now = 59.0
    shared.ask(own._session, own.project)
    assert shared.found is read
    now = 61.0
    shared.ask(own._session, own.project)
    assert shared.found is not read
    assert list(shared.found.values()) == [Failing(1, 1, "UNAVAILABLE")]


def test_without_the_role_the_status_line_names_it(own: ct.Client, clicking: Clicking) -> None:
    own.create_queue("calm")
    with (
        refusing(own.endpoint, "/timeSeries") as server,
        ct.connect(endpoint=server.url, project=own.project, location="us-central1") as client,
    ):
        explorer = Explorer(client)
        clicking(explorer).click("show_failing")
        assert "roles/monitoring.viewer" in explorer.notice["text"]
        task = own.queue("calm").create_task(
            {}, url=f"{own.emulator.inbox().url}/", task_id="t", schedule=3600
        )
        assert task.last_status is None
        explorer.refresh()
        explorer.show_failing()
        assert [(row["failed"], row["attempts"]) for row in explorer.rows] == [(0, 1)]
        assert "a sample" in explorer.notice["text"] and "(a sample)" in explorer.rows[0]["of"]
        monitor = client.queue("calm").monitor()
        assert "roles/monitoring.viewer" in monitor.facts["past"]
        assert len(monitor.facts["points"]) == 1  # its own sample
        monitor.close()


def test_the_history_tab_is_read_when_it_is_opened(own: ct.Client, clicking: Clicking) -> None:
    queue = failing_queue(own)
    panel = QueuePanel(queue)
    page = clicking(panel)
    assert panel.story == {}
    page.click("read_history", since="24h")
    story = panel.story
    assert (story["since"], story["span_s"], story["step_s"]) == ("24h", 86_400, 60)
    assert sum(failed for _, _, _, failed in story["points"]) == 1
    labels = {label for label, _ in story["facts"]}
    assert {"Created", "Attempts", "Delay", "From metrics"} <= labels
    assert story["events"][0]["columns"] == ["time", "action", "who", "result"]
    assert panel.lines[-1] == f'client.queue("{queue.name}").report(since="24h")'
    assert panel.report is not None and panel.report.failed == 1
    page.click("read_history", since="for ever")
    assert panel.notice["level"] == "error"
    assert panel.story == story


def test_many_steps_become_fewer_points() -> None:
    moments = [Moment(NOON + at * MINUTE, at, 2, 1) for at in range(10)]
    found = points(moments, MINUTE, 4)
    assert [point[1:] for point in found] == [[3, 8, 4], [7, 8, 4], [9, 4, 2]]
    assert found[0][0] == (NOON + 4 * MINUTE).timestamp() * 1000


def test_the_monitor_begins_with_the_hour_before(own: ct.Client) -> None:
    monitor = QueueMonitor(failing_queue(own))
    past = [point for point in monitor.facts["points"] if len(point) == 5]
    assert sum(executed for _, _, executed, _, _ in past) <= 1
    assert len(monitor.samples) == 1  # samples are not mixed with it
    assert monitor.window_s == 3600
    monitor.close()


def test_points_of_the_past_end_where_samples_begin_and_follow_this_clock() -> None:
    past = [Moment(NOON + at * MINUTE, at, at, 0) for at in range(5)]
    times = [point[0] / 1000 for point in past_points(past, NOON + 3 * MINUTE)]
    assert times == [(NOON + at * MINUTE).timestamp() for at in (1, 2)]
    (first, *_) = past_points(past, None, timedelta(hours=2))
    assert first[0] / 1000 == (NOON - timedelta(minutes=119)).timestamp()
