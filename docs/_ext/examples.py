"""Runs the examples of docstrings on the emulator that `make docs` starts, if any, and adds their output."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

LINES, COLUMNS = 14, 110


def with_output(app: Sphinx, module: str, lines: list[str]) -> list[str]:
    """The lines of an example, each expression followed by its result."""
    endpoint = getattr(app.config, "examples_endpoint", "")
    return list(_shown(endpoint, module, lines)) if endpoint and lines else lines


def _shown(endpoint: str, module: str, lines: list[str]) -> Iterator[str]:
    from tests.playground import Playground

    examples = doctest.DocTestParser().get_examples("\n".join(lines))
    runnable = [one for one in examples if not one.options.get(doctest.SKIP, False)]
    after: dict[int, list[str]] = {}
    if runnable:
        spoken = " ".join(one.source for one in runnable)
        with ExitStack() as held, _folder():
            names = Playground(endpoint, spoken, held).names() | vars(sys.modules[module])
            for one in runnable:
                output = cut(_plain(_output(one.source, names), names["client"]))
                if not one.want:
                    last = one.lineno + one.source.count("\n") - 1
                    after[last] = [" " * one.indent + line for line in output]
    for number, line in enumerate(lines):
        yield line
        yield from after.get(number, ())


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    back = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        Path("queue.yaml").write_text("queue:\n- name: mail\n  rate: 5/s\n")
        try:
            yield
        finally:
            os.chdir(back)


def _plain(text: str, client: Any) -> str:
    """Removes text that differs in every build."""
    return text.replace(client.project, "my-project").replace(client.endpoint, "http://localhost:8123")


def _output(source: str, names: dict[str, Any]) -> str:
    """The text that a prompt would print; empty for a statement, a panel or None."""
    tree = ast.parse(source)
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
        value: Any = None
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            value = eval(compile(ast.Expression(tree.body[0].value), "example", "eval"), names)  # noqa: S307 - ours
        else:
            exec(compile(tree, "example", "exec"), names)  # noqa: S102 - our own docstrings
    return printed.getvalue() + ("" if value is None else repr(value))


def cut(text: str) -> list[str]:
    """The first lines, shortened, without blank lines, which would end the example.

    >>> cut("a\\n\\nb")
    ['a', 'b']
    """
    lines = [line[:COLUMNS].rstrip() for line in text.splitlines() if line.strip()]
    return [*lines[:LINES], *(["…"] if len(lines) > LINES else [])]
