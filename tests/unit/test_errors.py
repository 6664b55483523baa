"""What an error says of itself, line by line."""

from __future__ import annotations

import pickle

import cloudtasks_nb as ct


def test_wrong_rows_are_told_with_how_many_more_there_are() -> None:
    error = ct.InvalidRows([(3, "colour is no option"), (None, "no column url")], count=7, hint="drop it")
    told = [
        "Nothing was sent: 7 problems.",
        "  item 3: colour is no option",
        "  no column url",
        "  … and 5 more",
        "  next: drop it",
    ]
    assert str(error).splitlines() == told
    assert str(pickle.loads(pickle.dumps(error))).splitlines() == told  # noqa: S301 - our own bytes


def test_a_refusal_is_told_from_what_was_asked_to_what_comes_next() -> None:
    error = ct.Unavailable("later", method="queues.get", resource="q", hint="wait")
    error.tries = 3
    assert str(error).splitlines() == [
        "later",
        "  asked: queues.get of q",
        "  answered: 503 UNAVAILABLE",
        "  tried: 3 times",
        "  next: wait",
    ]
    assert str(ct.ConfigError("no project")) == "no project"
