"""BulkResult: what became of every item of a bulk call."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import AlreadyExists, ApiError, BulkError, ConfigError, InvalidArgument, NotFound
from ..shown import Shown
from .items import Item

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ..render import Card

_UNTIDY = 1000
_FOR_GOOD = (AlreadyExists, ConfigError, InvalidArgument, NotFound)


class Verb(msgspec.Struct, frozen=True):
    """A bulk verb in words: the method of Queue, what is done then, and what it takes to try what failed again."""

    method: str
    done: str
    again: str = "result.failed"


class Block(msgspec.Struct):
    """Items in a row: names packed, because a million of them are kept; failed ones whole."""

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
        """Whether both together are a block as well."""
        return other.start + len(other) == self.start and other.prefix == self.prefix and len(other) < 1000

    def joined(self, other: Block) -> Block:
        """This block and the one that follows it."""
        failed = self.failed | {len(self) + at: item for at, item in other.failed.items()}
        return Block(
            self.start, self.prefix, f"{self.ids}\n{other.ids}", self.attempts + other.attempts, failed
        )


class BulkResult(Shown):
    """What became of every item, in the order given.

    `done`, `failed_count` and `not_tried_count` count; `failed` are the failed items, to be given to the same verb
    again (those that were named keep their names, so that none can come to be twice); `not_tried` gives what an early
    end left over, once. After queue.purge(backup=...), `arrived` counts the tasks that came meanwhile and stay. After
    queue.restore(), `renewed` counts the tasks that got new ids, because their own are blocked.

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
        """Note how some items went."""
        self._blocks.append(Block.of(items))
        self.repeated += sum(max(0, item.attempts - 1) for item in items)
        if len(self._blocks) >= 2 * self._tidy_blocks + _UNTIDY:
            self.tidy()

    def tidy(self) -> None:
        """Put blocks into the order given, and small ones together."""
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
        """The call that tries again; empty where that cannot help: the items are wrong, there already, or gone."""
        hopeful = any(not isinstance(item.error, _FOR_GOOD) for item in self.failed)
        return f"queue.{self.verb.method}({self.verb.again})" if hopeful else ""

    @property
    def names(self) -> Iterator[str]:
        """Names of the tasks that it succeeded for, in order."""
        for block in self._blocks:
            for at, name in enumerate(block.names):
                if at not in block.failed:
                    yield name

    def raise_for_errors(self) -> None:
        """Nothing when all went well. Errors: BulkError, whose `result` this is.

        Example:
            >>> queue.create_tasks(rows).raise_for_errors()
        """
        if self.ok:
            return
        reasons = [f"{count:,} × {words.rstrip('.')}" for words, count in self.reasons()[:3]]
        if self.not_tried_count != 0:
            reasons.append(f"{_left(self.not_tried_count)} not tried")
        again = f"{self.again} tries again, with result = error.result; " if self.again else ""
        error = BulkError(
            f"{self.failed_count:,} of {len(self):,} tasks were not {self.verb.done}: {'; '.join(reasons)}",
            hint=f"{again}error.result.to_dataframe() shows all",
        )
        error.result = self
        raise error

    def to_dataframe(self) -> pd.DataFrame:
        """One row per item that was tried.

        Shapes: index (the place in what was given), name, ok, code (of google.rpc), message, attempts.

        Example:
            >>> queue.create_tasks(rows).to_dataframe()
        """
        from ..frames import nullable_frame
        from .result_table import RESULT_COLUMNS

        return nullable_frame(RESULT_COLUMNS, self._blocks)

    def to_excel(self, path: str | os.PathLike[str]) -> Path:
        """The same columns as `to_dataframe`, as a workbook of Excel. Returns its path.

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
        """Why items failed, and how many for each reason, most frequent first.

        Example:
            >>> queue.create_tasks(rows).reasons()
            []
        """
        return Counter(map(reason, self.failed)).most_common()

    def summary(self) -> str:
        """In one line: "9,998 created, 2 failed, 0 not tried".

        Example:
            >>> queue.create_tasks(rows).summary()
        """
        left = _left(self.not_tried_count)
        arrived = f"; {self.arrived:,} arrived meanwhile and stay" if self.arrived else ""
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
    """Why an item failed, so that items which failed for the same reason say the same."""
    error = item.error
    status = error.status if isinstance(error, ApiError) else type(error).__name__
    return f"{status}: {error.message if error is not None else ''}"
