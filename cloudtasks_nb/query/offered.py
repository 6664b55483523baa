"""Suggest terms while a person types a query. (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..model import Task
from ..model.unpacking import json_object
from .fields import FIELDS
from .grammar import Term
from .payloads import paths_of

_LOOKED_AT = 200
_KEYS = 60


def terms_offered(tasks: Iterable[Task]) -> Iterator[tuple[str, str]]:
    """Terms and beginnings of terms, each with an example: fields, their values, and the keys of payloads.

    All tasks of a panel are of one queue, so the fields `queue` and `location` are not suggested.

    >>> dict(terms_offered([]))["due<"]
    'such as due<2h'
    """
    for name, field in FIELDS.items():
        if name in ("queue", "location"):
            continue
        sign = ":" if field.named else "<"
        yield f"{name}{sign}", f"such as {field.example}"
        if field.named and field.compared:
            yield f"{name}>", ""
        for value in field.values:
            yield str(Term(name, (value,))), ""
    keys: dict[tuple[str, ...], None] = {}
    for task in islice(tasks, _LOOKED_AT):
        if task.payload:
            keys.update(dict.fromkeys(paths_of(json_object(task.payload))))
    for path in islice(keys, _KEYS):
        yield f"{Term('payload', (), path=path).name}:", "a key of payloads"
