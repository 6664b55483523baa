"""One queue to click: pause, resume, purge, refresh."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import CloudTasksError
from ..render.queue import KIND_WORDS, rate_words, retry_words, state_badge
from ..render.target import target_facts
from .action import Refused, action
from .cells import fact_list, instant, plain
from .panel import Panel, asset

if TYPE_CHECKING:
    from ..resources.queue import Queue


class QueuePanel(Panel):
    """A queue's state, estimates and settings, with the buttons that change it.

    Every button is a method. Errors of a call appear in the status line; called from Python they are raised too.

    Example:
        >>> panel = queue.panel()                              # doctest: +SKIP
        >>> panel.pause()                                      # doctest: +SKIP
        >>> panel.purge(confirm="emails")                      # doctest: +SKIP
    """

    _esm = asset("shared.js", "queue_panel.js")
    _css = asset("panel.css")

    facts = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, read_only: bool = False) -> None:
        super().__init__(queue, read_only=read_only, facts=queue_facts(queue, None))
        with suppress(CloudTasksError):  # a panel that could not read its queue says so in its status line
            self.refresh()

    @action("{queue}.refresh(stats=True)")
    def refresh(self) -> str:
        """Read the queue and its statistics again. Errors: NotFound, PermissionDenied."""
        self._then_read(lambda: None)
        return ""

    @action("{queue}.pause()", changes=True)
    def pause(self) -> str:
        """Stop dispatching. Errors: NotFound, PermissionDenied; Refused when read-only."""
        self._then_read(self.queue.pause)
        return "Paused. New tasks are still accepted; none are dispatched."

    @action("{queue}.resume()", changes=True)
    def resume(self) -> str:
        """Dispatch again. Errors: NotFound, PermissionDenied; Refused when read-only."""
        self._then_read(self.queue.resume)
        return "Resumed. Tasks that are due are dispatched."

    @action("{queue}.purge()", changes=True)
    def purge(self, confirm: str) -> str:
        """Delete every task of the queue; `confirm` is the queue's id. It cannot be undone.

        Errors: Refused when `confirm` is not the id, or when read-only; NotFound, PermissionDenied.
        """
        if confirm != self.queue.id:
            raise Refused("Not purged: the typed text is not the queue id.", hint=f"type {self.queue.id}")
        self._then_read(self.queue.purge)
        return "Purged. Tasks created before now are removed; this can take a minute."

    def _then_read(self, verb: Callable[[], Any]) -> None:
        """Act, then read the queue with its statistics; what is known by then is shown in any case."""
        read_at = None
        try:
            verb()
            self.queue.refresh(stats=True)
            read_at = datetime.now(UTC)
        finally:
            self.facts = queue_facts(self.queue, read_at) | (
                {} if read_at else {"updated": self.facts["updated"]}
            )


def queue_facts(queue: Queue, read_at: datetime | None) -> dict[str, Any]:
    """What the page shows of a queue."""
    stats = queue.stats
    settings = {
        "Rate": rate_words(queue.rate_limits) if queue.rate_limits is not None else None,
        "Retries": retry_words(queue.retry_config) if queue.retry_config is not None else None,
        **target_facts(queue),
        "Last purge": queue.purge_time,
    }
    return {
        "id": queue.id,
        "location": queue.location,
        "project": queue.project,
        "kind": KIND_WORDS[queue.kind],
        "state": queue.state,
        "badge": plain(state_badge(queue.state)),
        "depth": int(stats.tasks_count) if stats else None,
        "oldest": instant(stats.oldest_estimated_arrival_time) if stats else "",
        "executed": int(stats.executed_last_minute_count) if stats else None,
        "in_flight": int(stats.concurrent_dispatches_count) if stats else None,
        "settings": fact_list(settings),
        "updated": instant(read_at),
    }
