"""The backup that a panel offers before a purge: selected if it is quick, and never beside the notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets import backup_offer
from cloudtasks_nb.widgets.backup_offer import backup_offered, data_folder
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.queue_panel import QueuePanel

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    return data_folder().expanduser()


@pytest.mark.parametrize(
    ("depth", "is_ticked", "words"),
    [
        (0, True, "0 tasks, about 1 s."),
        (1, True, "1 task, about 1 s."),
        (10_000, True, "10,000 tasks, about 10 s."),
        (10_001, False, "Off by default, because 10,001 tasks take about 11 s."),
        (1_000_000, False, "Off by default, because 1,000,000 tasks take about 16 min 40 s."),
        (None, False, "The number of tasks is unknown"),
    ],
)
def test_it_is_ticked_up_to_ten_thousand_tasks(
    queue: ct.Queue, depth: int | None, is_ticked: bool, words: str
) -> None:
    offered = backup_offered(queue, depth)
    assert offered["ticked"] is is_ticked and words in offered["words"]


def test_its_file_is_the_users_own_and_its_line_brings_the_tasks_back(
    queue: ct.Queue, client: ct.Client, clicking: Clicking, data: Path
) -> None:
    panel = QueuePanel(queue)
    path = panel.facts["backup"]["start"] + "20260731T120000Z.parquet"
    assert Path(path).name == f"{queue.project}.{queue.location}.{queue.id}.20260731T120000Z.parquet"
    clicking(panel).click("purge", confirm=queue.id, backup=path)
    (file,) = data.iterdir()
    if sys.platform != "win32":
        assert [found.stat().st_mode & 0o777 for found in (data, file)] == [0o700, 0o600]
    result = eval(panel.restorable["line"], {"client": client})  # noqa: S307 - a line of our own
    assert (result.done, result.renewed) == (3, 3), "their ids are blocked, because tasks had them"
    assert "under new ids" in str(result) and "their own ids are still blocked" in " ".join(
        str(result).split()
    )
    assert "3 of them under new ids" in result.summary()
    again = queue.restore(path, progress=False)
    assert (again.done, again.renewed, queue.count_tasks(progress=False)) == (3, 3, 3)


def test_a_deleted_queue_comes_back_under_another_name(
    queue: ct.Queue, client: ct.Client, clicking: Clicking, data: Path
) -> None:
    panel = QueuePanel(queue)
    page = clicking(panel)
    page.click("delete", confirm=queue.id, backup=panel.facts["backup"]["start"] + "x.parquet")
    page.send({"do": "look", "call": "asked while it was deleted"})
    page.wait("asked while it was deleted")
    assert panel.notice["text"].startswith("Deleted."), "not that the queue does not exist"
    result = eval(panel.restorable["line"], {"client": client})  # noqa: S307 - a line of our own
    assert (result.done, result.renewed) == (3, 0)
    assert client.queue(f"{queue.id}-restored").count_tasks(progress=False) == 3


def test_without_a_backup_no_line_is_offered(queue: ct.Queue, clicking: Clicking) -> None:
    panel = QueuePanel(queue)
    clicking(panel).click("purge", confirm=queue.id)
    assert panel.restorable == {}


def test_a_typed_file_needs_no_home_folder(
    queue: ct.Queue, clicking: Clicking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_offer, "data_folder", lambda: Path("~nobody.here/backups"))
    file = tmp_path / "kept.parquet"
    clicking(QueuePanel(queue)).click("purge", confirm=queue.id, backup=str(file))
    assert file.exists()
