"""Convert lists of values to Arrow arrays: instants, maps, and the types that tables use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DecodeError
from ..model.json import Instant
from ..redact import is_secret, redacted, scrub

TIME = pa.timestamp("us", tz="UTC")
SPAN = pa.duration("us")
TEXT = pa.string()
_SECONDS = len("2026-01-01T00:00:00Z")
_SHARED_CHARS = 250_000  # texts of a column that pages share
_YEAR_1_US = -62_135_596_800_000_000
MAP = pa.map_(pa.string(), pa.string())

# Tables are built from many small arrays. Arrow's default pool would use 1.5 times the memory for them.
_POOL = pa.system_memory_pool()


class Maps:
    """A column of maps, such as headers: the distinct maps, and the index of one for each row (None: missing)."""

    def __init__(self, different: Sequence[dict[str, str]], places: Sequence[int | None]) -> None:
        self._different = different
        self._places = places

    def hidden(self) -> Maps:
        """The same without secrets. One check of all maps together finds that most columns have none."""
        names = {name for entries in self._different for name in entries}
        whole = "\n".join([*names, *(value for entries in self._different for value in entries.values())])
        if not any(map(is_secret, names)) and scrub(whole) == whole and names.isdisjoint(("key", "name")):
            return self
        return Maps([redacted(dict(entries)) for entries in self._different], self._places)

    def dicts(self, missing: Any) -> list[Any]:
        """A separate dict for every row, or `missing`."""
        different = self._different
        return [missing if place is None else different[place].copy() for place in self._places]

    def array(self) -> pa.Array:
        """The column as Arrow maps."""
        keys = [key for entries in self._different for key in entries]
        values = [value for entries in self._different for value in entries.values()]
        offsets = [0, *accumulate(len(entries) for entries in self._different)]
        maps = pa.MapArray.from_arrays(
            pa.array(offsets, pa.int32()), pa.array(keys, TEXT), pa.array(values, TEXT)
        )
        return maps.take(pa.array(self._places, pa.int32()))


def array_of(values: Any, kind: pa.DataType) -> pa.Array:
    """A column as an Arrow array, unless it is one already."""
    if isinstance(values, Maps):
        return values.array()
    return values if isinstance(values, pa.Array) else pa.array(values, kind, memory_pool=_POOL)


def hidden_texts(texts: list[str | None]) -> list[str | None]:
    """Texts without secrets. One check of all texts together finds that most columns have none."""
    whole = "\n".join({text for text in texts if text})
    return texts if scrub(whole) == whole else [scrub(text) if text else text for text in texts]


def repeated(text: str | None, count: int) -> pa.Array:
    """A column that repeats one text. The pages of a listing share it, unless it is large: this saves memory."""
    return (_shared if len(text or "") * count <= _SHARED_CHARS else _repeat)(text, count)


def _repeat(text: str | None, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, TEXT), count)


_shared = lru_cache(maxsize=16)(_repeat)  # for the life of the process


def alike(texts: list[str | None]) -> Any:
    """A column of texts, which are often all the same."""
    return repeated(texts[0], len(texts)) if texts and texts.count(texts[0]) == len(texts) else texts


def several_instants(columns: Sequence[list[str | None]]) -> list[pa.Array] | None:
    """Parse columns of equal length together. None if a text has an unusual form: parse each column alone then."""
    times = _usual(pa.array(list(chain.from_iterable(columns)), TEXT, memory_pool=_POOL))
    if times is None:
        return None
    count = len(columns[0])
    return [times.slice(at * count, count) for at in range(len(columns))]


def instants(texts: list[str | None]) -> pa.Array:
    """Parse RFC 3339 texts to instants, truncated to microseconds. Errors: DecodeError."""
    array = pa.array(texts, TEXT, memory_pool=_POOL)
    times = _usual(array)
    if times is None:  # not via nanoseconds, whose range ends in the year 2262
        times = _usual(pc.replace_substring_regex(array, r"(\.\d{6})\d+Z$", r"\1Z"))
    return pa.array(map(_instant, range(len(texts)), texts), TIME) if times is None else times


def _usual(texts: pa.Array) -> pa.Array | None:
    """Parse instants that end in seconds and Z. Arrow would accept more than RFC 3339, and years unknown to Python."""
    shortest = pc.min(pc.binary_length(texts)).as_py()
    if not pc.all(pc.ends_with(texts, "Z"), min_count=0).as_py() or (shortest or _SECONDS) < _SECONDS:
        return None
    try:
        times = texts.cast(TIME, memory_pool=_POOL)
    except pa.ArrowInvalid:
        return None
    return times if (pc.min(times).value or 0) >= _YEAR_1_US else None


def _instant(at: int, text: str | None) -> datetime | None:
    try:
        return Instant.parse(text) if text is not None else None
    except ValueError as error:
        raise DecodeError(f"{error} (item {at})") from None
