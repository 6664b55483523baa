"""The column `settings`: the settings of a task without a column, with the keywords of create_task."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudtasks_nb.errors import DecodeError
from cloudtasks_nb.frames import TASKS
from cloudtasks_nb.model.json import decode
from cloudtasks_nb.model.messages import ListTasksResponse

QUEUE = "projects/p/locations/us-central1/queues/q"


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ({}, None),
        ({"httpRequest": {"url": "https://a/"}, "retryConfig": {}}, None),
        ({"dispatchDeadline": "20.5s"}, {"dispatch_deadline": "20.500s"}),
        ({"dispatchDeadline": "1.123456789s"}, {"dispatch_deadline": "1.123456s"}),
        ({"retryConfig": {"minBackoff": "0.0000019s"}}, {"retry_config": {"min_backoff": "0.000001s"}}),
        ({"retryConfig": {"maxAttempts": -1}}, {"retry_config": {"unlimited_attempts": True}}),
        ({"retryConfig": {"maxDoublings": 3}}, {"retry_config": {"max_doublings": 3}}),
        ({"httpRequest": {"oauthToken": {"scope": "s"}}}, {"oauth_token": {"scope": "s"}}),
        ({"appEngineHttpRequest": {"appEngineRouting": {"host": "h"}}}, None),
        (
            {"appEngineHttpRequest": {"appEngineRouting": {"host": "h", "service": "s"}}},
            {"routing": {"service": "s"}},
        ),
    ],
)
def test_settings_are_what_no_other_column_holds(task: dict[str, Any], settings: Any) -> None:
    one = {"name": f"{QUEUE}/tasks/1", **task}
    for tasks, expected in (
        ([one, {"name": f"{QUEUE}/tasks/2"}, one], [settings, None, settings]),
        ([one, one], [settings, settings]),
        ([], []),
    ):
        page = TASKS.read(json.dumps({"tasks": tasks}).encode())
        texts = TASKS.batch(page)["settings"].to_pylist()
        assert [json.loads(text) if text else None for text in texts] == expected


@pytest.mark.parametrize("span", ["10m", 5, ["1s"]])
@pytest.mark.parametrize("place", ["dispatchDeadline", "retryConfig"])
def test_a_duration_that_an_object_cannot_hold_is_refused_here_too(place: str, span: Any) -> None:
    value = span if place == "dispatchDeadline" else {"maxBackoff": span}
    raw = json.dumps({"tasks": [{"name": f"{QUEUE}/tasks/1", place: value}]}).encode()
    for read in (lambda: decode(raw, ListTasksResponse), lambda: TASKS.batch(TASKS.read(raw))):
        with pytest.raises(DecodeError, match="is not a duration"):
            read()
