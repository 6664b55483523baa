"""The text of an error, line by line."""

from __future__ import annotations

import pickle
from http import HTTPStatus
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.discreet import JsonObject, Secret
from cloudtasks_nb.errors import kind_of


def test_wrong_rows_are_told_with_how_many_more_there_are() -> None:
    error = ct.InvalidRows([(3, "colour is not an option"), (None, "no column url")], count=7, hint="drop it")
    told = [
        "Nothing was sent: 7 problems.",
        "  item 3: colour is not an option",
        "  no column url",
        "  … and 5 more",
        "  next: drop it",
    ]
    assert str(error).splitlines() == told
    assert str(pickle.loads(pickle.dumps(error))).splitlines() == told  # noqa: S301 - our own bytes


def test_a_refusal_is_told_from_what_was_asked_to_what_comes_next() -> None:
    error = ct.Unavailable("later", code=503, method="queues.get", resource="q", hint="wait")
    error.tries = 3
    assert str(error).splitlines() == [
        "later",
        "  request: queues.get of q",
        "  response: 503 UNAVAILABLE",
        "  tries: 3",
        "  next: wait",
    ]
    assert str(ct.ConfigError("no project")) == "no project"


def test_what_is_refused_here_claims_no_answer_whether_or_not_it_names_a_method() -> None:
    assert str(ct.InvalidArgument("name is missing.", method="queues.get")) == (
        "name is missing.\n  request: queues.get"
    )


def test_advice_keeps_the_dots_where_a_secret_goes() -> None:
    advice = "pass credentials=... or access_token=... to ct.connect()"
    assert ct.ConfigError("no", hint=advice).hint == advice
    for secret in ("access_token=...x", "access_token=ya29.x", 'password="....."'):
        assert "•••" in ct.ConfigError(f"refused: {secret}").message


def test_an_error_can_be_printed_whatever_the_service_said() -> None:
    error = ct.NotFound("\x1b[31mred\ud800\u202e" + "x" * 100_000, resource="q\x00", hint="a\x9bb")
    told = str(error)
    told.encode()  # a lone surrogate would raise
    assert told.startswith("␛[31mred⟨U+D800⟩⟨U+202E⟩xxx")
    assert "q␀" in told
    assert "a⟨U+009B⟩b" in told
    assert len(told) < 5_000
    assert error.message.startswith("\x1b[31m")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "an int"),
        ([], "a list"),
        (None, "None"),
        (object(), "an object"),
        (uuid4(), "a UUID"),
        (b"", "bytes"),
        (HTTPStatus.OK, "an HTTPStatus"),
        (Secret("key"), "a str"),
        (JsonObject(), "a dict"),
    ],
)
def test_the_type_of_a_value_has_its_article(value: object, words: str) -> None:
    assert kind_of(value) == words
