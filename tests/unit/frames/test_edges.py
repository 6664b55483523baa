"""Extreme values: objects, DataFrame, Arrow and CSV agree about every page, or raise the same error."""

from __future__ import annotations

import csv
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.errors import DecodeError
from cloudtasks_nb.frames import QUEUES, TASKS, task_page, to_pandas, write_csv
from cloudtasks_nb.model.json import Instant, Int64, decode, encode
from cloudtasks_nb.model.messages import ListQueuesResponse, ListTasksResponse
from tests.examples import examples
from tests.scripted import answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/emails"
YEARS = st.sampled_from(["0000", "0001", "1583", "1969", "2026", "2262", "2300", "9999"]) | st.integers(
    1, 9999
).map("{:04}".format)
TEXTS = st.builds(
    "{}-{}T{}{}{}".format,
    YEARS,
    st.sampled_from(["01-01", "12-31", "02-29", "06-15", "13-01"]),
    st.sampled_from(["00:00:00", "23:59:59", "12:30:15", "23:59:60", "12:30", "24:00:00"]),
    st.sampled_from(["", ".5", ".123", ".123456", ".1234569", ".999999999", ".", ".000000001"]),
    st.sampled_from(["Z"] * 4 + ["z", "", "+00:00", "-01:00", "+05:30", "+0530"]),
) | st.sampled_from(["soon", "", "2026-01-02", "2026-01-02 03:04:05Z", "٢٠٢٦-01-02T03:04:05Z"])
COUNTS = st.sampled_from([0, 1, -1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, 2**70, -(2**70)])
STATUS = st.fixed_dictionaries(
    {},
    optional={
        "attemptDispatchCount": COUNTS,
        "attemptResponseCount": COUNTS,
        "firstAttemptStatus": st.fixed_dictionaries({"dispatchTime": TEXTS}),
        "lastAttemptStatus": st.fixed_dictionaries(
            {"responseTime": TEXTS, "responseStatus": st.fixed_dictionaries({"code": COUNTS})}
        ),
    },
)
TASK = st.fixed_dictionaries(
    {"name": st.just(f"{QUEUE}/tasks/1")},
    optional={"scheduleTime": TEXTS, "createTime": TEXTS, "status": STATUS},
)


def _of_objects(raw: bytes) -> list[tuple[Any, ...]]:
    return [
        (task.schedule_time, task.create_time, task.dispatch_count, task.response_count)
        for task in decode(raw, ListTasksResponse).tasks
    ]


COLUMNS = ("schedule_time", "create_time", "dispatch_count", "response_count")


def _of_arrow(raw: bytes) -> list[tuple[Any, ...]]:
    columns = TASKS.batch(TASKS.read(raw)).select(COLUMNS).to_pydict()
    return list(zip(*columns.values(), strict=True))


def _of_pandas(raw: bytes) -> list[tuple[Any, ...]]:
    frame = to_pandas(TASKS, [TASKS.read(raw)])[list(COLUMNS)].astype(object)
    rows = frame.where(frame.notna(), None).itertuples(index=False)
    return [
        tuple(value.to_pydatetime() if hasattr(value, "to_pydatetime") else value for value in row)
        for row in rows
    ]


def _of_csv(raw: bytes) -> list[tuple[Any, ...]]:
    with TemporaryDirectory() as folder:
        path = write_csv(Path(folder) / "t.csv", TASKS.schema, [TASKS.batch(TASKS.read(raw))])
        rows = list(csv.DictReader(path.read_text().splitlines()))
    return [
        tuple(
            None
            if row[name] == ""
            else int(row[name])
            if name.endswith("count")
            else datetime.fromisoformat(row[name])
            for name in COLUMNS
        )
        for row in rows
    ]


def _found(read: Any, raw: bytes) -> Any:
    try:
        return read(raw)
    except DecodeError as error:
        assert str(error)
        return "refused"


@settings(max_examples=examples(200))
@example([{"name": f"{QUEUE}/tasks/1", "scheduleTime": "2026-12-31T00:00:00+0530"}])
@given(st.lists(TASK, max_size=3))
def test_every_way_says_the_same_of_a_page(tasks: list[dict[str, Any]]) -> None:
    raw = json.dumps({"tasks": tasks}).encode()
    found = _found(_of_objects, raw)
    assert _found(_of_arrow, raw) == found
    assert _found(_of_pandas, raw) == found
    assert _found(_of_csv, raw) == found


FIELDS = [
    ({"scheduleTime": "soon"}, "scheduleTime", "schedule_time"),
    ({"scheduleTime": "2026-01-02T03:04:05"}, "scheduleTime", "schedule_time"),
    ({"createTime": "0001-01-01T00:00:00+01:00"}, "createTime", "create_time"),
    ({"createTime": "9999-12-31T23:59:59-01:00"}, "createTime", "create_time"),
    ({"status": {"attemptDispatchCount": 2**63}}, "attemptDispatchCount", "attemptDispatchCount"),
]


@pytest.mark.parametrize(("task", "field", "column"), FIELDS)
def test_the_error_names_the_field(task: dict[str, Any], field: str, column: str) -> None:
    raw = json.dumps({"tasks": [{"name": f"{QUEUE}/tasks/0"}, {"name": f"{QUEUE}/tasks/1", **task}]}).encode()
    with pytest.raises(DecodeError, match=rf"tasks\[\d\].*{field}"):
        decode(raw, ListTasksResponse)
    with pytest.raises(DecodeError, match=column) as caught:
        TASKS.batch(TASKS.read(raw))
    assert "1" in str(caught.value)


@pytest.mark.parametrize(
    "small", [1, 100]
)  # a page with more tasks than this has columns of only the tried ones
def test_attempts_stand_in_the_rows_of_their_tasks(monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(task_page, "_SMALL", small)

    def task(number: int, when: str = "", **attempt: object) -> dict[str, object]:
        held = {"dispatchTime": when, "responseStatus": {"code": number, "message": "password=hunter2"}}
        tried = {"firstAttempt": {"dispatchTime": when}, "lastAttempt": held | attempt} if when else {}
        return {"name": f"{QUEUE}/tasks/{number}", **tried}

    tasks = [task(0), task(1, "2026-03-04T12:00:01Z"), task(2), task(3, "2026-03-04T12:00:03Z")]
    for usual in (True, False):  # an instant in another form: each column is parsed alone
        later = {} if usual else {"scheduleTime": "2026-03-04T14:00:05+02:00"}
        table = to_pandas(TASKS, [TASKS.read(json.dumps({"tasks": [*tasks, later | task(5)]}).encode())])
        for name in ("first_dispatch_time", "last_dispatch_time"):
            assert table[name].dt.second.fillna(-1).tolist() == [-1, 1, -1, 3, -1]
        assert table.last_code.fillna(-1).tolist() == [-1, 1, -1, 3, -1]
        assert table.last_message.fillna("").tolist() == ["", "password=•••", "", "password=•••", ""]
    refused = [
        task(0),
        task(1, "2026-03-04T12:00:01Z"),
        task(2),
        task(3, "2026-03-04T12:00:03Z", responseTime="soon"),
    ]
    with pytest.raises(DecodeError, match=r"last_response_time.*soon.*\(item 3\)"):
        TASKS.batch(TASKS.read(json.dumps({"tasks": refused}).encode()))


def test_headers_that_hold_a_nul_are_no_headers_of_two_tasks() -> None:
    raw = b'{"tasks":[%s]}' % b",".join(
        b'{"name":"%s/tasks/%d","httpRequest":{%s}}' % (QUEUE.encode(), number, headers)
        for number, headers in enumerate([b"", b'"headers":{"A":"b"}', b'"headers":{"A":"\\u0000"}'])
    )
    assert to_pandas(TASKS, [TASKS.read(raw)]).headers.tolist() == [{}, {"A": "b"}, {"A": "\0"}]
    with pytest.raises(DecodeError):
        TASKS.batch(TASKS.read(raw.replace(b"\\u0000", b"\0")))


def test_fractions_are_cut_and_never_rounded() -> None:
    raw = json.dumps(
        {"tasks": [{"name": f"{QUEUE}/tasks/1", "scheduleTime": "2026-12-31T23:59:59.999999999Z"}]}
    )
    expected = datetime(2026, 12, 31, 23, 59, 59, 999999, UTC)
    assert decode(raw.encode(), ListTasksResponse).tasks[0].schedule_time == expected
    assert _of_arrow(raw.encode())[0][0] == expected


QUEUE_FIELDS = [
    {"stats": {"tasksCount": str(2**63)}},
    {"stats": {"tasksCount": "١٢"}},
    {"stats": {"tasksCount": "1_000"}},
    {"purgeTime": "0001-01-01T00:00:00+05:00"},
    {"retryConfig": {"maxAttempts": 2**31}},
    {"rateLimits": {"maxBurstSize": 2**70}},
    {"retryConfig": {"minBackoff": "٣s"}},
    {"retryConfig": {"maxBackoff": "999999999999999s"}},
]


@pytest.mark.parametrize("settings", QUEUE_FIELDS)
def test_what_a_field_of_a_queue_cannot_hold_is_refused(settings: dict[str, Any]) -> None:
    raw = json.dumps({"queues": [{"name": QUEUE, **settings}]}).encode()
    (field,) = next(iter(settings.values())) if isinstance(next(iter(settings.values())), dict) else settings
    for read in (lambda: decode(raw, ListQueuesResponse), lambda: QUEUES.batch(QUEUES.read(raw))):
        with pytest.raises(DecodeError, match=field):
            read()


def test_json_that_is_nested_too_deep_is_refused_everywhere() -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000  # the limit of nesting depends on Python
    raw = b'{"tasks": [{"name": "%s/tasks/1", "new": %s}]}' % (QUEUE.encode(), deep)
    for read in (lambda: decode(raw, ListTasksResponse), lambda: TASKS.read(raw)):
        with pytest.raises(DecodeError, match="deep"):
            read()
    refused = answer(400, b'{"error": {"message": "no", "details": [%s]}}' % deep)
    for script, kind in ((answer(200, raw), ct.DecodeError), (refused, ct.CloudTasksError)):
        with scripted(script) as server:
            client = ct.connect("p", "us-central1", endpoint=server.url)
            with pytest.raises(kind):
                client.api.projects.locations.queues.tasks.list(parent=QUEUE)
            client.close()


TEXTS_OF_LEASES = ["2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.1Z", "2026-01-02T05:04:05+02:00"]


@pytest.mark.parametrize("ends", TEXTS_OF_LEASES)
@pytest.mark.parametrize("way", ["lease", "task", "tasks"])
def test_the_end_of_a_lease_goes_back_byte_for_byte(ends: str, way: str) -> None:
    task = {
        "name": f"{QUEUE}/tasks/1",
        "pullMessage": {},
        "scheduleTime": ends,
        "createTime": "2026-01-02T03:04:05Z",
        "status": {"attemptDispatchCount": 1},
        "view": "FULL",
    }
    queue = {"name": QUEUE, "pullTarget": {}, "state": "RUNNING"}
    found = task if way == "task" else {"tasks": [task]}
    script = [answer(200, one) for one in (queue, found, task, task, {})]
    with scripted(*script) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url, api_version="v2beta2")
        held = client.queue("emails")
        leased = {
            "lease": lambda: held.lease()[0],
            "task": lambda: client.task(f"{QUEUE}/tasks/1"),
            "tasks": lambda: held.tasks(view="FULL").first(1)[0],
        }[way]()
        leased.renew_lease(60)
        leased.renew_lease(60)
        leased.acknowledge()
        client.close()
    sent = [json.loads(request.partition("\r\n\r\n")[2])["scheduleTime"] for request in server.requests[2:]]
    if way == "tasks" and ends.endswith((".1Z", "+02:00")):
        sent, ends = (
            sent[1:],
            ends,
        )  # a listing keeps the instant, and the response to a renewal keeps its text
    assert sent == [ends] * len(sent)


def test_an_instant_is_a_datetime_for_everybody_else() -> None:
    made = Instant.parse("2026-01-02T03:04:05.123456789Z")
    plain = datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert made == plain
    assert hash(made) == hash(plain)
    assert repr(made) == repr(plain)
    held = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert encode({"a": held}) == b'{"a":"2026-01-02T03:04:05.123456789Z"}'
    assert encode({"a": made.replace(year=2027)}) == b'{"a":"2027-01-02T03:04:05.123456Z"}'
    assert encode(Int64.parse("9223372036854775807")) == b'"9223372036854775807"'
