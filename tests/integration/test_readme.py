"""The README keeps its word: its code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_ten_lines_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = next(code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "ct.local(" in code)
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102 - our own README
    try:
        assert (tmp_path / "events.parquet").stat().st_size > 100_000
        assert 0 < len(names["tasks"]) <= 40  # type: ignore[arg-type]  # the demo lives: some have gone out
    finally:
        names["client"].close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()
