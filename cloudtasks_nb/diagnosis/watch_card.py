"""The card of a watch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..render import Card, badge, code
from ..render.values import counted, duration, when

if TYPE_CHECKING:
    from ..render import Cell, Value
    from .watch import Watch


def card(watch: Watch) -> Card:
    """The card: its state, the tasks saved and where, and the lines that stop it and restore the tasks."""
    lines = ["watch.stop()"] if watch.running else []
    return Card(
        watch.queue.id,
        kind="watch",
        badge=state(watch),
        facts=facts(watch),
        code=[*lines, f"queue.restore({str(watch.path)!r})"] if watch.kept else lines,
    )


def state(watch: Watch) -> Cell:
    """The state, as a badge."""
    if not watch.running:
        return badge("STOPPED", "bad" if watch.problem else "")
    return badge("TROUBLE", "warn") if watch.problem else badge("WATCHING", "ok")


def facts(watch: Watch) -> dict[str, Value]:
    """Its counts, and the last problem."""
    return {
        "kept": f"{counted(watch.kept, 'task')} near the last attempt",
        "in": code(watch.path.name, str(watch.path)),
        "polls": [f"{watch.looks:,}, every {duration(watch.every)}"],
        "last poll": when(watch.last_look, datetime.now(UTC)),
        "problem": watch.problem or None,
    }
