"""Purging and deleting a queue with a backup: every created task is in the file, or still in the queue."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, fill, new_id
from tests.waiting import wait_until


class Producer:
    """Creates tasks in a queue within a with block, one after the other. `acknowledged` holds their ids."""

    def __init__(self, queue: ct.Queue) -> None:
        self.acknowledged: list[str] = []
        self._queue, self._over = queue, threading.Event()
        self._thread = threading.Thread(target=self._produce)

    def _produce(self) -> None:
        while not self._over.is_set():
            try:
                self.acknowledged.append(self._queue.create_task(b"new", url=URL, schedule=3600).id)
            except ct.NotFound:  # the queue was deleted
                return

    def __enter__(self) -> Producer:
        self._thread.start()
        wait_until(lambda: self.acknowledged)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def ids_in(path: Path) -> set[str]:
    return set(pq.read_table(path, columns=["task_id"])["task_id"].to_pylist())


def test_whatever_is_created_beside_purges_is_in_a_file_or_in_the_queue(
    client: ct.Client, tmp_path: Path, calls: list[str]
) -> None:
    queue = client.create_queue(new_id())
    fill(queue, 50)
    producing = ct.connect(endpoint=client.endpoint).queue(queue.name)
    arrived = 0
    with Producer(producing) as producer:
        for number in range(20):
            purged = queue.purge(backup=tmp_path / f"{number}.parquet").purged
            assert purged is not None and purged.ok
            arrived += purged.arrived
    files = [ids_in(tmp_path / f"{number}.parquet") for number in range(20)]
    there = {task.id for task in queue.tasks()}
    assert set(producer.acknowledged) <= set.union(*files, there)
    assert sum(map(len, files)) == len(set.union(*files)), "no task is in two files"
    assert not set.union(*files) & there
    assert arrived > 0
    assert not [call for call in calls if ":purge" in call]
    assert queue.purge_time is None


def test_a_queue_is_deleted_with_a_backup_only_when_it_is_empty(
    client: ct.Client, queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloudtasks_nb.bulk import backup

    fill(queue, 20)
    write = backup.write_backup
    producing = ct.connect(endpoint=client.endpoint).queue(queue.name)

    def write_and_wait(*given: Any) -> Any:
        file, made = write(*given), len(producer.acknowledged)
        wait_until(lambda: len(producer.acknowledged) > made + 1)  # the first of two may be in the file
        return file

    with (
        monkeypatch.context() as patched,
        Producer(producing) as producer,
        pytest.raises(ct.BackupIncomplete, match="was not deleted") as refused,
    ):
        patched.setattr(backup, "write_backup", write_and_wait)
        queue.delete(backup=tmp_path / "first.parquet")
    assert "that the queue no longer holds" in str(refused.value)
    files = set.union(*(ids_in(path) for path in tmp_path.iterdir()))
    assert set(producer.acknowledged) <= files | {task.id for task in queue.tasks()}
    queue.delete(backup=tmp_path / "last.parquet")
    with pytest.raises(ct.NotFound):
        queue.refresh()
    files |= ids_in(tmp_path / "last.parquet")
    assert set(producer.acknowledged) <= files


def test_a_task_that_ran_since_it_was_listed_is_no_failure(
    client: ct.Client, queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloudtasks_nb.bulk import backup

    fill(queue, 3)
    write = backup.write_backup

    def write_and_finish(*given: Any) -> Any:
        file = write(*given)
        queue.delete_tasks(["t-001"]).raise_for_errors()
        queue.create_task(b"late", url=URL, task_id="late", schedule=3600)
        return file

    monkeypatch.setattr(backup, "write_backup", write_and_finish)
    purged = queue.purge(backup=tmp_path / "queue.parquet").purged
    assert purged is not None
    assert purged.summary() == "3 purged, 0 failed, 0 not tried; 1 arrived meanwhile, not purged"
    assert "1 task, not purged" in str(purged) and "1 arrived meanwhile" in str(queue)
    assert [task.id for task in queue.tasks()] == ["late"]


def test_a_queue_with_a_task_that_came_after_the_backup_is_not_deleted(
    queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cloudtasks_nb.bulk import backup

    fill(queue, 2)
    write = backup.write_backup

    def write_and_create(*given: Any) -> Any:
        file = write(*given)
        queue.create_task(b"late", url=URL, task_id="late", schedule=3600)
        return file

    monkeypatch.setattr(backup, "write_backup", write_and_create)
    words = r"1 task arrived in .* queue\.parquet holds 2 tasks that the queue no longer holds"
    with pytest.raises(ct.BackupIncomplete, match=words):
        queue.delete(backup=tmp_path / "queue.parquet")
    assert [task.id for task in queue.tasks()] == ["late"]


def test_tasks_that_a_version_does_not_show_are_never_removed_for_a_backup(
    client: ct.Client, tmp_path: Path
) -> None:
    work = client.create_queue(new_id(), kind="pull")
    work.create_tasks(
        [{"payload": b"held", "tag": "red", "task_id": "a", "schedule": 3600}]
    ).raise_for_errors()
    other = client.create_queue(new_id(), kind="pull")
    with ct.connect(client.project, client.location, endpoint=client.endpoint, api_version="v2") as v2:
        seen = v2.queue(work.name)
        path = tmp_path / "seen.parquet"
        for verb in (seen.purge, seen.delete):
            with pytest.raises(
                ct.BackupIncomplete, match=r"v2 shows no payloads and tags.*nothing was deleted"
            ):
                verb(backup=path)
            assert not path.exists()
        with pytest.warns(UserWarning, match=r"seen\.parquet lacks the content of 1 of 1 task: "):
            seen.backup(path)
        assert "without its payload" in client.queue(other.name).restore(path).to_dataframe().message[0]
        moved = [seen.move_tasks(given, to=other) for given in (None, ["a"], seen.tasks())]
        assert [(result.done, result.failed_count) for result in moved] == [(0, 1)] * 3
        with pytest.raises(ct.InvalidRows, match="without its payload"):
            other.create_tasks(seen.tasks(view="FULL").first(5))
        with pytest.raises(ct.InvalidRows, match="without its payload"):
            other.create_tasks(seen.tasks(view="FULL").to_dataframe())
        table = pd.read_csv(seen.tasks(view="FULL").to_csv(tmp_path / "seen.csv"))
        with pytest.raises(ct.InvalidRows, match="without its payload"):
            other.create_tasks(table)
    assert (work.count_tasks(), other.count_tasks()) == (1, 0)


def test_a_purged_queue_comes_back_under_new_ids(queue: ct.Queue, tmp_path: Path) -> None:
    names = fill(queue, 5)
    queue.purge(backup=tmp_path / "queue.parquet")
    assert list(queue.tasks()) == []
    result = queue.restore(tmp_path / "queue.parquet")
    assert result.done == 5
    ids = [task.id for task in queue.tasks()]
    assert [one.rpartition("-")[0] for one in ids] == names
    assert queue.restore(tmp_path / "queue.parquet").done == 5
    assert [task.id for task in queue.tasks()] == ids, "a task that is restored twice exists once"
    queue.delete_tasks(queue.tasks())
    assert queue.restore(tmp_path / "queue.parquet", renew=False).failed_count == 5
    assert queue.restore(tmp_path / "queue.parquet").done == 5
    assert len(list(queue.tasks())) == 5


def test_a_purge_shows_how_far_it_is(
    queue: ct.Queue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(queue, 3)
    queue.purge(backup=tmp_path / "quiet.parquet", progress=False)
    assert capsys.readouterr().err == ""
    queue.create_task(b"x", url=URL, schedule=3600)
    queue.purge(backup=tmp_path / "shown.parquet", progress=True)
    shown = capsys.readouterr().err
    assert f"tasks of us-central1/{queue.id}" in shown and f"purged in {queue.id}" in shown
