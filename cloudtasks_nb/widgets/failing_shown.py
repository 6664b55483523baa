"""The failures of one queue for its panel: from metrics if they were requested, else from a sample."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from ..errors import CloudTasksError
from ..history.lately import LEAST_S, Failing, failing_of
from ..resources.failing import sample

if TYPE_CHECKING:
    from ..resources.queue import Queue


class FailingShown:
    """The failures of one queue. Metrics are billed, so they are read only on request. A sample is one call."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.found: Failing | None = None
        self._shared = failing_of(queue._session, queue.project)
        self._read_at = -inf

    @property
    def is_due(self) -> bool:
        """Whether the next update makes a call: at most once a minute, and never for pull queues."""
        return self.queue.kind != "pull" and monotonic() - self._read_at >= LEAST_S

    def look(self) -> None:
        """Update `found`; None if the service rejects the call."""
        if not self.is_due:
            return
        self._read_at = monotonic()
        if self._shared.was_asked:
            self._shared.ask(self.queue._session, self.queue.project)
        if self._shared.found is not None:
            self.found = self._shared.found.get(self.queue.name, Failing())
            return
        try:
            self.found = sample(self.queue)
        except CloudTasksError:
            self.found = None
