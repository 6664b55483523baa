"""Tables have the documented columns: names, order, dtypes, missing values, decoding, secrets, files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.bulk.result import BulkResult
from cloudtasks_nb.bulk.result_table import RESULT_COLUMNS
from cloudtasks_nb.emulator.client.history import History
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.emulator.client.tables import HISTORY, REQUESTS
from cloudtasks_nb.errors import ConfigError, DecodeError
from cloudtasks_nb.frames import (
    LOCATIONS,
    QUEUES,
    TASKS,
    Column,
    TaskPage,
    to_pandas,
    write_csv,
    write_parquet,
)
from cloudtasks_nb.frames.data_frames import POLICY_COLUMNS
from cloudtasks_nb.model import (
    AttemptStatus,
    Expr,
    HttpRequest,
    Int64,
    Location,
    Policy,
    PullMessage,
    PullTarget,
    Queue,
    QueueStats,
    RateLimits,
    RetryConfig,
    Status,
    Task,
    TaskStatus,
)
from cloudtasks_nb.model.emulated import AttemptRecord
from tests.examples import examples

UTC_TIME = "datetime64[us, UTC]"
SPAN = "timedelta64[us]"
TASK_DTYPES = {
    "task_id": "string", "queue": "string", "location": "string", "kind": "string",
    "schedule_time": UTC_TIME, "create_time": UTC_TIME,
    "dispatch_count": "Int32", "response_count": "Int32",
    "first_dispatch_time": UTC_TIME, "last_schedule_time": UTC_TIME, "last_dispatch_time": UTC_TIME,
    "last_response_time": UTC_TIME, "last_code": "Int32", "last_message": "string",
    "method": "string", "url": "string", "headers": "object", "tag": "string",
    "payload": "binary[pyarrow]", "view": "string", "settings": "string", "name": "string",
}  # fmt: skip
QUEUE_DTYPES = {
    "queue_id": "string", "location": "string", "kind": "string", "state": "string",
    "rate_per_second": "Float64", "max_burst": "Int32", "max_concurrent": "Int32", "max_attempts": "Int32",
    "min_backoff": SPAN, "max_backoff": SPAN, "max_doublings": "Int32", "max_retry_duration": SPAN,
    "tasks_count": "Int64", "oldest_eta": UTC_TIME, "executed_last_minute": "Int64",
    "concurrent_dispatches": "Int64", "effective_rate": "Float64", "purge_time": UTC_TIME,
    "task_ttl": SPAN, "tombstone_ttl": SPAN, "name": "string",
}  # fmt: skip
LOCATION_DTYPES = {
    "location_id": "string", "display_name": "string", "labels": "object", "metadata": "object", "name": "string",
}  # fmt: skip

QUEUE = "projects/p/locations/us-central1/queues/emails"
NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, UTC)


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def http_task(number: int = 1, body: bytes | None = None, **headers: str) -> Task:
    return Task(
        name=f"{QUEUE}/tasks/{number}",
        schedule_time=NOON,
        create_time=NOON.replace(microsecond=0),
        http_request=HttpRequest(url="https://x.example/h", http_method="PUT", headers=headers, body=body),
        view="FULL" if body is not None else "BASIC",
    )


def frame(*tasks: Task, **options: str) -> pd.DataFrame:
    return to_pandas(TASKS, [TaskPage.of(tasks)], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "expected"), [(TASKS, TASK_DTYPES), (QUEUES, QUEUE_DTYPES), (LOCATIONS, LOCATION_DTYPES)]
)
def test_an_empty_listing_has_every_column_in_order_with_its_type(columns, expected) -> None:  # type: ignore[no-untyped-def]
    for pages in ([], [columns.read(b"{}")]):
        assert dtypes(to_pandas(columns, pages)) == expected
        assert list(to_pandas(columns, pages)) == list(expected)
    assert columns.batch(columns.read(b"{}")).schema.names == list(expected)


def test_a_fresh_http_task() -> None:
    row = frame(http_task(7, b'{"a":1}', Accept="*/*")).iloc[0]
    assert (row.task_id, row.queue, row.location, row.kind) == ("7", "emails", "us-central1", "http")
    assert row.schedule_time == pd.Timestamp(NOON)
    assert (row.dispatch_count, row.response_count) == (0, 0)
    assert (row.method, row.url, row.headers) == ("PUT", "https://x.example/h", {"Accept": "*/*"})
    assert (row.payload, row["view"], row["name"]) == (b'{"a":1}', "FULL", f"{QUEUE}/tasks/7")
    for never in ("first_dispatch_time", "last_response_time", "last_code", "last_message", "tag"):
        assert pd.isna(row[never])


def test_attempts_and_their_outcome() -> None:
    task = http_task()
    task.status = TaskStatus(
        attempt_dispatch_count=3,
        attempt_response_count=2,
        first_attempt_status=AttemptStatus(dispatch_time=NOON),
        last_attempt_status=AttemptStatus(
            schedule_time=NOON, response_time=NOON, response_status=Status(code=14, message="503")
        ),
    )
    row = frame(task).iloc[0]
    assert (row.dispatch_count, row.response_count, row.last_code, row.last_message) == (3, 2, 14, "503")
    assert row.first_dispatch_time == row.last_schedule_time == row.last_response_time == pd.Timestamp(NOON)
    assert pd.isna(row.last_dispatch_time)
    assert pd.isna(row.payload)


def test_a_pull_task_has_a_tag_and_no_request() -> None:
    task = Task(name=f"{QUEUE}/tasks/1", pull_message=PullMessage(payload=b"\x00\xff", tag="t"), view="FULL")
    row = frame(task).iloc[0]
    assert (row.kind, row.tag, row.payload) == ("pull", "t", b"\x00\xff")
    assert pd.isna(row.method)
    assert pd.isna(row.url)
    assert row.headers is pd.NA


def test_rows_do_not_share_their_headers() -> None:
    table = frame(http_task(1, None, Accept="a"), http_task(2, None, Accept="a"))
    table.loc[0, "headers"]["Accept"] = "changed"  # type: ignore[index,call-overload]
    assert table.loc[1, "headers"] == {"Accept": "a"}


def test_instants_finer_than_a_microsecond_are_cut_off_and_others_than_utc_are_converted() -> None:
    texts = ["2026-03-04T12:00:00.123456789Z", "2026-03-04T12:00:00Z", "2026-03-04T14:00:00.5+02:00", None]
    page = {"tasks": [{"name": f"{QUEUE}/tasks/{n}", "scheduleTime": text} for n, text in enumerate(texts)]}
    for task in page["tasks"]:
        if task["scheduleTime"] is None:
            del task["scheduleTime"]
    table = to_pandas(TASKS, [TASKS.read(json.dumps(page).encode())])
    found = table.schedule_time.tolist()
    assert found[:3] == [
        pd.Timestamp(NOON),
        pd.Timestamp(NOON).floor("s"),
        pd.Timestamp("2026-03-04T12:00:00.5Z"),
    ]
    assert found[3] is pd.NaT
    bad = {"tasks": [{"name": f"{QUEUE}/tasks/1", "scheduleTime": "soon"}]}
    with pytest.raises(DecodeError, match="time"):
        TASKS.batch(TASKS.read(json.dumps(bad).encode()))


@pytest.mark.parametrize("header", ["Authorization", "authorization", "Proxy-Authorization"])
def test_authorization_never_reaches_a_table(header: str) -> None:
    rows = TaskPage.of([http_task(1, None, **{header: "Bearer ya29.secret", "Accept": "a"})])
    assert "ya29" not in str(TASKS.batch(rows).to_pylist())
    assert to_pandas(TASKS, [rows]).headers[0] == {header: "•••", "Accept": "a"}


def test_queue_settings_statistics_and_what_is_not_known() -> None:
    queue = Queue(
        name=QUEUE,
        state="PAUSED",
        pull_target=PullTarget(),
        rate_limits=RateLimits(max_tasks_dispatched_per_second=0.5, max_concurrent_tasks=-1),
        retry_config=RetryConfig(unlimited_attempts=True, min_backoff=0.1, max_backoff=3600),  # type: ignore[arg-type]
        stats=QueueStats(tasks_count=Int64(2**40), oldest_estimated_arrival_time=NOON),
        purge_time=NOON,
    )
    bare = Queue(name=QUEUE)
    table = to_pandas(QUEUES, [[queue, bare]])
    assert dtypes(table) == QUEUE_DTYPES
    row, blank = table.iloc[0], table.iloc[1]
    assert (row.queue_id, row.kind, row.state, row.rate_per_second, row.max_concurrent) == (
        "emails", "pull", "PAUSED", 0.5, -1,
    )  # fmt: skip
    assert pd.isna(row.max_attempts)  # unlimited
    assert row.min_backoff == timedelta(seconds=0.1)
    assert (row.tasks_count, row.executed_last_minute) == (2**40, 0)
    assert pd.isna(blank.tasks_count)  # statistics that were not requested are missing, not zero
    assert pd.isna(blank.state)


def test_locations() -> None:
    place = Location(name="projects/p/locations/eu", location_id="eu", labels={"a": "b"}, metadata={"n": 1})
    row = to_pandas(LOCATIONS, [[place]]).iloc[0]
    assert (row.location_id, row.labels, row.metadata, row["name"]) == (
        "eu", {"a": "b"}, {"n": "1"}, "projects/p/locations/eu",
    )  # fmt: skip


def test_policies_have_a_row_per_member() -> None:
    bare = Policy()
    names = ["role", "member", "condition_title", "condition_expression"]
    assert dtypes(bare.to_dataframe()) == dict.fromkeys(names, "string")
    policy = bare.grant("roles/viewer", "user:a@x.org", "user:b@x.org")
    policy = policy.grant("roles/editor", "user:a@x.org", condition=Expr(title="soon", expression="true"))
    table = policy.to_dataframe()
    assert table.member.tolist() == ["user:a@x.org", "user:b@x.org", "user:a@x.org"]
    assert table.condition_title.isna().tolist() == [True, True, False]
    assert table.condition_expression[2] == "true"


def test_payloads_as_text() -> None:
    table = frame(http_task(1, "grüße".encode()), http_task(2, b"\xff"), http_task(3), decode="text")
    assert table.payload_text.dtype == "string"
    assert table.payload_text[0] == "grüße"
    assert table.payload_text[1] == "\ufffd"
    assert pd.isna(table.payload_text[2])


def test_payloads_as_columns() -> None:
    bodies = [b'{"to":"ada","n":1,"deep":{"x":[1]}}', b'{"to":"bob","n":2,"late":true}', b"no json", b"[1]"]
    with pytest.warns(UserWarning, match="payloads that are not JSON objects: 2 of 4"):
        table = frame(*(http_task(n, body) for n, body in enumerate(bodies)), decode="json")
    assert [name for name in table if name.startswith("payload.")] == [
        "payload.to", "payload.n", "payload.deep", "payload.late",
    ]  # fmt: skip
    assert table["payload.to"].tolist()[:2] == ["ada", "bob"]
    assert str(table["payload.n"].dtype) == "Int64"
    assert table["payload.deep"][0] == {"x": [1]}
    assert table["payload.late"][1] is True or table["payload.late"][1] == True  # noqa: E712 - a nullable boolean
    assert table.loc[[2, 3], "payload.to"].isna().all()


def test_an_integer_beyond_64_bits_is_kept() -> None:
    table = frame(http_task(1, b'{"n": 36893488147419103232}'), decode="json")
    assert table["payload.n"][0] == 2**65


@pytest.mark.parametrize("dtypes", ["numpy_nullable", "pyarrow"])
def test_whole_numbers_beside_fractions_lose_nothing(dtypes: Literal["numpy_nullable", "pyarrow"]) -> None:
    def column(*bodies: bytes) -> pd.Series[Any]:
        rows = TaskPage.of([http_task(n, body) for n, body in enumerate(bodies)])
        return to_pandas(TASKS, [rows], "json", dtypes)["payload.n"]

    mixed = column(b'{"n": 1}', b'{"n": 0.5}')
    assert (str(mixed.dtype), mixed.tolist()) == (
        "Float64" if dtypes == "numpy_nullable" else "double[pyarrow]",
        [1.0, 0.5],
    )
    exact = column(b'{"n": 9007199254740993}', b'{"n": 0.5}')  # 2**53 + 1: no float holds it
    assert exact.tolist() == [9007199254740993, 0.5]
    huge = column(b'{"n": %d}' % 10**400, b'{"n": 0.5}')
    assert huge.tolist() == [10**400, 0.5]


def test_a_payload_that_was_read_and_is_empty_is_no_missing_one() -> None:
    tasks = [{"name": f"{QUEUE}/tasks/{view}", "view": view, "pullMessage": {}} for view in ("FULL", "BASIC")]
    table = to_pandas(TASKS, [TASKS.read(json.dumps({"tasks": tasks}).encode())])
    assert table.payload[0] == b""
    assert table.payload.isna().tolist() == [False, True]


def test_an_unknown_decoding_is_refused() -> None:
    with pytest.raises(ConfigError, match="decode"):
        frame(http_task(), decode="yaml")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=examples(50))
@given(st.lists(st.dictionaries(st.text(min_size=1), JSON, min_size=1), min_size=1, max_size=5))
def test_any_json_object_comes_back_from_its_columns(objects: list[dict[str, object]]) -> None:
    table = frame(
        *(http_task(n, json.dumps(value).encode()) for n, value in enumerate(objects)), decode="json"
    )
    for number, value in enumerate(objects):
        for key, item in value.items():
            found = table[f"payload.{key}"][number]
            assert (item is None and (found is None or found is pd.NA)) or found == item


def batches(count: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, count, 10):
        yield TASKS.batch(
            TaskPage.of([http_task(n, b"\x00body", Accept="a") for n in range(start, start + 10)])
        )


def test_parquet_holds_the_same_table(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "tasks.parquet", TASKS.schema, batches(30))
    table = pq.read_table(path)  # type: ignore[no-untyped-call]
    assert table.schema.equals(TASKS.schema)
    assert table.equals(pa.Table.from_batches(batches(30)))


def test_csv_writes_headers_as_json_and_payloads_as_base64(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "tasks.csv", TASKS.schema, batches(20))
    table = pd.read_csv(path)
    assert len(table) == 20
    assert list(table) == list(TASK_DTYPES)
    assert json.loads(table.headers[0]) == {"Accept": "a"}
    assert table.payload[0] == "AGJvZHk="


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("write", [write_parquet, write_csv])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Interrupted])
def test_a_failed_export_leaves_nothing_behind_and_the_old_file_as_it_was(
    tmp_path: Path, write, error
) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "tasks.out"
    path.write_bytes(b"old")

    def failing() -> Iterator[pa.RecordBatch]:
        yield from batches(10)
        raise error("page 2 failed")

    with pytest.raises(error):
        write(path, TASKS.schema, failing())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_far_instant_finer_than_a_microsecond_is_cut_off_like_any_other() -> None:
    def listed(*instants: str) -> list[dict[str, str]]:
        return [{"name": f"{QUEUE}/tasks/1", "scheduleTime": instant} for instant in instants]

    page = {"tasks": listed("9999-12-31T23:59:59.123456789Z", "2026-03-04T12:00:00.123456789+02:00")}
    far, near = TASKS.batch(TASKS.read(json.dumps(page).encode())).column("schedule_time").to_pylist()
    assert far == datetime(9999, 12, 31, 23, 59, 59, 123456, UTC)
    assert near == NOON.replace(hour=10)


def test_a_payload_nested_beyond_reading_does_not_stop_an_export() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    tasks = [
        Task(name=f"{QUEUE}/tasks/{n}", view="FULL", pull_message=PullMessage(payload=payload))
        for n, payload in enumerate((b'{"a": 1}', deep))
    ]
    with pytest.warns(UserWarning, match="not JSON objects: 1 of 2"):
        frame = to_pandas(TASKS, [TaskPage.of(tasks)], "json")
    assert frame["payload.a"].isna().tolist() == [False, True]


def test_attempts_of_the_emulator_have_the_dtypes_of_other_tables() -> None:
    under_way = AttemptRecord(task=f"{QUEUE}/tasks/t", attempt=1, dispatch_time=NOON, outcome="UNDER_WAY")
    table = History(QUEUE, [under_way]).to_dataframe()
    assert dtypes(table) == dtypes(History(QUEUE, []).to_dataframe())
    assert dtypes(table) == {
        "task": "string", "attempt": "Int64", "scheduled": UTC_TIME, "sent": UTC_TIME, "answered": UTC_TIME,
        "took_s": "Float64", "code": "Int64", "status": "string", "message": "string", "answer": "string",
        "outcome": "string", "retry_at": UTC_TIME,
    }  # fmt: skip
    row = table.iloc[0]
    assert (row.task, row.attempt, row.sent, row.outcome) == ("t", 1, pd.Timestamp(NOON), "UNDER_WAY")
    assert row[["answered", "took_s", "code", "status", "message", "answer"]].isna().all()


@pytest.mark.parametrize(
    ("verb", "columns"),
    [
        (BulkResult.to_dataframe, RESULT_COLUMNS),
        (History.to_dataframe, HISTORY),
        (Inbox.to_dataframe, REQUESTS),
        (Policy.to_dataframe, POLICY_COLUMNS),
    ],
)
def test_docstrings_name_every_column_in_order(verb: Any, columns: list[Column[Any]]) -> None:
    shapes = str(verb.__doc__).partition("Shapes:")[2].partition("\n\n")[0]
    said = re.findall(r"\w+", re.sub(r"\([^)]*\)", "", shapes))
    assert said == [column.name for column in columns]
