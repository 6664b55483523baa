"""The how-to pages do what they say: their Python blocks run as they stand, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
_BLOCKS = re.compile(r"```python\n(.*?)```", re.DOTALL)


def run(page: str, **names: object) -> dict[str, object]:
    blocks = _BLOCKS.findall((PAGES / page).read_text())
    assert blocks
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page}, block {number + 1}", "exec"), names)  # noqa: S102 - our own pages
    return names


def test_export(queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(queue, 3)
    names = run("export.md", queue=queue)
    assert str(names["frame"].dtypes["payload"]) == "binary[pyarrow]"  # type: ignore[attr-defined]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.csv", "tasks.parquet"]
