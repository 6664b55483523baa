"""How a person writes a duration: one grammar, wherever one is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.http.fault_injection import read_faults
from cloudtasks_nb.model.durations import parse_duration, span_of
from cloudtasks_nb.model.json import Duration
from cloudtasks_nb.resources.new_task import schedule_time
from cloudtasks_nb.rest.deadline import seconds_for_a_call


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("90", 90),
        ("0.5", 0.5),
        (".5 s", 0.5),
        ("90s", 90),
        ("30 sec", 30),
        ("50ms", 0.05),
        ("10m", 600),
        ("5 min", 300),
        ("1.5 h", 5400),
        ("1h 30m", 5400),
        ("1h30min", 5400),
        ("2 D", 172_800),
        ("1w", 604_800),
        (" 3.5s ", 3.5),
    ],
)
def test_a_duration_in_words(words: str, seconds: float) -> None:
    assert parse_duration(words).total_seconds() == seconds
    assert Duration.of(words) == span_of(words) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "words",
    ["", " ", "soon", "10x", "-5m", "m", "1 2", "1h 30", "10 months", "5 m5", "1e3", "٣s", "nan", "inf"],
)
def test_other_words_are_no_durations(words: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(words)
    with pytest.raises(ct.InvalidArgument, match="not a duration"):
        Duration.of(words)


def test_a_duration_beyond_what_python_holds_is_refused_in_words() -> None:
    for endless in ("9" * 400, "9" * 20 + "d", float("inf"), float("nan")):
        with pytest.raises(ct.InvalidArgument, match="not a duration"):
            Duration.of(endless)


def test_numbers_are_seconds_also_those_of_numpy() -> None:
    assert span_of(1.5) == span_of(np.float64(1.5)) == span_of(timedelta(seconds=1.5))


def test_text_is_taken_wherever_a_duration_is() -> None:
    assert seconds_for_a_call("1m") == 60
    assert read_faults(["latency=50ms"]).latency == timedelta(milliseconds=50)
    assert ct.RetryConfig(min_backoff="0.1 s", max_backoff="1h").max_backoff == timedelta(hours=1)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert schedule_time("2h", noon) == noon + timedelta(hours=2)
