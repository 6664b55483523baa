from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.model.durations import parse_duration
from cloudtasks_nb.widgets.action import Refused
from cloudtasks_nb.widgets.settings_form import changed_settings, form, typed


@example(timedelta(microseconds=1))
@given(st.timedeltas(timedelta(), timedelta(days=3650)))
def test_what_the_form_shows_reads_back_as_the_same(value: timedelta) -> None:
    assert parse_duration(typed(value)) == value


def test_the_form_holds_what_the_queue_holds(queue: ct.Queue) -> None:
    held = {field["name"]: field["value"] for field in form(queue)}
    assert (held["max_tasks_dispatched_per_second"], held["min_backoff"], held["max_backoff"]) == (
        "500",
        "0.1 s",
        "1 h",
    )
    assert (held["max_attempts"], held["max_retry_duration"]) == ("100", "")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_tasks_dispatched_per_second": "501"}, "Rate, per second: 501"),
        ({"max_tasks_dispatched_per_second": "0"}, "Rate, per second: 0(.|\n)*pause the queue"),
        ({"max_concurrent_tasks": "0"}, "Concurrent: 0(.|\n)*pause the queue"),
        ({"max_tasks_dispatched_per_second": "nan"}, "Rate, per second: nan"),
        ({"max_burst_size": "2.5"}, "Burst: 2.5"),
        ({"max_concurrent_tasks": "5001"}, "Concurrent: 5001"),
        ({"max_attempts": "0"}, "Attempts: 0"),
        ({"max_doublings": "many"}, "Doublings: many"),
        ({"min_backoff": "soon"}, "Shortest delay: soon"),
        ({"min_backoff": "2 h"}, "The shortest delay must not be longer"),
        ({"min_backoff": "20", "max_backoff": "10"}, "The shortest delay must not be longer"),
        ({"state": "PAUSED"}, "no setting 'state'"),
        ({"max_burst_size": ["1"]}, "Burst: "),
        ({}, "Nothing"),
        ("x", "Nothing"),
        (None, "Nothing"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(queue: ct.Queue, settings: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        changed_settings(queue, settings)


def test_only_what_was_typed_is_sent(queue: ct.Queue) -> None:
    assert changed_settings(
        queue, {"max_burst_size": "5", "min_backoff": "1 min", "max_attempts": "Unlimited"}
    ) == {
        "rate_limits": {"max_burst_size": 5},
        "retry_config": {"min_backoff": 60.0, "unlimited_attempts": True},
    }
    assert changed_settings(queue, {"min_backoff": ""}) == {"retry_config": {"min_backoff": None}}


def test_of_a_pull_queue_only_the_attempts_can_be_changed(client: ct.Client, queue: ct.Queue) -> None:
    pull = client.create_queue(f"pull-{queue.id}", kind="pull")
    assert [field["name"] for field in form(pull)] == ["max_attempts"]
    with pytest.raises(Refused, match="no setting"):
        changed_settings(pull, {"max_burst_size": "5"})
