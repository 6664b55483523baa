"""Snapshots on a disk that is full: the earlier one stays, and nothing is left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.store.snapshots import Snapshots
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import Internal


def test_an_earlier_snapshot_stays_when_a_new_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "snapshots"
    snapshots = Snapshots(folder)

    def full(store: Store, other: sqlite3.Connection) -> None:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("off",), "a log would hide a full disk"
        other.execute("CREATE TABLE half (x)")
        raise sqlite3.OperationalError("database or disk is full")

    with closing(Store.open(tmp_path / "queues.db")) as store:
        snapshots.save(store, "before", lambda copy: None)
        kept = (folder / "before.db").read_bytes()
        monkeypatch.setattr(Store, "copy_to", full)
        with pytest.raises(Internal, match="'before' could not be written: database or disk is full"):
            snapshots.save(store, "before", lambda copy: None)
    assert [path.name for path in folder.iterdir()] == ["before.db"]
    assert (folder / "before.db").read_bytes() == kept
