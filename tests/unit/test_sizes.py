"""Nothing outgrows its reader: six parameters to a function, 400 lines to a file, 110 signs to a line of script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "cloudtasks_nb"
MOST_PARAMETERS = 6
MOST_LINES = 400
LONGEST_LINE = 110  # of the panels' page; ruff holds Python
ROOMS = ("cloudtasks_nb", "tests", "benchmarks", "docs", "notebooks")
WRITTEN = ("*.py", "*.js", "*.mjs", "*.css", "*.html", "*.j2", "*.sql")

# docs/decisions/0030: the two places where one begins.
LONG = {
    "connecting.py connect": "each says one thing about where calls go, as whom, and how long",
    "embedded.py local": "each says one thing about the emulator, as its command line does",
}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Functions of a file, and how many named parameters each has beside self and cls."""
    where = path.relative_to(HOUSE).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            yield f"{where} {node.name}", len([one for one in given if one.arg not in ("self", "cls")])


def test_a_function_takes_at_most_six_parameters_but_for_two_with_a_reason() -> None:
    counted = [found for path in HOUSE.rglob("*.py") for found in functions(path)]
    assert len(counted) > 1000
    assert {name for name, count in counted if count > MOST_PARAMETERS} == LONG.keys()


def test_a_file_has_at_most_400_lines() -> None:
    files = [path for room in ROOMS for pattern in WRITTEN for path in (ROOT / room).rglob(pattern)]
    files = [path for path in files if "_build" not in path.parts]
    assert len(files) > 400
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_a_line_of_the_panels_page_has_at_most_110_signs() -> None:
    scripts = [*(HOUSE / "widgets/page").rglob("*.*js"), *(ROOT / "tests/page").glob("*.mjs")]
    assert len(scripts) > 40
    lines = [(path.name, line) for path in scripts for line in path.read_text().splitlines()]
    assert [(name, line) for name, line in lines if len(line) > LONGEST_LINE] == []
