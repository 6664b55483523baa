"""A disk that is full: an earlier snapshot stays, nothing is left behind, and errors say what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.store import store as store_module
from cloudtasks_nb.emulator.server.store.snapshots import Snapshots
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import ConfigError, Internal


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


def test_a_data_file_that_has_no_space_for_its_new_format_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store_module, "prepare", full)
    with pytest.raises(ConfigError, match="cannot be used: database or disk is full") as refused:
        Store.open(tmp_path / "queues.db")
    assert refused.value.hint and refused.value.hint.startswith("free some disk space")
