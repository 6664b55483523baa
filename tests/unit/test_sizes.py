"""Size limits: six parameters per function, 400 lines per file, 110 characters per line of JavaScript."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "cloudtasks_nb"
MOST_PARAMETERS = 6
MOST_LINES = 400
LONGEST_LINE = 110  # of the panels' JavaScript; ruff checks Python
ROOMS = ("cloudtasks_nb", "tests", "benchmarks", "docs", "notebooks")
WRITTEN = ("*.py", "*.js", "*.mjs", "*.css", "*.html", "*.j2", "*.sql")

# docs/decisions/0030: the two functions where a notebook begins.
# docs/decisions/0033: completion, hover and type checkers use only the signature of a public verb.
CALLED_BY_KEYWORD = {
    "connecting.py connect",
    "emulator/launch.py local",
    "client.py restore",
    "emulator/client/emulator.py faults",
    "paging/exports.py to_dataframe",
    "paging/exports.py to_csv",
    "paging/exports.py to_parquet",
    "oauth/signing_in.py authorization_url",
    "oauth/signing_in.py sign_in",
    "resources/bulk_verbs.py copy_tasks",
    "resources/bulk_verbs.py create_tasks",
    "resources/bulk_verbs.py move_tasks",
    "resources/bulk_verbs.py restore",
    "resources/create_verbs.py create_task",
    "resources/lease_verbs.py worker",
    "resources/new_queue.py create_queue",
}


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """The functions of a file, with the number of parameters without self and cls, and of positional ones."""
    where = path.relative_to(HOUSE).as_posix()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            by_position = len([name for name in names if name not in ("self", "cls")])
            yield f"{where} {node.name}", by_position + len(node.args.kwonlyargs), by_position


def test_only_public_verbs_that_are_called_by_keyword_take_more_than_six_parameters() -> None:
    counted = [found for path in HOUSE.rglob("*.py") for found in functions(path)]
    assert len(counted) > 1000
    assert {name for name, count, _ in counted if count > MOST_PARAMETERS} == CALLED_BY_KEYWORD
    assert {name for name, _, by_position in counted if by_position > MOST_PARAMETERS} == set()


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
