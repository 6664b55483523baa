"""The statements of the documentation are true, and its extensions work. test_distribution.py builds the site."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.command_line import EmulatorArguments, Parser
from cloudtasks_nb.connecting import EMULATOR_VARIABLES
from cloudtasks_nb.frames.arrays import MAP, SPAN, TIME
from cloudtasks_nb.frames.columns import LOCATIONS, QUEUES, TASKS
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.oauth.signing_in import _ELSEWHERE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("path", sorted((DOCS / "_ext").glob("*.py")), ids=lambda path: path.stem)
def test_examples_of_the_extensions_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS / "_ext")  # they use each other
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    extension = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(extension)
    assert doctest.testmod(extension).failed == 0


def test_every_option_of_the_command_line_is_described() -> None:
    page = (DOCS / "reference/command-line.md").read_text()
    parser = Parser()
    EmulatorArguments(parser, 0)
    options = [
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    ]
    assert len(options) > 5
    assert [option for option in options if f"`{option}" not in page] == []


def test_every_variable_that_is_read_is_described() -> None:
    page = (DOCS / "reference/environment.md").read_text()
    read = {
        name
        for path in (ROOT / "cloudtasks_nb").rglob("*.py")
        for name in re.findall(r'environ\.get\("([A-Z_]+)"', path.read_text())
    }
    assert read
    assert [name for name in {*read, *EMULATOR_VARIABLES, *_ELSEWHERE} if f"`{name}`" not in page] == []


def test_every_column_is_described() -> None:
    """In the order of the tables, and with their types."""
    words = {"string": "text", "int32": "integer", "int64": "integer", "double": "number", "binary": "bytes"}
    words |= {str(TIME): "instant", str(SPAN): "duration", str(MAP): "dict"}
    page = (DOCS / "reference/listings.md").read_text()
    for title, columns in (("Tasks", TASKS), ("Queues", QUEUES), ("Locations", LOCATIONS)):
        section = page.partition(f"### {title}\n")[2].partition("\n### ")[0]
        said = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.M)
        assert said == [(field.name, words[str(field.type)]) for field in columns.schema]


ALPHA = (DOCS / "how-to/from-the-alpha-client.md").read_text()
OFFICIAL = (DOCS / "how-to/from-google-cloud-tasks.md").read_text()


def test_all_actions_of_the_alpha_client_are_there() -> None:
    """Its 19 REST actions and the two actions of sign-in."""
    rows = re.findall(r"^\| (\d+) \| `([\w.]+)", ALPHA, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 22))
    assert [
        action
        for _, action in rows
        if not action.startswith("oauth") and f"projects.locations.{action}" not in METHODS
    ] == []


def calls(page: str, column: int) -> Iterator[ast.Call]:
    """Calls in a column of the page's tables: `queue.pause()`."""
    for row in re.findall(r"^\|(.*)\|$", page, re.M):
        cells = re.split(r"(?<!\\)\|", row)
        for code in re.findall(r"`([^`]+\))`", cells[column] if column < len(cells) else ""):
            with suppress(SyntaxError):
                yield from (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))


def test_every_rest_method_is_called_with_what_it_takes() -> None:
    seen = 0
    for call in calls(ALPHA, 3):
        name = ast.unparse(call.func)
        if name.startswith("api."):
            method = METHODS["projects.locations." + name.removeprefix("api.")]
            known = {*method.variables, *method.query, "body"}
            assert {str(word.arg) for word in call.keywords} <= known, name
            seen += 1
    assert seen == 19


@pytest.mark.parametrize(("page", "column"), [(ALPHA, 2), (OFFICIAL, 1)], ids=["alpha", "google-cloud-tasks"])
def test_every_verb_takes_what_it_is_given(page: str, column: int) -> None:
    owners = {"client": ct.Client, "queue": ct.Queue, "task": ct.Task, "ct": ct, "ct.oauth": ct.oauth}
    seen = 0
    for call in calls(page, column):
        owner, _, verb = ast.unparse(call.func).rpartition(".")
        if owner in owners:
            self = () if owner.startswith("ct") else (None,)
            given = {str(word.arg): None for word in call.keywords}
            inspect.signature(getattr(owners[owner], verb)).bind(*self, *call.args, **given)
            seen += 1
    assert seen > 15
