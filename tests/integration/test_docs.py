"""The site builds without a warning and documents every public name, and its statements are true."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import cloudtasks_nb as ct
from cloudtasks_nb.command_line import EmulatorArguments, Parser
from cloudtasks_nb.connecting import EMULATOR_VARIABLES
from cloudtasks_nb.frames.arrays import MAP, SPAN, TIME
from cloudtasks_nb.frames.columns import LOCATIONS, QUEUES, TASKS
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.oauth.signing_in import _ELSEWHERE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it. Warnings are errors: dead links, unknown names, bad markup.

    Of the notebooks, only the tour runs here: test_notebooks.py runs all of them.
    """
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-j",
        "2",
        "-d",
        str(out / "doctrees"),
    ]
    built = subprocess.run(
        [*command, str(DOCS), str(out / "html")],
        env={**os.environ, "NOTEBOOKS": "01_tour"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return out / "html"


@pytest.mark.timeout(400)  # the first test that needs it builds the site
def test_every_public_name_has_an_entry(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    there = {name for kind in inventory.data for name in inventory.data[kind] if kind.startswith("py:")}
    wanted = {f"cloudtasks_nb.{name}" for name in ct.__all__ if name not in ("__version__", "oauth")}
    wanted |= {f"cloudtasks_nb.oauth.{name}" for name in ct.oauth.__all__ if not name.isupper()}
    assert wanted - there == set()


def test_no_page_needs_a_network(site: Path) -> None:
    """The site loads no scripts, styles or pictures from other sites."""
    loaded = re.compile(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]+)"')
    found = {url for page in site.rglob("*.html") for url in loaded.findall(page.read_text())}
    assert found == set()


WORDS = {  # the words that users search for, and the page that should be found
    "authentication": "how-to/authentication",
    "migrate": "how-to/from-google-cloud-tasks",
    "limits": "explanation/quotas",
    "secrets": "explanation/security",
    "export failed tasks": "how-to/export",
    "troubleshooting": "how-to/troubleshooting",
    "dead letter": "how-to/rescue",
    "node": "how-to/from-your-language",
    "service account key": "how-to/authentication",
    "spreadsheet": "how-to/export",
    "csv": "how-to/export",
    "install": "quickstart",
    "emulator": "how-to/emulator",
    "docker": "how-to/start-an-emulator",
    "rate limit": "explanation/quotas",
}


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, list[str]]:
    """The pages of each query, best first, as the site's own search returns them."""
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    if (node := shutil.which("node", path=path)) is None:
        words = "SEARCH TESTS CANNOT RUN: node is missing; install it with: make page"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    queries = [*WORDS, *INTERNAL_WORDS]
    command = [node, str(ROOT / "tests/search.cjs"), str(site), *queries]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(zip(queries, json.loads(answer), strict=True))


def test_a_search_finds_the_page_that_answers(found: dict[str, list[str]]) -> None:
    missed = {query: found[query][:3] for query, page in WORDS.items() if page not in found[query][:3]}
    assert missed == {}


INTERNAL_WORDS = ("SPEC", "decision", "changelog", "architecture", "floors", "discovery")


def test_a_search_finds_no_page_for_contributors(found: dict[str, list[str]]) -> None:
    internal = ("internals/", "decisions/", "architecture", "changelog")
    assert [page for pages in found.values() for page in pages if page.startswith(internal)] == []


def test_tutorials_show_what_their_cells_show(site: Path) -> None:
    page = (site / "tutorials/01_tour.html").read_text()
    assert "ct-card" in page or 'class="ct' in page
    assert 'src="../_static/panels.js' in page
    assert "tasks in 00:00" not in page  # a progress line is only for a running cell


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
