"""Makes tables of parameters and fields: name, type, default, and description from the docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from cloudtasks_nb.model import Message
from cloudtasks_nb.model.marks import VERSIONS, Mark
from cloudtasks_nb.model.schema import schema

_ITEM = re.compile(r"^- (?=`\w+`: )")
_NAME = re.compile(r"(?:^|(?<=[.)] ))`(\w+)`: ")
_ANNOTATED = re.compile(r"(?:\w+\.)*Annotated\[(.+?), (?:.+)\]$")
_SHORT = {
    "DurationLike": "duration",
    "Duration": "timedelta",
    "Instant": "datetime",
    "Time": "datetime",
    "Int32": "int",
    "View": '"BASIC" | "FULL"',
    "Spoken": '"auto" | "v2" | "v2beta3" | "v2beta2"',
}
_LEFT_OUT = ("self", "cls")
_EMPTY = {dict: "{}", list: "[]", tuple: "()"}


def parameters(function: Any, lines: list[str]) -> tuple[list[str], list[str]]:
    """The prose of a docstring without its list of parameters, and a table of them.

    >>> def pause(self, hard: bool = False, *, why: str | None = None):
    ...     pass
    >>> parameters(pause, ["Stop it.", "", "- `hard`: at once.", "  No mercy.", "", "Errors: none."])[0]
    ['Stop it.', '', 'Errors: none.']
    >>> print("\\n".join(parameters(pause, ["- `hard`: at once."])[1][-9:-1]))
       * - `hard`
         - `bool`
         - `False`
         - at once.
       * - `why`
         - `str`
         - `None`
         -
    """
    try:
        known = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return lines, []
    given = [one for one in known if one.name not in _LEFT_OUT]
    prose, said = _without_items(lines, {one.name for one in given})
    rows = [
        (_starred(one), type_of(one.annotation), _default(one.default), said.get(one.name, ""))
        for one in given
    ]
    return prose, list(_table("parameter", rows)) if rows else []


def fields(kind: type, said: dict[str, list[str]], names: Iterable[str]) -> Iterator[str]:
    """A table of the fields of a message. A field that a constructor does not take has no default."""
    taken = inspect.signature(kind).parameters
    marks = schema(kind) if issubclass(kind, Message) else {}
    rows = []
    for name in names:
        words = " ".join(line.strip() for line in said[name] if line)
        words = " ".join([words, *(map(in_words, marks[name].marks) if marks else ())])
        default = _default(taken[name].default) if name in taken else ""
        rows.append((name, type_of(_annotation(kind, name)), default, words))
    yield from _table("field", rows)


_SAID = {"create-only": "Set at creation only", "output-only": "Output only", "shown-only": "Shown only"}


def in_words(mark: Mark) -> str:
    """The meaning of a mark, in words.

    >>> import cloudtasks_nb as ct
    >>> in_words(schema(ct.RateLimits)["max_burst_size"].marks[-1])
    'Output only in v2.'
    """
    what = f"Named `{mark.name}`" if mark.name else _SAID.get(mark.behavior, "Not")
    where = f" in {' and '.join(mark.versions)}" if mark.versions != VERSIONS else ""
    return f"{what}{where}{f' for {mark.queue_kind} queues' if mark.queue_kind else ''}."


def type_of(annotation: Any) -> str:
    """A type for readers: without None, marks and module names.

    >>> type_of("Annotated[int | None, output_only('v2')]"), type_of("datetime | DurationLike | None")
    ('int', 'datetime | duration')
    """
    if annotation is inspect.Parameter.empty:
        return ""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    if match := _ANNOTATED.match(text):
        text = match[1]
    text = re.sub(r"\b(?:\w+\.)+(?=[A-Z])", "", text)
    text = " | ".join(part for part in text.split(" | ") if part != "None") or "None"
    return re.sub(r"\b(\w+)\b", lambda word: _SHORT.get(word[1], word[1]), text)


def returns(function: Any) -> str:
    """The return type of a function; "" if it returns nothing or has no annotation."""
    said = getattr(function, "__annotations__", {}).get("return", "")
    text = type_of(said) if said else ""
    return "" if text in ("None", "Self") else text


def _without_items(lines: list[str], names: set[str]) -> tuple[list[str], dict[str, str]]:
    prose: list[str] = []
    said: dict[str, str] = {}
    item: list[str] | None = None
    for line in [*lines, ""]:
        if _ITEM.match(line) and _NAME.findall(line[2:])[0] in names:
            _keep(item, said)
            item = [line[2:]]
        elif item is not None and line.startswith("  "):
            item.append(line.strip())
        else:
            _keep(item, said)
            item = None
            prose.append(line)
    return list(_tidied(prose[:-1])), said


def _keep(item: list[str] | None, said: dict[str, str]) -> None:
    parts = _NAME.split(" ".join(item))[1:] if item else []
    said.update(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


def _tidied(lines: list[str]) -> Iterator[str]:
    """Removes headings whose list was removed, and double blank lines."""
    last = ""
    for at, line in enumerate(lines):
        rest = [other for other in lines[at + 1 :] if other]
        heads_nothing = line.endswith(" tasks:") and (not rest or not rest[0].startswith("- "))
        if not heads_nothing and (line or last):
            yield line
            last = line


def _starred(one: inspect.Parameter) -> str:
    return {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "") + one.name


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    text = repr(value)
    return "" if text.startswith("<") else text


def _annotation(kind: type, name: str) -> Any:
    own = (inspect.get_annotations(base) for base in kind.__mro__)
    found = (said[name] for said in own if name in said)
    return next(found, "")


def _table(head: str, rows: list[tuple[str, str, str, str]]) -> Iterator[str]:
    yield from ("", ".. list-table::", "   :header-rows: 1", "   :class: parameters", "")
    for name, type_, default, words in [(head, "type", "default", ""), *rows]:
        code = name != head
        yield f"   * - {f'`{name}`' if code else name}"
        yield f"     - {f'`{type_}`' if code and type_ else type_}".rstrip()
        yield f"     - {f'`{default}`' if code and default not in ('', 'required') else default}".rstrip()
        yield f"     - {words}".rstrip()
    yield ""
