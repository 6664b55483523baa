"""Encodes many tasks for the page: columns in buffers, and a bit for each task that matches. (pure)"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..query.masks import Mask, mask_of_flags

if TYPE_CHECKING:
    from .unsaved_rows import Sent


def columns_sent(table: Mapping[str, Any]) -> Sent:
    """Encode the columns of `TaskTable.shown`: numbers and texts in buffers, the rest in the message.

    Text buffers hold one line per value; times and numbers are float64 (NaN: no value); indexes are int32.
    """
    buffers = [_lines(table["ids"]), array("i", table["leased"]).tobytes()]
    columns = []
    for column in table["columns"]:
        head = {name: column[name] for name in ("name", "label", "look")}
        if "values" in column:
            buffers.append(array("d", map(_number, column["values"])).tobytes())
        else:
            buffers.append(array("i", column["at"]).tobytes())
            if column["look"] == "status":
                head["different"] = column["different"]
            else:
                buffers.append(_lines(column["different"]))
        columns.append(head)
    return {"columns": columns}, buffers


def ticked_sent(ids: Iterable[str], selected: Container[str]) -> bytes:
    """A bit for each task, 1 if it is selected."""
    flags = bytes(task_id in selected for task_id in ids)
    return mask_of_flags(flags).to_bytes((len(flags) + 7) // 8, "little")


def matching_sent(mask: Mask, count: int, order: array[int] | None) -> Sent:
    """A bit for each task, 1 if it matches; and the order of all tasks, if the page lacks it."""
    bits = mask.to_bytes((count + 7) // 8, "little")
    return {"has_order": order is not None}, [bits, *([] if order is None else [order.tobytes()])]


def _lines(texts: list[str]) -> bytes:
    return "\n".join(texts).encode()  # shown() has removed line ends


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
