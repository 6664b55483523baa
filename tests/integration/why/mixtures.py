"""Queues with random mixtures of causes. A diagnosis is compared with these causes."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import uuid4

import cloudtasks_nb as ct

from .scenarios import World

PACES = ("", "concurrency_bound", "rate_bound", "throttled")
FOLLOWS = {
    "one_cause": {"failing"},
    "retry_wait": {"failing", "timeouts", "near_exhaustion"},
    "dup_risk": {"timeouts"},
    "drains_never": {"failing", "concurrency_bound", "rate_bound", "throttled"},
    "drain_long": {"concurrency_bound", "rate_bound", "throttled", "failing"},
    "throttled": {"throttled"},
}
"""Findings that may follow from each cause."""
_HARDLY, _CLEARLY = 0.15, 0.25
_MORE_SUCCEED = {"rate_bound": 140, "throttled": 110}
"""Successful attempts at each pace: 70 s at two per second; a burst and ten seconds at one per second."""
TRUTHS = (
    "paused_with_backlog", "failing", "timeouts", "throttled", "concurrency_bound", "rate_bound", "near_exhaustion",
    "sequential_names", "tombstone", "purged_lately", "logging_off", "all_future",
)  # fmt: skip


class Mixture(NamedTuple):
    """The causes in a queue. `failures`: how many tasks of `attempts` fail; `pace`: what limits the queue."""

    paused: bool = False
    failures: int = 0
    successes: int = 40
    timeouts: int = 0
    last_attempts: int = 0
    pace: str = ""
    counted_names: bool = False
    used_name: bool = False
    purged: bool = False
    logged: bool = False
    later: int = 0

    @property
    def share(self) -> float:
        """The share of attempts that fail."""
        fail = self.failures + self.last_attempts
        return fail / (fail + self.successes + _MORE_SUCCEED.get(self.pace, 0) or 1)

    @property
    def is_open(self) -> bool:
        """Whether the failure is ambiguous: the share is near the threshold, or it failed minutes ago."""
        return _HARDLY < self.share < _CLEARLY or (self.pace == "rate_bound" and self.share > _HARDLY)

    @property
    def truth(self) -> set[str]:
        """The rules that must fire."""
        is_failing = self.failures + self.last_attempts >= 5 and self.share >= _CLEARLY
        waits = (
            self.later + self.failures + self.timeouts + self.last_attempts + (0 if not self.pace else 400)
        )
        found = {
            "paused_with_backlog": self.paused and waits > 0,
            "failing": is_failing,
            "timeouts": self.timeouts > 0,
            "near_exhaustion": self.last_attempts > 0,
            "sequential_names": self.counted_names and waits >= 20,
            "tombstone": self.used_name,
            "purged_lately": self.purged,
            "logging_off": not self.logged,
            "all_future": self.later > 0 and waits == self.later,
            self.pace: bool(self.pace) and not self.paused,
        }
        return {rule for rule, is_so in found.items() if rule and is_so} - self.open

    @property
    def open(self) -> set[str]:
        """Rules that may fire or not."""
        return {"failing"} if self.is_open else set()


def put(world: World, mixture: Mixture) -> ct.Queue:
    """A queue of the emulator in that state."""
    client, url = world.client, world.inbox.url_for
    limits: dict[str, Any] = {"max_tasks_dispatched_per_second": 500}
    if mixture.pace == "concurrency_bound":
        limits = {"max_concurrent_tasks": 3}
    elif mixture.pace == "rate_bound":
        limits = {"max_tasks_dispatched_per_second": 2, "max_burst_size": 1}
    queue = client.create_queue(
        f"q-{uuid4().hex[:12]}",
        rate_limits=limits,
        retry_config={"min_backoff": 600},
        stackdriver_logging_config={"sampling_ratio": 1.0} if mixture.logged else None,
    )
    if mixture.purged:
        queue.purge()
        world.pass_("2h")
    if mixture.used_name:
        queue.create_task(b"", url=url("/200"), schedule=600, task_id="used").delete()
        with suppress(ct.AlreadyExists):
            queue.create_task(b"", url=url("/200"), task_id="used")
    rows = [{"url": url("/200")}] * mixture.successes + [{"url": url("/503")}] * mixture.failures
    rows += [{"url": url("/slow/200"), "dispatch_deadline": 15}] * mixture.timeouts
    rows += [{"url": url("/500"), "retry_config": {"max_attempts": 3}}] * mixture.last_attempts
    rows += [{"url": url("/200"), "schedule": 7200}] * mixture.later
    queue.create_tasks([_named(row, n, mixture) for n, row in enumerate(rows)], progress=False)
    client.emulator.faults(target_latency="1h", targets=url("/slow*"))
    world.pass_("40s")
    if mixture.pace:
        _hold(world, queue, mixture, len(rows))
    if mixture.paused:
        queue.pause()
    return queue


def _hold(world: World, queue: ct.Queue, mixture: Mixture, taken: int) -> None:
    """Four hundred tasks more than the queue can send in the rest of the last minute."""
    faults: dict[str, Any] = {"target_latency": "30s", "targets": world.inbox.url_for("/held*")}
    if mixture.pace == "throttled":
        faults["throttled_rate"] = 1
    world.client.emulator.faults(**faults)
    path = "/held" if mixture.pace == "concurrency_bound" else "/200"
    rows = [{"url": world.inbox.url_for(path)}] * 400
    queue.create_tasks([_named(row, taken + n, mixture) for n, row in enumerate(rows)], progress=False)
    world.pass_("70s" if mixture.pace == "rate_bound" else "10s")


def _named(row: dict[str, Any], number: int, mixture: Mixture) -> dict[str, Any]:
    return {**row, "task_id": f"order-{number:06}" if mixture.counted_names else uuid4().hex}


def unexplained(found: set[str], mixture: Mixture) -> set[str]:
    """Findings that are neither a cause nor follow from one."""
    causes = mixture.truth | mixture.open
    return {rule for rule in found - causes if not FOLLOWS.get(rule, set()) & causes}


class Tally:
    """Right, wrong and missed, by rule."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def add(self, found: set[str], mixture: Mixture) -> None:
        """Count one diagnosis."""
        truth = mixture.truth
        self.right.update(found & truth)
        self.wrong.update(unexplained(found, mixture))
        self.missed.update(truth - found)

    def rows(self) -> list[tuple[str, int, float, float]]:
        """The rule, the number of mixtures with it, precision and recall."""
        rules = [
            rule
            for rule in (*TRUTHS, *sorted(self.wrong))
            if self.right[rule] + self.missed[rule] + self.wrong[rule]
        ]
        return [
            (
                rule,
                self.right[rule] + self.missed[rule],
                self.right[rule] / (self.right[rule] + self.wrong[rule] or 1),
                self.right[rule] / (self.right[rule] + self.missed[rule] or 1),
            )
            for rule in dict.fromkeys(rules)
        ]
