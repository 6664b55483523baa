"""Runs the code of a page as a reader copies it: one process, an empty folder, and only the environment.

A comment that is a value (`# 'PAUSED'`) is compared with the value of its line. A comment that names an error
(`# NotFound: …`) must be raised. The last expression of a block is displayed, as in a notebook.

Each page gets a process of its own. A server that has imported the slow packages forks these processes, so that
they do not repeat the imports.
"""

from __future__ import annotations

import ast
import contextlib
import io
import multiprocessing
import os
import re
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
IMPORTED = (
    "__main__", "tests.page_runner", "anywidget", "duckdb", "matplotlib.pyplot", "openpyxl", "pandas",
    "pyarrow.parquet", "cloudtasks_nb.bulk.verbs", "cloudtasks_nb.emulator.launch", "cloudtasks_nb.emulator.client",
    "cloudtasks_nb.frames.files", "cloudtasks_nb.frames.to_pandas", "cloudtasks_nb.render.dispatch",
    "cloudtasks_nb.rest.key_files", "cloudtasks_nb.widgets.explorer", "cloudtasks_nb.worker",
)  # fmt: skip
DEADLINE_S = 170  # less than the timeout of a test
END_S = 60  # for the end of the process, after its result
_SHOWN = re.compile(r"#\s+('[^']*'|\{[^}]*\}|\[[^\]]*\]|\d+|True|False|None)(?=$|[:,; ])")
_RAISED = re.compile(r"#\s+([A-Z]\w+): ")


@dataclass
class Ran:
    """The result: the error with its line of the page, the output, and the files that remain."""

    error: str = ""
    printed: str = ""
    files: list[str] = field(default_factory=list)


def run(page: str, folder: Path, environment: Mapping[str, str]) -> Ran:
    """Runs all Python blocks of a page in a new process."""
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(list(IMPORTED))
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(page, folder, dict(environment), there))
    process.start()
    there.close()
    try:
        ran = here.recv() if here.poll(DEADLINE_S) else Ran(error=f"not done after {DEADLINE_S} s")
    except EOFError:
        ran = Ran(error="the process ended without a word")
    process.join(END_S)
    if process.exitcode is None:
        process.kill()
        ran.error = ran.error or "the process did not end"
    ran.files = sorted(path.name for path in folder.iterdir())
    return ran


def _run(page: str, folder: Path, environment: dict[str, str], answer: Connection) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    warnings.simplefilter("error")
    ran, printed = Ran(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        names: dict[str, Any] = {"__name__": "__main__"}
        try:
            for code in BLOCK.findall(page):
                _cell(code, names)
        except BaseException:
            ran.error = traceback.format_exc()
    ran.printed = printed.getvalue()
    answer.send(ran)


def _cell(code: str, names: dict[str, Any]) -> None:
    value = None
    for comment, statement in _statements(code):
        value = _line(comment, statement, names)
    if hasattr(value, "_repr_html_"):
        value._repr_html_()
    repr(value)


def _statements(code: str) -> Iterator[tuple[str, ast.stmt]]:
    """Each statement, and the comment at the end of its last line."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        assert statement.end_lineno is not None
        last = lines[statement.end_lineno - 1].encode()
        yield last[statement.end_col_offset :].decode(), statement


def _line(comment: str, statement: ast.stmt, names: dict[str, Any]) -> Any:
    import cloudtasks_nb as ct

    said = ast.unparse(statement)
    raised = _RAISED.search(comment)
    if raised and (kind := getattr(ct, raised[1], None)):
        try:
            _evaluate(statement, names)
        except kind:
            return None
        raise AssertionError(f"{said} does not raise {kind.__name__}")
    value = _evaluate(statement, names)
    if isinstance(statement, ast.Expr) and (shown := _SHOWN.match(comment.strip())):
        wanted = ast.literal_eval(shown[1])
        assert value == wanted, f"{said} is {value!r}, and the page says {wanted!r}"
    return value


def _evaluate(statement: ast.stmt, names: dict[str, Any]) -> Any:
    said = f"<page: {ast.unparse(statement)[:200]}>"
    if isinstance(statement, ast.Expr):
        return eval(compile(ast.Expression(statement.value), said, "eval"), names)  # noqa: S307 - our own pages
    exec(compile(ast.Module([statement], []), said, "exec"), names)  # noqa: S102 - our own pages
    return None
