"""Each page and notebook begins on the emulator, and says before it connects to the real service."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not {"_build", "decisions", "internals"} & set(path.parts)
}
NOTEBOOKS = {path.name: json.loads(path.read_text()) for path in (ROOT / "notebooks").glob("*.ipynb")}
BLOCK = re.compile(r"^```(?:python|py)( notest)?\n(.*?)^```", re.M | re.S)
LIVE = {"docs/how-to/authentication.md"}  # pages about going live, which say so before their first block
FIXTURES = {"docs/how-to/testing-with-pytest.md"}  # code under test, which a fixture connects to the emulator
SAID = re.compile(r"\*\*[^*]*(?:connects to Google Cloud Tasks|goes live)[^*]*\*\*")


def connections(code: str) -> Iterator[ast.Call]:
    """Calls of ct.local() and ct.connect(), in the order of their lines."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    found = [call for call in calls if ast.unparse(call.func) in ("ct.local", "ct.connect")]
    return iter(sorted(found, key=lambda call: call.lineno))


def is_live(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "ct.connect" and "endpoint" not in {word.arg for word in call.keywords}


RUN = [page for page, text in PAGES.items() if re.search(r"^```python$", text, re.M) and page not in FIXTURES]


@pytest.mark.parametrize("page", [page for page in RUN if page not in LIVE])
def test_a_page_begins_on_demo_queues(page: str) -> None:
    code = "\n".join(block for notest, block in BLOCK.findall(PAGES[page]) if not notest)
    assert code.startswith("import cloudtasks_nb as ct\n\nclient = ct.local(demo=True")
    assert ast.unparse(next(connections(code))).startswith("ct.local(demo=True")


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FIXTURES])
def test_a_page_says_so_before_it_goes_live(page: str) -> None:
    before = ""
    for part in re.split(r"(^```(?:python|py)(?: notest)?\n.*?^```)", PAGES[page], flags=re.M | re.S):
        block = BLOCK.match(part)
        if block and any(map(is_live, connections(block[2]))):
            assert SAID.search(before), block[2]
        before = before + part if page in LIVE or not block else ""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_stays_on_emulators(name: str) -> None:
    cells = ["".join(cell["source"]) for cell in NOTEBOOKS[name]["cells"] if cell["cell_type"] == "code"]
    code = re.sub(r"^%.*$", "", "\n".join(cells), flags=re.M)
    made = list(connections(code))
    assert ast.unparse(made[0].func) == "ct.local"
    assert [ast.unparse(call) for call in made if is_live(call)] == []
