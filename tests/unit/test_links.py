"""Every link of the README, the pages and the notebooks is valid, as far as this can be checked without a network.

Links between files must name existing headings, as GitHub and the site name them. Links to other sites must be https
addresses; `make linkcheck` requests them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *ROOT.glob("*.md"),
    *(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
    *(ROOT / "notebooks").glob("*.ipynb"),
]
MAY_BE_PLAIN = ("localhost", "127.0.0.1")  # plain http stays on this machine
_FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2", re.M | re.S)
_CODE = re.compile(r"`[^`\n]*`")
_INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_NAMED = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.M)
_BARE = re.compile(r"(?<![\"'(\[=/\w])https?://[^\s<>)`\"']+")


def prose(path: Path) -> str:
    """The text of a page, without its code."""
    text = path.read_text()
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return _CODE.sub(lambda code: "`" + "." * (len(code[0]) - 2) + "`", _FENCED.sub("", text))


def links(path: Path) -> Iterator[str]:
    text = prose(path)
    for pattern in (_INLINE, _NAMED, _BARE):
        for found in pattern.finditer(text):
            yield found[1] if found.groups() else found[0]


def headings(path: Path) -> set[str]:
    """The anchors of a page: its headings in small letters, with dashes for spaces."""
    text = _FENCED.sub("", path.read_text())
    titles = re.findall(r"^#{1,3} (.+?)\s*$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = [link for link in links(path) if not (is_address(link) or is_there(path, link))]
    assert broken == []


def is_address(link: str) -> bool:
    parts = urlsplit(link)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return host in MAY_BE_PLAIN
    return parts.scheme == "https" and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) is not None


def is_there(path: Path, link: str) -> bool:
    if "://" in link:
        return False
    name, _, anchor = unquote(link).partition("#")
    found = (path.parent / name).resolve() if name else path
    if not found.exists() or not found.is_relative_to(ROOT):
        return False
    return not anchor or (found.suffix == ".md" and anchor in headings(found))


def test_links_are_found() -> None:
    every = [link for path in PAGES for link in links(path)]
    assert len([link for link in every if is_address(link)]) > 15
    assert len([link for link in every if not is_address(link)]) > 100
    assert any("#" in link for link in every if not is_address(link))
