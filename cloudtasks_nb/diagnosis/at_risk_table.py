"""The table of tasks at risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..render import Table, badge, number
from ..render.status import status_badge
from ..render.values import when
from ..visible import elided

if TYPE_CHECKING:
    from ..render import Value
    from .at_risk import Endangered


def risk_table(
    found: Sequence[Endangered], *, caption: str, footer: str | None = None, now: datetime
) -> Table:
    """One row per task: the risk, the attempts left, and the earliest time at which the task is given up or expires."""

    def row(one: Endangered) -> dict[str, Value]:
        task, left = one.task, one.fate.attempts_left
        return {
            "task": elided(task.id, 40),
            "risk": badge(one.risk, "bad" if one.risk != "expiry" else "warn"),
            "attempts": number(task.dispatch_count),
            "left": "no limit" if left is None else number(left),
            "next attempt": when(task.schedule_time, now),
            "given up": when(one.fate.gives_up, now),
            "expires": when(one.fate.expires, now),
            "last status": status_badge(task.last_status) if task.last_status is not None else None,
        }

    return Table.of(found, row, caption=caption, footer=footer)
