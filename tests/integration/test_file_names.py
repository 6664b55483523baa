"""Unusual paths: names that are not UTF-8, unknown home folders, links in a loop, folders that do not exist."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill

NAME = "caf\udce9"  # "café" in Latin-1, as os.listdir() returns it: the byte is a lone surrogate


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


WRITERS: dict[str, Callable[[ct.Queue, str], object]] = {
    "parquet": lambda queue, path: queue.tasks().to_parquet(path),
    "csv": lambda queue, path: queue.tasks().to_csv(path),
    "excel": lambda queue, path: queue.tasks().to_excel(path),
    "folder": lambda queue, path: queue.tasks().to_parquet(f"{path}/"),
    "resumed": lambda queue, path: queue.tasks().to_parquet(path, resume=True),
    "backup": lambda queue, path: queue.backup(path, progress=False),
    "purge": lambda queue, path: queue.purge(backup=path),
    "emulator": lambda queue, path: ct.local(path),
}
OTHERS: dict[str, Callable[[ct.Queue, str], object]] = {
    "restore": lambda queue, path: queue.restore(path),
    "watch": lambda queue, path: queue.watch(dead_letter=path),
    "credentials": lambda queue, path: ct.connect(project="p", credentials=path),
}


@pytest.mark.parametrize("use", [*WRITERS.values(), *OTHERS.values()], ids=[*WRITERS, *OTHERS])
def test_a_home_folder_that_is_unknown_is_named(
    queue: ct.Queue, use: Callable[[ct.Queue, str], object]
) -> None:
    for path in ("~tasks.x", Path("~tasks.x")):
        with pytest.raises(ct.ConfigError, match=r"home folder (in '~tasks\.x/?' )?is unknown"):
            use(queue, path)  # type: ignore[arg-type]


def test_a_queue_yaml_in_such_a_folder(client: ct.Client) -> None:
    with pytest.raises(ct.ConfigError, match=r"home folder in '~queue\.yaml' is unknown"):
        client.upload_queue_yaml("~queue.yaml")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("use", WRITERS.values(), ids=WRITERS)
def test_links_in_a_loop_are_named(
    queue: ct.Queue, tmp_path: Path, use: Callable[[ct.Queue, str], object]
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="symbolic links form a loop"):
        use(queue, str(loop))
    assert [*tmp_path.iterdir()] == [loop]


@pytest.mark.parametrize("options", [{}, {"resume": True}], ids=["anew", "resumed"])
def test_a_folder_that_does_not_exist_is_to_be_created(
    queue: ct.Queue, tmp_path: Path, options: dict[str, bool]
) -> None:
    with pytest.raises(FileNotFoundError, match="create it first"):
        queue.tasks().to_csv(tmp_path / "none" / "tasks.csv", **options)
