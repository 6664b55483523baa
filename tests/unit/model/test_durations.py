"""The grammar of durations, the same everywhere. Its cases are in tests/words.json."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.front.fault_injection import read_faults
from cloudtasks_nb.model.durations import parse_duration, span_of
from cloudtasks_nb.model.json import Duration
from cloudtasks_nb.resources.new_task import schedule_time
from cloudtasks_nb.rest.deadline import seconds_for_a_call


def test_texts_are_durations_as_the_one_grammar_says() -> None:
    assert Duration.of("1h 30m") == span_of("90 min") == parse_duration("1.5h") == timedelta(minutes=90)
    assert parse_duration("2 D") == timedelta(days=2)
    for other in ("", "soon", "10 months", "5 m5"):
        with pytest.raises(ct.InvalidArgument, match="not a duration"):
            Duration.of(other)


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
