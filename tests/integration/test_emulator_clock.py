"""A manual clock, as a notebook uses it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import cloudtasks_nb as ct
from tests.scripted import answer, scripted

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def still() -> Iterator[ct.Client]:
    """A client of an emulator whose time stands still."""
    with ct.local(clock=START) as client:
        yield client


def test_the_name_of_a_deleted_queue_is_free_again_after_its_time(still: ct.Client) -> None:
    still.create_queue("again").delete()
    with pytest.raises(ct.FailedPrecondition, match="too recently"):
        still.create_queue("again")
    still.emulator.advance("3d")
    assert still.create_queue("again").id == "again"


def test_advancing_answers_with_the_new_time(still: ct.Client) -> None:
    before = still.emulator.advance(0)
    assert still.emulator.advance("1h 30m") - before == timedelta(minutes=90)
    assert still.emulator.advance(timedelta(seconds=1.5)) - before == timedelta(minutes=90, seconds=1.5)


def test_from_now_means_the_emulators_now(still: ct.Client) -> None:
    now = still.emulator.advance("1h")
    queue = still.create_queue(
        "times"
    ).pause()  # its task is due in later tests, which would wait for a name server
    task = queue.create_task("x", url="https://example.com", schedule=60)
    assert task.schedule_time == now + timedelta(minutes=1)


def test_cards_and_tables_reckon_from_the_emulators_clock(still: ct.Client) -> None:
    queue = still.create_queue("shown")
    task = queue.create_task("x", url="http://127.0.0.1:9/", schedule=3600)  # it is due in later tests
    listing = queue.tasks()
    still.emulator.advance("30m")
    assert [shown for shown in (task, listing) if "in 30 min" not in str(shown)] == []
    work = still.create_queue("shown-work", kind="pull")
    work.create_task(b"x")
    leased = work.lease(max_tasks=1, lease_duration=120)
    still.emulator.advance("60s")
    assert [shown for shown in (leased, leased[0]) if "in 60 s" not in str(shown)] == []
    assert "lease ends" in str(leased[0])
    still.emulator.advance("3m")
    assert "1 ended" in str(leased)
    queues = still.queues(filter="state=RUNNING", stats=True)
    assert "oldest due" in str(queues)
    assert " d ago" not in str(queues)


def test_listings_name_the_instant_of_the_emulators_clock(still: ct.Client) -> None:
    queue, work = still.create_queue("instants").pause(), still.create_queue("leases", kind="pull")
    queue.create_task("x", url="https://example.com", schedule="1h")
    work.create_task("x")
    listings = [queue.tasks(), queue.tasks().first(1), still.queues("-").tasks()]
    listings.append(work.lease(lease_duration="5m"))
    now = still.emulator.advance("1min")
    for listing in listings:
        assert f"times as of {now:%Y-%m-%d %H:%M:%S}" in str(listing)
    work.delete()


def test_an_attempt_that_hangs_is_over_at_its_deadline(still: ct.Client) -> None:
    queue = still.create_queue("hanging").pause()  # only task.run() sends a task
    with socket.create_server(("127.0.0.1", 0)) as silent:
        task = queue.create_task("x", url=f"http://127.0.0.1:{silent.getsockname()[1]}/", schedule=3 * 3600)
        task.run()
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            sent = still.emulator.advance(0, patience=0)
            still.emulator.advance("9m", patience=0)
            assert task.refresh().last_status is None
            still.emulator.advance("1m", patience=0)
            still.emulator.advance(0)
    last = task.refresh().status.last_attempt_status  # type: ignore[union-attr]
    assert last is not None
    assert last.response_status is not None
    assert last.response_status.code == 4
    assert last.dispatch_time == sent


@pytest.mark.parametrize("by", ["-2h", "soon", "2 parsecs", "", None, -1])
def test_what_is_no_advance(still: ct.Client, by: str) -> None:
    with pytest.raises(ct.InvalidArgument):
        still.emulator.advance(by)


def test_the_machines_clock_is_not_moved(client: ct.Client) -> None:
    with pytest.raises(ct.FailedPrecondition, match=r"--clock manual, or with ct\.local\(clock=\"manual\"\)"):
        client.emulator.advance("2h")


def test_the_card_says_what_the_emulator_is(still: ct.Client) -> None:
    shown = str(still.emulator.refresh())
    for words in (still.endpoint, ct.__version__, "manual", "2026-03-", "in memory", "advance("):
        assert words in shown


def test_the_real_service_has_no_emulator() -> None:
    with (
        ct.connect(project="p", access_token="t") as client,
        pytest.raises(ct.ConfigError, match="not an emulator"),
    ):
        _ = client.emulator


def test_an_endpoint_that_is_something_else() -> None:
    with (
        scripted(answer(404, {"detail": "no such page"})) as other,
        ct.connect(endpoint=other.url) as client,
        pytest.raises(ct.ConfigError, match="not an emulator"),
    ):
        client.emulator.refresh()


def test_a_clock_that_is_none() -> None:
    with pytest.raises(ct.ConfigError, match="clock"):
        ct.local(clock="sundial")  # type: ignore[arg-type]


def test_backoff_is_walked_through_attempt_by_attempt(still: ct.Client) -> None:
    """The documented example: 10, 20, 40, 80 s, then 80 s more each time, up to 300 s."""
    retries = {"min_backoff": 10, "max_backoff": 300, "max_doublings": 3}
    with scripted(answer(503)) as target:
        queue = still.create_queue("walked", retry_config=retries)
        queue.create_task("x", url=target.url)
        start = still.emulator.advance(0)
        still.emulator.advance("20m")
    table = still.emulator.history(queue).to_dataframe()
    sent_s = [(moment - start).total_seconds() for moment in table["sent"]]
    assert sent_s == [0, 10, 30, 70, 150, 310, 550, 850, 1150]


def test_a_task_that_is_not_due_waits_for_the_clock(still: ct.Client) -> None:
    inbox = still.emulator.inbox()
    queue = still.create_queue("later")
    queue.create_task("x", url=inbox.url, schedule=3600)
    still.emulator.advance("59m")
    assert inbox.requests == []
    still.emulator.advance("1m")
    assert len(inbox.requests) == 1
    assert list(queue.tasks()) == []


def test_seconds_from_now_are_counted_by_the_emulators_clock_in_batches_too() -> None:
    start = datetime(2031, 5, 1, 12, tzinfo=UTC)
    with ct.local(clock=start, dispatch=False) as client:
        queue = client.create_queue("later")
        queue.create_task("x", url="http://localhost/", schedule=60)
        queue.batch_create([{"payload": "x", "url": "http://localhost/", "schedule": 60}]).wait()
        queue.create_tasks([{"payload": "x", "url": "http://localhost/", "schedule": 60}], progress=False)
        with client.batch() as batch:
            batch.add(queue.create_task, "x", url="http://localhost/", schedule=60)
        assert {task.schedule_time for task in queue.tasks()} == {start + timedelta(minutes=1)}
        assert queue.count_tasks() == 4


def test_a_clock_starts_at_an_instant_in_iso_text() -> None:
    with ct.local(clock=START.isoformat()) as client:
        assert client.emulator.advance(0, patience="1s") == START
    for wrong in ("noon", float("nan")):
        with pytest.raises(ct.ConfigError, match="is not valid"):
            ct.local(clock=wrong)  # type: ignore[arg-type]
