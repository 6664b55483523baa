"""BulkResult: the outcome of every item of a bulk call."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import (
    AlreadyExists,
    ApiError,
    BulkError,
    ConfigError,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)
from ..render.values import counted
from ..shown import Shown
from .items import Item

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ..render import Card

_UNTIDY = 1000
_FOR_GOOD = (AlreadyExists, ConfigError, InvalidArgument, NotFound)


class Verb(msgspec.Struct, frozen=True):
    """The words of a bulk verb: the method of Queue, its past participle, and its argument for a retry."""

    method: str
    done: str
    again: str = "result.failed"


class Block(msgspec.Struct):
    """Consecutive items: only names, packed, to save memory for millions; failed items in full."""

    start: int
    prefix: str
    ids: str
    attempts: bytes
    failed: dict[int, Item]

    @classmethod
    def of(cls, items: list[Item]) -> Block:
        names = [item.name for item in items]
        prefix = names[0].rpartition("/")[0] + "/"
        if not all(name.startswith(prefix) for name in names):
            prefix = ""
        return cls(
            items[0].index,
            prefix,
            "\n".join(name.removeprefix(prefix) for name in names),
            bytes(min(item.attempts, 255) for item in items),
            {at: item for at, item in enumerate(items) if item.error is not None},
        )

    def __len__(self) -> int:
        return len(self.attempts)

    @property
    def names(self) -> list[str]:
        return [self.prefix + task_id for task_id in self.ids.split("\n")]

    def follows(self, other: Block) -> bool:
        """Whether both can be merged into one block."""
        return other.start + len(other) == self.start and other.prefix == self.prefix and len(other) < 1000

    def joined(self, other: Block) -> Block:
        """Merge with the block that follows."""
        failed = self.failed | {len(self) + at: item for at, item in other.failed.items()}
        return Block(
            self.start, self.prefix, f"{self.ids}\n{other.ids}", self.attempts + other.attempts, failed
        )


class BulkResult(Shown):
    """The outcome of every item, in the order of the input.

    `done`, `failed_count` and `not_tried_count` are counts. `failed` has the failed items: pass them to the same verb
    to retry (items keep their names, so that no task is created twice). `not_tried` yields the items that an early end
    left, once, and reads the rest of a listing. A generator that raised has no rest. After queue.purge(backup=...),
    `arrived` counts the tasks that arrived meanwhile and stay. After queue.restore(), `renewed` counts the tasks that
    got new ids, because their old ids are blocked.

    Example:
        >>> result = queue.create_tasks(rows)
        >>> result.raise_for_errors()
        >>> queue.create_tasks(result.failed)
    """

    def __init__(self, verb: Verb, queue: str) -> None:
        self.verb = verb
        self.queue = queue
        self.elapsed_s = 0.0
        self.repeated = 0
        self.stopped_by: str | None = None
        self.not_tried: Iterable[Any] = ()
        self.not_tried_count: int | None = 0
        self.arrived = 0
        self.renewed = 0
        self._blocks: list[Block] = []
        self._tidy_blocks = 0

    def add(self, items: list[Item]) -> None:
        """Record the outcomes of some items."""
        self._blocks.append(Block.of(items))
        self.repeated += sum(max(0, item.attempts - 1) for item in items)
        if len(self._blocks) >= 2 * self._tidy_blocks + _UNTIDY:
            self.tidy()

    def tidy(self) -> None:
        """Sort the blocks by input order, and merge small ones."""
        blocks: list[Block] = []
        for block in sorted(self._blocks, key=lambda block: block.start):
            if blocks and block.follows(blocks[-1]):
                blocks[-1] = blocks[-1].joined(block)
            else:
                blocks.append(block)
        self._blocks, self._tidy_blocks = blocks, len(blocks)

    def __len__(self) -> int:
        return sum(len(block) for block in self._blocks)

    @property
    def failed(self) -> list[Item]:
        """The items that failed, each with its `error`."""
        return [item for block in self._blocks for item in block.failed.values()]

    @property
    def failed_count(self) -> int:
        """How many items failed."""
        return sum(len(block.failed) for block in self._blocks)

    @property
    def done(self) -> int:
        """How many items succeeded."""
        return len(self) - self.failed_count

    @property
    def ok(self) -> bool:
        """Whether all items were tried, and all succeeded."""
        return self.failed_count == 0 and self.not_tried_count == 0 and self.stopped_by is None

    @property
    def again(self) -> str:
        """The line that retries; empty if a retry cannot help: the items are not valid, exist already, or are gone, or
        their leases are lost."""
        of_leases = (FailedPrecondition,) if self.verb.method == "acknowledge_tasks" else ()
        hopeful = any(not isinstance(item.error, (*_FOR_GOOD, *of_leases)) for item in self.failed)
        return f"queue.{self.verb.method}({self.verb.again})" if hopeful else ""

    @property
    def names(self) -> Iterator[str]:
        """Names of the tasks that succeeded, in order."""
        for block in self._blocks:
            for at, name in enumerate(block.names):
                if at not in block.failed:
                    yield name

    def raise_for_errors(self) -> None:
        """Raise BulkError, with this result as its `result`, unless all items succeeded.

        Example:
            >>> queue.create_tasks(rows).raise_for_errors()
        """
        if self.ok:
            return
        reasons = [f"{count:,} × {words.rstrip('.')}" for words, count in self.reasons()[:3]]
        if self.not_tried_count != 0:
            reasons.append(f"{_left(self.not_tried_count)} not tried")
        again = f"{self.again} tries again, with result = error.result; " if self.again else ""
        was = "was" if self.failed_count == 1 else "were"
        error = BulkError(
            f"{self.failed_count:,} of {counted(len(self), 'task')} {was} not {self.verb.done}: {'; '.join(reasons)}",
            hint=f"{again}error.result.to_dataframe() shows all",
        )
        error.result = self
        raise error

    def to_dataframe(self) -> pd.DataFrame:
        """One row per item that was tried.

        Shapes: index (the position in the input), name, ok, code (of google.rpc), message, attempts.

        Example:
            >>> queue.create_tasks(rows).to_dataframe()
        """
        from ..frames import nullable_frame
        from .result_table import RESULT_COLUMNS

        return nullable_frame(RESULT_COLUMNS, self._blocks)

    def to_excel(self, path: str | os.PathLike[str]) -> Path:
        """Write the same columns as `to_dataframe` to an Excel workbook. Returns its path.

        Errors: MissingExtra without openpyxl, OSError.

        Example:
            >>> queue.create_tasks(rows).to_excel("result.xlsx")
        """
        from ..frames import write_excel
        from ..frames.columns import batch_of, schema_of
        from .result_table import RESULT_COLUMNS

        batches = (batch_of(RESULT_COLUMNS, block) for block in self._blocks)
        return write_excel(path, schema_of(RESULT_COLUMNS), batches)

    def reasons(self) -> list[tuple[str, int]]:
        """The reasons of failures with their counts, most frequent first.

        Example:
            >>> queue.create_tasks(rows).reasons()
            []
        """
        return Counter(map(reason, self.failed)).most_common()

    def summary(self) -> str:
        """One line: "9,998 created, 2 failed, 0 not tried".

        Example:
            >>> queue.create_tasks(rows).summary()
        """
        left = _left(self.not_tried_count)
        arrived = f"; {self.arrived:,} arrived meanwhile, not purged" if self.arrived else ""
        renewed = f", {self.renewed:,} of them under new ids" if self.renewed else ""
        return f"{self.done:,} {self.verb.done}{renewed}, {self.failed_count:,} failed, {left} not tried{arrived}"

    def _shape_(self) -> Card:
        from .card import card

        return card(self)

    def __repr__(self) -> str:
        return f"<BulkResult {self.summary()}>"


def _left(count: int | None) -> str:
    return "an unknown number" if count is None else f"{count:,}"


def reason(item: Item) -> str:
    """The reason of a failure. Items with the same reason have the same text."""
    error = item.error
    status = error.status if isinstance(error, ApiError) else type(error).__name__
    return f"{status}: {error.message if error is not None else ''}"
