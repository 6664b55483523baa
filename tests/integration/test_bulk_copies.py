"""Bulk copies and moves: each task exists once afterwards, with the same request."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, another_second, new_id, payloads, shapes, soon
from tests.refusing import refusing


def filled(client: ct.Client) -> ct.Queue:
    queue = client.create_queue(new_id())
    common: dict[str, Any] = {"url": URL, "headers": {"Authorization": "Bearer secret", "X-A": "b"}}
    rows = [{**common, "payload": {"n": n}, "schedule": soon(), "task_id": f"t-{n}"} for n in range(7)]
    rows[0]["retry_config"] = ct.RetryConfig(max_attempts=3)
    assert queue.create_tasks(rows).ok
    return queue


def test_copies_do_the_same_at_the_same_time(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    assert source.copy_tasks(to=queue).done == 7
    assert shapes(queue) == shapes(source)
    assert source.copy_tasks(to=queue).failed_count == 7  # no task is duplicated
    assert source.copy_tasks(to=queue, new_ids=True).done == 7
    assert len(list(queue.tasks())) == 14
    some = source.tasks().to_dataframe().head(2)
    other = client.create_queue(new_id())
    assert source.copy_tasks(some, to=other.id).done == 2
    assert shapes(other) == shapes(source)[:2]
    with pytest.raises(ct.ConfigError, match="a new id"):
        source.copy_tasks(to=source)


def test_a_queue_is_copied_into_itself_once(client: ct.Client, queue: ct.Queue) -> None:
    """The copied listing also finds the copies, because it is read while they are created."""
    queue.create_tasks((str(number) for number in range(250)), url=URL, schedule=3600).raise_for_errors()
    with pytest.raises(ct.ConfigError, match="a new id"):
        queue.copy_tasks(to=queue)
    pages = queue.tasks(view="FULL", page_size=10)
    assert queue.copy_tasks(pages, to=queue, new_ids=True).done == 250
    assert queue.move_tasks(to=queue, new_ids=True).done == 500
    assert queue.count_tasks() == 500
    assert sorted(payloads(queue)) == sorted(2 * [str(number).encode() for number in range(250)])


def test_a_move_that_was_cut_short_is_finished_by_another(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    before = shapes(source)
    another_second(source)
    assert source.copy_tasks(to=queue).done == 7  # as if the process had died before the deletions
    assert source.move_tasks(to=queue).ok
    assert list(source.tasks()) == []
    assert shapes(queue) == before


@pytest.mark.parametrize("named", [False, True])
def test_two_names_of_one_queue_do_not_lose_its_tasks(client: ct.Client, *, named: bool) -> None:
    """If a project has a number and an id, the task under the other name is the source itself."""
    source = filled(client)
    with refusing(client.endpoint) as gateway:
        gateway.alias = {"123456": client.project}
        with ct.connect(client.project, client.location, endpoint=gateway.url) as there:
            queue = there.queue(source.name)
            other = source.name.replace(f"projects/{client.project}/", "projects/123456/")
            assert [task.id for task in there.queue(other).tasks()] == [task.id for task in queue.tasks()]
            before, selection = shapes(source), queue.tasks().to_dataframe() if named else None
            result = queue.move_tasks(selection, to=other)
            assert (result.done, result.failed_count) == (0, 7)
            assert result.reasons()[0][0].endswith("it may be the same task.")
            assert queue.copy_tasks(selection, to=other).failed_count == 7
            assert shapes(source) == before
            pages = queue.tasks(view="FULL", page_size=2)
            assert queue.copy_tasks(pages, to=other, new_ids=True).done == 7, "copies are not sources"
            assert source.count_tasks() == 14
            assert queue.move_tasks(queue.tasks(view="FULL", page_size=2), to=other, new_ids=True).done == 14
            assert source.count_tasks() == 14


def test_a_task_is_named_once(client: ct.Client, queue: ct.Queue, calls: list[str]) -> None:
    """One of two tasks with one name would be lost; a task that is selected twice would be run or copied twice."""
    source = filled(client)
    names = source.tasks().to_dataframe()[["name"]]
    twice = pd.concat([names, names.head(2)])
    calls.clear()
    for verb in (
        lambda: queue.create_tasks([{"task_id": "a", "payload": text} for text in "xy"], url=URL),
        lambda: source.run_tasks(twice),
        lambda: source.delete_tasks([*twice["name"]]),
        lambda: source.copy_tasks(twice, to=queue, new_ids=True),
    ):
        with pytest.raises(ct.InvalidRows, match="is a duplicate"):
            verb()
    assert calls == []


def test_items_of_a_result_go_to_the_verb_and_the_queue_that_they_are_of(
    client: ct.Client, queue: ct.Queue
) -> None:
    pull, other = (client.create_queue(new_id(), kind="pull") for _ in range(2))
    queue.create_task(b"x", url=URL, task_id="there", schedule=3600)
    failed = queue.create_tasks([{"task_id": "there"}], url=URL).failed
    gone = pull.delete_tasks(["gone"]).failed
    wrong = queue.create_tasks(iter([{"to": "ada"}]), url=URL).failed
    for verb, words in (
        (lambda: other.create_tasks(failed), "is not a task of"),
        (lambda: other.run_tasks(failed), "is not a task of"),
        (lambda: pull.create_tasks(gone), "another verb"),
        (lambda: queue.create_tasks(wrong), "has no option 'to'"),
    ):
        with pytest.raises(ct.InvalidRows, match=words):
            verb()
    assert queue.delete_tasks(failed).done == 1
    copied = queue.copy_tasks(["missing"], to=client.create_queue(new_id()))
    assert queue.delete_tasks(copied.failed).to_dataframe().code.tolist() == [5]


def test_moving_leaves_nothing_behind(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    before = shapes(source)
    assert source.move_tasks(to=queue).ok
    assert shapes(queue) == before
    assert list(source.tasks()) == []


def test_large_tasks_are_sent_in_requests_that_the_service_accepts(
    client: ct.Client, queue: ct.Queue, calls: list[str]
) -> None:
    rows = [{"task_id": f"t-{n}", "payload": b"x" * 700_000, "url": URL} for n in range(50)]
    queue.pause()
    queue.create_tasks(rows, progress=False).raise_for_errors()
    assert len(calls) < 20
    copies = client.create_queue(new_id()).pause()
    names = [task.name for task in queue.tasks()]  # they are read first
    queue.copy_tasks(names, to=copies, progress=False).raise_for_errors()
    with client.batch() as batch:
        for row in rows:
            batch.add(copies.create_task, **{**row, "task_id": f"again-{row['task_id']}"})
    assert not batch.results.failed
    assert 5 < batch.results.requests < 20
    assert copies.count_tasks() == 100
