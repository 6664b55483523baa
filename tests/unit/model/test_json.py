"""Values in JSON: durations, int64, bytes, instants; and invalid values."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import DecodeError, InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    Duration,
    Header,
    HeaderOverride,
    HttpRequest,
    HttpTarget,
    Queue,
    QueueStats,
    RetryConfig,
    Task,
    decode,
    encode,
    utc,
)


@given(st.timedeltas(timedelta(days=-3650), timedelta(days=3650)))
def test_durations_survive_the_wire(span: timedelta) -> None:
    text = str(Duration.of(span))
    assert text.endswith("s")
    assert Duration.parse(text) == span


@pytest.mark.parametrize(
    ("text", "seconds"), [("3.5s", 3.5), ("0.100s", 0.1), ("-1s", -1), ("0s", 0), ("1.000000001s", 1)]
)
def test_durations_are_read_as_the_service_writes_them(text: str, seconds: float) -> None:
    assert Duration.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["3.5", "PT3S", "s", "1e3s", "--1s", "9999999999999s", ""])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(text)
    with pytest.raises(DecodeError):
        decode(json.dumps({"minBackoff": text}).encode(), RetryConfig)


def test_int64_travels_as_text() -> None:
    stats = decode(b'{"tasksCount": "9007199254740993"}', QueueStats)
    assert stats.tasks_count == 9007199254740993
    assert encode(stats) == b'{"tasksCount":"9007199254740993"}'


@given(st.binary())
def test_payloads_survive_the_wire(payload: bytes) -> None:
    task = Task(http_request=HttpRequest(body=payload), view="FULL")
    assert decode(encode(task), Task).payload == payload


def test_what_a_newer_service_adds_is_ignored_and_what_it_leaves_out_is_default() -> None:
    task = decode(b'{"name": "n", "brandNew": {"a": 1}}', Task)
    assert (task.name, task.dispatch_count, task.payload, task.last_status) == ("n", 0, None, None)


def test_an_empty_payload_read_in_full_is_empty_and_an_unread_one_is_none() -> None:
    assert decode(b'{"view": "FULL", "pullMessage": {}}', Task).payload == b""
    assert decode(b'{"view": "BASIC", "pullMessage": {"tag": "t"}}', Task).payload is None


def test_instants_are_written_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 600, timezone(timedelta(hours=2)))
    assert encode(utc(moment)) == b'"2026-01-02T01:04:05.000600Z"'
    read = decode(b'{"scheduleTime": "2026-01-02T01:04:05.000600123Z"}', Task).schedule_time
    assert read == moment
    assert read is not None
    assert read.tzinfo == UTC


def test_numbers_are_accepted_as_seconds() -> None:
    config = RetryConfig(min_backoff=0.1, max_backoff=timedelta(hours=1))  # type: ignore[arg-type]
    assert encode(config) == b'{"minBackoff":"0.100s","maxBackoff":"3600s"}'


# Source: the discovery document's example for the first row; the others computed from its rule.
BACKOFFS = [
    ((10, 300, 3), [10, 20, 40, 80, 160, 240, 300, 300]),
    ((0.1, 3600, 16), [0.1 * 2**n for n in range(16)] + [3600, 3600]),
    ((2, 100, 2), [2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 100]),
    ((1, 10, 0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]),
]


@pytest.mark.parametrize(("settings", "delays"), BACKOFFS)
def test_backoff_doubles_then_grows_linearly_then_stays(
    settings: tuple[float, float, int], delays: list[float]
) -> None:
    shortest, longest, doublings = settings
    config = RetryConfig(min_backoff=shortest, max_backoff=longest, max_doublings=doublings)  # type: ignore[arg-type]
    found = [delay.total_seconds() for delay in islice(config.backoff(), len(delays))]
    assert found == pytest.approx(delays, abs=0.4)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 10_000))
def test_backoff_never_overflows_nor_shrinks(shortest: float, longest: float, doublings: int) -> None:
    config = RetryConfig(min_backoff=shortest, max_backoff=longest, max_doublings=doublings)  # type: ignore[arg-type]
    delays = list(islice(config.backoff(), 200))
    assert delays == sorted(delays)
    assert delays[-1] <= timedelta(seconds=longest)


def test_the_kind_of_a_queue_follows_its_target() -> None:
    assert decode(b'{"pullTarget": {}}', Queue).kind == "pull"
    assert decode(b'{"appEngineHttpTarget": {}}', Queue).kind == "app_engine"
    assert decode(b'{"httpTarget": {}}', Queue).kind == decode(b"{}", Queue).kind == "http"


@pytest.mark.parametrize("value", ["soon", float("nan"), 1e20, None, {}])
def test_what_is_no_duration_is_an_invalid_argument(value: object) -> None:
    with pytest.raises(InvalidArgument, match="not a duration"):
        Duration.of(value)  # type: ignore[arg-type]


def test_numbers_and_instants_out_of_a_table_are_as_good_as_pythons_own() -> None:
    assert Duration.of(np.int64(5)) == timedelta(seconds=5)
    assert Duration.of(np.float32(2.5)) == timedelta(seconds=2.5)
    moment = pd.Timestamp("2026-01-02T03:04:05.123456789", tz="Europe/Berlin")
    assert encode(Task(schedule_time=utc(moment))) == b'{"scheduleTime":"2026-01-02T02:04:05.123456Z"}'
    assert utc(moment.tz_localize(None)) == datetime(2026, 1, 2, 3, 4, 5, 123456).astimezone(UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("ada"), "ada"),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pd.Timestamp("2026-01-02T03:04:05.123456789", tz="UTC"), "2026-01-02T03:04:05.123456Z"),
        (pd.NaT, None),
    ],
)
def test_values_out_of_a_table_are_written_as_pythons_own(value: object, written: object) -> None:
    assert json.loads(encode({"nested": [value]})) == {"nested": [written]}


@pytest.mark.parametrize(
    "value", [np.datetime64("2026-01-01", "ns"), np.array([0], "m8[ns]"), pd.NA, 1j, object()]
)
def test_what_json_cannot_say_is_not_guessed(value: object) -> None:
    with pytest.raises((TypeError, NotImplementedError)):
        encode({"nested": value})


def test_headers_show_no_credentials_and_are_written_whole() -> None:
    secret = {"Authorization": "Bearer ya29.x", "Accept": "*/*"}
    for request in (HttpRequest(headers=secret), AppEngineHttpRequest(headers=secret)):
        read = decode(encode(request), type(request))
        assert read.headers == secret
        for shown in (repr(read), repr(read.headers), f"{[read]}", repr(copy.deepcopy(read))):
            assert "ya29" not in shown
            assert "*/*" in shown
    override = HeaderOverride(header=Header(key="authorization", value="Bearer ya29.x"))
    assert "ya29" not in repr(HttpTarget(header_overrides=[override]))
    assert encode(HttpRequest(url="u")) == b'{"url":"u"}'
