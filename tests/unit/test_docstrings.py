"""Examples in docstrings run unchanged: alone, or against an emulator with two example queues.

Output in an example is compared; an example without output is not. Only examples that need a Google account, a
person or a cluster are skipped. The example of a docstring calls the REST methods that it names as its source.
"""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.rest.call import Call
from tests.playground import Playground

HOUSE = Path(__file__).parents[2] / "cloudtasks_nb"
MODULES = sorted(
    ".".join(path.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in HOUSE.rglob("*.py")
    if ">>>" in path.read_text()
)
NEEDS_MORE = ("ct.connect(", "ct.oauth.", "asked.exchange(", "dask_client")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Claims(doctest.OutputChecker):
    """Only output that an example shows is compared."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ct.local() as client:
        yield client.endpoint


def examples(name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(exclude_empty=True).find(import_module(name))
    return [test for test in found if test.examples]


def runs(example: doctest.Example) -> bool:
    return not example.options.get(doctest.SKIP, False)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    runner = doctest.DocTestRunner(checker=Claims(), optionflags=FLAGS)
    said: list[str] = []
    untrue: dict[str, set[str]] = {}
    for test in examples(name):
        spoken = " ".join(example.source for example in test.examples if runs(example))
        if not spoken:
            continue
        (place := tmp_path / test.name).mkdir()
        (place / "queue.yaml").write_text("queue:\n- name: mail\n  rate: 5/s\n")
        monkeypatch.chdir(place)
        with ExitStack() as held:
            test.globs.update(Playground(endpoint, spoken, held).names() | dict(test.globs))
            called = calls_seen(monkeypatch)
            runner.run(test, out=said.append, clear_globs=True)
        if not_called := sources(test.docstring or "") - called:
            untrue[test.name] = not_called
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert untrue == {}


def sources(docstring: str) -> set[str]:
    """The REST methods that "Source: REST queues.pause." names, under their full names."""
    said = re.search(r"Source: REST ([^;]+?)(?:;|, SPEC|\.\s|\.$)", docstring)
    named = re.findall(r"[a-zA-Z.]+[a-zA-Z]", said[1].replace(" and ", " ")) if said else []
    return {full for name in named if (full := full_name(name)) in METHODS}


def full_name(name: str) -> str:
    return name if name in METHODS else f"projects.locations.{name}"


def calls_seen(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The ids of all methods that are called from now on."""
    seen: set[str] = set()
    make = Call.__init__

    def noted(self: Call, method: Any, **given: Any) -> None:
        seen.add(method.id)
        make(self, method, **given)

    monkeypatch.setattr(Call, "__init__", noted)
    return seen


def test_what_is_skipped_needs_more_than_an_emulator() -> None:
    every = [example for name in MODULES for test in examples(name) for example in test.examples]
    skipped = [example.source for example in every if not runs(example)]
    assert [source for source in skipped if not any(need in source for need in NEEDS_MORE)] == []
    assert len(every) - len(skipped) > 150


FIELDS_OF_STRUCTS = {
    (getattr(ct, name), field)
    for name in ct.__all__
    for field in getattr(getattr(ct, name), "__struct_fields__", ())
}
CLASSES = [getattr(ct, name) for name in ct.__all__ if inspect.isclass(getattr(ct, name))]


def own(kind: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that this package wrote for a class."""
    for name, _ in inspect.getmembers(kind):
        member = inspect.getattr_static(kind, name)
        written = getattr(member, "fget", member)
        is_ours = (getattr(written, "__module__", "") or "").startswith("cloudtasks_nb")
        if not name.startswith("_") and is_ours and (kind, name) not in FIELDS_OF_STRUCTS:
            yield name, member


def test_every_public_name_says_what_it_is() -> None:
    said = {name: inspect.getdoc(getattr(ct, name)) for name in ct.__all__ if name != "__version__"}
    assert [name for name, text in said.items() if not text] == []
    silent = [
        f"{kind.__name__}.{name}"
        for kind in CLASSES
        for name, member in own(kind)
        if callable(member) or isinstance(member, property)
        if not inspect.getdoc(member)
    ]
    assert silent == []


# Methods for other parts of this package.
INNER = {"BulkResult.add", "BulkResult.tidy"}
INNER |= {f"{name}.batches_of" for name in ("Log", "Pager", "QueuePager", "TaskPager")}
INNER |= {f"{name}.bind" for name in ("Location", "Operation", "Queue", "Task")}


def test_every_public_name_has_an_example() -> None:
    """Except errors: most of them have one line for one code."""
    without = [
        name
        for name in ct.__all__
        if name not in ("__version__", "oauth")
        and not (inspect.isclass(getattr(ct, name)) and issubclass(getattr(ct, name), Exception))
        if ">>>" not in (inspect.getdoc(getattr(ct, name)) or "")
    ]
    assert without == []


def test_every_verb_has_an_example() -> None:
    without = {
        f"{kind.__name__}.{name}"
        for kind in CLASSES
        if not issubclass(kind, Exception)
        for name, member in own(kind)
        if inspect.isfunction(member) and ">>>" not in (inspect.getdoc(member) or "")
    }
    assert without - INNER == set()


CALLING = (ct.Client, ct.Location, ct.Queue, ct.Task, ct.Operation)
ASKS_NOTHING = {"close", "text", "json", "worker"}
SOURCES_ELSEWHERE = re.compile(
    r"Source: (as |GET /emulator/v1/|(GET|POST) /v\d/.* of Cloud (Monitoring|Logging))"
)
DURATIONS = ("timeout", "patience", "latency", "past", "by")


def verbs() -> Iterator[tuple[str, Any, str]]:
    """Every public verb: its name, the function, and its docstring."""
    for kind in CLASSES:
        for name, member in own(kind):
            if inspect.isfunction(member) and f"{kind.__name__}.{name}" not in INNER:
                yield f"{kind.__name__}.{name}", member, inspect.getdoc(member) or ""


def test_every_call_names_its_errors_and_its_rest_method() -> None:
    silent = [
        name
        for name, verb, said in verbs()
        if name.startswith(tuple(f"{kind.__name__}." for kind in CALLING))
        and name.rpartition(".")[2] not in ASKS_NOTHING
        and not opens(verb)
        and not ("Errors: " in said and (sources(said) or SOURCES_ELSEWHERE.search(said)))
    ]
    assert silent == []


def test_nothing_is_said_twice() -> None:
    """Two authors of one docstring could add the same field twice."""
    fields = ("Shapes: ", "Units: ", "Errors: ", "Source: ", "Example:")
    assert [(name, field) for name, _, said in verbs() for field in fields if said.count(field) > 1] == []


def opens(verb: Any) -> bool:
    """Whether it returns an object that makes calls itself, such as a panel or a batch."""
    kind = str(inspect.signature(verb).return_annotation)
    return kind.endswith(("Panel", "Monitor", "Workbench", "Browser", "Explorer", "Batch"))


def test_every_table_says_its_columns() -> None:
    tables = [(name, said) for name, verb, said in verbs() if is_table(verb)]
    assert len(tables) > 4
    assert [name for name, said in tables if not re.search("Shapes: |same columns as", said)] == []


def is_table(verb: Any) -> bool:
    kind = str(inspect.signature(verb).return_annotation)
    return kind.endswith(("DataFrame", "pa.Table", "RecordBatchReader")) or verb.__name__.startswith("to_")


def test_every_duration_says_its_unit() -> None:
    """Except parameters with the unit in their name: `every_s`."""
    timed = [
        (name, said)
        for name, verb, said in verbs()
        for parameter in inspect.signature(verb).parameters.values()
        if parameter.name in DURATIONS or re.search("timedelta|DurationLike", str(parameter.annotation))
    ]
    assert len(timed) > 10
    assert [name for name, said in timed if "Units: " not in said] == []
