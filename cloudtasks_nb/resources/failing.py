"""Which queues fail? By one call of Cloud Monitoring for all of them, or by a sample of each queue's first page."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import CloudTasksError
from ..history.lately import Failing, failing_in, failing_of

if TYPE_CHECKING:
    from ..rest.session import Session
    from .queue import Queue

SAMPLED = 100  # tasks of a page
MOST_QUEUES = 50  # that are sampled: one list call each
PARALLEL = 8


def sample(queue: Queue) -> Failing:
    """How the tasks of its first page ended last: one call. Errors: those of queue.tasks()."""
    return failing_in(queue.tasks(page_size=SAMPLED).first_page.items)


def samples(queues: Sequence[Queue]) -> dict[str, Failing]:
    """Samples of the queues that hold most, by their full names; a queue that cannot be listed is left out."""
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

    with ThreadPoolExecutor(PARALLEL, "cloudtasks-failing") as pool:
        found = pool.map(ask, held[:MOST_QUEUES])
    return {queue.name: failing for queue, failing in zip(held, found, strict=False) if failing is not None}


class Lately(Struct, frozen=True):
    """What is known of failing for the queues of a listing."""

    found: dict[str, Failing]
    absent: Failing | None
    """Of a queue that is not among them: nothing failed, or nothing is known."""
    words: str

    def note(self, queues: Sequence[Queue]) -> None:
        """Let each queue know its own."""
        for queue in queues:
            queue.__dict__["failing"] = self.found.get(queue.name, self.absent)


def lately(session: Session, project: str, queues: Sequence[Queue]) -> Lately:
    """How much fails: by metrics, read at most once a minute; where they are refused, by samples of these queues."""
    shared = failing_of(session, project)
    shared.ask(session, project)
    if shared.found is not None and not shared.why:
        return Lately(shared.found, Failing(), "failing: attempts of the last hour")
    found = samples(queues)
    return Lately(found, None, f"failing: tasks on first pages, a sample, because metrics were {shared.why}")
