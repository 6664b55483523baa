"""SQLite's name of a database in memory means no data file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.command_line import EmulatorArguments, Parser
from cloudtasks_nb.emulator import launch


@pytest.mark.parametrize(
    ("data", "kept"), [(None, False), (":memory:", False), ("q.db", True), ("~/q.db", True)]
)
def test_the_data_file_of_ct_local(
    data: str | None, kept: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def start(options: Sequence[str]) -> None:
        asked.extend(options)
        raise ct.ConfigError("not started in this test")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(launch, "start", start)
    with pytest.raises(ct.ConfigError, match="not started"):
        ct.local(data)
    assert [option for option in asked if option == "--data" or "q.db" in option] == (
        ["--data", str(tmp_path / "q.db")] if kept else []
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "data"), [([], None), ([":memory:"], None), (["q.db"], Path("q.db"))])
def test_the_data_file_of_the_command_line(words: list[str], data: Path | None) -> None:
    parser = Parser()
    EmulatorArguments(parser, 0)
    assert parser.parse_args([part for word in words for part in ("--data", word)]).data == data
