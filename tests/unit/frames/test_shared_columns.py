"""Columns that repeat one text: pages share short ones, and nothing keeps long ones."""

from __future__ import annotations

import gc
import weakref

from cloudtasks_nb.frames.arrays import alike


def test_pages_share_a_short_column_and_nothing_keeps_a_long_one() -> None:
    short, long = ["POST"] * 1000, ["s" * 10_000] * 1000
    assert alike(short) is alike(list(short))
    column = alike(long)
    assert column.to_pylist() == long
    kept = weakref.ref(column)
    del column
    gc.collect()
    assert kept() is None


def test_columns_without_texts_or_with_several_are_written_out() -> None:
    assert alike([None, None]).to_pylist() == [None, None]
    assert alike([]) == []
    assert alike(["a", None]) == ["a", None]
