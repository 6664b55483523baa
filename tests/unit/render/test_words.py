"""Words that cards and panels share, by the cases of tests/words.json, which tests/page/words.test.mjs reads too."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtasks_nb.model.durations import parse_duration
from cloudtasks_nb.render.values import counted, duration, relative
from cloudtasks_nb.widgets.task_table import next_order

CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "words.json").read_text())
NOW = datetime(2026, 7, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("text", "seconds"), CASES["typed_durations"])
def test_a_duration_that_is_typed(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", [*CASES["not_durations"], "1" * 400])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(("seconds", "words"), CASES["durations"])
def test_a_duration_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("seconds", "words"), CASES["relative"])
def test_an_instant_as_seen_from_now(seconds: float, words: str) -> None:
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(("column", "order", "beside", "following"), CASES["orders"])
def test_a_press_on_a_column_head(column: str, order: list[str], beside: bool, following: list[str]) -> None:
    assert next_order(column, order, beside) == following


@pytest.mark.parametrize(("count", "what", "words"), CASES["counts"])
def test_a_number_of_things(count: int, what: str, words: str) -> None:
    assert counted(count, what) == words
