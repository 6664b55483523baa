"""Files of earlier versions open with all their data. See tests/yesterday."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import cloudtasks_nb as ct

YESTERDAY = Path(__file__).parents[1] / "yesterday"
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
APPLICATION = 0x63746E62


def file_of(version: int, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript((YESTERDAY / f"file_{version}.sql").read_text())
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {version}")
    return path


@pytest.fixture
def file_2(tmp_path: Path) -> Path:
    """A data file of format 2: queues of every kind, with tasks, a lease, a deleted task, a deleted queue, a key."""
    return file_of(2, tmp_path / "queues.db")


def test_a_data_file_of_format_2(file_2: Path) -> None:
    for _ in range(2):  # the second time it has the current format
        with ct.local(file_2, clock=THEN, dispatch=False) as client:
            kinds = {queue.id: (queue.kind, queue.state) for queue in client.queues()}
            assert kinds == {
                "app": ("app_engine", "RUNNING"),
                "http": ("http", "PAUSED"),
                "pull": ("pull", "RUNNING"),
                "target": ("http", "RUNNING"),
            }
            http = client.queue("http")
            assert http.rate_limits == ct.RateLimits(
                max_tasks_dispatched_per_second=5, max_burst_size=1, max_concurrent_tasks=3
            )
            one, two = http.tasks(view="FULL")
            assert (one.json(), two.payload) == ({"to": "ada"}, b"\x00\xff")
            assert one.http_request is not None
            assert one.http_request.oidc_token is not None
            assert one.http_request.oidc_token.audience == "https://example.com"
            assert one.schedule_time == THEN + timedelta(hours=1)
            assert [task.tag for task in client.queue("pull").lease()] in (
                [None],
                [],
            )  # the first one is leased, then both
            assert client.queue("app").task("a1").url == "/x"
            assert client.location().cmek().kms_key.endswith("/cryptoKeys/k")
            with pytest.raises(ct.AlreadyExists, match="too recently"):
                http.create_task("again", url="https://example.com/", task_id="gone")
            with pytest.raises(ct.FailedPrecondition, match="too recently"):
                client.create_queue("old")


@pytest.mark.parametrize(("kind", "ids"), [("http", {"one", "two"}), ("pull", {"p1", "p2"}), ("app", {"a1"})])
def test_a_backup_of_form_1(kind: str, ids: set[str]) -> None:
    with ct.local(dispatch=False, clock=THEN) as client:
        result = client.restore(YESTERDAY / f"backup_1_{kind}.parquet", progress=False)
        assert (result.done, len(result.failed)) == (len(ids), 0)
        queue = client.queue(kind)
        assert {task.id for task in queue.tasks()} == ids
        assert queue.retry_config is not None
        assert queue.retry_config.max_attempts == (7 if kind == "http" else 100)


def test_a_clock_that_is_moved_by_hand_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A clock that went back would extend leases, blocked names and schedules by that time."""
    file = tmp_path / "queues.db"
    with ct.local(file, clock=THEN) as client:
        work = client.create_queue("work", kind="pull")
        work.create_task(b"x")
        client.emulator.advance("3d")
        work.lease(lease_duration=60)
    for clock in ("manual", THEN):  # without a time, and with a time in the past
        with ct.local(file, clock=clock) as client:  # type: ignore[arg-type]
            assert client.emulator.refresh().info.time == THEN + timedelta(days=3)  # type: ignore[union-attr]
            assert not client.queue("work").lease()
    later = THEN + timedelta(days=4)
    with ct.local(file, clock=later) as client:
        assert client.emulator.refresh().info.time == later  # type: ignore[union-attr]
        assert len(client.queue("work").lease()) == 1


def test_a_file_that_never_kept_a_time_does_not_go_back_either(file_2: Path) -> None:
    with ct.local(file_2, clock=THEN - timedelta(days=30)) as client:
        assert client.emulator.refresh().info.time == THEN  # type: ignore[union-attr]


def test_a_data_file_of_format_3_begins_to_tell_what_happens(tmp_path: Path) -> None:
    """Format 3 stored no attempts: metrics and logs begin now, with the existing tasks."""
    path = file_of(3, tmp_path / "queues.db")
    with ct.local(path, clock=THEN) as client:
        queue = client.queue("emails")
        assert [task.dispatch_count for task in queue.tasks()] == [2, 2, 2, 0]
        queue.resume()
        client.emulator.advance("100s")
        history = client.emulator.history(queue)
        assert [one.attempt for one in history] == [3, 3, 3]
        report = queue.report(since="1h")
        assert (report.attempts, report.created, report.peak_depth) == (3, 0, 4)
        assert {entry.task for entry in queue.log(since="1h")} == {
            "t0",
            "t1",
            "t2",
        }  # their queue logged all tasks
    with ct.local(path, clock=THEN) as client:
        assert len(client.emulator.history("emails")) == 3
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
