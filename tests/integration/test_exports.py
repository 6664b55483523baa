"""Streaming exports: bounded memory, no files after an interrupt, and use in other tools."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill
from tests.scripted import answer, scripted
from tests.waiting import wait_until

QUEUE = "projects/p/locations/us-central1/queues/big"
PAYLOAD = base64.b64encode(os.urandom(750)).decode()

EXPORT = """
import sys
from pathlib import Path
import cloudtasks_nb as ct
url, verb, path = sys.argv[1:]
with ct.connect(endpoint=url) as client:
    tasks = ct.resources.queue.list_tasks(
        client._session, ct.names.parse_queue("projects/p/locations/us-central1/queues/big"),
        view="FULL", page_size=1000, order_by=None,
    )
    print("started", flush=True)
    getattr(tasks, verb)(path)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def page(token: str, count: int = 1000) -> bytes:
    tasks = [
        {
            "name": f"{QUEUE}/tasks/{number:019}",
            "httpRequest": {"url": "https://x.example/h", "headers": {"Accept": "*/*"}, "body": PAYLOAD},
            "scheduleTime": "2026-03-04T12:00:00.123456Z",
            "createTime": "2026-03-04T12:00:00Z",
            "view": "FULL",
        }
        for number in range(count)
    ]
    return answer(200, {"tasks": tasks, "nextPageToken": token})


def export(url: str, verb: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", EXPORT, url, verb, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux' /proc")
@pytest.mark.parametrize("verb", ["to_parquet", "to_csv"])
def test_memory_does_not_grow_with_the_listing(verb: str, tmp_path: Path) -> None:
    def peak_mb(pages: int) -> float:
        with scripted(*map(page, [*map(str, range(1, pages)), ""])) as server:
            done = export(server.url, verb, tmp_path / f"{pages}.out")
            printed, complaints = done.communicate(timeout=120)
        assert done.returncode == 0, complaints
        return int(printed.split()[-1]) / 1024

    few, many = peak_mb(30), peak_mb(130)
    assert many - few < 40, "100,000 more tasks are 75 MB of payloads alone"
    assert many < 400


@pytest.mark.parametrize("verb", ["to_parquet", "to_csv"])
def test_an_interrupt_leaves_nothing_half_written(verb: str, tmp_path: Path) -> None:
    def parts() -> list[Path]:
        return list(tmp_path.glob(".*.part"))

    with scripted(*map(page, "abc"), b"") as server:  # the fourth page never arrives: each try is cut off
        running = export(server.url, verb, tmp_path / "tasks.out")
        assert running.stdout is not None
        assert running.stdout.readline() == "started\n"
        wait_until(lambda: running.poll() is not None or (parts() and len(server.requests) >= 4))
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, complaints = running.communicate(timeout=60)
    assert "KeyboardInterrupt" in complaints
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tasks.csv.gz", "tasks.CSV.GZ", "tasks.csv.bz2", "tasks.csv.zst"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_csv_file_is_compressed_as_its_name_says(
    name: str, resume: bool, queue: ct.Queue, tmp_path: Path
) -> None:
    fill(queue, 5)
    path = queue.tasks(page_size=2).to_csv(tmp_path / name, resume=resume)
    with pa.input_stream(path, compression={"z": "gzip", "2": "bz2", "t": "zstd"}[name[-1].lower()]) as file:
        text = file.read()
    assert pa.csv.read_csv(pa.BufferReader(text))["task_id"].to_pylist() == [f"t-00{n}" for n in range(5)]
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_a_compression_that_is_not_written_is_an_error_before_any_file(
    queue: ct.Queue, tmp_path: Path
) -> None:
    for name in ("tasks.csv.zip", "tasks.csv.xz"):
        with pytest.raises(ct.ConfigError, match="cannot be compressed as"):
            queue.tasks().to_csv(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_arrow_batches_come_a_page_at_a_time(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 7)
    tasks = queue.tasks(page_size=3)
    calls.clear()
    reader = tasks.to_arrow_batches(limit=5, progress=False)
    assert isinstance(reader, pa.RecordBatchReader)
    assert calls == []
    assert reader.read_next_batch()["task_id"].to_pylist() == names[:3]
    assert calls == []
    assert reader.read_next_batch()["task_id"].to_pylist() == names[3:5]
    assert len(calls) == 1
    assert reader.schema.equals(tasks.to_arrow().schema)


def test_other_tools_take_a_listing_as_it_is(queue: ct.Queue) -> None:
    names = fill(queue, 7)
    tasks = queue.tasks(page_size=3)
    assert pa.table(tasks)["task_id"].to_pylist() == names
    found = duckdb.sql("SELECT kind, count(*), max(schedule_time) FROM tasks GROUP BY kind").fetchall()
    assert [row[:2] for row in found] == [("http", 7)]
    reader = duckdb.from_arrow(tasks.to_arrow_batches())
    assert [row[0] for row in reader.project("task_id").fetchall()] == names


def test_dtypes_on_request(queue: ct.Queue) -> None:
    fill(queue, 3)
    tasks = queue.tasks(view="FULL")
    arrow = tasks.to_dataframe(dtype_backend="pyarrow", decode="json")
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in arrow.dtypes)
    assert list(arrow)[-1] == "payload.n"
    assert dict(arrow.headers[0])["Content-Type"] == "application/json"
    some = tasks.to_dataframe(categories=["kind", "queue"], decode="text")
    assert str(some.kind.dtype) == str(some.queue.dtype) == "category"
    assert some.payload_text.tolist() == ['{"n":0}', '{"n":1}', '{"n":2}']
    wrong: list[dict[str, Any]] = [{"dtype_backend": "numpy"}, {"categories": ["knd"]}]
    wrong += [{"categories": ["payload_text"]}, {"categories": ["payload.n"], "decode": "text"}]
    for options in wrong:
        with pytest.raises(ct.ConfigError, match=r"numpy|knd|payload"):
            tasks.to_dataframe(**options)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_columns_of_payloads_become_categories(queue: ct.Queue, backend: Any) -> None:
    held = [{"to": "ada", "many": [1]}, {"to": "ada", "many": [2]}]
    queue.create_tasks([{"payload": each, "url": "http://localhost:1", "schedule": 60} for each in held])
    tasks = queue.tasks(view="FULL")
    names = iter(["payload.to", "payload.many", "payload.none"])
    frame = tasks.to_dataframe(decode="json", categories=names, dtype_backend=backend)  # type: ignore[arg-type]
    assert frame["payload.to"].cat.categories.tolist() == ["ada"]
    assert frame["payload.many"].tolist() in ([[1], [2]], [[2], [1]]), "lists stay as they are"
    text = tasks.to_dataframe(decode="text", categories=["payload_text"], dtype_backend=backend)
    assert len(text.payload_text.cat.categories) == 2


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_a_column_of_dicts_cannot_become_categories(client: ct.Client, queue: ct.Queue, backend: Any) -> None:
    fill(queue, 1)
    for pager, name in ((queue.tasks(), "headers"), (client.locations(), "labels")):
        with pytest.raises(ct.ConfigError, match=f"{name}.*a column of dicts"):
            pager.to_dataframe(categories=[name], dtype_backend=backend)


def test_a_warning_is_shown_at_each_line_that_causes_it(
    client: ct.Client, queue: ct.Queue, tmp_path: Path
) -> None:
    """Not at a line of the package, where a later cell would cause no other warning."""
    pulled = client.create_queue(f"{queue.id}-pull", kind="pull", retry_config={"max_attempts": 2})
    pulled.create_tasks([{"payload": b"no JSON"}])
    tasks, file = pulled.tasks(view="FULL"), tmp_path / "file"
    with (
        ct.connect(client.project, client.location, endpoint=client.endpoint, api_version="v2") as v2,
        pytest.warns(UserWarning, match="not JSON|lacks the content") as warned,
    ):
        tasks.to_dataframe(decode="json")
        tasks.first(1).to_dataframe(decode="json")
        tasks.to_arrow(decode="json")
        tasks.to_arrow_batches(decode="json")
        tasks.to_parquet(file, decode="json")
        tasks.to_csv(file, decode="json", resume=True)
        tasks.first(1).to_excel(file, decode="json")
        v2.queue(pulled.id).backup(tmp_path / "backup")
    lines = {(each.filename, each.lineno) for each in warned}
    assert {name for name, _ in lines} == {__file__}
    assert len(lines) == len(warned) == 8


def test_progress_says_how_many_are_expected_and_how_fast(
    client: ct.Client, queue: ct.Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(queue, 5)
    counted = client.queue(queue.id, stats=True).tasks(page_size=2)
    counted.to_dataframe(progress=True)
    shown = capsys.readouterr().err
    assert " of about 5 tasks" in shown
    assert "| 5 of 5 tasks" in shown  # the last line has the real total
    assert "tasks/s" in shown
    counted.to_dataframe(progress=True, limit=3)
    shown = capsys.readouterr().err
    assert "in about 2 list calls" in shown
    assert "| 3 of 3 tasks" in shown
    with ct.connect("local", "us-central1", endpoint=client.endpoint, api_version="v2") as without_statistics:
        without_statistics.queue(queue.id).tasks(page_size=2).to_dataframe(progress=True)
    shown = capsys.readouterr().err
    assert ": 5 tasks in" in shown
    assert "about" not in shown
    queue.tasks(page_size=2).to_dataframe(progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("decode", [None, "text", "json"])
def test_what_cannot_be_written_is_told_before_a_page_is_read(
    queue: ct.Queue, tmp_path: Path, calls: list[str], decode: Any
) -> None:
    """With decode="json", the columns are known only after the last page, and no row may be lost then."""
    fill(queue, 5)
    tasks = queue.tasks(view="FULL", page_size=2)
    list(tasks)  # so that an export has to read the first page again
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    calls.clear()
    added_otherwise = "payload_text" if decode == "json" else "payload.n"  # by another `decode`
    wrong: list[tuple[type[Exception], Callable[..., object], str, dict[str, Any]]] = [
        (FileExistsError, tasks.to_parquet, "full/", {}),
        (FileExistsError, tasks.to_parquet, "full/", {"resume": True}),
        (ct.ConfigError, tasks.to_parquet, "new/", {"partition_by": ["qeue"]}),
        (ct.ConfigError, tasks.to_parquet, "new/", {"partition_by": ["queue", "queue"]}),
        (ct.ConfigError, tasks.to_parquet, "new/", {"partition_by": [added_otherwise]}),
        (FileNotFoundError, tasks.to_csv, "none/tasks.csv", {}),
        (FileNotFoundError, tasks.to_csv, "none/tasks.csv", {"resume": True}),
        (ct.ConfigError, tasks.to_csv, "tasks.zip", {}),
        (IsADirectoryError, tasks.to_excel, "full", {}),
    ]
    for kind, write, name, options in wrong:
        with pytest.raises(kind):
            write(f"{tmp_path}/{name}", decode=decode, **options)
    assert calls == []
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
