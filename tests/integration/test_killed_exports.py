"""Exports of processes that were killed: their unfinished files are deleted, and no others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import Partial
from cloudtasks_nb.frames.complete import delete_unfinished
from tests.integration.filling import fill, new_id


@pytest.fixture
def project(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(new_id(), "us-central1", endpoint=emulator) as client:
        fill(client.create_queue("q"), 9)
        yield client


KILLED = """
import os, sys
import cloudtasks_nb as ct

project, endpoint, verb, path = sys.argv[1:]
client = ct.connect(project, "us-central1", endpoint=endpoint)
tasks = client.queue("q").tasks(page_size=2)
reading = type(tasks)._kept_and_read

def until_killed(*given: object) -> object:
    yield next(reading(*given))
    os._exit(9)

type(tasks)._kept_and_read = until_killed
getattr(tasks, verb)(path, resume=True)
"""


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("to_csv", "tasks.csv.gz"),
        ("to_parquet", "tasks"),
        ("to_parquet", "tasks/"),
        ("to_excel", "tasks.xlsx"),
    ],
)
def test_after_a_kill_the_same_line_leaves_no_other_file(
    verb: str, name: str, project: ct.Client, tmp_path: Path
) -> None:
    path = f"{tmp_path}/{name}"
    command = [sys.executable, "-c", KILLED, project.project, project.endpoint, verb, path]
    for _ in range(2):
        assert subprocess.run(command, check=False, timeout=120).returncode == 9
    unfinished = [found for found in tmp_path.iterdir() if found.suffix == ".part"]
    assert len(unfinished) == 1, "that of the last run only"
    getattr(project.queue("q").tasks(page_size=2), verb)(path, resume=True)
    assert [found.name for found in tmp_path.iterdir()] == [name.removesuffix("/")]


def test_nothing_else_is_deleted_whatever_the_file_of_pages_says(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.touch()
    (tmp_path / ".0123456789abcdef.part").mkdir()
    for name in ("mine.csv", "../mine.csv", "", ".", "/", ".0123456789abcdef.part"):
        delete_unfinished(tmp_path / ".fedcba9876543210.part", name)
    assert [*tmp_path.iterdir()] == [mine]


def test_an_unfinished_file_that_cannot_be_deleted_stops_no_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / ".0123456789abcdef.part"
    left.touch()

    def in_use(*_: object, **__: object) -> None:
        raise PermissionError("another program has opened it")

    with Partial(tmp_path / "tasks.csv", {}) as kept:
        kept.note(left)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "unlink", in_use)
            kept.note(tmp_path / ".fedcba9876543210.part")
    assert [*tmp_path.iterdir()] == [left]
