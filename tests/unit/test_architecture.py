"""The table of docs/architecture.md: it names every existing file, each with its question."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "cloudtasks_nb"
PAGE = (ROOT / "docs/architecture.md").read_text()
ROWS = re.findall(r"^\| (`.*?) \|", PAGE.partition("## Rooms")[2].partition("\n## ")[0], re.M)


def named() -> set[str]:
    """Files and folders of the table; a file without a folder is in the folder of the one before it."""
    found = set()
    for row in ROWS:
        folder = ""
        for name in re.findall(r"`([^`]+)`", row):
            path = name if "/" in name or (HOUSE / name).exists() else folder + name
            folder = path[: path.rfind("/") + 1]
            found.add(path)
    return found


def test_what_it_names_is_there() -> None:
    assert [name for name in sorted(named()) if not (HOUSE / name).exists()] == []


def test_every_file_has_a_question() -> None:
    paths = [path for path in HOUSE.rglob("*.py") if path.name != "__init__.py"]
    modules = list((HOUSE / "widgets/page").rglob("*.js"))
    assert len(modules) > 30
    files = {str(path.relative_to(HOUSE)) for path in (*paths, *modules)}
    assert sorted(files - named()) == []
