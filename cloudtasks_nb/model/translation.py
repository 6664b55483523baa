"""JSON of one version as JSON of the model, and back: by the table of `versions`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from .json import Message
from .operation import Operation
from .schema import camel, schema
from .task import Task
from .versions import OWN, Version, model_of, shape_of

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


def read(kind: type[Message], values: Values, version: Version) -> Values:
    """JSON of this version's message as the model has it. Members that nobody knows stay as they are.

    >>> from cloudtasks_nb.model import Task
    >>> read(Task, {"name": "t", "dispatchCount": 2}, "v2")
    {'name': 't', 'status': {'attemptDispatchCount': 2}}
    """
    plan = _plan(kind, version)
    return values if plan is None else plan.read(values)


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


def _read_said(values: Values) -> None:
    if values.get("maxAttempts") == -1:
        del values["maxAttempts"]
        values["unlimitedAttempts"] = True
    if values.pop("type", None) == "PULL":
        values["pullTarget"] = {}


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
        return self._retyped(values, self._type, _writer(self._tasks))

    def read(self, values: Values) -> Values:
        return self._retyped(values, f"{PACKAGE}{OWN}.", _reader(self._tasks))

    @staticmethod
    def _retyped(values: Values, own: str, translate: Callable[[Values], Values] | None) -> Values:
        name = str(values.get("@type", ""))
        if not name.startswith(PACKAGE):
            return values
        values = values | {"@type": own + name.rpartition(".")[2]}
        return values | {"tasks": _each(values["tasks"], translate)} if "tasks" in values else values


class _Plan:
    """Both directions of one message in one version, by the names in JSON."""

    def __init__(self, kind: type[Message], version: Version) -> None:
        shape = shape_of(kind, version)
        packed = _Packed(version) if kind is Operation else None
        self._says = bool(shape.said)
        self._absent: set[str] = set()
        self._to: dict[str, _Member] = {}
        self._from: dict[str, _Member] = {}
        self._lifted: dict[str, tuple[str, str]] = {}
        for field in schema(kind).values():
            if field.behavior(version) == "absent":
                self._absent.add(field.wire)
                continue
            holds_packed = packed is not None and field.name in ("metadata", "response")
            below = (
                packed
                if holds_packed
                else _plan(field.message, version)
                if field.message is not None
                else None
            )
            if field.name in shape.lifted:
                names = {camel(inner): camel(outer) for inner, outer in shape.lifted[field.name].items()}
                self._to[field.wire] = _Member("", below, names)
                self._lifted |= {outer: (field.wire, inner) for inner, outer in names.items()}
            elif (there := camel(field.name_in(version))) != field.wire or below:
                self._to[field.wire] = _Member(there, below)
                self._from[there] = _Member(field.wire, below)

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
                out[member.name] = _each(value, _writer(member.below))
            else:
                inside = _each(value, _writer(member.below)) or {}
                out |= {member.lifted.get(inner, inner): held for inner, held in inside.items()}
        if self._says:
            _write_said(out)
        return out

    def read(self, values: Values) -> Values:
        out: Values = {}
        inside: dict[str, Values] = {}
        for name, value in values.items():
            if name in self._lifted:
                outer, inner = self._lifted[name]
                inside.setdefault(outer, {})[inner] = value
                continue
            member = self._from.get(name)
            out[member.name if member else name] = _each(value, _reader(member.below if member else None))
        for outer, held in inside.items():
            out[outer] = _each(held, _reader(self._to[outer].below))
        if self._says:
            _read_said(out)
        return out


def _writer(plan: _Plan | _Packed | None) -> Callable[[Values], Values] | None:
    return plan.write if plan is not None else None


def _reader(plan: _Plan | _Packed | None) -> Callable[[Values], Values] | None:
    return plan.read if plan is not None else None


def _each(value: Any, translate: Callable[[Values], Values] | None) -> Any:
    """A message, or every message of a list, translated; anything else as it is."""
    if translate is None:
        return value
    if isinstance(value, list):
        return [translate(item) if isinstance(item, dict) else item for item in value]
    return translate(value) if isinstance(value, dict) else value


@cache
def _plan(kind: type[Message], version: Version) -> _Plan | None:
    """How to translate a message; None when nothing in it differs."""
    plan = _Plan(model_of(kind), version)
    return None if plan.trivial else plan
