"""Code on the pages runs as it stands: what a comment shows is what comes out, what it names is what is raised.

A block that cannot run without an account, a cluster or a person says so (```python notest); it still has to be Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "_build" not in path.parts
}
BLOCK = re.compile(r"^```(?:python|py)( notest)?\n(.*?)^```", re.M | re.S)
RUN_ELSEWHERE = {  # with what they need, and with more to say about what came out
    "README.md": "test_readme.py",
    "docs/how-to/authentication.md": "test_how_to.py",
    "docs/how-to/export.md": "test_how_to_data.py",
    "docs/how-to/panels.md": "test_how_to.py",
    "docs/how-to/rescue.md": "test_how_to_data.py",
    "docs/how-to/rest-api.md": "test_how_to.py",
    "docs/how-to/testing-with-pytest.md": "test_pytest_plugin.py",
    "docs/how-to/workers.md": "test_how_to.py",
}
RUN_HERE = [
    page
    for page, text in PAGES.items()
    if re.search(r"^```python$", text, re.M) and page not in RUN_ELSEWHERE
]
SHOWN = re.compile(r"#\s+('[^']*'|\{[^}]*\}|\d+)(?=$|[:,; ])")
RAISED = re.compile(r"#\s+([A-Z]\w+): ")


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if BLOCK.search(text)])
def test_all_of_it_is_python(page: str) -> None:
    assert [wrong for _, code in BLOCK.findall(PAGES[page]) if (wrong := syntax_error(code))] == []


@pytest.mark.parametrize("page", RUN_HERE)
def test_it_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    began: list[ct.Client] = []
    monkeypatch.setattr(ct, "local", remembered(ct.local, began))
    names: dict[str, Any] = {"ct": ct, "client": ct.local(demo=True)}
    code = re.findall(r"^```python\n(.*?)^```", PAGES[page], re.M | re.S)
    found = [one for block in code for one in statements(block)]
    assert found
    try:
        for comment, statement in found:
            run(comment, statement, names)
    finally:
        for client in began:
            client.close()


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_it_runs_elsewhere(page: str) -> None:
    assert Path(page).name in (Path(__file__).parent / RUN_ELSEWHERE[page]).read_text()


def syntax_error(code: str) -> str:
    """What Python has against a block, with the line; nothing when it can be read."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        return f"{error.msg}: {error.text}"
    return ""


def remembered(local: Any, began: list[ct.Client]) -> Any:
    def begin(*args: Any, **given: Any) -> ct.Client:
        began.append(local(*args, **given))
        return began[-1]

    return begin


def statements(code: str) -> Iterator[tuple[str, ast.stmt]]:
    """Each statement, and its last line with the comment that follows it."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        assert statement.end_lineno is not None
        yield lines[statement.end_lineno - 1][statement.end_col_offset :], statement


def run(comment: str, statement: ast.stmt, names: dict[str, Any]) -> None:
    raised = RAISED.search(comment)
    if raised and (kind := getattr(ct, raised[1], None)):
        with pytest.raises(kind):
            evaluate(statement, names)
        return
    value = evaluate(statement, names)
    if isinstance(statement, ast.Expr) and (shown := SHOWN.match(comment.strip())):
        assert value == ast.literal_eval(shown[1])


def evaluate(statement: ast.stmt, names: dict[str, Any]) -> Any:
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), "page", "eval"), names)  # noqa: S307 - our own pages
    exec(compile(ast.Module([statement], []), "page", "exec"), names)  # noqa: S102 - our own pages
    return None
