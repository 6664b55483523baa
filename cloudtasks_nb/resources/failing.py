"""Finds queues with failures, by one call of Cloud Monitoring, or by a sample: the first page of each queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import CloudTasksError
from ..history.lately import Failing, failing_in, failing_of
from ..rest.side_by_side import side_by_side

if TYPE_CHECKING:
    from ..rest.session import Session
    from .queue import Queue

SAMPLED = 100  # tasks of a page
MOST_QUEUES = 50  # the limit of sampled queues: one list call each
PARALLEL = 8


def sample(queue: Queue) -> Failing:
    """Count the last outcomes of the tasks on its first page, by one call. Errors: those of queue.tasks()."""
    return failing_in(queue.tasks(page_size=SAMPLED).first_page.items)


def samples(queues: Sequence[Queue]) -> dict[str, Failing]:
    """Sample the queues with most tasks; returns samples by full name, without queues that cannot be listed."""
    held = [
        queue
        for queue in queues
        if queue.kind != "pull" and not (queue.stats and queue.stats.tasks_count == 0)
    ]
    held.sort(key=lambda queue: queue.stats.tasks_count if queue.stats else 0, reverse=True)

    def ask(queue: Queue) -> Failing | None:
        try:
            return sample(queue)
        except CloudTasksError:
            return None

    found = side_by_side(ask, held[:MOST_QUEUES], PARALLEL)
    return {queue.name: failing for queue, failing in zip(held, found, strict=False) if failing is not None}


class Lately(Struct, frozen=True):
    """The failures of the queues in a listing."""

    found: dict[str, Failing]
    absent: Failing | None
    """For queues that are not in `found`: no failures, or None for unknown."""
    words: str

    def note(self, queues: Sequence[Queue]) -> None:
        """Set `failing` of each queue."""
        for queue in queues:
            queue.__dict__["failing"] = self.found.get(queue.name, self.absent)


def lately(session: Session, project: str, queues: Sequence[Queue]) -> Lately:
    """Read the failures from metrics, at most once a minute; without access to metrics, by samples of these queues."""
    shared = failing_of(session, project)
    shared.ask(session, project)
    if shared.found is not None and not shared.why:
        return Lately(shared.found, Failing(), "failing: attempts of the last hour")
    found = samples(queues)
    return Lately(found, None, f"failing: tasks on first pages, a sample, because metrics were {shared.why}")
