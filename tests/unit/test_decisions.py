"""Decisions are numbered in the order in which they were made, each number once."""

from __future__ import annotations

from pathlib import Path

DECISIONS = sorted(path.name for path in (Path(__file__).parents[2] / "docs/decisions").glob("[0-9]*.md"))


def test_numbers_are_used_once_and_none_is_left_out() -> None:
    assert [name[:4] for name in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
