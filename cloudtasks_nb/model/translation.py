"""JSON of the model as JSON of a version, by the table of `versions`; `reading` is the way back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from .json import Message
from .operation import Operation
from .schema import camel, schema
from .task import Task
from .versions import Version, model_of, shape_of

Values = dict[str, Any]

PACKAGE = "type.googleapis.com/google.cloud.tasks."
"""The beginning of the API's type names; the version follows."""


def write(kind: type[Message], values: Values, version: Version) -> Values:
    """JSON of the model's message as this version writes it. What the version lacks is left out.

    >>> from cloudtasks_nb.model import RateLimits
    >>> write(RateLimits, {"maxConcurrentTasks": 5}, "v2")
    {'maxConcurrentDispatches': 5}
    """
    plan = _plan(kind, version)
    return values if plan is None else plan.write(values)


def differs(kind: type[Message], version: Version) -> bool:
    """Whether this version writes a message, or anything in it, in another way than the model."""
    return _plan(kind, version) is not None


def _write_said(values: Values) -> None:
    """What one field says in the model and another in the later versions."""
    if values.pop("unlimitedAttempts", False):
        values["maxAttempts"] = -1
    pull = values.pop("pullTarget", None) is not None
    if (
        pull or "state" in values
    ):  # only the service's own answers hold a state: there, the type is always told
        values["type"] = "PULL" if pull else "PUSH"


class _Member(msgspec.Struct, frozen=True):
    """Where a member goes: to `name`, after `below` has translated what it holds."""

    name: str
    below: _Plan | _Packed | None = None
    lifted: Mapping[str, str] | None = None  # member of the nested message → member of the outer one


class _Packed:
    """What an operation holds: the message that its @type names, which also says the version."""

    def __init__(self, version: Version) -> None:
        self._type = f"{PACKAGE}{version}."
        self._tasks = _plan(Task, version)

    def write(self, values: Values) -> Values:
        name = str(values.get("@type", ""))
        if not name.startswith(PACKAGE):
            return values
        values = values | {"@type": self._type + name.rpartition(".")[2]}
        return values | {"tasks": _each(values["tasks"], self._tasks)} if "tasks" in values else values


class _Plan:
    """How one message is written in one version, by the names in JSON."""

    def __init__(self, kind: type[Message], version: Version) -> None:
        shape = shape_of(kind, version)
        packed = _Packed(version) if kind is Operation else None
        self._says = bool(shape.said)
        self._absent: set[str] = set()
        self._to: dict[str, _Member] = {}
        for field in schema(kind).values():
            if field.behavior(version) == "absent":
                self._absent.add(field.wire)
                continue
            below: _Plan | _Packed | None = _plan(field.message, version) if field.message else None
            if packed is not None and field.name in ("metadata", "response"):
                below = packed
            if field.name in shape.lifted:
                names = {camel(inner): camel(outer) for inner, outer in shape.lifted[field.name].items()}
                self._to[field.wire] = _Member("", below, names)
            elif (there := camel(field.name_in(version))) != field.wire or below:
                self._to[field.wire] = _Member(there, below)

    @property
    def trivial(self) -> bool:
        return not (self._to or self._absent or self._says)

    def write(self, values: Values) -> Values:
        out: Values = {}
        for name, value in values.items():
            member = self._to.get(name)
            if name in self._absent:
                continue
            if member is None:
                out[name] = value
            elif member.lifted is None:
                out[member.name] = _each(value, member.below)
            else:
                inside = _each(value, member.below) or {}
                out |= {member.lifted.get(inner, inner): held for inner, held in inside.items()}
        if self._says:
            _write_said(out)
        return out


def _each(value: Any, plan: _Plan | _Packed | None) -> Any:
    """A message, or every message of a list, as the version writes it; anything else as it is."""
    if plan is None:
        return value
    if isinstance(value, list):
        return [plan.write(item) if isinstance(item, dict) else item for item in value]
    return plan.write(value) if isinstance(value, dict) else value


@cache
def _plan(kind: type[Message], version: Version) -> _Plan | None:
    """How to translate a message; None when nothing in it differs."""
    plan = _Plan(model_of(kind), version)
    return None if plan.trivial else plan
