"""Estimates the number of tasks in a listing, and the list calls that it needs."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.queue import QueueStats
from ..paging.listing import Expected

_LARGEST_PAGE = 1000


def expected_of(queues: Sequence[QueueStats | None], page_size: int) -> Expected:
    """The estimate for queues with these statistics. Each queue needs at least one call.

    >>> expected_of([QueueStats(tasks_count=2500), QueueStats()], 1000)
    Expected(items=2500, calls=4, at_least=False)
    >>> expected_of([None, None], 1000)
    Expected(items=None, calls=2, at_least=True)
    >>> expected_of([QueueStats(tasks_count=2500)], page_size=0)
    Expected(items=2500, calls=3, at_least=False)
    """
    size = min(page_size, _LARGEST_PAGE) if page_size > 0 else _LARGEST_PAGE  # 0: the service chooses it
    known = [int(stats.tasks_count) for stats in queues if stats is not None]
    calls = sum(max(1, -(-count // size)) for count in known) + len(queues) - len(known)
    if len(known) < len(queues):
        return Expected(calls=calls if len(queues) > 1 else None, at_least=True)
    return Expected(sum(known), calls)
