"""One thing to do, how it went so far, and many of them: numbered, checked, read as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from ..errors import CloudTasksError, InvalidArgument, InvalidRows
from ..model.task import Task
from ..names import QueueName, check_task_id
from ..resources.leased import Lease

_PROBLEMS_SHOWN = 10
_MADE_ONCE = 20_000  # more items than these are made twice, to be checked and to be sent, rather than kept


class Item(msgspec.Struct, kw_only=True):
    """One thing to do, and how it went so far. A failed one can be given to the same verb again.

    A copy knows its `source`, by name, when that was `created`, and whether it is known to be `apart`: another task.

    `passed` counts the steps that are behind it. `uncertain` names the steps that may have taken effect although no
    answer said so, and those that have: trying them again meets what they did.
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

    def __repr__(self) -> str:
        words = f": {self.error.message}" if self.error is not None else ""
        return f"<Item {self.index} {self.name}{words}>"


class NumberedItems:
    """An iterator that numbers items, and knows how many there are, where that can be known."""

    def __init__(self, items: Iterable[Item], total: int | None) -> None:
        self._items = iter(items)
        self._read = 0
        self.total = total

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        item = next(self._items)
        item.index, self._read = self._read, self._read + 1
        return item


def items_from(given: Any, make: Callable[[Any], Item], rows: Callable[[], Iterable[Any]]) -> NumberedItems:
    """Items made of everything that `rows()` gives. What lies in memory already is checked before anything is sent;
    of an iterator, each item when it is reached, and a wrong one fails alone.

    Errors: InvalidRows.
    """
    at_hand = isinstance(given, Sized) and not isinstance(given, Iterator)
    made: Iterable[Item] = map(_guarded(make), rows())
    if at_hand and len(given) <= _MADE_ONCE:
        made = list(made)
        _check(made)
    elif at_hand:
        _check(made)
        made = map(_guarded(make), rows())
    return NumberedItems(made, len(given) if at_hand else None)


def _guarded(make: Callable[[Any], Item]) -> Callable[[Any], Item]:
    """Items that cannot be made carry the reason instead."""

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
    seen: set[int] = set()  # hashes: of a million names they take a third of the room
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
    """Of two tasks of one name only one can be created, by chance; one that is chosen twice would be run twice."""
    task_id = (item.source or item.name).rpartition("/")[2]
    return InvalidArgument(
        f"task_id {task_id!r} is there before", hint="drop what is there twice: frame.drop_duplicates(...)"
    )


def again(item: Item, queue: QueueName, needed: object) -> Item:
    """An item out of the result of an earlier call, to be tried once more. Errors: InvalidArgument."""
    if not item.name and isinstance(item.error, InvalidArgument):
        raise item.error  # it could not be made then, and cannot now
    check_is_of(queue, item.name)
    if needed is None:
        raise InvalidArgument(f"{item.name} is out of the result of another verb", hint="give it to that one")
    return replace(item, passed=0, attempts=0, error=None)


def check_is_of(queue: QueueName, name: str) -> None:
    """That a name is one of a task of a queue. Errors: InvalidArgument."""
    prefix = f"{queue}/tasks/"
    if not name.startswith(prefix):
        raise InvalidArgument(f"{name} is not a task of {queue}", hint="call the verb of its own queue")
    check_task_id(name.removeprefix(prefix))
