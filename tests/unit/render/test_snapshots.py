"""Every object is displayed exactly as in its snapshot; the style sheet has a separate snapshot.

UPDATE=1 writes the snapshots again: read the diff, and look at the gallery in the docs.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudtasks_nb import render
from tests.specimens import NOW, specimens

SNAPSHOTS = Path(__file__).parent / "snapshots"
SPECIMENS = specimens()


def held(name: str, seen: str) -> str:
    """Compare with the snapshot of that name; with UPDATE=1, write it."""
    path = SNAPSHOTS / name
    if os.environ.get("UPDATE") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{seen}\n", "utf-8")
    assert path.exists(), f"{path.name} is missing: run with UPDATE=1, then look at it"
    return path.read_text("utf-8").removesuffix("\n")


@pytest.mark.parametrize("name", SPECIMENS)
def test_html_is_what_it_was(name: str) -> None:
    html = render.html(SPECIMENS[name], NOW).replace(render.style_sheet(), "…")
    assert html == held(f"{name}.html", html)


@pytest.mark.parametrize("name", SPECIMENS)
def test_text_is_what_it_was(name: str) -> None:
    text = render.text(SPECIMENS[name], NOW)
    assert text == held(f"{name}.txt", text)


def test_the_style_sheet_is_what_it_was() -> None:
    sheet = render.style_sheet().replace("}", "}\n").strip()
    assert sheet == held("style.css", sheet)


def test_no_snapshot_outlives_its_object() -> None:
    names = {f"{name}.{form}" for name in SPECIMENS for form in ("html", "txt")}
    assert {path.name for path in SNAPSHOTS.iterdir()} == names | {"style.css"}
