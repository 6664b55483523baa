"""The two shapes of everything that is shown, Card and Table, and their Cells.

HTML and text are both rendered from these, so they agree.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, TypeVar

from msgspec import Struct, field

Look = Literal["plain", "muted", "code", "number", "badge", "time"]
Tone = Literal["", "ok", "warn", "bad"]
T = TypeVar("T")

ROWS_SHOWN = 50
"""A table shows this many rows and counts the others."""


class Cell(Struct, frozen=True):
    """A text and its look. `title` appears on hover (in a text card: in brackets)."""

    text: str
    title: str = ""
    look: Look = "plain"
    tone: Tone = ""


Plain: TypeAlias = str | int | float | Cell | None
Value: TypeAlias = Plain | Sequence[Plain]
"""The value of a fact or a table cell: text, a number, a Cell, a sequence of these, or None for absent."""

ABSENT = Cell("–", look="muted")


def badge(text: str, tone: Tone = "") -> Cell:
    """A word in a coloured frame. The colour only repeats the meaning of the word."""
    return Cell(text, look="badge", tone=tone)


def code(text: str, title: str = "") -> Cell:
    """Text in the code font."""
    return Cell(text, title, "code")


def muted(text: str, title: str = "") -> Cell:
    """Text in a paler colour."""
    return Cell(text, title, "muted")


def number(value: float, title: str = "") -> Cell:
    """A number, right-aligned in tables, with thousands separated: 12,345 or 2.5."""
    return Cell(f"{value:,}" if isinstance(value, int) else f"{value:,.15g}", title, "number")


def cells(value: Value) -> tuple[Cell, ...]:
    """The Cells of a value."""
    if isinstance(value, Cell):
        return (value,)
    if value is None or value == "":
        return (ABSENT,)
    if isinstance(value, bool):
        return (Cell("yes" if value else "no"),)
    if isinstance(value, int | float):
        return (number(value),)
    if isinstance(value, str):
        return (Cell(value),)
    return tuple(cell for part in value if part is not None for cell in cells(part)) or (ABSENT,)


def between(one: Cell, other: Cell) -> str:
    """The separator of two cells in one value: a point before muted cells and around badges, else a space.

    >>> between(Cell("0.25 s"), muted("12,000 a second"))
    ' · '
    """
    is_apart = other.look in ("muted", "badge") or one.look == "badge"
    return " · " if is_apart else " "


class Table(Struct, kw_only=True):
    """Rows under columns. `more` counts rows that exist but were not passed.

    `as_of` names the instant that relative times count from. A Card has it too.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    caption: str = ""
    footer: str | None = None
    more: int = 0
    as_of: str = ""

    @classmethod
    def of(
        cls,
        items: Sequence[T],
        row: Callable[[T], Mapping[str, Value]],
        *,
        caption: str = "",
        footer: str | None = None,
    ) -> Table:
        """A table of items. `row` returns the cells of an item by column head; all items have the same heads."""
        rows = [row(item) for item in items[:ROWS_SHOWN]]
        return cls(
            columns=list(rows[0]) if rows else [],
            rows=[list(held.values()) for held in rows],
            caption=caption,
            footer=footer,
            more=len(items) - len(rows),
        )

    def body(self) -> list[list[tuple[Cell, ...]]]:
        """The rows that are shown, as Cells."""
        return [[cells(value) for value in row] for row in self.rows[:ROWS_SHOWN]]

    def closing(self) -> list[str]:
        """The lines below the rows: how many rows are not shown, and the footer."""
        cut = self.more + max(0, len(self.rows) - ROWS_SHOWN)
        lines = [f"… {cut:,} more {'row' if cut == 1 else 'rows'} not shown"] if cut else []
        return [*lines, self.footer] if self.footer else lines


class Image(Struct, frozen=True):
    """A picture inside the page, at most `width_px` wide. A terminal shows `text` instead.

    `dark` is the same picture for dark pages. An Image with `dark` is a whole shape, as wide as the page.
    """

    media_type: str
    data: bytes
    text: str
    width_px: int = 320
    dark: bytes = b""

    @property
    def uri(self) -> str:
        return self._uri(self.data)

    @property
    def dark_uri(self) -> str:
        return self._uri(self.dark)

    def _uri(self, data: bytes) -> str:
        return f"data:{self.media_type};base64,{b64encode(data).decode()}"


class Node(Struct, gc=False):
    """One value of a JSON document: its key, its text (for a container: a count), and its children."""

    kind: Literal["object", "array", "string", "number", "word", "cut"]
    text: str
    key: str = ""
    note: str = ""
    children: list[Node] = []
    open: bool = False
    comma: str = ""

    @property
    def brackets(self) -> str:
        return "{}" if self.kind == "object" else "[]"

    def lines(self, level: int = 0) -> Iterator[str]:
        """The tree as lines of indented JSON. A separate line counts the values that are left out."""
        start = "  " * level + (f"{self.key}: " if self.key else "")
        if not self.children:
            yield f"{start}{self.text}{self.comma}{f'  ({self.note})' if self.note else ''}"
            return
        yield start + self.brackets[0]
        for child in self.children:
            yield from child.lines(level + 1)
        yield "  " * level + self.brackets[1] + self.comma


class Inside(Struct, frozen=True):
    """Bytes that a document holds as base64 text, and their path."""

    path: str
    data: bytes


class Json(Struct):
    """A JSON document ready to be shown. A terminal shows `text`."""

    root: Node
    is_cut: bool = False
    has_secrets: bool = False
    inside: list[Inside] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.root.lines())


class Section(Struct, frozen=True):
    """A folded part below the facts: plain text, JSON, a table, or a picture."""

    summary: str
    body: str | Json | Table | Image
    open: bool = False


class Card(Struct):
    """One object: a title, its kind, facts (None is left out), a table, folded sections, lines of code.

    >>> Card("emails", kind="HTTP queue", facts={"rate": "500/s"}, code=["queue.tasks()"]).title
    'emails'
    """

    title: str
    kind: str = ""
    badge: Cell | None = None
    facts: Mapping[str, Value] = {}
    table: Table | None = None
    sections: Sequence[Section] = ()
    code: Sequence[str] = ()
    as_of: str = ""

    def __post_init__(self) -> None:
        if self.table is not None and not self.table.rows:
            self.table = None

    def lines(self) -> list[tuple[str, tuple[Cell, ...]]]:
        """The facts that are not None, as Cells."""
        known = ((label, value) for label, value in self.facts.items() if value is not None and value != "")
        return [(label, cells(value)) for label, value in known]


Shape: TypeAlias = Card | Table


def has_times(shape: Shape) -> bool:
    """Whether a shape shows relative times ("in 3 min")."""
    if isinstance(shape, Table):
        return any(cell.look == "time" for row in shape.body() for value in row for cell in value)
    tables = [shape.table, *(part.body for part in shape.sections)]
    return any(cell.look == "time" for _, value in shape.lines() for cell in value) or any(
        has_times(table) for table in tables if isinstance(table, Table)
    )


def alignments(rows: Sequence[Sequence[tuple[Cell, ...]]], columns: int) -> list[Literal["left", "right"]]:
    """The alignment of each column: "right" if it holds only numbers."""
    looks = [{row[at][0].look for row in rows if row[at] != (ABSENT,)} for at in range(columns)]
    return ["right" if held == {"number"} else "left" for held in looks]
