"""Exports to folders of Parquet files, and paths of folders where a file is expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import dataset
from cloudtasks_nb.widgets.task_export import write_tasks
from tests.integration.filling import fill, new_id


@pytest.fixture
def project(emulator: str) -> ct.Client:
    client = ct.connect(new_id(), "us-central1", endpoint=emulator)
    for place, size in (("europe-west1/a", 3), ("us-central1/b", 2), ("us-central1/c", 0)):
        fill(client.create_queue(place), size)
    return client


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_for_each_queue_is_read_in_parts_by_other_tools(project: ct.Client, tmp_path: Path) -> None:
    tasks = project.queues("-").tasks(view="FULL", page_size=1)
    folder = tasks.to_parquet(tmp_path / "all", partition_by=["location", "queue"])
    assert folder == tmp_path / "all"
    assert files(folder) == [
        "location=europe-west1/queue=a/part-00000.parquet",
        "location=us-central1/queue=b/part-00000.parquet",
    ]
    assert set(pq.read_schema(folder / files(folder)[0]).names) == set(tasks.to_arrow().column_names) - {
        "location",
        "queue",
    }
    read = duckdb.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    assert sorted(read.aggregate("queue, count(*)").fetchall()) == [("a", 3), ("b", 2)]
    some = pa.dataset.dataset(folder, partitioning="hive")  # as Dask reads it
    of_b = pa.dataset.field("queue") == "b"
    assert len(list(some.get_fragments(of_b))) == 1
    assert some.to_table(filter=of_b)["task_id"].to_pylist() == ["t-000", "t-001"]
    whole = pq.read_table(folder).sort_by("name")
    assert whole.select(["name", "payload"]).equals(
        tasks.to_arrow().select(["name", "payload"]).sort_by("name")
    )


def test_a_path_that_ends_with_a_slash_is_a_folder(project: ct.Client, tmp_path: Path) -> None:
    tasks = project.queue("europe-west1/a").tasks()
    folder = tasks.to_parquet(f"{tmp_path}/tasks/")
    assert files(folder) == ["part-00000.parquet"]
    assert pq.read_table(folder).equals(tasks.to_arrow())
    nothing = project.queue("c").tasks().to_parquet(f"{tmp_path}/none/", columns=["name"])
    assert pq.read_table(nothing).to_pydict() == {"name": []}
    (tmp_path / "empty").mkdir()
    assert tasks.to_parquet(f"{tmp_path}/empty/", partition_by="tag") == tmp_path / "empty"
    assert files(tmp_path / "empty") == ["tag=__HIVE_DEFAULT_PARTITION__/part-00000.parquet"]


def test_a_folder_of_nothing_has_all_columns_for_every_reader(project: ct.Client, tmp_path: Path) -> None:
    nothing = project.queue("c").tasks()
    folder = nothing.to_parquet(f"{tmp_path}/none/", partition_by=["location", "queue"])
    columns = nothing.to_arrow().column_names
    assert pq.read_table(folder).column_names == columns
    assert pa.dataset.dataset(folder, partitioning="hive").to_table().column_names == columns
    read = duckdb.read_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    assert (read.columns, read.fetchall()) == (columns, [])
    types = {"location": polars.String, "queue": polars.String}
    scanned = polars.scan_parquet(f"{folder}/", hive_schema=types).filter(polars.col("queue") == "a")
    assert scanned.collect().columns == columns


def test_a_folder_is_new_and_complete_or_absent(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = project.queue("europe-west1/a").tasks(page_size=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        tasks.to_parquet(f"{tmp_path}/full/")
    with pytest.raises(NotADirectoryError):
        tasks.to_parquet(tmp_path / "file", partition_by=["queue"])
    with pytest.raises(FileNotFoundError):
        tasks.to_parquet(tmp_path / "no" / "where", partition_by=["queue"])
    for wrong in (["que"], ["schedule_time"], "headers"):
        with pytest.raises(ct.ConfigError, match="is not an exported column of text or integers"):
            tasks.to_parquet(f"{tmp_path}/x/", partition_by=wrong)
    with pytest.raises(ct.ConfigError, match="names all columns"):
        tasks.to_parquet(f"{tmp_path}/x/", columns=["queue"], partition_by=["queue"])
    monkeypatch.setattr(dataset, "_MOST_PARTITIONS", 2)
    with pytest.raises(ct.ConfigError, match="more than 2 folders"):
        tasks.to_parquet(f"{tmp_path}/x/", partition_by=["task_id"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_few_files_are_open_and_few_rows_are_held_whatever_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "_MOST_OPEN", 2)
    monkeypatch.setattr(dataset, "_MOST_HELD_BYTES", 100)
    monkeypatch.setattr(dataset, "GROUP_ROWS", 7)
    monkeypatch.setattr(dataset, "_FILE_GROUPS", 3)
    schema = pa.schema([("key", pa.string()), ("n", pa.int64())])
    rows = [{"key": f"a b/{n % 5}", "n": n} for n in range(200)]
    batches = [pa.RecordBatch.from_pylist(rows[at : at + 10], schema) for at in range(0, 200, 10)]
    folder = dataset.write_dataset(tmp_path / "d", schema, batches, ["key"])
    assert {name.partition("/")[0] for name in files(folder)} == {f"key=a%20b%2F{n}" for n in range(5)}
    read = pq.read_table(folder).select(["key", "n"]).to_pylist()
    assert sorted(read, key=lambda row: row["n"]) == rows


def test_missing_and_empty_values_differ_and_no_value_is_read_as_missing(tmp_path: Path) -> None:
    schema = pa.schema([("key", pa.string()), ("n", pa.int64())])

    def write(path: Path, *keys: str | None) -> Path:
        rows = [{"key": key, "n": n} for n, key in enumerate(keys)]
        return dataset.write_dataset(path, schema, [pa.RecordBatch.from_pylist(rows, schema)], ["key"])

    types = pa.dataset.partitioning(pa.schema([("key", pa.string())]), flavor="hive")
    keys = [None, "", "007", "a/b", ".", "null", "é=%2F"]
    read = pq.read_table(write(tmp_path / "all", *keys), partitioning=types).sort_by("n")
    assert read["key"].to_pylist() == keys
    with pytest.raises(ct.ConfigError, match="__HIVE_DEFAULT_PARTITION__") as caught:
        write(tmp_path / "taken", None, "__HIVE_DEFAULT_PARTITION__")
    assert "missing value" in str(caught.value)
    assert not (tmp_path / "taken").exists()


def test_a_value_that_no_folder_can_have_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = pa.schema([("key", pa.string()), ("n", pa.int64())])

    def write(*keys: str) -> Path:
        rows = [{"key": key, "n": n} for n, key in enumerate(keys)]
        return dataset.write_dataset(
            tmp_path / "d", schema, [pa.RecordBatch.from_pylist(rows, schema)], ["key"]
        )

    for long in ("x" * 252, "é" * 50):
        with pytest.raises(ct.ConfigError, match="which is too long for the name of a folder"):
            write("a", long)
    monkeypatch.setattr(dataset, "quote", lambda value, safe: value.lower())  # as a disk that ignores case
    with pytest.raises(ct.ConfigError, match="differ only in case"):
        write("a", "A")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_replaced_only_if_that_is_possible(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = project.queue("europe-west1/a").tasks()
    monkeypatch.delattr(Path, "is_mount")  # Python 3.11 has it, but not on Windows
    (tmp_path / "private").mkdir(mode=0o700)
    tasks.to_parquet(f"{tmp_path}/private/")
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for path in ("./", f"{tmp_path}/here/"):
        with pytest.raises(OSError, match="current folder"):
            tasks.to_parquet(path)
    tasks.to_parquet("tasks/")
    assert files(Path()) == ["tasks/part-00000.parquet"]


def test_columns_of_partitions_are_named_once_or_not_at_all(project: ct.Client, tmp_path: Path) -> None:
    tasks = project.queue("europe-west1/a").tasks()
    with pytest.raises(ct.ConfigError, match="names a column twice"):
        tasks.to_parquet(f"{tmp_path}/x/", partition_by=["queue", "queue"])
    assert tasks.to_parquet(tmp_path / "file.parquet", partition_by=[]).is_file()


@pytest.mark.parametrize(
    ("path", "error"), [("", ct.ConfigError), ("nul\0", ct.ConfigError), ("/", FileExistsError)]
)
def test_a_path_is_checked_before_pages_are_kept_beside_it(
    path: str, error: type[Exception], project: ct.Client
) -> None:
    with pytest.raises(error):
        project.queue("europe-west1/a").tasks().to_parquet(path, resume=True)


NOT_A_FILE: dict[str, Callable[[ct.Queue, str], object]] = {
    "csv": lambda queue, path: queue.tasks().to_csv(path),
    "excel": lambda queue, path: queue.tasks().to_excel(path),
    "report": lambda queue, path: queue.report().to_html(path),
    "backup": lambda queue, path: queue.backup(path),
    "purge": lambda queue, path: queue.purge(backup=path),
    "watch": lambda queue, path: queue.watch(dead_letter=path),
    "browser": lambda queue, path: write_tasks(path, []),
    "emulator": lambda queue, path: ct.local(path),
}


@pytest.mark.parametrize("verb", NOT_A_FILE)
def test_no_file_takes_the_name_of_a_folder(verb: str, queue: ct.Queue, tmp_path: Path) -> None:
    with pytest.raises((OSError, ct.CloudTasksError), match="names a folder") as caught:
        NOT_A_FILE[verb](queue, f"{tmp_path}/tasks.csv/")
    assert "pass the path of a file" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises((OSError, ct.CloudTasksError), match=r"names a folder|already exists"):
        NOT_A_FILE[verb](queue, str(folder))  # also without a slash at the end


@pytest.mark.parametrize("path", ["", "gs://bucket/tasks.csv", "file:///tasks.csv", "a\0.csv", "\ud800.csv"])
def test_a_path_is_on_this_machine(
    path: str, queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for write in [
        *NOT_A_FILE.values(),
        lambda queue, path: queue.tasks().to_parquet(path, partition_by="tag"),
    ]:
        with pytest.raises(ct.CloudTasksError, match=r"is not a path|is neither a \.parquet nor"):
            write(queue, path)
    assert list(tmp_path.iterdir()) == []


def test_a_watch_of_a_missing_folder_says_so(queue: ct.Queue, tmp_path: Path) -> None:
    with pytest.raises(ct.ConfigError, match="pass a file in a writable folder") as caught:
        queue.watch(tmp_path / "missing" / "tasks.parquet")
    assert "disk space" not in str(caught.value)
