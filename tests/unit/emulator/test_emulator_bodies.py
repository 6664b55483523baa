"""Bodies are validated strictly, by the rules of a protocol buffer's JSON."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.bodies import parse
from cloudtasks_nb.emulator.server.calls.filters import parse_filter
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from cloudtasks_nb.model.emulated import Faults
from cloudtasks_nb.model.messages import CreateTaskRequest, LeaseTasksRequest, RunTaskRequest
from cloudtasks_nb.model.versions import VERSIONS, Version


def read(values: Any, kind: Any = CreateTaskRequest, path: str = "") -> Any:
    return parse(json.dumps(values).encode(), kind, path)


def refusal(values: Any, kind: Any = CreateTaskRequest, path: str = "") -> InvalidArgument:
    with pytest.raises(InvalidArgument) as refused:
        read(values, kind, path)
    return refused.value


def test_an_empty_body_is_an_empty_message() -> None:
    assert parse(b"", RunTaskRequest) == parse(b" {}", RunTaskRequest) == RunTaskRequest()


def test_null_is_the_default() -> None:
    assert read({"task": {"name": None, "httpRequest": {"headers": None}}}) == CreateTaskRequest(
        task=Task(http_request=HttpRequest())
    )


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-14 * 60, 14 * 60))
def test_instants_in_any_zone(moment: datetime, offset_minutes: int) -> None:
    try:
        shown = moment.astimezone(timezone(timedelta(minutes=offset_minutes)))
    except OverflowError:
        return
    assert read({"task": {"scheduleTime": shown.isoformat()}}).task.schedule_time == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+01:30", datetime(2026, 1, 2, 1, 34, 5, 500_000, tzinfo=UTC)),
    ],
)
def test_instants(text: str, moment: datetime) -> None:
    assert read({"task": {"schedule_time": text}}).task.schedule_time == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-13-02T03:04:05Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-01-02T03:04:05Z",
        5,
    ],
)
def test_instants_that_are_none(text: Any) -> None:
    message = refusal({"task": {"scheduleTime": text}}).message
    assert message.startswith(
        "Invalid value at 'task.schedule_time' (type.googleapis.com/google.protobuf.Timestamp), "
    )


@given(st.binary(max_size=100), st.booleans(), st.booleans())
def test_bytes_in_both_alphabets(content: bytes, urlsafe: bool, padded: bool) -> None:
    text = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(content).decode()
    body = {"task": {"httpRequest": {"body": text if padded else text.rstrip("=")}}}
    assert read(body).task.http_request.body == content


@pytest.mark.parametrize("text", ["a", "a b=", "a*==", 5, {}])
def test_bytes_that_are_none(text: Any) -> None:
    assert (
        "'task.http_request.body' (TYPE_BYTES)" in refusal({"task": {"httpRequest": {"body": text}}}).message
    )


@pytest.mark.parametrize(("value", "read_as"), [(5, 5), ("5", 5), (5.0, 5), ("-5", -5)])
def test_whole_numbers(value: Any, read_as: int) -> None:
    assert read({"retryConfig": {"maxAttempts": value}}, Queue).retry_config.max_attempts == read_as


@pytest.mark.parametrize("value", [5.5, "five", True, 2**31, "1e3", "٥", "", [5]])
def test_whole_numbers_that_are_none(value: Any) -> None:
    assert refusal({"retryConfig": {"maxAttempts": value}}, Queue, "queue")


@given(st.integers(-(10**6), 10**6), st.integers(0, 999_999))
def test_durations(seconds: int, fraction_us: int) -> None:
    text = f"{seconds}.{fraction_us:06}s"
    sign = -1 if text.startswith("-") else 1
    expected = sign * timedelta(seconds=abs(seconds), microseconds=fraction_us)
    assert read({"retryConfig": {"minBackoff": text}}, Queue).retry_config.min_backoff == expected


@pytest.mark.parametrize("text", ["5", "s", "1e3s", "5 s", "9999999999999s", "400000000000s", 5])
def test_durations_that_are_none(text: Any) -> None:
    message = refusal({"retryConfig": {"minBackoff": text}}, Queue, "queue").message
    assert "'queue.retry_config.min_backoff' (type.googleapis.com/google.protobuf.Duration)" in message


def test_enums_by_name_and_number() -> None:
    for value in ("PUT", 4):
        assert read({"task": {"httpRequest": {"httpMethod": value}}}).task.http_request.http_method == "PUT"
    for value in ("HTTP_METHOD_UNSPECIFIED", 0):
        assert read({"task": {"httpRequest": {"httpMethod": value}}}).task.http_request.http_method == ""
    message = refusal({"task": {"httpRequest": {"httpMethod": "FETCH"}}}).message
    assert message == (
        "Invalid value at 'task.http_request.http_method' "
        '(type.googleapis.com/google.cloud.tasks.v2beta2.HttpMethod), "FETCH"'
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"task": {"httpRequest": {}, "pullMessage": {}}},
            "Invalid value at 'task' (oneof), oneof field 'payload_type' is already set. Cannot set 'pullMessage'",
        ),
        (
            {"task": [{}]},
            'Invalid JSON payload received. Unknown name "task": Proto field is not repeating, cannot start list.',
        ),
        (
            {"task": "x"},
            "Invalid value at 'task' (type.googleapis.com/google.cloud.tasks.v2beta2.Task), \"x\"",
        ),
        (
            {"task": {"httpRequest": {"headers": {"a": 5}}}},
            "Invalid value at 'task.http_request.headers[a]' (TYPE_STRING), 5",
        ),
    ],
)
def test_shapes_that_do_not_fit(values: Any, message: str) -> None:
    assert refusal(values).message == message


def test_every_fault_is_named() -> None:
    refused = refusal({"colour": 1, "task": {"name": 5, "shape": 2}})
    assert refused.message.splitlines() == [
        'Invalid JSON payload received. Unknown name "colour": Cannot find field.',
        "Invalid value at 'task.name' (TYPE_STRING), 5",
        "Invalid JSON payload received. Unknown name \"shape\" at 'task': Cannot find field.",
    ]
    assert [violation.get("field") for violation in refused.details[0]["fieldViolations"]] == [
        None,
        "task.name",
        "task",
    ]


@pytest.mark.parametrize(
    "raw",
    [b"{", b"{'a': 1}", b'{"a": NaN}', b"\xff", b'{"task": {"name": "\\ud800"}}', b"[" * 100_000, b"nul"],
)
def test_what_is_not_json(raw: bytes) -> None:
    with pytest.raises(InvalidArgument, match=r"Invalid JSON payload received\."):
        parse(raw, CreateTaskRequest)


_MEMBERS = (
    "task",
    "name",
    "httpRequest",
    "headers",
    "body",
    "scheduleTime",
    "status",
    "retryConfig",
    "unknown",
)
_VALUES = st.none() | st.booleans() | st.floats() | st.text()


@given(
    st.recursive(
        _VALUES,
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_MEMBERS), inner),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(values: Any) -> None:
    if any(math.isnan(number) or math.isinf(number) for number in _floats(values)):
        return
    try:
        assert isinstance(read(values), CreateTaskRequest)
    except InvalidArgument as refused:
        assert refused.message


def _floats(values: Any) -> list[float]:
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return [number for value in values for number in _floats(value)]
    return [values] if isinstance(values, float) else []


@pytest.mark.parametrize("version", VERSIONS)
def test_0_means_unset_where_proto3_cannot_tell_them_apart(version: Version) -> None:
    later = version != "v2beta2"
    rate, concurrent = (
        ("maxDispatchesPerSecond", "maxConcurrentDispatches")
        if later
        else ("maxTasksDispatchedPerSecond", "maxConcurrentTasks")
    )
    asked = {
        "rateLimits": {rate: 0, concurrent: 0, "maxBurstSize": 0},
        "retryConfig": {"maxDoublings": "0", "minBackoff": "0s", "maxRetryDuration": "0s"},
    }
    queue = parse(json.dumps(asked).encode(), Queue, "queue", version)
    assert queue.rate_limits == RateLimits()
    # A duration is a message, which is present or absent.
    assert queue.retry_config == RetryConfig(min_backoff=0, max_retry_duration=0)


def test_0_is_a_value_where_it_can_be_told_from_nothing() -> None:
    port = read({"httpTarget": {"uriOverride": {"port": 0}}}, Queue, "queue").http_target.uri_override.port
    assert port == 0
    assert read({"seed": 0}, Faults).seed == 0
    assert read({"maxTasks": 0}, LeaseTasksRequest).max_tasks is None
    assert read({"retryConfig": {"maxAttempts": 0}}, Queue, "queue").retry_config.max_attempts == 0  # a oneof
    for version in ("v2beta3", "v2"):
        raw = b'{"retryConfig": {"maxAttempts": 0}}'
        assert parse(raw, Queue, "queue", version).retry_config == RetryConfig()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize(
    "path",
    [("rateLimits", "maxTasksDispatchedPerSecond"), ("rateLimits", "maxBurstSize"), ("exhausted",)],
    ids=".".join,
)
def test_numbers_without_end_are_no_settings(path: tuple[str, ...], value: str) -> None:
    asked: Any = value
    for name in reversed(path):
        asked = {name: asked}
    assert value in refusal(asked, Faults if path == ("exhausted",) else Queue).message
    for spelled in (f"{value}", "NaN"):  # not as text: JSON has no such numbers
        with pytest.raises(InvalidArgument):
            parse(json.dumps(asked).replace(f'"{value}"', spelled).encode(), Queue)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999"])
def test_numbers_without_end_are_no_filter(value: str) -> None:
    for field in ("rate_limits.max_tasks_dispatched_per_second", "rate_limits.max_burst_size", "task_ttl"):
        with pytest.raises(InvalidArgument, match="does not fit"):
            parse_filter(f"{field} > {value}")
