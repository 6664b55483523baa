"""Simulate 1, 10 and 100 pull workers against the quotas of one queue.

    python benchmarks/many_workers.py

The workers use the policy of the package (`worker/horizon.py`). The queue uses the emulator's rules for quotas and
attempts: ten lease calls per second, 1,000 tasks in each. Nothing is sent, and simulated time moves by events, so
the machine does not matter. Each worker has eight handlers and its own process. A lease call takes 20 ms. Handler
times are heavy-tailed: most are short, and a few are a hundred times as long.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.rules.leases import LeaseQuota, is_spent
from cloudtasks_nb.worker.horizon import FEWEST_ATTEMPTS, Horizon
from cloudtasks_nb.worker.refill import LEASE_CALLS_APART_S, Patience

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LEASE_S, CALL_S = 30.0, 0.02
CONCURRENCY = 8
SETTLED_S, MEASURED_S = 30.0, 60.0


class Simulation:
    """A pull queue under the emulator's rules, and workers that lease from it. Time passes by events only."""

    def __init__(self, tasks: int, max_attempts: int, took_s: Callable[[random.Random], float]) -> None:
        self.chance = random.Random(tasks * 1000 + max_attempts)  # noqa: S311 - a simulation
        self.retries = ct.RetryConfig(max_attempts=max_attempts)
        self.took_s = took_s
        self.now_s = 0.0
        self.quota = LeaseQuota()
        self.ready = deque(range(tasks))
        self.held: list[tuple[float, int]] = []  # when each lease ends
        self.ended: set[int] = set()
        self.tasks = tasks
        self.leases: Counter[int] = Counter()
        self.handled: Counter[int] = Counter()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + delay_s, next(self._order), act))

    def run(self, until_s: float) -> None:
        while len(self.ended) < self.tasks and self._events and self._events[0][0] <= until_s:
            self.now_s, _, act = heapq.heappop(self._events)
            act()

    def lease(self, most: int) -> list[int]:
        self.quota.check(BEGAN + timedelta(seconds=self.now_s), self.now_s)
        while self.held and self.held[0][0] <= self.now_s:
            self.ready.append(heapq.heappop(self.held)[1])
        leased: list[int] = []
        while self.ready and len(leased) < most:
            task = self.ready.popleft()
            if task in self.ended:
                continue
            if is_spent(self.retries, self.leases[task]):
                self.ended.add(task)
                continue
            self.leases[task] += 1
            leased.append(task)
            heapq.heappush(self.held, (self.now_s + LEASE_S, task))
        return leased

    def acknowledge(self, task: int) -> None:
        self.handled[task] += 1
        self.ended.add(task)

    def give_back(self, task: int) -> None:
        self.ready.append(task)

    @property
    def unhandled(self) -> int:
        return self.tasks - len(self.handled)


class SimulatedWorker:
    """A worker with eight handlers under the policy. If it is killed, all its leases expire."""

    def __init__(self, queue: Simulation, concurrency: int = CONCURRENCY) -> None:
        self.queue = queue
        self.concurrency = concurrency
        self.horizon = Horizon(concurrency, LEASE_S, chance=queue.chance.random)
        self.horizon.is_allowed = (queue.retries.max_attempts or 0) >= FEWEST_ATTEMPTS
        self.patience = Patience(queue.chance.random)
        self.waiting: deque[int] = deque()
        self.running: dict[int, float] = {}
        self.done = self.given_back = self.calls = self.refused = 0
        self.is_killed = False
        self.ended_s = 0.0
        self.longest_wait_s = 0.0
        self.leased_at: dict[int, float] = {}
        queue.after(queue.chance.random() * 0.1, self.ask)

    def kill(self) -> None:
        self.is_killed = True

    def ask(self) -> None:
        if self.is_killed:
            return
        now_s = self.queue.now_s
        youngest_s = now_s - max(self.running.values(), default=now_s)
        for _ in range(self.horizon.surplus(len(self.waiting), youngest_s)):
            self.queue.give_back(self.waiting.pop())
            self.given_back += 1
        pause_s = LEASE_CALLS_APART_S
        if lacking := self.horizon.lacks(len(self.waiting), len(self.running), youngest_s):
            self.calls += 1
            try:
                tasks = self.queue.lease(min(lacking, 1000))
            except ct.ResourceExhausted:
                self.refused += 1
                pause_s = self.horizon.refused(is_idle=not (self.waiting or self.running))
            else:
                pause_s = max(pause_s, self.horizon.granted())
                pause_s = pause_s if tasks else self.patience.nothing_s()
                self.leased_at.update(dict.fromkeys(tasks, now_s))
                self.waiting += tasks
                self.queue.after(CALL_S, self.begin)
        self.queue.after(pause_s, self.ask)

    def begin(self) -> None:
        while self.waiting and len(self.running) < self.concurrency and not self.is_killed:
            task = self.waiting.popleft()
            began_s = self.running[task] = self.queue.now_s
            self.longest_wait_s = max(self.longest_wait_s, began_s - self.leased_at[task])
            self.queue.after(
                self.queue.took_s(self.queue.chance),
                lambda task=task, began_s=began_s: self.end(task, began_s),
            )

    def end(self, task: int, began_s: float) -> None:
        if self.is_killed:
            return
        del self.running[task]
        now_s = self.queue.now_s
        self.horizon.handled(now_s - began_s, now_s)
        self.done += 1
        self.ended_s = now_s
        self.queue.acknowledge(task)
        self.begin()


def heavy_tailed(mean_s: float) -> Callable[[random.Random], float]:
    """Handler times: most are short, a few a hundred times as long, none above a third of a lease."""
    return lambda chance: min(LEASE_S / 3, mean_s * 0.4 * chance.paretovariate(1.7))


class Measured(NamedTuple):
    """The results of the workers of one queue."""

    per_second: float
    of_possible: float
    calls_per_second: float
    refused: float
    shares: float


def measured(workers: int, mean_s: float) -> Measured:
    """The results after a warm-up of the workers."""
    length_s = SETTLED_S + MEASURED_S
    tasks = int(min(10_000, workers * CONCURRENCY / mean_s) * length_s * 1.2) + 10_000
    queue = Simulation(tasks, 100, heavy_tailed(mean_s))
    chance = random.Random(1)  # noqa: S311 - a simulation
    took_s = sum(queue.took_s(chance) for _ in range(20_000)) / 20_000
    crew = [SimulatedWorker(queue) for _ in range(workers)]
    queue.run(SETTLED_S)
    before = [(one.done, one.calls, one.refused) for one in crew]
    queue.run(length_s)
    did = [(one.done, one.calls, one.refused) for one in crew]
    done, calls, refused = (
        [now[at] - was[at] for now, was in zip(did, before, strict=True)] for at in range(3)
    )
    rate = sum(done) / MEASURED_S
    return Measured(
        rate,
        rate * took_s / (workers * CONCURRENCY),
        sum(calls) / MEASURED_S,
        sum(refused) / max(1, sum(calls)),
        max(done) / max(1, min(done)),
    )


def main() -> None:
    print(
        "| mean time of a handler | workers | tasks per second | share of capacity | lease calls per second "
        "| rejected | busiest : idlest |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for mean_s in (0.01, 0.1, 1.0):
        for workers in (1, 10, 30, 100):
            found = measured(workers, mean_s)
            print(
                f"| {mean_s * 1000:,.0f} ms | {workers} | {found.per_second:,.0f} | {found.of_possible:.2f} | "
                f"{found.calls_per_second:.1f} | {found.refused:.0%} | {found.shares:.1f} : 1 |",
                flush=True,
            )


if __name__ == "__main__":
    main()
