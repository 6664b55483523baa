"""A list of rows that notebooks show as a table, and that can be exported."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..paging.exports import Exports
from ..shown import ShownFirst

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Value

T = TypeVar("T")


class Rows(ShownFirst, Exports, list[T]):
    """A list that notebooks show as a table. `to_dataframe()`, `to_parquet()` and others export it."""

    _has_payloads = False
    noun = "row"

    def __init__(self, items: Iterator[T] | list[T], caption: str, *notes: str) -> None:
        super().__init__(items)
        self.caption = caption
        self.notes = [note for note in notes if note]

    @abstractmethod
    def _row(self, item: T) -> dict[str, Value]:
        """The cells of one item, by column."""

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)

    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        return iter([columns.of(self[:limit])])

    def _footer(self) -> str:
        from ..render.values import counted

        return "; ".join([counted(len(self), self.noun), *self.notes])

    def _shape_(self) -> Any:
        from ..render import Table

        return Table.of(self, self._row, caption=self.caption, footer=self._footer())
