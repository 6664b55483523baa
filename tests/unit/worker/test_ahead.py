"""Leasing ahead: the policy, and eight workers under it on the emulator's own rules, simulated event by event."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.rules.leases import LeaseQuota, is_spent
from cloudtasks_nb.worker.ahead import FEWEST_ATTEMPTS, MOST_AHEAD, Ahead
from cloudtasks_nb.worker.refill import LEASE_CALLS_APART_S, Patience

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LEASE_S, CALL_S = 30.0, 0.02


def measured(mean_s: float, lease_s: float = 60.0) -> Ahead:
    ahead = Ahead(8, lease_s, chance=lambda: 0.5)
    for at in range(20):
        ahead.handled(mean_s, now_s=at * mean_s)
    return ahead


def test_nothing_is_leased_ahead_before_a_handler_has_ended() -> None:
    ahead = Ahead(8, 60.0)
    assert ahead.lacks(waiting=0, running=0) == 8
    assert ahead.lacks(waiting=0, running=8) == 0
    assert ahead.surplus(waiting=5) == 0


@pytest.mark.parametrize(
    ("mean_s", "wanted"), [(0.0, MOST_AHEAD), (0.001, MOST_AHEAD), (0.125, 64), (1.0, 8), (10.0, 0)]
)
def test_a_second_of_work_waits(mean_s: float, wanted: int) -> None:
    assert measured(mean_s).wanted() == wanted


def test_more_is_leased_below_a_third() -> None:
    ahead = measured(0.125)
    assert ahead.lacks(waiting=22, running=8) == 0
    assert ahead.lacks(waiting=21, running=8) == 43
    assert ahead.lacks(waiting=0, running=3) == 69


def test_a_short_lease_is_never_filled_with_work() -> None:
    assert measured(0.125, lease_s=1.5).wanted() == 32


def test_refusals_make_a_worker_hold_more_and_call_less() -> None:
    ahead = measured(0.1)
    waits = [ahead.refused() for _ in range(20)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (pytest.approx(1 / 7), 5.0)
    assert ahead.horizon_s == 3.0
    waits = [ahead.granted() for _ in range(100)]
    assert waits == sorted(waits, reverse=True)
    assert (ahead.horizon_s, waits[-1]) == (1.0, 0.1)


def test_handlers_that_become_slow_give_back_what_would_wait_too_long() -> None:
    ahead = measured(1 / 128)
    assert ahead.surplus(waiting=800) == 0
    assert ahead.surplus(waiting=800, youngest_s=0.9) == 0  # one pause of the machine is not slow handlers
    assert ahead.surplus(waiting=800, youngest_s=2.0) == 800 - 12
    for at in range(200):
        ahead.handled(4.0, now_s=10.0 + at)
    assert 800 - 8 <= ahead.surplus(waiting=800) <= 800 - 6


@given(st.lists(st.floats(0, 1e6), max_size=50), st.integers(0, 2000), st.integers(0, 8), st.floats(0, 1e6))
def test_no_measurement_leads_to_more_than_the_bounds(
    took: list[float], waiting: int, running: int, youngest_s: float
) -> None:
    ahead = Ahead(8, 60.0)
    for at, took_s in enumerate(took):
        ahead.handled(took_s, now_s=float(at))
    assert 0 <= ahead.lacks(waiting, running, youngest_s) <= MOST_AHEAD + 8
    assert 0 <= ahead.surplus(waiting, youngest_s) <= waiting


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
    """Eight hands under the policy. A killed one lets all its leases run out."""

    def __init__(self, queue: Simulation, concurrency: int = 8) -> None:
        self.queue = queue
        self.concurrency = concurrency
        self.ahead = Ahead(concurrency, LEASE_S, chance=queue.chance.random)
        self.ahead.is_allowed = (queue.retries.max_attempts or 0) >= FEWEST_ATTEMPTS
        self.patience = Patience(queue.chance.random)
        self.waiting: deque[int] = deque()
        self.running: dict[int, float] = {}
        self.done = self.given_back = self.refused = 0
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
        for _ in range(self.ahead.surplus(len(self.waiting), youngest_s)):
            self.queue.give_back(self.waiting.pop())
            self.given_back += 1
        pause_s = LEASE_CALLS_APART_S
        if lacking := self.ahead.lacks(len(self.waiting), len(self.running), youngest_s):
            try:
                tasks = self.queue.lease(min(lacking, 1000))
            except ct.ResourceExhausted:
                self.refused += 1
                pause_s = self.ahead.refused()
            else:
                pause_s = max(pause_s, self.ahead.granted())
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
        self.ahead.handled(now_s - began_s, now_s)
        self.done += 1
        self.ended_s = now_s
        self.queue.acknowledge(task)
        self.begin()


def heavy_tailed(mean_s: float) -> Callable[[random.Random], float]:
    """Most handlers are quick, and a few take a hundred times as long; never longer than a third of a lease."""
    return lambda chance: min(LEASE_S / 3, mean_s * 0.4 * chance.paretovariate(1.7))


@pytest.mark.parametrize("max_attempts", [1, 2, 100])
@pytest.mark.parametrize("mean_s", [0.005, 0.1, 1.0])
def test_eight_workers_share_fairly_and_lose_nothing(max_attempts: int, mean_s: float) -> None:
    tasks = 20_000 if mean_s < 1 else 8_000
    queue = Simulation(tasks, max_attempts, heavy_tailed(mean_s))
    workers = [SimulatedWorker(queue) for _ in range(8)]
    queue.run(until_s=3600)
    assert queue.unhandled == 0
    assert set(queue.handled.values()) == {1}
    shares = [worker.done for worker in workers]
    assert sum(shares) == tasks
    assert max(shares) <= 2 * min(shares)
    assert max(worker.longest_wait_s for worker in workers) < LEASE_S / 3


@pytest.mark.parametrize("max_attempts", [2, 100])
def test_what_killed_workers_held_comes_back_and_is_handled(max_attempts: int) -> None:
    queue = Simulation(3000, max_attempts, heavy_tailed(0.4))
    workers = [SimulatedWorker(queue) for _ in range(8)]
    for at, worker in enumerate(workers[:4]):
        queue.after(0.5 + at / 7, worker.kill)
    queue.run(until_s=3600)
    assert queue.unhandled == 0
    again = sum(leases > 1 for leases in queue.leases.values())
    assert 0 < again <= sum(MOST_AHEAD + 8 for _ in range(4))


def test_the_last_tasks_do_not_wait_for_one_worker() -> None:
    queue = Simulation(8 * 8 * 500, 100, lambda _: 0.1)
    workers = [SimulatedWorker(queue) for _ in range(8)]
    queue.run(until_s=600)
    assert queue.unhandled == 0
    ends_s = sorted(worker.ended_s for worker in workers)
    held_s = max(worker.ahead.horizon_s for worker in workers)
    assert ends_s[-1] - ends_s[0] < held_s + 0.3, "somebody held what others could have begun"
    assert ends_s[-1] < 500 * 0.1 * 1.1
