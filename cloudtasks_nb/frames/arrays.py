"""Convert lists of values to Arrow arrays: instants, maps, and the types that tables use."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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
POOL = pa.system_memory_pool()


class Maps:
    """A column of maps, such as headers: the distinct maps by key, and the key of each row (None: missing)."""

    def __init__(self, different: Mapping[Any, dict[str, str]], keys: Sequence[Hashable]) -> None:
        self._different = different
        self._keys = keys

    def hidden(self) -> Maps:
        """The same without secrets. One check of all maps together finds that most columns have none."""
        different = self._different
        names = {name for entries in different.values() for name in entries}
        whole = "\n".join([*names, *(value for entries in different.values() for value in entries.values())])
        if not any(map(is_secret, names)) and scrub(whole) == whole and names.isdisjoint(("key", "name")):
            return self
        return Maps({key: redacted(dict(entries)) for key, entries in different.items()}, self._keys)

    def dicts(self, missing: Any) -> list[Any]:
        """A separate dict for every row, or `missing`."""
        different = self._different
        return [missing if key is None else different[key].copy() for key in self._keys]

    def array(self) -> pa.Array:
        """The column as Arrow maps."""
        different = self._different.values()
        keys = [key for entries in different for key in entries]
        values = [value for entries in different for value in entries.values()]
        offsets = [0, *accumulate(map(len, different))]
        maps = pa.MapArray.from_arrays(
            pa.array(offsets, pa.int32()), pa.array(keys, TEXT), pa.array(values, TEXT)
        )
        places = {key: place for place, key in enumerate(self._different)}
        return maps.take(pa.array(map(places.get, self._keys), pa.int32()))


class Few:
    """A column with values in some rows only: these values, and for each row the index of one (None: missing)."""

    def __init__(self, values: list[Any], places: pa.Array | None) -> None:
        self._values = values
        self._places = places

    def hidden(self) -> Few:
        """The same without secrets in its texts."""
        return Few(hidden_texts(self._values), self._places)

    def array(self, kind: pa.DataType) -> pa.Array:
        """The column as an Arrow array."""
        return spread(pa.array(self._values, kind, memory_pool=POOL), self._places)


def spread(values: pa.Array, places: pa.Array | None) -> pa.Array:
    """For each row, the value at an index, or null. `places` is None if every row has its value."""
    if places is None:
        return values
    return pc.take(values, places, memory_pool=POOL) if len(values) else pa.nulls(len(places), values.type)


def array_of(values: Any, kind: pa.DataType) -> pa.Array:
    """A column as an Arrow array, unless it is one already."""
    if isinstance(values, Maps):
        return values.array()
    if isinstance(values, Few):
        return values.array(kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind, memory_pool=POOL)


def hidden_texts(texts: list[str | None]) -> list[str | None]:
    """Texts without secrets. One check of all texts together finds that most columns have none."""
    whole = "\n".join(filter(None, set(texts)))
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
    """Parse columns together. None if a text has an unusual form: parse each column alone then."""
    times = _usual(pa.array(list(chain.from_iterable(columns)), TEXT, memory_pool=POOL))
    if times is None:
        return None
    ends = accumulate(map(len, columns))
    return [times.slice(end - len(column), len(column)) for column, end in zip(columns, ends, strict=True)]


def instants(texts: Sequence[str | None]) -> pa.Array:
    """Parse RFC 3339 texts to instants, truncated to microseconds. Errors: DecodeError."""
    array = pa.array(texts, TEXT, memory_pool=POOL)
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
        times = texts.cast(TIME, memory_pool=POOL)
    except pa.ArrowInvalid:
        return None
    return times if (pc.min(times).value or 0) >= _YEAR_1_US else None


def _instant(at: int, text: str | None) -> datetime | None:
    try:
        return Instant.parse(text) if text is not None else None
    except ValueError as error:
        raise DecodeError(f"{error} (item {at})") from None
