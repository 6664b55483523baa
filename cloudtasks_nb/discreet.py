"""Reprs without secrets, for Python, IPython, rich, pandas and tracebacks."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import ItemsView, Iterable, Mapping, ValuesView
from typing import Any, SupportsIndex

from .redact import DOTS, hiding, redacted, scrub, scrub_lines

_BASE64 = re.compile(r"[\w+/-]+={0,2}", re.ASCII)
_LEAST = 10  # shorter texts cannot contain a secret
_BYTES_TOLD = 400


class Secret(str):
    """A string whose repr is hidden, such as a token in a local variable of a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(DOTS)

    def __getitem__(self, at: SupportsIndex | slice) -> Secret:  # rich slices a string before repr()
        return Secret(super().__getitem__(at))

    def strip(self, chars: str | None = None) -> Secret:
        return Secret(super().strip(chars))


class Address(str):
    """A URL whose repr hides the secrets in its query."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(scrub(self))

    def __getitem__(self, at: SupportsIndex | slice) -> Secret:
        return Secret(super().__getitem__(at))


class Body(bytes):
    """The body of a request or response: bytes whose repr hides secrets. `version`: the API version of its JSON.

    The version is an attribute of the body, because a page may be large, and a copy takes time.
    """

    version: str | None = None

    def __repr__(self) -> str:
        return repr(told(bytes(self)))

    def __getitem__(self, at: Any) -> Any:
        held = super().__getitem__(at)
        return Body(held) if isinstance(held, bytes) else held


class Told(str):
    """A string whose repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Discreet:
    """Hides secrets in every repr: of Python, pprint, IPython, rich and pandas. The object still holds them.

    A repr shows the fields of a struct, the items of a dict, or the attributes of any other object.
    """

    __slots__ = ()

    def _told(self) -> list[tuple[str, Any]]:
        names: Iterable[str] = getattr(self, "__struct_fields__", None) or vars(self)
        known = ((name, getattr(self, name)) for name in names)
        return [(name, told(value, name)) for name, value in known if value not in (None, "", [], {})]

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return self._told()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._told())})"


class JsonObject(Discreet, dict[str, Any]):
    """A JSON object: a dict whose repr hides secrets, because cell outputs get committed.

    >>> JsonObject({"Authorization": "Bearer ya29.x", "X-Api-Key": "k", "Accept": "*/*"})
    {'Authorization': '•••', 'X-Api-Key': '•••', 'Accept': '*/*'}
    """

    __next__ = None  # pandas would print the items of a dict in a cell; with this attribute it calls str()

    def _told(self) -> list[tuple[str, Any]]:
        return list(told(dict(self)).items())

    def __repr__(self) -> str:
        return repr(dict(self._told()))

    def copy(self) -> JsonObject:
        return type(self)(self)

    def __or__(self, other: Any) -> JsonObject:  # type: ignore[override]
        return type(self)({**self, **other})

    def __ror__(self, other: Any) -> JsonObject:  # type: ignore[override]
        return type(self)({**other, **self})

    def items(self) -> Any:
        return _Items(self)

    def values(self) -> Any:
        return _Values(self)


class _Items(ItemsView[str, Any]):
    """The items of a JSON object, with a repr that hides secrets."""

    def __repr__(self) -> str:
        return f"dict_items({list(told(dict(self)).items())})"


class _Values(ValuesView[Any]):
    """Its values."""

    def __repr__(self) -> str:
        return f"dict_values({list(told(dict(self._mapping)).values())})"  # type: ignore[attr-defined]


class JsonArray(Discreet, list[Any]):
    """A JSON array: a list whose repr hides secrets."""

    __next__ = None

    def __rich_repr__(self) -> list[Any]:
        return list(told(list(self)))

    def __repr__(self) -> str:
        return repr(told(list(self)))


def told(value: Any, name: str = "") -> Any:
    """A value for a repr: plain JSON and bytes without secrets; other objects unchanged."""
    with hiding():
        return _told(redacted(value, name))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_told(item) for item in value]
    if isinstance(value, bytes):
        return _told_bytes(value)
    if isinstance(value, BaseException):
        return Told(scrub(repr(value)))
    return _told_text(value) if isinstance(value, str) else value


def _told_text(value: str) -> str:
    """Hide a base64 string if its decoded content holds a secret."""
    value = scrub_lines(value)
    if len(value) < _LEAST or not _BASE64.fullmatch(value):
        return value
    try:
        held = b64decode(value.replace("-", "+").replace("_", "/") + "==").decode()
    except ValueError:
        return value
    return value if scrub_lines(held) == held else DOTS


def _told_bytes(data: bytes) -> Any:
    """A payload as text, or its size if it is binary."""
    head = data[:_BYTES_TOLD].decode("utf-8", "ignore")
    if "\x00" in head or len(head) < min(len(data), _BYTES_TOLD) - 3:  # binary; a character may be cut
        return Told(f"<{len(data):,} byte{'s' * (len(data) != 1)}>")
    seen, is_whole = scrub_lines(head), len(data) <= _BYTES_TOLD
    return data if seen == head and is_whole else Told(f"b{seen!r}{'' if is_whole else '…'}")


def as_secret(given: Any) -> Any:
    """Wrap credentials (a string or a dict), so that tracebacks do not show them."""
    if isinstance(given, Mapping):
        return discreet(JsonObject(given))
    return Secret(given) if isinstance(given, str) else given


def discreet(value: Any) -> Any:
    """Replace the dicts and lists of decoded JSON by ones that hide secrets in every repr."""
    top = [value]
    holders: list[Any] = [top]
    for holder in holders:  # the list grows: no recursion, because JSON may be nested too deep for it
        for at, held in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(held, dict | list):
                holder[at] = JsonObject(held) if isinstance(held, dict) else JsonArray(held)
                holders.append(holder[at])
    return top[0]


def as_hidden(given: Any) -> Any:
    """An argument that tracebacks show without secrets: a dict or a list, or a URL."""
    if type(given) is dict:
        return JsonObject(given)
    if type(given) is list:
        return JsonArray(given)
    return Address(given) if type(given) is str and scrub(given) != given else given
