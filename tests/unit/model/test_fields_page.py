"""The table of fields in the documentation agrees with the model."""

from __future__ import annotations

import os
from pathlib import Path

from cloudtasks_nb.model import Message, Queue, Task
from cloudtasks_nb.model.marks import VERSIONS, Version
from cloudtasks_nb.model.schema import Field, below, schema

PAGE = Path(__file__).parents[3] / "docs/explanation/versions.md"
HEAD = "| field | v2beta2 | v2beta3 | v2 |\n|---|---|---|---|\n"
WORDS = {
    "settable": "set",
    "create-only": "at creation",
    "output-only": "output only",
    "shown-only": "shown",
    "absent": "–",
}


def cell(field: Field, version: Version) -> str:
    renamed = f" (`{name}`)" if (name := field.name_in(version)) != field.name else ""
    return WORDS[field.behavior(version)] + renamed


def table(*kinds: type[Message]) -> str:
    """The fields that cannot be set in every version, or have several names."""
    rows = [
        (f"`{kind.__name__}.{field.name}`", *(cell(field, version) for version in VERSIONS))
        for kind in below(*kinds)
        for field in schema(kind).values()
    ]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows if {*row[1:]} != {"set"})


def test_the_page_has_the_table_of_the_model() -> None:
    """After a change of the model, run with UPDATE=1 and read the diff."""
    text, expected = PAGE.read_text(), table(Queue, Task)
    begin = text.index(HEAD)
    written = text[begin : text.index("\n\n", begin) + 1]
    if os.environ.get("UPDATE"):
        PAGE.write_text(text.replace(written, expected))
    assert written == expected
