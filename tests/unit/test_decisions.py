"""Decisions are numbered without gaps, and name only existing files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))


def test_numbers_are_used_once_and_none_is_left_out() -> None:
    names = [path.name for path in DECISIONS]
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_files_that_it_names_are_there(path: Path) -> None:
    named = re.findall(r"`([\w/]+\.py)`", path.read_text())
    assert [
        name for name in named if not any((at / name).exists() for at in (ROOT, ROOT / "cloudtasks_nb"))
    ] == []
