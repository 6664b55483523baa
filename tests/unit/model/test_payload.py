"""Payloads from Python values: complete, or an error."""

from __future__ import annotations

import json
from collections import ChainMap, UserDict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import attrs
import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import RetryConfig
from cloudtasks_nb.model.payload import payload_bytes


class Row(NamedTuple):
    to: str
    n: int


@dataclass
class Letter:
    to: str
    _hidden: int = 1
    rows: list[Row] = field(default_factory=lambda: [Row("ada", 1)])


@attrs.define
class Parcel:
    weight: float


class Order(msgspec.Struct, rename="camel", tag="order"):
    order_id: int
    row: Row = Row("bob", 2)


class Plain(msgspec.Struct, array_like=True):
    a: int
    b: int


class Text(str, Enum):  # noqa: UP042 - the kind that is not StrEnum
    A = "a"


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


Point = namedtuple("Point", "x y")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (pd.Series({"to": "ada", "n": 1}), {"to": "ada", "n": 1}),
        (pd.DataFrame({"to": ["ada"], "n": [1.5]}).iloc[0], {"to": "ada", "n": 1.5}),
        (Row("ada", 1), {"to": "ada", "n": 1}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (next(pd.DataFrame({"to": ["ada"]}).itertuples(index=False)), {"to": "ada"}),
        (Letter("eve"), {"to": "eve", "_hidden": 1, "rows": [{"to": "ada", "n": 1}]}),
        (Parcel(1.5), {"weight": 1.5}),
        (Order(7), {"type": "order", "orderId": 7, "row": {"to": "bob", "n": 2}}),
        (Plain(1, 2), [1, 2]),
        (RetryConfig(min_backoff=5), {"minBackoff": "5s"}),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"a"}, ["a"]),
        (frozenset([1]), [1]),
        (deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        (UserDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (np.float32(0.5), 0.5),
        (np.int64(2**60), 2**60),
        (np.bool_(True), True),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (2**70, 2**70),
        (Decimal("1.10"), "1.10"),
        (date(2026, 3, 1), "2026-03-01"),
        (time(9, 30), "09:30:00"),
        (NOON, "2026-03-01T12:00:00Z"),
        (datetime(2026, 3, 1), "2026-03-01T00:00:00"),
        (pd.Timestamp("2026-03-01T12:00:00.123456789Z"), "2026-03-01T12:00:00.123456789Z"),
        (timedelta(seconds=90), "PT90S"),
        (pd.Timedelta("1s"), "P0DT0H0M1S"),
        (UUID(int=1), str(UUID(int=1))),
        (Text.A, "a"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (True, True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_written_whole_at_any_depth(value: Any, written: Any) -> None:
    data, is_json = payload_bytes({"deep": [value]})
    assert (json.loads(data or b""), is_json) == ({"deep": [written]}, True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "nan, which JSON cannot represent"),
        (float("inf"), "inf, which JSON cannot represent"),
        (np.float64("nan"), "nan, which JSON cannot represent"),
        (np.array([1.0, np.nan]), r"\['deep'\]\[0\]\[1\] is nan"),
        (pd.Series({"a": np.nan}), r"\['deep'\]\[0\]\['a'\] is nan"),
        (pd.NaT, "NaT, which JSON cannot represent"),
        (pd.NA, "<NA>, which JSON cannot represent"),
        (Decimal("nan"), "NaN, which JSON cannot represent"),
        (b"x", "bytes, which JSON cannot represent"),
        (bytearray(b"x"), "bytearray, which"),
        (Letter(b"x"), r"\['to'\] is bytes"),  # type: ignore[arg-type]
        (Order(float("nan")), r"\['orderId'\] is nan"),  # type: ignore[arg-type]
        ({1: "a"}, "the key 1, an int"),
        ({None: "a"}, "the key None"),
        ({("a", 1): 2}, "keys of JSON must be text"),
        (pd.Series([1, 2]), "whose labels are not text"),
        (pd.Series([1, 2], index=["a", "a"]), "'a' twice"),
        (pd.DataFrame({"a": [1]}), "create_tasks"),
        (pa.table({"a": [1]}), "to_pylist"),
        (pa.scalar(1), "as_py"),
        (np.datetime64("2026-01-01"), "no time zone"),
        (np.array([(1, 2)], dtype=[("a", int), ("b", int)]), "a ndarray"),
        (np.longdouble(1), "a longdouble"),
        (complex(1), "a complex"),
        (object(), "an object"),
        ((n for n in "ab"), "a generator"),
        ("\ud800", "surrogates"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_would_lose_something_is_refused(value: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        payload_bytes({"deep": [value]})


def test_the_error_names_what_was_given_and_the_way_out() -> None:
    with pytest.raises(InvalidArgument) as refused:
        payload_bytes({"rows": [{"price": float("nan")}]})
    assert refused.value.message == (
        "The payload, a dict, cannot be written as JSON: "
        "payload['rows'][0]['price'] is nan, which JSON cannot represent"
    )
    assert refused.value.hint == "pass None for a missing value"
    with pytest.raises(InvalidArgument, match=r"it is a DataFrame(.|\n)*\.to_dict\(\"records\"\)"):
        payload_bytes(pd.DataFrame({"a": [1]}))


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidArgument, match="recursion"):
        payload_bytes(loop)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    | st.lists(inner).map(tuple),
    max_leaves=20,
)  # fmt: skip


@given(JSON_VALUES.filter(lambda value: not isinstance(value, str | None)))
def test_values_that_json_knows_come_back(value: Any) -> None:
    data, _ = payload_bytes(value)
    assert json.loads(data or b"") == json.loads(json.dumps(value))
