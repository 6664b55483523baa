"""Folders of Parquet files and lazy scans, as Polars and Dask read them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask.dataframe
import polars
import pytest
from polars import col

import cloudtasks_nb as ct
from cloudtasks_nb.frames import dataset
from tests.integration.filling import fill, new_id

EXPORT = Path(__file__).parents[2] / "docs/how-to/export.md"
ANY_BLOCK = re.compile(r"^```python(?: notest)?\n(.*?)^```", re.M | re.S)
LATE = col("task_id") > "t-010"

Query = Callable[[polars.LazyFrame], polars.LazyFrame]
QUERIES: dict[str, Query] = {
    "all": lambda scan: scan,
    "filter": lambda scan: scan.filter(LATE),
    "head, filter": lambda scan: scan.head(12).filter(LATE),
    "filter, head": lambda scan: scan.filter(LATE).head(5),
    "head, filter, head": lambda scan: scan.head(12).filter(LATE).head(2),
    "filter, head, filter": lambda scan: scan.filter(LATE).head(6).filter(col("task_id") != "t-012"),
    "slice": lambda scan: scan.slice(3, 7),
    "slice, filter": lambda scan: scan.slice(3, 12).filter(LATE),
    "filter, slice": lambda scan: scan.filter(LATE).slice(3, 7),
    "slice, slice": lambda scan: scan.slice(2, 9).slice(1, 3),
    "slice from the end": lambda scan: scan.slice(-6, 2),
    "tail": lambda scan: scan.tail(4),
    "tail, filter": lambda scan: scan.tail(14).filter(LATE),
    "filter, tail": lambda scan: scan.filter(~LATE).tail(4),
    "nothing": lambda scan: scan.head(0).filter(LATE),
    "no row": lambda scan: scan.filter(polars.lit(False)),
    "select": lambda scan: scan.select("url", "task_id"),
    "filter, select another column": lambda scan: scan.filter(LATE).select("url"),
    "head, filter, select another column": lambda scan: scan.head(12).filter(LATE).select("url", "method"),
    "select, head, filter": lambda scan: scan.select("url", "task_id").head(12).filter(LATE),
    "filter by two columns, head, select": lambda scan: (
        scan.filter(LATE, col("kind") == "http").head(3).select("queue")
    ),
    "rename, filter": lambda scan: scan.rename({"task_id": "id"}).filter(col("id") > "t-010").head(2),
    "a new column, filter": lambda scan: (
        scan.with_columns(n=col("task_id").str.slice(2).cast(int))
        .head(9)
        .filter(col("n") % 2 == 1)
        .select("n")
    ),
    "filter by an aggregate": lambda scan: scan.head(9).filter(col("task_id") == col("task_id").max()),
    "count": lambda scan: scan.select(polars.len()),
    "head, filter, count": lambda scan: scan.head(12).filter(LATE).select(polars.len()),
    "group": lambda scan: scan.filter(LATE).group_by("kind").len(),
    "sort, head, filter": lambda scan: scan.sort("name", descending=True).head(14).filter(LATE),
    "row index": lambda scan: scan.with_row_index().filter(LATE).head(2),
    "twice": lambda scan: polars.concat([scan.head(12).filter(LATE), scan.filter(LATE).head(1)]),
}


def block(words: str) -> str:
    """The only block of the how-to page that has these words."""
    [code] = [code for code in ANY_BLOCK.findall(EXPORT.read_text()) if words in code]
    return code


@pytest.fixture(scope="module")
def scan() -> Callable[[ct.Pager[ct.Task]], polars.LazyFrame]:
    """The recipe of the how-to page."""
    names: dict[str, Any] = {"polars": polars}
    exec(block("def scan(").partition("failed =")[0], names)  # noqa: S102
    return names["scan"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def filled(emulator: str) -> Iterator[ct.Queue]:
    with ct.connect(new_id(), "us-central1", endpoint=emulator) as client:
        fill(queue := client.create_queue("emails"), 23)
        yield queue


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("query", QUERIES)
def test_a_scan_has_the_rows_of_the_whole_listing(
    query: str, engine: Any, filled: ct.Queue, scan: Any
) -> None:
    tasks = filled.tasks(page_size=4)
    whole = polars.DataFrame(tasks).lazy()
    assert QUERIES[query](scan(tasks)).collect(engine=engine).equals(QUERIES[query](whole).collect())


@pytest.mark.parametrize(
    ("query", "pages"),
    [
        (lambda scan: scan, 6),
        (lambda scan: scan.head(5).filter(LATE), 2),
        (lambda scan: scan.head(0), 1),
    ],
)
def test_a_scan_reads_no_page_after_the_limit(
    query: Query, pages: int, filled: ct.Queue, scan: Any, calls: list[str]
) -> None:
    query(scan(filled.tasks(page_size=4))).collect()
    assert sum("/tasks" in url for url in calls) == pages  # a slow export also asks for an estimate


def test_a_scan_of_nothing_has_columns(filled: ct.Queue, scan: Any) -> None:
    nothing = scan(filled.tasks().where("attempts>9"))
    assert nothing.collect().columns == list(filled.tasks().to_arrow().column_names)
    assert nothing.select(polars.len()).collect().item() == 0


def test_an_error_of_a_page_reaches_the_query(queue: ct.Queue, scan: Any) -> None:
    fill(queue, 5)
    lazy = scan(queue.tasks(page_size=2))
    queue.delete()
    with pytest.raises(ct.NotFound):
        lazy.filter(LATE).collect()


@pytest.fixture
def folder(emulator: str, tmp_path: Path) -> Path:
    """The tasks of three queues, one of which has a name of digits."""
    with ct.connect(new_id(), "us-central1", endpoint=emulator) as client:
        for place, size in (
            ("europe-west1/webhooks", 3),
            ("us-central1/webhooks", 2),
            ("us-central1/007", 4),
        ):
            fill(client.create_queue(place), size)
        tasks = client.queues("-").tasks(view="FULL")
        return tasks.to_parquet(tmp_path / "all", partition_by=["location", "queue"])


COUNTS = {("europe-west1", "webhooks"): 3, ("us-central1", "webhooks"): 2, ("us-central1", "007"): 4}
NUMBERS = [0, 0, 0, 1, 1, 1, 2, 2, 3]


def test_polars_reads_a_folder_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    names: dict[str, Any] = {}
    exec(block("hive_schema="), names)  # noqa: S102
    every = polars.scan_parquet("all/", hive_schema=names["names"])
    read = every.group_by("location", "queue").len().collect().rows()
    assert {row[:2]: row[2] for row in read} == COUNTS
    assert sorted(json.loads(payload)["n"] for payload in every.collect()["payload"]) == NUMBERS
    for other in folder.rglob("queue=webhooks/*.parquet"):
        other.write_bytes(b"not a file that anybody reads")
    assert every.filter(col("queue") == "007").collect().height == 4
    alone = polars.scan_parquet(folder / "location=us-central1", hive_schema={"queue": polars.String})
    assert alone.filter(col("queue") == "007").select("task_id").head(2).collect().height == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning:dask", "ignore::FutureWarning:dask")
def test_dask_reads_a_folder_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    names: dict[str, Any] = {}
    exec(block("import dask"), names)  # noqa: S102
    every = dask.dataframe.read_parquet(folder, dataset=names["parts"])
    assert every.npartitions == len(COUNTS)
    assert every.groupby(["location", "queue"]).size().compute().to_dict() == COUNTS
    assert sorted(every["task_id"].compute()) == [f"t-{n:03}" for n in NUMBERS]
    some = dask.dataframe.read_parquet(folder, dataset=names["parts"], filters=[("queue", "==", "007")])
    assert (some.npartitions, len(some)) == (1, 4)
    assert set(some.compute()["location"]) == {"us-central1"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:dask", "ignore::FutureWarning:dask")
def test_a_folder_without_partitions_is_read_file_by_file(
    filled: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "GROUP_ROWS", 5)
    monkeypatch.setattr(dataset, "_FILE_GROUPS", 1)
    folder = filled.tasks(page_size=4).to_parquet(f"{tmp_path}/tasks/")
    files, ids = list(folder.iterdir()), [f"t-{n:03}" for n in range(23)]
    assert len(files) > 2
    read = polars.scan_parquet(folder)
    assert read.filter(LATE).select("task_id").collect()["task_id"].to_list() == ids[11:]
    assert read.head(12).filter(LATE).collect().height == 1
    every = dask.dataframe.read_parquet(folder)
    assert every.npartitions == len(files)
    assert every["task_id"].compute().tolist() == ids
