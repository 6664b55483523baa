"""How does an object write itself without its secrets, whoever asks: Python, IPython, rich, pandas, a traceback?"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex

from .redact import DOTS, hiding, redacted, scrub, scrub_lines

_BASE64 = re.compile(r"[\w+/-]+={0,2}", re.ASCII)
_LEAST = 10  # no shorter text holds a secret
_BYTES_TOLD = 400


class Secret(str):
    """A text that no repr shows, such as a token in a local variable of a traceback; otherwise the text itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(DOTS)

    def __getitem__(self, at: SupportsIndex | slice) -> Secret:  # rich cuts before it asks for the repr
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
    """What is sent or was answered: bytes whose repr hides secrets. `version`: in whose words, where they are not ours.

    The version is noted on the answer itself: a page may be large, and a copy of it takes time.
    """

    version: str | None = None

    def __repr__(self) -> str:
        return repr(told(bytes(self)))

    def __getitem__(self, at: Any) -> Any:
        held = super().__getitem__(at)
        return Body(held) if isinstance(held, bytes) else held


class Told(str):
    """What stands in a repr for something that is not a plain value, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Discreet:
    """Every repr hides secrets: that of Python, of pprint, IPython, rich and pandas. The object keeps them.

    A struct tells its fields, a dict its items, any other object its attributes.
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

    __next__ = None  # pandas reads the items of a dict in a cell, unless there is such a name: then it asks for str()

    def _told(self) -> list[tuple[str, Any]]:
        return list(told(dict(self)).items())

    def __repr__(self) -> str:
        return repr(dict(self._told()))

    def copy(self) -> JsonObject:
        return type(self)(self)

    def __or__(self, other: Any) -> JsonObject:  # type: ignore[override]
        return type(self)({**self, **other})


class JsonArray(Discreet, list[Any]):
    """A JSON array, likewise."""

    __next__ = None

    def __rich_repr__(self) -> list[Any]:
        return list(told(list(self)))

    def __repr__(self) -> str:
        return repr(told(list(self)))


def told(value: Any, name: str = "") -> Any:
    """A value as a repr may show it: plain JSON and bytes without secrets; what has a repr of its own as it is."""
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
    """A base64 text spells out in another alphabet what is hidden in what it holds."""
    value = scrub_lines(value)
    if len(value) < _LEAST or not _BASE64.fullmatch(value):
        return value
    try:
        held = b64decode(value.replace("-", "+").replace("_", "/") + "==").decode()
    except ValueError:
        return value
    return value if scrub_lines(held) == held else DOTS


def _told_bytes(data: bytes) -> Any:
    """A payload as text where it is text, by its size where it is none."""
    head = data[:_BYTES_TOLD].decode("utf-8", "ignore")
    if "\x00" in head or len(head) < min(len(data), _BYTES_TOLD) - 3:  # binary; a letter may be cut in two
        return Told(f"<{len(data):,} bytes>")
    seen, is_whole = scrub_lines(head), len(data) <= _BYTES_TOLD
    return data if seen == head and is_whole else Told(f"b{seen!r}{'' if is_whole else '…'}")


def as_secret(given: Any) -> Any:
    """Credentials as they were passed, a text or a dict, so that no traceback shows them."""
    if isinstance(given, Mapping):
        return discreet(JsonObject(given))
    return Secret(given) if isinstance(given, str) else given


def discreet(value: Any) -> Any:
    """Plain JSON values, fresh from a decoder, whose dicts and lists hide secrets in every repr."""
    top = [value]
    holders: list[Any] = [top]
    for holder in holders:  # which grows: by levels, as JSON may be nested deeper than calls may be
        for at, held in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(held, dict | list):
                holder[at] = JsonObject(held) if isinstance(held, dict) else JsonArray(held)
                holders.append(holder[at])
    return top[0]
