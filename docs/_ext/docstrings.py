"""Converts docstrings of this project to pages: "Errors:", "Units:" and similar parts become a list of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from examples import with_output
from parameters import fields, parameters, returns
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import cloudtasks_nb as ct

FIELDS = ("Shapes", "Shape", "Units", "Errors", "Source", "Attributes")
MADE = {
    "AppEngineHttpRequest", "AppEngineHttpTarget", "AppEngineRouting", "Binding", "CmekConfig", "Expr", "Header",
    "HeaderOverride", "HttpRequest", "HttpTarget", "OAuthToken", "OidcToken", "PathOverride", "Policy", "PullMessage",
    "PullTarget", "QueryOverride", "RateLimits", "Retry", "RetryConfig", "StackdriverLoggingConfig", "UriOverride",
}  # fmt: skip
_INLINE = re.compile(rf"(?<=[.)?!:`]) (?=(?:{'|'.join(FIELDS)}): )")
_FIELD = re.compile(rf"({'|'.join(FIELDS)}): (.*)")
_ERROR = re.compile(r"(?<![`.\w])([A-Z][A-Za-z]+)(?![\w`])")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("examples_endpoint", "", "env", [str])
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _skip(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """The class documents the fields of messages; methods of list are left out."""
    is_field = (
        type(obj).__name__ == "member_descriptor" or repr(obj) == "SLOTS_ATTR"
    )  # inherited, or defined here
    return True if is_field or type(obj).__name__ == "method_descriptor" or name == "bind" else None


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str, None] | None:
    """Shows the constructor only of classes that users create: settings, but not results."""
    if what not in ("class", "exception"):
        return None
    return ((signature or "") if name.rpartition(".")[2] in MADE else ""), None


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    begins = (at for at, line in enumerate(lines) if line.strip() == "Example:" or line.startswith(">>> "))
    example = next(begins, len(lines))
    prose, table = lines[:example], list(_fields(obj)) if what == "class" else []
    if what in ("function", "method"):
        prose, table = parameters(obj, prose)
        if said := returns(obj):
            table += [f":Returns: `{said}`", ""]
    home = getattr(getattr(obj, "fget", obj), "__module__", "") or ct.__name__
    shown = with_output(app, home, lines[example:])
    lines[:] = [*_before_fields(list(as_pages(prose)), table), *as_pages(shown)]


def _before_fields(lines: list[str], table: list[str]) -> list[str]:
    """Puts the table after the prose, and before "Errors: …" and similar parts."""
    at = next((at for at, line in enumerate(lines) if line.startswith(":")), len(lines))
    return [*lines[:at], *table, *lines[at:]]


def _fields(kind: type) -> Iterator[str]:
    """The fields of a message in order, each with its docstring."""
    names = getattr(kind, "__struct_fields__", ())
    said: dict[str, list[str]] = {}
    for base in kind.__mro__:
        if base.__module__.startswith(ct.__name__):
            below = ModuleAnalyzer.for_module(base.__module__).find_attr_docs()
            said = {name: text for (home, name), text in below.items() if home == base.__name__} | said
    if told := [name for name in names if name in said]:
        yield from fields(kind, said, told)


def as_pages(lines: list[str]) -> Iterator[str]:
    """A docstring as reStructuredText.

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
    """Escapes stars, which reStructuredText would read as markup.

    >>> print(_starred("names: *.example.com, `*`"))
    names: \\*.example.com, `*`
    """
    return "`".join(part if at % 2 else part.replace("*", r"\*") for at, part in enumerate(line.split("`")))


def _linked(text: str) -> str:
    """The same text, with links for the names of errors."""

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
    """The same text, with links for the places that it names.

    >>> _led("REST queues.get, SPEC section 2.5.")
    ':doc:`REST </reference/api>` queues.get, :doc:`SPEC section 2.5 </internals/service>`.'
    """
    text = re.sub(r"SPEC sections? [\d.]*\d", lambda match: f":doc:`{match[0]} </internals/service>`", text)
    return re.sub(r"^REST\b", ":doc:`REST </reference/api>`", text)


_WAYS = {"Errors": _linked, "Source": _led}
