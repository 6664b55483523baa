"""The items of a bulk call: numbered, validated, and read lazily, each with its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from ..errors import CloudTasksError, InvalidArgument, InvalidRows
from ..model.task import Task
from ..names import QueueName, check_task_id
from ..paging.cut_short import GoingOn
from ..paging.pager import Pager
from ..resources.leased import Lease

_PROBLEMS_SHOWN = 10
MOST_BYTES = 6_000_000
"""The payloads in one request. As base64 they take 8 MB, and Google's services accept about 10 MB."""
_MADE_ONCE = 20_000  # larger inputs are converted twice, to validate and to send, to save memory


class Item(msgspec.Struct, kw_only=True):
    """One item and its outcome so far. A failed item can be passed to the same verb again.

    A copy has the name of its `source`, the time when that was `created`, and `apart`: it is surely another task.

    `passed` counts the finished steps. `uncertain` names the steps that took effect, or may have without a response: a
    retry of these steps may find its own result.
    """

    index: int = 0
    name: str = ""
    task: Task | None = None
    source: str = ""
    created: datetime | None = None
    apart: bool = False
    lease: Lease | None = None
    passed: int = 0
    uncertain: frozenset[str] = frozenset()
    attempts: int = 0
    error: CloudTasksError | None = None

    @property
    def weight(self) -> int:
        """The bytes of its payload."""
        return len(self.task.payload or b"") if self.task is not None else 0

    def __repr__(self) -> str:
        words = f": {self.error.message}" if self.error is not None else ""
        return f"<Item {self.index} {self.name}{words}>"


def pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Split items where their payloads would exceed the size of a request."""
    start, weight = 0, 0
    for at, item in enumerate(items):
        weight += item.weight
        if weight > MOST_BYTES and at > start:
            yield items[start:at]
            start, weight = at, item.weight
    yield items[start:]


class NumberedItems:
    """An iterator that numbers items, and has their total count if known.

    `goes_on`: whether it goes on after an interrupt of a read. A generator would end.
    """

    def __init__(self, items: Iterable[Item], total: int | None, *, goes_on: bool = False) -> None:
        self._items = iter(items)
        self._read = 0
        self.total = total
        self.goes_on = goes_on

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        item = next(self._items)
        item.index, self._read = self._read, self._read + 1
        return item


def items_from(
    given: Any, make: Callable[[Any], Item], rows: Callable[[Any], Iterable[Any]]
) -> NumberedItems:
    """Make items from the `rows` of the input. Input in memory is validated before anything is sent. Items of an
    iterator are validated when they are reached, and an invalid one fails alone.

    Errors: InvalidRows.
    """
    at_hand = isinstance(given, Sized) and not isinstance(given, Iterator)
    goes_on = isinstance(given, Pager)
    given = GoingOn(given) if goes_on else given
    made: Iterable[Item] = map(_guarded(make), rows(given))
    if at_hand and len(given) <= _MADE_ONCE:
        made = list(made)
        _check(made)
    elif at_hand:
        _check(made)
        made = map(_guarded(make), rows(given))
    return NumberedItems(made, len(given) if at_hand else None, goes_on=goes_on)


def _guarded(make: Callable[[Any], Item]) -> Callable[[Any], Item]:
    """Items that cannot be made have an error instead."""

    def made(value: Any) -> Item:
        if isinstance(value, InvalidArgument):
            return Item(error=value)
        try:
            return make(value)
        except InvalidArgument as problem:
            return Item(error=problem)

    return made


def _check(items: Iterable[Item]) -> None:
    problems: list[tuple[int | None, str]] = []
    wrong, hint = 0, None
    seen: set[int] = set()  # hashes: for a million names they need a third of the memory
    for index, item in enumerate(items):
        error = item.error
        if error is None:
            name = hash(item.source or item.name)
            error = _named_twice(item) if name in seen else None
            seen.add(name)
        if error is not None:
            wrong += 1
            hint = hint or error.hint
            if len(problems) < _PROBLEMS_SHOWN:
                problems.append((index, error.message))
    if problems:
        raise InvalidRows(problems, count=wrong, hint=hint)


def _named_twice(item: Item) -> InvalidArgument:
    """Raise for a duplicate name: only one of two such tasks could be created, and run_tasks() would send it twice."""
    task_id = (item.source or item.name).rpartition("/")[2]
    return InvalidArgument(
        f"task_id {task_id!r} is a duplicate", hint="drop duplicates: frame.drop_duplicates(...)"
    )


def again(item: Item, queue: QueueName, needed: object) -> Item:
    """An item from the result of an earlier call, to try again. Errors: InvalidArgument."""
    if not item.name and isinstance(item.error, InvalidArgument):
        raise item.error  # its input was not valid, and still is not
    check_is_of(queue, item.name)
    if needed is None:
        raise InvalidArgument(f"{item.name} is from the result of another verb", hint="pass it to that verb")
    return replace(item, passed=0, attempts=0, error=None)


def check_is_of(queue: QueueName, name: str) -> None:
    """Raise unless this is the name of a task of the queue. Errors: InvalidArgument."""
    prefix = f"{queue}/tasks/"
    if not name.startswith(prefix):
        raise InvalidArgument(f"{name} is not a task of {queue}", hint="call the verb of its own queue")
    check_task_id(name.removeprefix(prefix))
