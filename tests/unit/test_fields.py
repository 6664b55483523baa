"""Every field of a public struct has a docstring, which the reference shows beside its type."""

from __future__ import annotations

import ast
import inspect
import pydoc
import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from cloudtasks_nb.model import AttemptStatus, Binding, Message, UriOverride

REFERENCE = Path(__file__).parents[2] / "docs/reference"
NAMES = [
    name
    for page in sorted(REFERENCE.glob("*.md"))
    for name in re.findall(r"^\.\. autoclass:: (\S+)$", page.read_text(), re.M)
]


def struct_of(name: str) -> type[msgspec.Struct] | None:
    module, _, attribute = name.rpartition(".")
    found = getattr(pydoc.locate(module), attribute)
    return found if isinstance(found, type) and issubclass(found, msgspec.Struct) else None


STRUCTS = [struct for struct in map(struct_of, NAMES) if struct is not None]


def sentences(struct: type) -> dict[str, str]:
    """The docstring below each field, in the class and its base classes."""
    said = {}
    for base in reversed(struct.__mro__):
        if not base.__module__.startswith("cloudtasks_nb"):
            continue
        body = ast.parse(inspect.getsource(base)).body[0].body  # type: ignore[attr-defined]
        for field, below in pairwise(body):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                said[field.target.id] = str(below.value.value)
    return said


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_field_says_what_it_holds(struct: type[msgspec.Struct]) -> None:
    said = sentences(struct)
    fields = [field for field in struct.__struct_fields__ if not field.startswith("_")]
    assert [field for field in fields if not said.get(field, "").endswith(".")] == []


def test_the_reference_has_structs() -> None:
    assert {"Queue", "Task", "RetryConfig", "Policy"} <= {struct.__name__ for struct in STRUCTS}


def test_what_a_field_holds_is_told_of_as_well() -> None:
    told = {base for struct in STRUCTS for base in struct.__mro__}
    hints = [
        hint
        for kind in told
        if issubclass(kind, Message)
        for hint in inspect.get_annotations(kind, eval_str=True).values()
    ]
    held = set().union(*map(messages_in, hints))
    assert {AttemptStatus, Binding, UriOverride} <= held
    assert sorted(kind.__name__ for kind in held - told) == []


def messages_in(hint: object) -> set[type[Message]]:
    """The messages in a type."""
    if isinstance(hint, type) and issubclass(hint, Message):
        return {hint}
    return {kind for part in getattr(hint, "__args__", ()) for kind in messages_in(part)}
