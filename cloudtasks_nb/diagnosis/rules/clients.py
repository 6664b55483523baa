"""Rules about clients that create tasks: task names, rejected creates, and the clock of this machine."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from ..facts import Facts
from ..finding import Finding
from ..words import clock, counted, duration, percent
from .pace import SCALING

QUOTAS = "https://docs.cloud.google.com/tasks/docs/quotas"
_GAP = 1000
USED_UP = "existed too recently"
_TAIL = re.compile(r"(.*?)(\d+)\Z", re.S)


def tombstone(facts: Facts) -> Finding | None:
    """The service rejected a create because a task used the name recently."""
    refused = [one for one in facts.refused if USED_UP in one.message and ".tasks." in one.method]
    if not refused:
        return None
    last = refused[-1]
    held = facts.queue.tombstone_ttl
    for_long = duration(held) if held else "up to 24 hours"
    creates = f"The service rejected {counted(len(refused), 'create')} of this client"
    return Finding(
        rule="tombstone",
        severity="info",
        sentence=f"{creates}, the last at {clock(last.at, facts.now)}: a task with this name existed too recently. The "
        f"name of a finished or deleted task stays blocked for {for_long}; use another name.",
        evidence=[facts.seen("rejected create", f"{last.code} {last.message}", "tasks.create")],
        cure="queue.create_task(payload, url=…)  # without task_id",
        source=QUOTAS,
    )


def sequential_names(facts: Facts, *, share: float = 0.8, at_least: int = 20) -> Finding | None:
    """Task names share a prefix and count up, which makes creates slow."""
    named = sorted((task.create_time or facts.now, len(task.id), task.id) for task in facts.tasks)
    if len(named) < at_least:
        return None
    parts = [found.groups() for *_, name in named if (found := _TAIL.match(name))]
    (prefix, count), *_ = Counter(prefix for prefix, _ in parts).most_common(1) or [("", 0)]
    tails = [int(tail) for begins, tail in parts if begins == prefix]
    rising = sum(later >= earlier for earlier, later in pairwise(tails))
    if count < share * len(named) or rising < share * (len(tails) - 1) or not _are_close(tails):
        return None
    words = f"“{prefix}”" if prefix else "digits"
    return Finding(
        rule="sequential_names",
        severity="warns",
        sentence=f"{percent(count / len(named))} of the sampled names begin with {words} and count up, for example "
        f"{named[-1][-1]}. Creates with such names are slow, because Cloud Tasks stores them side by side. Begin the "
        "name with a hash, or create tasks without task_id.",
        evidence=[facts.seen("names", f"{named[0][-1]} … {named[-1][-1]}", facts.sampled)],
        cure="queue.create_task(payload, url=…)  # without task_id",
        source=SCALING,
    )


def _are_close(numbers: list[int]) -> bool:
    """Whether numbers count up or are timestamps, and are not random."""
    low, high = str(min(numbers)), str(max(numbers))
    return max(numbers) - min(numbers) <= _GAP * len(numbers) or (
        len(low) == len(high) and low[:4] == high[:4]
    )


def clock_skew(facts: Facts, *, most: timedelta = timedelta(seconds=5)) -> Finding | None:
    """The clock of this machine and that of the service differ."""
    if facts.skew is None or abs(facts.skew) <= most:
        return None
    way = "behind" if facts.skew > timedelta() else "ahead of"
    return Finding(
        rule="clock_skew",
        severity="warns",
        sentence=f"The clock of this machine is {duration(abs(facts.skew))} {way} the service's clock. Schedule times "
        "computed from it are wrong by the same amount. All times here are by the service's clock.",
        evidence=[
            facts.seen("Date header − local clock", f"{facts.skew.total_seconds():+.0f} s", "queues.get")
        ],
        cure="!sudo chronyc makestep",
        source="https://docs.cloud.google.com/compute/docs/instances/configure-ntp",
    )
