"""Reports of an emulator with a manual clock are compared with its real deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from tests.refusing import refusing
from tests.waiting import PATIENCE_S

ALL_LOGGED = {"sampling_ratio": 1.0}


@pytest.fixture
def client() -> Iterator[ct.Client]:
    with ct.local(clock="manual") as made:
        yield made


def run(client: ct.Client, count: int = 40, **settings: Any) -> tuple[ct.Queue, list[tuple[str, int, int]]]:
    """Tasks, of which every tenth fails twice and is given up; and the deliveries."""
    inbox, seen = client.emulator.inbox(), []

    @inbox.on("/work")
    def work(request: Any) -> int:
        status = 503 if request.json() % 10 == 0 else 200
        seen.append((request.task, request.attempt, status))
        return status

    queue = client.create_queue(
        "work",
        retry_config={"max_attempts": 2, "min_backoff": 120, "max_backoff": 120},
        stackdriver_logging_config=ALL_LOGGED,
        **settings,
    )
    tasks = [{"payload": n, "url": inbox.url_for("/work"), "task_id": f"t-{n}"} for n in range(count)]
    queue.create_tasks(tasks, progress=False).raise_for_errors()
    return queue, seen


def test_a_report_says_what_was_done(client: ct.Client) -> None:
    queue, seen = run(client)
    began = client.emulator.advance(0)
    client.emulator.advance("10m")
    ended = began + timedelta(minutes=2)
    report = queue.report(since="1h")
    failed = [one for one in seen if one[2] != 200]
    assert (report.created, report.attempts, report.failed) == (40, len(seen), len(failed)) == (40, 44, 8)
    assert report.by_code == {"OK": 36, "UNAVAILABLE": 8}
    assert report.started == began.replace(second=0, microsecond=0)
    assert report.finished == ended.replace(second=0, microsecond=0)
    assert (report.peak_depth, report.gone_without_success) == (40, 4)
    assert report.delay_p99 is not None
    assert report.as_of == began + timedelta(minutes=10)
    assert report.since <= report.as_of - timedelta(hours=1) < report.since + timedelta(minutes=1)
    frame = report.to_dataframe()
    assert frame["attempts"].sum() == 44
    assert frame["failed"].sum() == 8


def test_a_pause_and_a_purge_are_told_with_who_and_when(client: ct.Client) -> None:
    queue, _ = run(client)
    queue.pause()
    now = client.emulator.advance("5m")
    queue.create_task(url="http://127.0.0.1:9/", task_id="late")
    queue.purge()
    report = queue.report(since="1h")
    assert [event.action for event in report.events] == ["CreateQueue", "PauseQueue", "PurgeQueue"]
    assert (report.events[-1].time, report.events[-1].who) == (now, client.identity)
    assert report.created == 41
    assert report.succeeded is not None and report.gone_without_success == 41 - report.succeeded
    tasks = {task.task: task for task in queue.log().tasks()}
    assert tasks["late"].outcome == "deleted"
    assert "PurgeQueue by anonymous" in tasks["late"].why
    assert queue.task("late", read=False).history().outcome == "deleted"


def test_the_log_tells_what_became_of_each_task(client: ct.Client) -> None:
    queue, seen = run(client)
    client.emulator.advance("1m")
    waiting = {task.task for task in queue.log().tasks() if task.outcome == "waiting"}
    assert waiting == {f"t-{n}" for n in range(0, 40, 10)}
    client.emulator.advance("10m")
    log = queue.log(since="1h")
    tasks = log.tasks()
    assert tasks.outcomes() == {"done": 36, "given up": 4}
    assert {task.task for task in tasks if task.outcome == "given up"} == waiting
    attempts = {task: attempt for task, attempt, _ in seen}
    assert {task.task: task.attempts for task in tasks} == attempts
    frame = log.to_dataframe()
    assert frame["kind"].value_counts().to_dict() == {"dispatched": 44, "answered": 44, "created": 40}
    answered = frame[(frame.kind == "answered") & (frame.task == "t-10")].sort_values("attempt")
    assert answered["status"].tolist() == ["UNAVAILABLE", "UNAVAILABLE"]
    assert (answered["retry_at"].iloc[0] - answered["time"].iloc[0]) == timedelta(minutes=2)
    assert answered["retry_at"].isna().iloc[1]
    failed = queue.log(since="1h", status="failed")
    assert len(list(failed)) == 8
    one = queue.log(since="1h", task="t-10")
    assert [entry.kind for entry in one] == ["created", *["dispatched", "answered"] * 2]


def test_one_task_gone_or_not(client: ct.Client) -> None:
    queue, _ = run(client)
    queue.create_task(url="http://127.0.0.1:9/", task_id="tomorrow", schedule="1d")
    client.emulator.advance("10m")
    told = {
        name: queue.task(name, read=False).history().outcome for name in ("t-1", "t-10", "tomorrow", "t-99")
    }
    assert told == {"t-1": "done", "t-10": "given up", "tomorrow": "waiting", "t-99": "unknown"}
    assert queue.task("tomorrow").history().outcome == "waiting"


def test_all_queues_of_a_project_and_one_that_was_deleted(client: ct.Client) -> None:
    queue, _ = run(client)
    client.emulator.advance("10m")
    client.create_queue("idle")
    queue.delete()
    report = client.report(since="1h")
    assert report.queues[0].queue == "work"
    assert (report.failed, report.succeeded, report.created) == (8, 36, 40)
    gone = client.queue("work", read=False).report(since="1h")
    assert (gone.attempts, gone.gone_without_success) == (44, 4)
    assert gone.events[-1].action == "DeleteQueue"


def test_a_queue_that_never_was_is_not_found(client: ct.Client) -> None:
    run(client)
    with pytest.raises(ct.NotFound):
        client.queue("wrok", read=False).report()


def test_metrics_are_one_tidy_table_and_a_picture(client: ct.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    queue, _ = run(client)
    client.emulator.advance("10m")
    metrics = queue.metrics("1h")
    frame = metrics.to_dataframe()
    assert list(frame.columns) == ["time", "metric", "label", "value"]
    totals = frame.groupby(["metric", "label"], dropna=False)["value"].sum()
    assert totals["attempts", "OK"] == 36
    assert totals["attempts", "UNAVAILABLE"] == 8
    assert totals["calls", "CreateTask OK"] == 40
    assert frame[frame.metric == "depth"]["value"].max() == 40
    attempts, depth, _ = queue.plot.history("1h").draw().figure.axes
    assert len(attempts.patches) > 0
    assert depth.get_ylabel() == "tasks"
    idle = client.create_queue("idle").plot.history("1h").draw(theme="dark")
    assert "no attempts" in [text.get_text() for text in idle.texts]


def test_who_may_not_read_there_still_gets_the_rest(client: ct.Client) -> None:
    queue, _ = run(client)
    client.emulator.advance("10m")
    with refusing(client.endpoint, "/timeSeries") as server:
        report = ct.Queue(name=queue.name).bind(client._session.beside(server.url)).report()
    assert report.created is None
    assert "monitoring.viewer" in report.sources["metrics"]
    assert [event.action for event in report.events] == ["CreateQueue"]
    assert "RUNNING" in report.sources["queue"]


def test_who_lacks_the_roles_is_told_which_and_what_is_known_all_the_same() -> None:
    with ct.local(enforce_iam=True) as owner:
        queue = owner.create_queue("emails").pause()
        queue.set_iam_policy(queue.iam_policy().grant("roles/cloudtasks.viewer", "user:ada@example.com"))
        place = {"endpoint": owner.endpoint, "project": owner.project, "location": "us-central1"}
        with ct.connect(**place, access_token="ada@example.com") as client:
            hers = client.queue("emails")
            report = hers.report()
            assert (report.created, report.attempts, report.events) == (None, None, [])
            assert "roles/monitoring.viewer" in report.sources["metrics"]
            assert "roles/logging.viewer" in report.sources["audit log"]
            assert "PAUSED" in report.sources["queue"]
            for verb in (hers.log, hers.audit, hers.task("t", read=False).history):
                with pytest.raises(ct.PermissionDenied, match="logEntries") as refused:
                    verb()
                assert "roles/logging.viewer" in str(refused.value.hint)
        assert {event.who for event in queue.audit()} == {owner.identity}


@pytest.mark.parametrize("fault", [{"exhausted": 0.5}, {"unavailable": 0.5}, {"cut_after": 0.4}])
def test_calls_that_fail_on_the_way_lose_nothing(client: ct.Client, fault: dict[str, float]) -> None:
    queue, _ = run(client, 500)
    client.emulator.advance("10m", patience=PATIENCE_S)
    client.emulator.faults(**fault, methods=["entries.list", "timeSeries.list"], seed=3)  # type: ignore[arg-type]
    log = queue.log(since="1h")
    assert len({entry.insert_id for entry in log}) == len(list(log)) == 500 + 2 * 550
    assert log.tasks().outcomes() == {"done": 450, "given up": 50}
    report = queue.report(since="1h")
    assert (report.attempts, report.failed, len(report.events)) == (550, 100, 1)
