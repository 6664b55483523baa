"""Docstrings of this project as pages: what "Errors:", "Units:" and the like say becomes a list of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import cloudtasks_nb as ct
from cloudtasks_nb.model import Message
from cloudtasks_nb.model.marks import VERSIONS, Mark
from cloudtasks_nb.model.schema import schema

FIELDS = ("Shapes", "Shape", "Units", "Errors", "Source", "Attributes")
_INLINE = re.compile(rf"(?<=[.)?!:`]) (?=(?:{'|'.join(FIELDS)}): )")
_FIELD = re.compile(rf"({'|'.join(FIELDS)}): (.*)")
_BOUNDS = re.compile(r"~?\w+\.Annotated\[([\w.~]+), ~?(?:msgspec\.)?Meta\([^()]*\)\]")
_MARKS = re.compile(r"~?(?:typing|types)\.Annotated\[(.*?)(?:, <[^>]*>)+\]")
_FACTORY = re.compile(r"(dict|list|deque)([^=]*?) = <factory>")
_EMPTY = {"dict": "{}", "list": "[]", "deque": "[]"}
_ERROR = re.compile(r"(?<![`.\w])([A-Z][A-Za-z]+)(?![\w`])")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _skip(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Fields of messages are told with their class; what lists can do is no news."""
    is_field = type(obj).__name__ == "member_descriptor" or repr(obj) == "SLOTS_ATTR"  # inherited, or own
    return True if is_field or type(obj).__name__ == "method_descriptor" or name == "bind" else None


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, None] | None:
    """Messages and settings are made by hand; what a verb returns, or raises, is not: its signature is of no use."""
    if what not in ("class", "exception"):
        return None
    if ".widgets." in name or not (hasattr(obj, "__struct_fields__") or is_dataclass(obj)):
        return "", None
    return _readable(signature or ""), None


def _readable(signature: str) -> str:
    """A signature whose empty dicts and lists are written as such; the marks of its fields stand beside these.

    >>> _readable("(host: ~typing.Annotated[str, <output-only>, <absent in v2>] = '')")
    "(host: str = '')"
    >>> _readable("(code: ~typing.Annotated[int, ~msgspec.Meta(ge=-5, le=5)] = 0)")
    '(code: int = 0)'
    >>> _readable("(headers: dict[str, str] = <factory>, members: list[str] = <factory>)")
    '(headers: dict[str, str] = {}, members: list[str] = [])'
    """
    signature = _MARKS.sub(r"\1", _BOUNDS.sub(r"\1", signature))
    return _FACTORY.sub(lambda made: f"{made[1]}{made[2]} = {_EMPTY[made[1]]}", signature)


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    told = list(_fields(obj)) if what == "class" else []
    begins = (at for at, line in enumerate(lines) if line.strip() == "Example:" or line.startswith(">>> "))
    example = next(begins, len(lines))
    lines[:] = [*as_pages(lines[:example]), *told, *as_pages(lines[example:])]


def _fields(kind: type) -> Iterator[str]:
    """The fields of a message in their order, each with the sentence that stands below it."""
    names = getattr(kind, "__struct_fields__", ())
    said: dict[str, list[str]] = {}
    for base in kind.__mro__:
        if base.__module__.startswith(ct.__name__):
            below = ModuleAnalyzer.for_module(base.__module__).find_attr_docs()
            said = {name: text for (home, name), text in below.items() if home == base.__name__} | said
    if told := [name for name in names if name in said]:
        yield from ("", ".. rubric:: Fields", "")
        for name in told:
            yield f"`{name}`"
            yield from (f"    {line}" for line in said[name] if line)
            if issubclass(kind, Message) and (marks := schema(kind)[name].marks):
                yield f"    {' '.join(map(in_words, marks))}"
        yield ""


_SAID = {"create-only": "Set at creation only", "output-only": "Output only", "shown-only": "Shown only"}


def in_words(mark: Mark) -> str:
    """What a mark says of its field.

    >>> in_words(schema(ct.RateLimits)["max_burst_size"].marks[-1])
    'Output only in v2.'
    """
    what = f"Named `{mark.name}`" if mark.name else _SAID.get(mark.behavior, "Not")
    where = f" in {' and '.join(mark.versions)}" if mark.versions != VERSIONS else ""
    return f"{what}{where}{f' for {mark.queue_kind} queues' if mark.queue_kind else ''}."


def as_pages(lines: list[str]) -> Iterator[str]:
    """A docstring's own words as reStructuredText.

    >>> list(as_pages(["Its state. Errors: NotFound.", "", "Example:", "    >>> 1"]))
    ['Its state.', '', ':Errors: :exc:`NotFound <cloudtasks_nb.NotFound>`.', '', '.. rubric:: Example', '', '>>> 1']
    """
    in_example = in_field = False
    for line in lines:
        if line.strip() in ("Example:", "Examples:"):
            yield from (".. rubric:: Example", "")
            in_example = True
            continue
        if in_example:
            yield line.removeprefix("    ")
            continue
        for number, part in enumerate(_INLINE.split(_starred(line))):
            if match := _FIELD.match(part):
                label, rest = match.groups()
                yield ""
                yield f":{label}: {_WAYS.get(label, str)(rest)}"
                in_field = True
            elif in_field and part.strip() and not part.startswith(" ") and number == 0:
                yield f"    {_linked(part)}"
            else:
                in_field = in_field and bool(part.strip())
                yield part


def _starred(line: str) -> str:
    """A star is a star, outside of code too.

    >>> print(_starred("names: *.example.com, `*`"))
    names: \\*.example.com, `*`
    """
    return "`".join(part if at % 2 else part.replace("*", r"\*") for at, part in enumerate(line.split("`")))


def _linked(text: str) -> str:
    """The same words, with the names of errors as links."""

    def link(match: re.Match[str]) -> str:
        word = match[1]
        known = (
            word in ct.__all__
            and isinstance(getattr(ct, word), type)
            and issubclass(getattr(ct, word), Exception)
        )
        return f":exc:`{word} <cloudtasks_nb.{word}>`" if known else word

    return _ERROR.sub(link, text)


def _led(text: str) -> str:
    """The same words, with the places that they speak of as links.

    >>> _led("REST queues.get, SPEC section 2.5.")
    ':doc:`REST </reference/api>` queues.get, :doc:`SPEC section 2.5 </internals/service>`.'
    """
    text = re.sub(r"SPEC sections? [\d.]*\d", lambda match: f":doc:`{match[0]} </internals/service>`", text)
    return re.sub(r"^REST\b", ":doc:`REST </reference/api>`", text)


_WAYS = {"Errors": _linked, "Source": _led}
