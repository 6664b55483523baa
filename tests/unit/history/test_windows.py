"""Windows of time: valid and invalid arguments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.history.windows import MINUTE, Window
from cloudtasks_nb.model.durations import parse_duration
from tests.gone import at

NOW = at("23:30:20")


@pytest.mark.parametrize(
    ("since", "until", "begins", "ends"),
    [
        ("90m", None, "22:00", "23:31"),
        (timedelta(hours=1), "30m", "22:30", "23:01"),
        (at("22:00"), at("23:00"), "22:00", "23:00"),
        ("2026-11-28T22:00:59Z", None, "22:00", "23:31"),
        (3600, None, "22:30", "23:31"),
        ("1h", at("23:59"), "22:30", "23:31"),  # the future is cut off
    ],
)
def test_what_a_person_may_write(since: Any, until: Any, begins: str, ends: str) -> None:
    window = Window.of(since, until, NOW)
    assert (window.since, window.until) == (at(begins), at(ends))


def test_naive_datetimes_are_local_time() -> None:
    local = datetime.now() - timedelta(hours=1)
    window = Window.of(local, None, datetime.now().astimezone())
    assert timedelta(minutes=58) < window.now - window.since < timedelta(minutes=62)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (at("23:59"), None, "in the future"),
        ("1h", "2h", "earlier than until"),
        ("1h", "1h", "earlier than until"),
        (0, None, "earlier than until"),
        ("yesterday", None, "must be a duration or a datetime"),
        ("-24h", None, "must be a duration or a datetime"),
        (None, None, "must be a duration or a datetime"),
        (float("nan"), None, "must be a duration or a datetime"),
        (True, None, "must be a duration or a datetime"),
        ("9999999d", None, "must be a duration or a datetime"),
        (1_790_000_000, None, "seconds since 1970"),
    ],
)
def test_what_is_no_window_is_refused_in_words(since: Any, until: Any, words: str) -> None:
    with pytest.raises(ct.ConfigError, match=words) as refused:
        Window.of(since, until, NOW)
    assert refused.value.hint


def test_the_minute_under_way_can_be_left_out() -> None:
    assert Window.of("1h", None, NOW, past_only=True).until == at("23:30")
    assert Window.of("1h", None, at("23:30"), past_only=True).until == at("23:30")
    assert Window.of("10s", None, NOW, past_only=True).until == at("23:31")  # nothing else is valid


def test_the_minute_that_has_just_begun_counts() -> None:
    window = Window.of("1h", None, at("23:30"))  # an event at exactly this time belongs to the next minute
    assert (window.since, window.until) == (at("22:30"), at("23:31"))


def test_it_says_when_it_was_widened() -> None:
    assert Window.of("1h", None, NOW).is_widened
    assert not Window.of("1h", "10m", at("23:30")).is_widened


@pytest.mark.parametrize(
    ("span", "points", "step"),
    [("1h", 750, "1m"), ("24h", 750, "2m"), ("7d", 750, "15m"), ("42d", 750, "2h")],
)
def test_steps_fit_the_window(span: str, points: int, step: str) -> None:
    window = Window.of(span, None, at("23:30"))
    assert window.step(points) == parse_duration(step)


def test_a_window_is_whole_steps_counted_back_from_its_end() -> None:
    window = Window.of("100m", "1s", at("23:30") + timedelta(seconds=1)).widened(15 * MINUTE)
    assert (window.since, window.until, window.is_widened) == (at("21:45"), at("23:30"), True)
