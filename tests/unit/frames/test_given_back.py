"""Tables that went through a file or another library give the same tasks again, or raise a clear error."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import frame_from, rows_from
from tests.scripted import answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/q"
PAYLOADS = [
    b'{"a": 1.0, "b": null, "c": "x", "big": 12345678901234567890}',
    b'{ "a":{"z":[1]},"b":true,"c":"007" }',
    b'{"a":"1","b":-3,"c":"[not json","d":5}',
    gzip.compress(b'{"a":[1,"2"],"d":6}'),
    gzip.compress(b'{"cut": "off"}' * 9)[:30],
    b"\xff\xfe",
    b"\x1f\x8b\x08\x00 not gzip",
    b"test",
]


def _task(number: int, payload: bytes, kind: str) -> dict[str, Any]:
    held = base64.b64encode(payload).decode()
    if kind == "pull":
        said: dict[str, Any] = {"pullMessage": {"payload": held, "tag": "007"}}
    else:
        headers = {"X-A": "1"} if number % 2 else {"X-B": "2"}
        said = {"httpRequest": {"url": "https://example.com/", "headers": headers, "body": held}}
    times = {"scheduleTime": "2026-01-02T03:04:05.678901Z", "createTime": "2026-01-02T03:04:05Z"}
    return {"name": f"{QUEUE}/tasks/{number}", "view": "FULL", **times, **said}


@pytest.fixture(scope="module", params=["pull", "http"])
def tasks(request: pytest.FixtureRequest) -> Iterator[ct.Pager[ct.Task]]:
    kind = {"pull": {"pullTarget": {}}, "http": {"httpTarget": {}}}[request.param]
    page = {"tasks": [_task(number, payload, request.param) for number, payload in enumerate(PAYLOADS)]}
    with (
        scripted(answer(200, {"name": QUEUE, **kind}), answer(200, page)) as server,
        ct.connect("p", "us-central1", endpoint=server.url, api_version="v2beta2") as client,
    ):
        yield client.queue("q").tasks(view="FULL")


def _text(path: Path) -> Any:
    return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])


def _dates(path: Path) -> Any:
    return pd.read_csv(path, parse_dates=["schedule_time", "create_time"])


def _by_pandas(frame: Any, path: Path) -> Any:
    frame.to_parquet(path)  # maps become structs, in which each row has every key
    return pd.read_parquet(path)


Way = Callable[[Any, Path, dict[str, Any]], Any]
WAYS: dict[str, Way] = {
    "frame": lambda tasks, _, options: tasks.to_dataframe(**options),
    "records": lambda tasks, _, options: tasks.to_dataframe(**options).to_dict("records"),
    "Arrow": lambda tasks, _, options: tasks.to_arrow(**options),
    "Parquet": lambda tasks, path, options: pd.read_parquet(tasks.to_parquet(path, **options)),
    "Parquet by Arrow": lambda tasks, path, options: pq.read_table(tasks.to_parquet(path, **options)),
    "Parquet of pandas": lambda tasks, path, options: _by_pandas(tasks.to_dataframe(**options), path),
    "CSV": lambda tasks, path, options: _text(tasks.to_csv(path, **options)),
    "CSV with dates": lambda tasks, path, options: _dates(tasks.to_csv(path, **options)),
    "CSV by Arrow": lambda tasks, path, options: pyarrow.csv.read_csv(tasks.to_csv(path, **options)),
}


@pytest.mark.filterwarnings("ignore:.*not JSON objects")
@pytest.mark.parametrize("decode", [None, "text", "json"])
@pytest.mark.parametrize("way", WAYS)
def test_an_unedited_payload_is_the_same_byte_by_byte(
    tasks: ct.Pager[ct.Task], tmp_path: Path, way: str, decode: str | None
) -> None:
    if way == "Parquet of pandas" and decode == "json":
        decode = "text"  # pandas cannot write columns of mixed types
    table = WAYS[way](tasks, tmp_path / "table", {"secrets": True, "decode": decode})
    frame = table if isinstance(table, pd.DataFrame) else frame_from(table)
    rows = list(rows_from(frame))
    refused = [row for row in rows if isinstance(row, ct.InvalidArgument)]
    if refused:  # a CSV file that nothing identifies as CSV
        assert way in ("CSV with dates", "CSV by Arrow")
        assert frame["kind"][0] == "pull"
        assert all("dtype=str" in (row.hint or "") for row in refused)
        return
    assert [row["payload"] for row in rows] == PAYLOADS  # type: ignore[index]
    if frame["kind"][0] == "http":
        assert [row["headers"] for row in rows] == [{"X-B": "2"}, {"X-A": "1"}] * 4  # type: ignore[index]


@pytest.mark.filterwarnings("ignore:.*not JSON objects")
@pytest.mark.parametrize("way", ["Arrow", "Parquet", "CSV"])
def test_an_edited_cell_keeps_the_type_that_the_payload_has(
    tasks: ct.Pager[ct.Task], tmp_path: Path, way: str
) -> None:
    table = WAYS[way](tasks, tmp_path / "table", {"secrets": True, "decode": "json"})
    frame = (table if isinstance(table, pd.DataFrame) else frame_from(table)).astype({"payload.b": object})
    frame.loc[2, "payload.b"] = "-4"
    assert list(rows_from(frame))[2]["payload"] == b'{"a":"1","b":-4,"c":"[not json","d":5}'  # type: ignore[index]


def test_text_in_a_listing_stays_text(tasks: ct.Pager[ct.Task]) -> None:
    frame = tasks.to_dataframe(secrets=True)
    frame["payload"] = "test"  # also valid base64
    assert [row["payload"] for row in rows_from(frame)] == ["test"] * len(PAYLOADS)  # type: ignore[index]


@pytest.mark.filterwarnings("ignore:.*not JSON objects")
def test_a_key_of_a_packed_payload_cannot_be_changed_alone(tasks: ct.Pager[ct.Task]) -> None:
    frame = tasks.to_dataframe(secrets=True, decode="json")
    frame.loc[3, "payload.d"] = 7
    refused = list(rows_from(frame))[3]
    assert isinstance(refused, ct.InvalidArgument)
    assert "packed (gzip or base64), so payload.d cannot be changed" in refused.message
