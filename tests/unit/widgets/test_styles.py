"""Several panels share one page, and with it each other's style sheets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "cloudtasks_nb" / "widgets" / "static"
SHEETS = sorted(sheet.name for sheet in STATIC.glob("*.css"))


def classes(sheet: str) -> set[str]:
    return set(re.findall(r"\.(ct-[\w-]+)", (STATIC / sheet).read_text()))


@pytest.mark.parametrize("sheet", ["explorer.css", "iam_panel.css", "queue_monitor.css", "queue_panel.css"])
def test_what_one_panel_styles_is_not_restyled_by_another(sheet: str) -> None:
    others = {name for other in SHEETS if other not in (sheet, "panel.css") for name in classes(other)}
    assert classes(sheet) & others - classes("panel.css") == set()
