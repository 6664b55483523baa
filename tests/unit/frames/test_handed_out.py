"""Exported tables: selected columns, hidden secrets, decoded payloads; workbooks and CSV."""

from __future__ import annotations

import base64
import csv
import gc
import gzip
import json
import pickle
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.bulk.backup_file import BACKUP
from cloudtasks_nb.bulk.items import Item
from cloudtasks_nb.bulk.result import BulkResult, Verb
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.frames import QUEUES, excel
from cloudtasks_nb.model.unpacking import json_object
from cloudtasks_nb.resources import Queue
from tests.scripted import Scripted, answer, refusal, scripted
from tests.waiting import PATIENCE_S

QUEUE = "projects/p/locations/us-central1/queues/emails"
SECRET = "hunter2-of-ada"
HEADERS = {"Authorization": f"Bearer {SECRET}", "Cookie": SECRET, "X-Api-Key": SECRET, "Accept": "*/*"}
URL = f"https://ada:{SECRET}@example.com/?token={SECRET}&n=1"


def _task(number: int, body: bytes = b"{}", **more: Any) -> dict[str, Any]:
    request = {"url": URL, "headers": HEADERS, "body": base64.b64encode(body).decode()}
    status = {"responseStatus": {"code": 3, "message": f"Bearer {SECRET}"}}
    return {
        "name": f"{QUEUE}/tasks/{number}",
        "httpRequest": request | more,
        "scheduleTime": "2026-01-02T03:04:05.678901Z",
        "createTime": "2026-01-02T03:04:05Z",
        "status": {"lastAttemptStatus": status},
        "view": "FULL",
    }


PAYLOADS = [
    b'{"n": 1, "s": "a"}',
    gzip.compress(b'{"n": 2, "s": "b"}'),
    base64.b64encode(b'{"n": 3, "s": "c"}'),
    json.dumps(base64.b64encode(gzip.compress(b'{"n": 4, "mixed": 5}')).decode()).encode(),
    b'{"mixed": "text", "nested": {"a": [1]}, "large": 1e3, "n": null}',
    b"no json",
]


@pytest.fixture
def server() -> Iterator[Scripted]:
    queue = {"name": QUEUE, "state": "RUNNING", "retryConfig": {"minBackoff": "0.1s"}}
    page = {"tasks": [_task(number, body) for number, body in enumerate(PAYLOADS)]}
    with scripted(answer(200, queue), answer(200, page)) as made:
        yield made


@pytest.fixture
def tasks(server: Scripted) -> Iterator[ct.Pager[ct.Task]]:
    client = ct.connect(
        "p", "us-central1", endpoint=server.url, api_version="v2beta2"
    )  # as in the server's response
    yield client.queue("emails").tasks(view="FULL")
    client.close()


Read = Callable[[Any, Path, dict[str, Any]], str]


def _csv(tasks: Any, path: Path, options: dict[str, Any]) -> str:
    return str(tasks.to_csv(path, **options).read_text())


def _parquet(tasks: Any, path: Path, options: dict[str, Any]) -> str:
    return str(pq.read_table(tasks.to_parquet(path, **options)).to_pylist())


def _excel(tasks: Any, path: Path, options: dict[str, Any]) -> str:
    sheet = openpyxl.load_workbook(tasks.to_excel(path.with_suffix(".xlsx"), **options)).active
    return str([[cell.value for cell in row] for row in sheet.rows])


def _lines(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


WAYS: dict[str, Read] = {
    "frame": lambda tasks, _, options: str(tasks.to_dataframe(**options).to_dict("records")),
    "arrow dtypes": lambda tasks, _, options: str(
        tasks.to_dataframe(dtype_backend="pyarrow", **options).to_dict("records")
    ),
    "arrow": lambda tasks, _, options: str(tasks.to_arrow(**options).to_pylist()),
    "batches": lambda tasks, _, options: str(tasks.to_arrow_batches(**options).read_all().to_pylist()),
    "csv": _csv,
    "parquet": _parquet,
    "excel": _excel,
    "first": lambda tasks, _, options: str(tasks.first(9).to_dataframe(**options).to_dict("records")),
}


@pytest.mark.parametrize("way", WAYS)
def test_secrets_are_hidden_in_every_export_unless_they_are_asked_for(
    tasks: ct.Pager[ct.Task], tmp_path: Path, way: str
) -> None:
    written = WAYS[way](tasks, tmp_path / "t", {})
    assert SECRET not in written
    assert "https://•••@example.com/?token=•••&n=1" in written
    assert "Bearer •••" in written
    assert WAYS[way](tasks, tmp_path / "t", {"secrets": True}).count(SECRET) >= 6 * len(PAYLOADS)


def test_the_arrow_stream_hides_them_too(tasks: ct.Pager[ct.Task]) -> None:
    assert SECRET not in str(pa.table(tasks).to_pylist())
    assert SECRET not in str(pa.RecordBatchReader.from_stream(tasks.first(2)).read_all().to_pylist())
    assert duckdb.sql("SELECT count(*) FROM tasks").fetchall() == [(len(PAYLOADS),)]


def test_verbs_and_filters_on_a_listing_use_true_values(tasks: ct.Pager[ct.Task]) -> None:
    assert [task.url for task in tasks] == [URL] * len(PAYLOADS)
    assert all(task.headers == HEADERS for task in tasks)
    assert tasks.to_dataframe()["name"].tolist() == [task.name for task in tasks]


@pytest.mark.parametrize("column", ["url", "headers"])
def test_a_value_that_was_hidden_becomes_no_task(tasks: ct.Pager[ct.Task], column: str) -> None:
    frame = tasks.to_dataframe(columns=[column])
    frame["url"] = frame.get("url", "https://x.example")
    queue = Queue(name=QUEUE).bind(tasks._listing.session)
    rows = [
        {key: dict(value) if isinstance(value, dict) else str(value) for key, value in row.items()}
        for row in frame.to_dict("records")
    ]
    for given in (frame, rows):
        with pytest.raises(ct.InvalidRows) as caught:
            queue.create_tasks(given)
        assert caught.value.count == len(PAYLOADS)
        assert "hidden secret" in caught.value.problems[0][1]
    with pytest.raises(ct.InvalidArgument, match="hidden secret") as refused:
        queue.create_task(**rows[0])
    assert "secrets=True" in str(refused.value.hint)


def test_a_backup_holds_them_in_the_task_alone() -> None:
    page = BACKUP.read(json.dumps({"tasks": [_task(1)]}).encode())
    (row,) = BACKUP.batch(page).to_pylist()
    assert SECRET in row.pop("task")
    assert SECRET not in str(row)


def test_a_file_with_secrets_is_for_its_owner_alone(tasks: ct.Pager[ct.Task], tmp_path: Path) -> None:
    path = tasks.to_csv(tmp_path / "tasks.csv", secrets=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (
        stat.S_IMODE(tasks.to_csv(path).stat().st_mode) == 0o600
    )  # not wider than those of the replaced file
    other = tasks.to_csv(tmp_path / "other.csv")
    assert stat.S_IMODE(other.stat().st_mode) & 0o600 == 0o600


def test_columns_are_chosen_in_every_export(tasks: ct.Pager[ct.Task], tmp_path: Path) -> None:
    names = ["name", "headers", "task_id"]
    assert list(tasks.to_dataframe(columns=names)) == names
    assert list(tasks.first(1).to_dataframe(columns=names)) == names
    assert tasks.to_arrow(columns=names).column_names == names
    assert pq.read_schema(tasks.to_parquet(tmp_path / "t", columns=names)).names == names
    assert _lines(tasks.to_csv(tmp_path / "t", columns=names))[0] == names
    for wrong in (["nmae"], "name", []):
        with pytest.raises(ct.ConfigError, match="columns"):
            tasks.to_arrow(columns=wrong)


def test_payloads_are_decoded_in_every_export_gzip_and_base64_too(
    tasks: ct.Pager[ct.Task], tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match="not JSON objects: 1 of 6"):
        frame = tasks.to_dataframe(decode="json")
    assert frame["payload.n"].astype(object).where(frame["payload.n"].notna(), None).tolist() == [
        1, 2, 3, 4, None, None
    ]  # fmt: skip
    with pytest.warns(UserWarning):
        table = tasks.to_arrow(decode="json", columns=["task_id"])
    assert table.column_names == [
        "task_id", "payload.n", "payload.s", "payload.mixed", "payload.nested", "payload.large"
    ]  # fmt: skip
    assert table["payload.n"].to_pylist() == [1, 2, 3, 4, None, None]
    assert table["payload.nested"].to_pylist()[4] == '{"a": [1]}'
    assert table["payload.mixed"].to_pylist()[3:5] == ["5", '"text"']
    with pytest.warns(UserWarning):
        assert pq.read_table(tasks.to_parquet(tmp_path / "t", decode="json")).num_columns > table.num_columns
    texts = tasks.to_arrow(decode="text", columns=["payload_text"][:0])["payload_text"].to_pylist()
    assert texts[:2] == ['{"n": 1, "s": "a"}', '{"n": 2, "s": "b"}']
    assert tasks.to_dataframe(decode="text")["payload_text"].tolist() == texts
    assert "payload_text" in tasks.to_csv(tmp_path / "t", decode="text").read_text()
    with pytest.raises(ct.ConfigError, match="decode"):
        tasks.to_arrow(decode="jsno")  # type: ignore[arg-type]


def test_a_gzip_that_unpacks_to_more_than_anybody_holds_is_no_json() -> None:
    assert json_object(gzip.compress(b'{"a": "' + b"0" * 80_000_000 + b'"}')) is None


def test_durations_say_their_unit(tmp_path: Path) -> None:
    page = {"queues": [{"name": QUEUE, "retryConfig": {"minBackoff": "0.1s", "maxBackoff": "3600s"}}]}
    with scripted(answer(200, {"locations": []}), answer(200, page)) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url)
        list(client.locations())
        queues = client.queues("us-central1")
        schema = queues.to_arrow().schema
        path = queues.to_parquet(tmp_path / "queues.parquet")
        text = queues.to_csv(tmp_path / "queues.csv").read_text()
        sheet = openpyxl.load_workbook(queues.to_excel(tmp_path / "queues.xlsx")).active
        client.close()
    assert schema.field("min_backoff").type == pa.duration("us")
    assert schema.field("min_backoff").metadata == {b"unit": b"microseconds"}
    assert pq.read_metadata(path).metadata[b"unit of min_backoff"] == b"microseconds"
    assert QUEUES.schema == pq.read_schema(path)
    assert '"0.100s"' in text
    assert pd.to_timedelta(pd.read_csv(tmp_path / "queues.csv")["min_backoff"])[0] == pd.Timedelta("100ms")
    row = {head.value: cell.value for head, cell in zip(*sheet.iter_rows(max_row=2), strict=True)}
    assert row["max_backoff"] == pd.Timedelta("1h")


FORMULAS = ["=1+1", "+1", "-1", "@sum", "\tx", "=cmd|' /C calc'!A0"]


def test_no_text_is_a_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    page = {
        "tasks": [
            {"name": f"{QUEUE}/tasks/{n}", "pullMessage": {"tag": text}, "createTime": "2026-01-02T03:04:05Z"}
            for n, text in enumerate([*FORMULAS, "plain"])
        ]
    }
    queue = {"name": QUEUE, "pullTarget": {}}
    with scripted(answer(200, queue), answer(200, page)) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url)
        tasks = client.queue("emails").tasks()
        book = openpyxl.load_workbook(tasks.to_excel(tmp_path / "t.xlsx", columns=["tag", "create_time"]))
        safe = _lines(tasks.to_csv(tmp_path / "safe.csv", columns=["tag"], spreadsheet_safe=True))
        plain = _lines(tasks.to_csv(tmp_path / "t.csv", columns=["tag"]))
        client.close()
    cells = [row[0] for row in book.active.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == [*FORMULAS, "plain"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [row[0] for row in safe[1:]] == [*(f"'{text}" for text in FORMULAS), "plain"]
    assert [row[0] for row in plain[1:]] == [*FORMULAS, "plain"]
    when = book.active["B2"]
    assert (when.value, when.is_date) == (datetime(2026, 1, 2, 3, 4, 5), True)


def test_what_a_sheet_cannot_hold_is_refused_in_words(tmp_path: Path, server: Scripted) -> None:
    server.script[1] = answer(200, {"tasks": [_task(1, b"x" * 30_000)]})
    client = ct.connect("p", "us-central1", endpoint=server.url)
    tasks = client.queue("emails").tasks(view="FULL")
    with pytest.raises(ct.ConfigError, match="'payload' has 40,000") as caught:
        tasks.to_excel(tmp_path / "t.xlsx")
    assert "columns=" in str(caught.value.hint)
    assert list(tmp_path.iterdir()) == []
    client.close()


def test_the_table_of_an_inbox_hides_secrets() -> None:
    with Inbox() as inbox:
        requests.post(f"{inbox.url}/a?token={SECRET}", headers=HEADERS, timeout=PATIENCE_S)
        frame = inbox.to_dataframe()
    assert frame["query"].tolist() == ["token=•••"]
    assert SECRET not in str(frame.drop(columns="payload").to_dict("records"))


def test_instants_of_a_workbook_are_in_utc(tasks: ct.Pager[ct.Task], tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(tasks.to_excel(tmp_path / "t.xlsx", columns=["schedule_time"])).active
    (task, *_) = tasks
    assert task.schedule_time == datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    assert abs(sheet["A2"].value - datetime(2026, 1, 2, 3, 4, 5, 678901)).total_seconds() < 0.001


@pytest.mark.parametrize("when", ["1899-12-31 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"])
def test_an_instant_that_a_sheet_cannot_show_is_text(when: str, tmp_path: Path, server: Scripted) -> None:
    server.script[1] = answer(200, {"tasks": [_task(1) | {"scheduleTime": when.replace(" ", "T") + "Z"}]})
    client = ct.connect("p", "us-central1", endpoint=server.url)
    path = client.queue("emails").tasks().to_excel(tmp_path / "t.xlsx", columns=["schedule_time"])
    assert openpyxl.load_workbook(path).active["A2"].value == f"{when}Z"
    client.close()


def test_a_workbook_that_fails_leaves_no_file(
    tmp_path: Path, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server.script[1:] = [
        answer(200, {"tasks": [_task(1)], "nextPageToken": "2"}),
        refusal(403, "PERMISSION_DENIED"),
    ]
    client = ct.connect("p", "us-central1", endpoint=server.url)
    with pytest.raises(ct.PermissionDenied):
        client.queue("emails").tasks().to_excel(tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []
    client.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_the_only_error_of_a_workbook(
    tasks: ct.Pager[ct.Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full(*_: Any, **__: Any) -> Iterator[BinaryIO]:
        with Path("/dev/full").open("wb") as file:
            yield file

    monkeypatch.setattr(excel, "complete_or_absent", full)
    with pytest.raises(OSError, match="No space left"):
        tasks.to_excel(tmp_path / "t.xlsx")
    gc.collect()  # an open archive would complain now


def test_a_key_that_no_sheet_can_show_is_a_column(tmp_path: Path, server: Scripted) -> None:
    server.script[1] = answer(200, {"tasks": [_task(1, json.dumps({"a\x00b": 1}).encode())]})
    client = ct.connect("p", "us-central1", endpoint=server.url)
    path = client.queue("emails").tasks(view="FULL").to_excel(tmp_path / "t.xlsx", decode="json")
    heads = [cell.value for cell in next(openpyxl.load_workbook(path).active.rows)]
    assert "payload.a\ufffdb" in heads
    client.close()


def test_results_become_tables(tmp_path: Path) -> None:
    multipart = (
        b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-x + %d>\r\n\r\nHTTP/1.1 %s\r\n"
        b"Content-Type: application/json\r\n\r\n%s\r\n"
    )
    parts = multipart % (0, b"200 OK", b'{"name": "%s"}' % QUEUE.encode()) + multipart % (
        1, b"404 Not Found", b'{"error": {"code": 404, "message": "none", "status": "NOT_FOUND"}}'
    ) + b"--b--"  # fmt: skip
    queue = {"name": QUEUE, "state": "RUNNING"}
    with scripted(
        answer(200, queue), answer(200, parts, content_type="multipart/mixed; boundary=b")
    ) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url)
        held = client.queue("emails")
        with client.batch() as batch:
            batch.add(held.pause)
            batch.add(held.resume)
        frame = batch.results.to_dataframe()
        client.close()
    assert list(frame) == ["index", "method", "resource", "ok", "code", "message", "attempts"]
    assert frame["ok"].tolist() == [True, False]
    again = pickle.loads(pickle.dumps(batch.results))  # noqa: S301 - made here
    pd.testing.assert_frame_equal(again.to_dataframe(), frame)
    assert again[0].result().name == QUEUE
    assert frame["code"].tolist() == [pd.NA, 5]
    assert frame["message"].tolist() == [pd.NA, "none"]


def test_a_result_becomes_a_workbook(tmp_path: Path) -> None:
    result = BulkResult(Verb("delete_tasks", "deleted"), QUEUE)
    result.add([Item(name=f"{QUEUE}/tasks/1"), Item(index=1, name="=2", error=ct.NotFound("gone"))])
    sheet = openpyxl.load_workbook(result.to_excel(tmp_path / "result.xlsx")).active
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert rows[0] == list(result.to_dataframe())
    assert [row[:4] for row in rows[1:]] == [[0, f"{QUEUE}/tasks/1", True, None], [1, "=2", False, 5]]
