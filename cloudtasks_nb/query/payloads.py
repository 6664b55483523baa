"""Find values in a JSON payload by a path of keys, and compare them. (pure)"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..errors import QueryError
from ..model import Task
from ..model.unpacking import json_object
from .grammar import COMPARE

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,400}", re.ASCII)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def payload_condition(path: Sequence[str], sign: str, value: str) -> Callable[[Task, datetime], bool]:
    """Whether a value of the payload matches. Errors: QueryError for a comparison with something not a number.

    The payload is a JSON object, possibly in gzip or base64. A key that leads to a list means each of its items.
    Case is ignored, and a number in text counts as a number.
    """
    fits = _fitting(".".join(["payload", *path]), sign, value)
    return lambda task, now: any(map(fits, values_below(json_object(task.payload), path)))


def values_below(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """The values below a path of keys; of a list, each item.

    >>> list(values_below({"items": [{"sku": "a"}, {"sku": "b"}]}, ["items", "sku"]))
    ['a', 'b']
    """
    held = [value]
    for key in path:
        held = [below for one in held for below in _below(one, key)]
    return (one for found in held for one in _flat(found))


def paths_of(value: Any, depth: int = 3) -> Iterator[tuple[str, ...]]:
    """The paths of keys to values, up to `depth` levels; of a list, those of its first item.

    >>> list(paths_of({"to": "ada", "items": [{"sku": "a"}]}))
    [('to',), ('items', 'sku')]
    """
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict) or not depth:
        return
    for key, inner in value.items():
        below = [(key, *path) for path in paths_of(inner, depth - 1)]
        yield from below or [(key,)]


def _below(value: Any, key: str) -> Iterator[Any]:
    if isinstance(value, dict):
        if key in value:
            yield value[key]
    elif isinstance(value, list):
        if key.isascii() and key.isdigit():
            yield from value[int(key[:9]) :][:1]
        for item in value:
            if isinstance(item, dict) and key in item:
                yield item[key]


def _flat(value: Any) -> Iterator[Any]:
    return iter(value) if isinstance(value, list) else iter([value])


def number_of(value: Any) -> float | None:
    """A number, or the number in a text; else None. It is an int if it is written as one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value) if _INTEGER.fullmatch(value) else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else None


def _fitting(name: str, sign: str, value: str) -> Callable[[Any], bool]:
    wanted = number_of(value)
    if sign != ":":
        if wanted is None:
            raise QueryError(
                f"{name} can only be compared with a number, not {value!r}.", hint=f"write {name}{sign}100"
            )
        compare = COMPARE[sign]
        return lambda held: (number := number_of(held)) is not None and compare(number, wanted)
    folded = value.casefold()
    constant = _WORDS.get(folded, _WORDS)  # default: an object that no JSON value is identical to

    def fits(held: Any) -> bool:
        if isinstance(held, str):
            return held.casefold() == folded or (wanted is not None and number_of(held) == wanted)
        if held is None or isinstance(held, bool):
            return held is constant
        return wanted is not None and number_of(held) == wanted

    return fits
