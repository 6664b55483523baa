"""Rules about who creates tasks: their names, what was refused, and the clock of this machine."""

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
    """A create was refused because its name was used lately."""
    refused = [one for one in facts.refused if USED_UP in one.message and ".tasks." in one.method]
    if not refused:
        return None
    last = refused[-1]
    held = facts.queue.tombstone_ttl
    for_long = duration(held) if held else "up to 24 hours"
    creates = (
        f"{counted(len(refused), 'create')} of this client {'was' if len(refused) == 1 else 'were'} refused"
    )
    return Finding(
        rule="tombstone",
        severity="info",
        sentence=f"{creates}, last at {clock(last.at, facts.now)}: a task with that name existed too recently. The "
        f"name of a task that finished or was deleted stays taken for {for_long}; choose another one.",
        evidence=[facts.seen("refused create", f"{last.code} {last.message}", "tasks.create")],
        cure="queue.create_task(payload, url=…)  # without task_id",
        source=QUOTAS,
    )


def sequential_names(facts: Facts, *, share: float = 0.8, at_least: int = 20) -> Finding | None:
    """Names of tasks share a beginning and count up, which makes creating slow."""
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
        sentence=f"{percent(count / len(named))} of the sampled names begin with {words} and count up, such as "
        f"{named[-1][-1]}. Cloud Tasks stores such names side by side, and creating many of them is slow: put a hash "
        "in front, or leave the name out.",
        evidence=[facts.seen("names", f"{named[0][-1]} … {named[-1][-1]}", facts.sampled)],
        cure="queue.create_task(payload, url=…)  # without task_id",
        source=SCALING,
    )


def _are_close(numbers: list[int]) -> bool:
    """Whether numbers count up or tell the time, rather than being random."""
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
        sentence=f"The clock of this machine is {duration(abs(facts.skew))} {way} the service's: schedules that are "
        "reckoned from it are wrong by as much. The times here are the service's.",
        evidence=[
            facts.seen("Date header − local clock", f"{facts.skew.total_seconds():+.0f} s", "queues.get")
        ],
        cure="!sudo chronyc makestep",
        source="https://docs.cloud.google.com/compute/docs/instances/configure-ntp",
    )
