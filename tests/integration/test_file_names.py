"""Names of files that are not UTF-8, such as Latin-1 names on Linux. Python reads their bytes as lone surrogates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill

NAME = "caf\udce9"  # "café" in Latin-1, as os.listdir() returns it


def test_the_emulator_keeps_its_data_in_such_a_file(tmp_path: Path) -> None:
    file = tmp_path / f"{NAME}.db"
    for count in (1, 2):
        with ct.local(file) as client:
            assert "caf" in repr(client.emulator._repr_html_())
            client.create_queue(f"q{count}")
            assert len(list(client.queues())) == count
    assert file.exists()


def test_a_backup_in_such_a_file_comes_back(client: ct.Client, queue: ct.Queue, tmp_path: Path) -> None:
    fill(queue, 3)
    path = queue.backup(tmp_path / f"{NAME}.parquet", progress=False)
    assert client.restore(path, "copy", progress=False).done == 3


@pytest.mark.parametrize(
    "export",
    [
        lambda tasks, path: tasks.to_parquet(path),
        lambda tasks, path: tasks.to_csv(path),
        lambda tasks, path: tasks.to_excel(path),
        lambda tasks, path: tasks.to_parquet(f"{path}/", partition_by=["queue"]),
    ],
    ids=["parquet", "csv", "excel", "dataset"],
)
def test_exports_to_such_a_file(
    queue: ct.Queue, tmp_path: Path, export: Callable[[ct.TaskPager, Path], Path]
) -> None:
    fill(queue, 3)
    assert export(queue.tasks(), tmp_path / NAME) == tmp_path / NAME
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
