"""A bulk result has the outcome of every item, in the order of the input, in little memory."""

from __future__ import annotations

import random
import tracemalloc

import pytest

from cloudtasks_nb.bulk.items import Item
from cloudtasks_nb.bulk.result import BulkResult, Verb
from cloudtasks_nb.bulk.verbs import ACKNOWLEDGE, DELETE, MOVE, RESTORE
from cloudtasks_nb.errors import (
    AlreadyExists,
    BulkError,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Timeout,
    TransportError,
    Unavailable,
)

QUEUE = "projects/p/locations/us-central1/queues/q"
CREATE = Verb("create_tasks", "created")
ITEMS = 20_000  # so that the few other objects hardly count


def item(index: int, error: Exception | None = None) -> Item:
    return Item(
        index=index, name=f"{QUEUE}/tasks/{index:032x}", attempts=1 + index % 3, passed=1, error=error
    )


def test_items_come_back_in_the_order_given_however_they_arrived() -> None:
    errors = {7: AlreadyExists("there"), 700: TransportError("cut"), 1999: Timeout("late")}
    chunks = [[item(at, errors.get(at)) for at in range(start, start + 4)] for start in range(0, 6000, 4)]
    random.Random(1).shuffle(chunks)  # noqa: S311 - any order will do
    result = BulkResult(CREATE, QUEUE)
    for chunk in chunks:
        result.add(chunk)
    result.tidy()
    table = result.to_dataframe()
    assert table["index"].tolist() == list(range(6000))
    assert table.name.tolist() == [item(at).name for at in range(6000)]
    assert table.attempts.tolist() == [1 + at % 3 for at in range(6000)]
    failed = table[~table.ok]
    assert failed["index"].tolist() == sorted(errors)
    assert failed.code.tolist() == [6, 14, 4]
    assert [one.index for one in result.failed] == sorted(errors)
    assert (len(result), result.done, result.failed_count) == (6000, 5997, 3)
    assert len(list(result.names)) == 5997


def test_an_item_takes_less_than_a_hundred_bytes() -> None:
    tracemalloc.start()
    try:
        for most in (100, 1):
            result = BulkResult(CREATE, QUEUE)
            before, _ = tracemalloc.get_traced_memory()
            for start in range(0, ITEMS, most):
                result.add([item(at) for at in range(start, start + most)])
            after, _ = tracemalloc.get_traced_memory()
            assert len(result) == ITEMS
            assert after - before < 100 * ITEMS
    finally:
        tracemalloc.stop()


def test_an_empty_result_is_a_result() -> None:
    result = BulkResult(CREATE, QUEUE)
    assert result.ok
    assert result.to_dataframe().shape == (0, 6)
    result.raise_for_errors()
    assert "0 tasks created" in str(result)


def test_a_card_shows_the_most_frequent_reasons_and_counts_the_others() -> None:
    result = BulkResult(CREATE, QUEUE)
    result.add([item(at, AlreadyExists("there")) for at in range(3)])
    result.add([item(at, AlreadyExists(f"reason {at}")) for at in range(3, 33)])
    shown = str(result)
    assert "21 more rows" in shown
    assert f"{2:032x}" not in shown and f"{0:032x}" in shown, "the first item of each reason represents it"


def failed_with(verb: Verb, *errors: Exception) -> BulkResult:
    result = BulkResult(verb, QUEUE)
    result.add([item(at, error) for at, error in enumerate(errors)])
    return result


@pytest.mark.parametrize(
    ("verb", "again"),
    [
        (CREATE, "queue.create_tasks(result.failed)"),
        (DELETE, "queue.delete_tasks(result.failed)"),
        (RESTORE, "queue.restore(path)"),
        (MOVE, "queue.move_tasks(result.failed, to=…)"),
    ],
)
def test_trying_again_is_suggested_where_something_can_come_of_it(verb: Verb, again: str) -> None:
    for_good = [AlreadyExists("there"), NotFound("gone"), InvalidArgument("wrong")]
    for result, is_hopeful in (
        (failed_with(verb, *for_good, Unavailable("later")), True),
        (failed_with(verb, Timeout("late")), True),
        (failed_with(verb, *for_good), False),
    ):
        assert (again in str(result)) is is_hopeful
        with pytest.raises(BulkError) as caught:
            result.raise_for_errors()
        assert (again in (caught.value.hint or "")) is is_hopeful


def test_lost_leases_are_not_acknowledged_again() -> None:
    assert failed_with(ACKNOWLEDGE, FailedPrecondition("leased again"), NotFound("gone")).again == ""
    assert failed_with(ACKNOWLEDGE, Unavailable("later"), NotFound("gone")).again
    assert failed_with(DELETE, FailedPrecondition("disabled")).again


def test_tasks_of_several_queues_keep_their_names() -> None:
    names = [f"{queue}/tasks/{at}" for at, queue in enumerate((QUEUE, f"{QUEUE}-2", f"{QUEUE}-2", QUEUE))]
    items = [Item(index=at, name=name, attempts=1, passed=1) for at, name in enumerate(names)]
    for chunks in ([items], [items[:1], items[1:3], items[3:]]):
        result = BulkResult(CREATE, QUEUE)
        for chunk in chunks:
            result.add(chunk)
        result.tidy()
        assert list(result.names) == result.to_dataframe().name.tolist() == names


def test_a_task_that_was_tried_very_often_is_counted_as_often_as_a_byte_holds() -> None:
    result = BulkResult(CREATE, QUEUE)
    result.add([Item(index=0, name=f"{QUEUE}/tasks/stubborn", attempts=1000, passed=1)])
    assert result.to_dataframe().attempts.tolist() == [255]
    assert result.repeated == 999


def test_all_is_well_only_when_nothing_failed_and_nothing_was_left() -> None:
    for failed, left, stopped_by in (
        (True, 0, None),
        (False, 5, None),
        (False, None, None),
        (False, 0, "stop"),
    ):
        result = BulkResult(CREATE, QUEUE)
        result.add([item(0), item(1, AlreadyExists("there") if failed else None)])
        assert result.ok is not failed
        result.not_tried_count, result.stopped_by = left, stopped_by
        assert not result.ok
