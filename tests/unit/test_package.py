"""The public names of the package, and the low cost of importing it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb import errors
from cloudtasks_nb.installation import install_command
from cloudtasks_nb.shown import Shown

HEAVY = (
    "pandas",
    "pyarrow",
    "google.auth",
    "ipywidgets",
    "anywidget",
    "jinja2",
    "requests",
    "tabulate",
    "IPython",
)


@pytest.mark.parametrize("name", ct.__all__)
def test_every_public_name_loads_and_says_what_it_is(name: str) -> None:
    value = getattr(ct, name)
    assert name in dir(ct)
    assert name == "__version__" or (value.__doc__ or "").strip()


def test_the_public_names_are_those_of_all() -> None:
    """For a star import, for type checkers, and for Tab."""
    starred: dict[str, object] = {}
    exec("from cloudtasks_nb import *", starred)  # noqa: S102
    assert starred.keys() - {"__builtins__"} == set(ct.__all__) == set(dir(ct))
    tree = ast.parse(Path(ct.__file__).read_text())
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    imported = [
        alias.asname for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    told = {name for name in imported if name} | {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__ and name in ct.__all__
    }
    assert {"__version__", *told} == set(ct.__all__)


def test_a_release_needs_its_tag_its_version_and_a_date_in_the_changelog() -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "CLOUDTASKS_NB_SOURCE": "https://h/o/n"}

    def release(tag: str) -> subprocess.CompletedProcess[str]:
        command = [str(root / ".ci/release"), tag, "--check"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    assert release(f"v{ct.__version__}").returncode == 0
    refused = release("v9.9.9")
    assert refused.returncode == 1
    assert f"The tag is v9.9.9, but __version__ is {ct.__version__}" in refused.stdout


def test_every_error_is_public() -> None:
    public = {name for name in dir(ct) if isinstance(getattr(ct, name), type)}
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined <= public


def test_every_public_object_shows_itself_as_html_and_as_text() -> None:
    classes = [getattr(ct, name) for name in ct.__all__ if isinstance(getattr(ct, name), type)]
    assert len(classes) > 40
    assert [kind.__name__ for kind in classes if not issubclass(kind, Shown)] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        _ = ct.conect


def test_importing_loads_nothing_heavy() -> None:
    code = f"import sys, cloudtasks_nb; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_connecting_loads_neither_pandas_nor_widgets() -> None:
    code = (
        "import sys, cloudtasks_nb as ct; client = ct.connect(endpoint='http://localhost:1')\n"
        "own = ('asyncio', 'cloudtasks_nb.render', 'cloudtasks_nb.history.lately')\n"
        "print([name for name in own if name in sys.modules]); repr(client)\n"
        "print([name for name in ('pandas', 'pyarrow', 'ipywidgets', 'google.auth', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]


def test_errors_survive_pickling() -> None:
    import pickle

    error = ct.NotFound("gone", method="m", resource="r", hint="look", details=[{"a": 1}])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is ct.NotFound
    assert (str(again), again.details, again.code) == (str(error), [{"a": 1}], 404)
    missing = pickle.loads(pickle.dumps(ct.MissingExtra("Plots", "plot")))  # noqa: S301
    assert install_command("plot") in str(missing)
    assert isinstance(missing, ImportError)


def test_an_error_does_not_repeat_a_secret_that_it_was_told() -> None:
    said = ct.InvalidArgument("Invalid filter: '=ya29.a0AfH6SMBexample'", hint="not Bearer abcdefgh12345")
    assert "a0AfH6" not in f"{said} {said!r} {said.args} {said.message} {said._repr_html_()}"
    assert "abcdefgh" not in f"{said} {said.hint}"
    spoken_of = "Unknown name \"foo\" at 'task.http_request.oauth_token': Cannot find field."
    said = ct.InvalidArgument(spoken_of, hint="pass credentials=... or access_token=...")
    assert (said.message, said.hint) == (spoken_of, "pass credentials=... or access_token=...")


def test_a_displayed_error_is_a_card_and_not_ipythons_line_for_exceptions() -> None:
    from IPython.core.formatters import DisplayFormatter

    error = ct.NotFound(
        "Queue does not exist.", resource="projects/p/locations/l/queues/q", hint="look closer"
    )
    shown, _ = DisplayFormatter().format(error)
    assert "look closer" in shown["text/plain"]
    assert "look closer" in shown["text/html"]


def test_no_module_hides_a_public_name() -> None:
    modules = {path.stem for path in Path(ct.__file__).parent.iterdir()}
    assert modules & set(ct.__all__) == {"oauth"}  # the module itself is the public name
    assert ct.oauth.__name__ == "cloudtasks_nb.oauth"
