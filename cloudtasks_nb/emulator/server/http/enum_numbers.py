"""Answers with numbers for the names of enums, as `$alt=json;enum-encoding=int` asks. Source: SPEC section 1.5."""

from __future__ import annotations

from typing import Any

from ....model import Message, Operation, Task
from ..calls.bodies import fields
from ..calls.scalars import ENUMS

_BATCH_STATES = {
    "BatchCreateTasksMetadata": {"RUNNING": 1, "SUCCEEDED": 2, "FAILED": 3, "CANCELLED": 4, "PARTIALLY_SUCCEEDED": 5},
    "BatchDeleteTasksMetadata": {"RUNNING": 1, "SUCCEEDED": 2, "PARTIALLY_SUCCEEDED": 3, "FAILED": 4},
}  # fmt: skip


def numbered(values: Any, kind: type[Message]) -> Any:
    """The JSON values of a message, changed in place."""
    if isinstance(values, list):
        return [numbered(value, kind) for value in values]
    if not isinstance(values, dict):
        return values
    if kind is Operation:
        return _operation(values)
    known = fields(kind)
    for name, value in values.items():
        field = known.get(name)
        if field is None or field.mapped:
            continue
        if field.name in ENUMS and value in ENUMS[field.name].names:
            values[name] = ENUMS[field.name].names.index(value)
        elif isinstance(field.holds, type) and issubclass(field.holds, Message):
            values[name] = numbered(value, field.holds)
    return values


def _operation(values: dict[str, Any]) -> dict[str, Any]:
    """What an operation holds is said by its @type."""
    metadata = values.get("metadata", {})
    numbers = _BATCH_STATES.get(metadata.get("@type", "").rpartition(".")[2], {})
    if metadata.get("state") in numbers:
        metadata["state"] = numbers[metadata["state"]]
    if "tasks" in values.get("response", {}):
        values["response"]["tasks"] = numbered(values["response"]["tasks"], Task)
    return values
