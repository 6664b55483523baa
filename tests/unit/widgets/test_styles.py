"""Several panels share one page with all their style sheets: no sheet affects another panel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PANELS = Path(__file__).parents[3] / "cloudtasks_nb" / "widgets" / "page"
SHARED = ("frame/panel.css", "frame/parts.css", "saved/view.css")
SAVED = "saved_view.css"  # shared by all panels: it has no own rules
OWN = sorted(sheet.name for sheet in PANELS.glob("*.css") if sheet.name != SAVED)
HOST = "body[data-vscode-theme-kind] .cell-output-ipywidget-background"


def selectors(sheet: str) -> list[str]:
    """The selectors of a sheet, one by one, also inside at-rules."""
    text = re.sub(r"/\*.*?\*/", "", (PANELS / sheet).read_text(), flags=re.DOTALL)
    text = re.sub(r"@import [^;]+;", "", text)
    heads = (head.strip() for head in re.findall(r"([^{}]+)\{", text))
    plain = (re.sub(r":(not|nth-child)\([^)]*\)", "", head) for head in heads if not head.startswith("@"))
    return [part.strip() for head in plain for part in re.split(r",(?![^(]*\))", head)]


def mark(sheet: str) -> str:
    """The beginning of all rules in a panel's sheet: the class that its page sets on its frame."""
    script = (PANELS / sheet).with_suffix(".js").read_text()
    kind = re.search(r'new Frame\(model, el, "(\w+)"', script)
    assert kind is not None
    return f'.ct-panel[data-panel="{kind[1]}"]'


def classes(sheet: str) -> set[str]:
    return set(re.findall(r"\.(ct-[\w-]+)", (PANELS / sheet).read_text())) - {"ct-panel"}


@pytest.mark.parametrize("sheet", OWN)
def test_a_panels_own_sheet_is_about_that_panel_alone(sheet: str) -> None:
    assert [found for found in selectors(sheet) if not found.startswith(mark(sheet))] == []
    assert len(set(map(mark, OWN))) == len(OWN)


def test_what_is_saved_has_the_shared_sheets_alone() -> None:
    assert selectors(SAVED) == []


@pytest.mark.parametrize("sheet", SHARED)
def test_what_panels_share_stays_in_panels(sheet: str) -> None:
    outside = [found for found in selectors(sheet) if not found.startswith(".ct-panel")]
    assert outside == ([HOST] if sheet == "frame/panel.css" else [])


def test_the_explorer_does_not_restyle_the_panel_that_is_open_in_it() -> None:
    others = set().union(*(classes(sheet) for sheet in OWN if sheet != "explorer.css"))
    shared = set().union(*map(classes, SHARED))
    own = classes("explorer.css") - others - shared
    inside = [found.removeprefix(mark("explorer.css")) for found in selectors("explorer.css")]
    reaching = [found for found in inside if found and not any(f".{name}" in found for name in own)]
    assert reaching == [" .ct-panel"]  # its frame: as wide as the page allows
