"""An emulator keeps given-up tasks if its option is set. The real service keeps none, and gets no request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from tests.integration.filling import new_id

DEAD = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def keeping() -> Iterator[ct.Client]:
    with ct.local(clock="manual", dead_letter=True) as client:
        yield client


@pytest.fixture
def lost(keeping: ct.Client) -> ct.Queue:
    """Seven tasks that failed twice and were given up, and one that waits."""
    queue = keeping.create_queue(new_id(), retry_config={"max_attempts": 2, "min_backoff": 5})
    rows = [{"payload": {"n": n}, "url": DEAD, "task_id": f"t-{n}", "schedule": n} for n in range(7)]
    queue.create_tasks(rows, progress=False).raise_for_errors()
    queue.create_task("later", url=DEAD, schedule="1d")
    keeping.emulator.advance(60)
    assert queue.count_tasks() == 1
    return queue


def test_what_was_given_up_is_a_listing(lost: ct.Queue, tmp_path: Path) -> None:
    found = lost.given_up(view="FULL", page_size=3)
    assert [task.json()["n"] for task in found] == list(range(7))
    assert [len(page) for page in found.pages()] == [3, 3, 1]
    frame = found.to_dataframe()
    assert list(frame.columns) == list(lost.tasks().to_dataframe().columns)
    assert set(frame.dispatch_count) == {2}
    assert set(frame.last_code) == {14}
    assert frame.last_response_time.notna().all()
    assert "given up in us-central1" in str(found)
    assert found.first(2)[0].last_status is not None
    assert found.to_parquet(tmp_path / "lost.parquet").exists()
    assert [task.payload for task in lost.given_up().first(1)] == [None]


def test_it_is_tried_again_in_one_line(keeping: ct.Client, lost: ct.Queue) -> None:
    lost.pause()
    assert lost.copy_tasks(lost.given_up(view="FULL"), to=lost, new_ids=True).done == 7
    assert lost.count_tasks() == 8
    assert len(list(lost.given_up())) == 7


def test_what_succeeds_or_is_deleted_is_not_given_up(keeping: ct.Client) -> None:
    queue = keeping.create_queue(new_id(), retry_config={"max_attempts": 1})
    with keeping.emulator.inbox() as inbox:
        queue.create_tasks([b"x"] * 3, url=inbox.url, progress=False).raise_for_errors()
        keeping.emulator.advance(1)
    queue.create_task("x", url=DEAD, schedule="1h").delete()
    assert queue.count_tasks() == 0
    assert list(queue.given_up()) == []


def test_a_pull_task_that_was_leased_too_often(keeping: ct.Client) -> None:
    work = keeping.create_queue(new_id(), kind="pull", retry_config={"max_attempts": 1})
    work.create_task(b"x", tag="blue")
    assert len(work.lease(lease_duration=5)) == 1
    keeping.emulator.advance(10)
    assert list(work.lease()) == []
    [task] = work.given_up(view="FULL")
    assert (task.payload, task.tag, task.dispatch_count) == (b"x", "blue", 1)


def test_it_outlives_the_queue_and_the_process(tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    with ct.local(file, clock="manual", dead_letter=True) as client:
        queue = client.create_queue("emails", retry_config={"max_attempts": 1})
        queue.create_task("x", url=DEAD)
        client.emulator.advance(1)
        queue.delete()
    with ct.local(file, clock="manual", dead_letter=True) as client:
        assert len(list(client.queue("emails", read=False).given_up())) == 1


def test_where_nothing_is_kept_it_says_what_to_use(client: ct.Client, queue: ct.Queue) -> None:
    with pytest.raises(ct.ConfigError, match="dead_letter=True") as refused:
        queue.given_up()
    assert "queue.watch" in str(refused.value)
    with pytest.raises(ct.ConfigError, match="view='ALL'"):
        queue.given_up(view="ALL")  # type: ignore[arg-type]


def test_a_real_service_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a request was sent")

    with ct.connect(
        "p", "us-central1", access_token="ya29.x", endpoint="https://cloudtasks.googleapis.com"
    ) as real:
        monkeypatch.setattr(requests.Session, "request", never)
        monkeypatch.setattr(requests.Session, "send", never)
        with pytest.raises(ct.ConfigError, match="deletes the tasks that it gives up") as refused:
            real.queue("emails", read=False).given_up()
    assert "queue.watch" in str(refused.value)


def test_wrong_questions_are_refused(keeping: ct.Client, lost: ct.Queue) -> None:
    url = f"{keeping.endpoint}/emulator/v1/givenUp"
    for query, words in (
        ({"queue": lost.name, "pageToken": "x"}, "page token"),
        ({"queue": lost.name, "pageSize": "-1"}, "pageSize"),
        ({"queue": lost.name, "responseView": "ALL"}, "responseView"),
        ({"queue": "emails"}, ""),
        ({}, ""),
    ):
        answer = requests.get(url, params=query, timeout=60)
        assert answer.status_code == 400, query
        assert words in answer.json()["error"]["message"]
    with ct.connect(endpoint=keeping.endpoint) as closed:
        handle = closed.queue("us-central1/any", read=False)
    with pytest.raises(ct.ConfigError, match="closed"):
        handle.given_up()
