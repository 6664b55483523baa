"""Leasing ahead: the policy, and a simulation of eight workers with the emulator's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.many_workers import LEASE_S, SimulatedWorker, Simulation, heavy_tailed
from benchmarks.many_workers import measured as measured_workers
from cloudtasks_nb.worker.horizon import MOST_AHEAD, Horizon


def measured(mean_s: float, lease_s: float = 60.0) -> Horizon:
    horizon = Horizon(8, lease_s, chance=lambda: 0.5)
    for at in range(20):
        horizon.handled(mean_s, now_s=at * mean_s)
    return horizon


def test_nothing_is_leased_ahead_before_a_handler_has_ended() -> None:
    horizon = Horizon(8, 60.0)
    assert horizon.lacks(waiting=0, running=0) == 8
    assert horizon.lacks(waiting=0, running=8) == 0
    assert horizon.surplus(waiting=5) == 0


@pytest.mark.parametrize(
    ("mean_s", "wanted"), [(0.0, MOST_AHEAD), (0.001, MOST_AHEAD), (0.125, 64), (1.0, 8), (10.0, 0)]
)
def test_a_second_of_work_waits(mean_s: float, wanted: int) -> None:
    assert measured(mean_s).wanted() == wanted


def test_more_is_leased_below_a_third() -> None:
    horizon = measured(0.125)
    assert horizon.lacks(waiting=22, running=8) == 0
    assert horizon.lacks(waiting=21, running=8) == 43
    assert horizon.lacks(waiting=0, running=3) == 69


def test_a_short_lease_is_never_filled_with_work() -> None:
    assert measured(0.125, lease_s=1.5).wanted() == 32


def test_refusals_make_a_worker_hold_more_and_call_less() -> None:
    horizon = measured(0.1)
    waits = [horizon.refused() for _ in range(20)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (pytest.approx(1 / 7), 20.0)
    assert horizon.length_s == 10.0
    assert horizon.refused(is_idle=True) == 2.0, "an idle worker makes more lease calls"
    waits = [horizon.granted() for _ in range(100)]
    assert waits == sorted(waits, reverse=True)
    assert (horizon.length_s, waits[-1]) == (1.0, 0.0), "without rejections, calls need no wait"


def test_handlers_that_become_slow_give_back_what_would_wait_too_long() -> None:
    horizon = measured(1 / 128)
    assert horizon.surplus(waiting=800) == 0
    assert horizon.surplus(waiting=800, youngest_s=0.9) == 0  # one pause of the machine is not slow handlers
    assert horizon.surplus(waiting=800, youngest_s=2.0) == 800 - 12
    for at in range(200):
        horizon.handled(4.0, now_s=10.0 + at)
    assert 800 - 8 <= horizon.surplus(waiting=800) <= 800 - 6


@given(st.lists(st.floats(0, 1e6), max_size=50), st.integers(0, 2000), st.integers(0, 8), st.floats(0, 1e6))
def test_no_measurement_leads_to_more_than_the_bounds(
    took: list[float], waiting: int, running: int, youngest_s: float
) -> None:
    horizon = Horizon(8, 60.0)
    for at, took_s in enumerate(took):
        horizon.handled(took_s, now_s=float(at))
    assert 0 <= horizon.lacks(waiting, running, youngest_s) <= MOST_AHEAD + 8
    assert 0 <= horizon.surplus(waiting, youngest_s) <= waiting


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


@pytest.mark.parametrize("max_attempts", [2, 100])  # with one attempt, the tasks of a killed worker are lost
def test_what_killed_workers_held_comes_back_and_is_handled(max_attempts: int) -> None:
    queue = Simulation(3000, max_attempts, heavy_tailed(0.4))
    workers = [SimulatedWorker(queue) for _ in range(8)]
    for at, worker in enumerate(workers[:4]):
        queue.after(0.5 + at / 7, worker.kill)
    queue.run(until_s=3600)
    assert queue.unhandled == 0
    again = sum(leases > 1 for leases in queue.leases.values())
    assert 0 < again <= sum(MOST_AHEAD + 8 for _ in range(4))


@pytest.mark.parametrize(("batch_size", "waiting"), [(1, 1000), (3, 333), (100, 10), (1000, 1)])
def test_no_more_than_a_thousand_tasks_wait(batch_size: int, waiting: int) -> None:
    horizon = Horizon(8, 60.0, batch_size=batch_size)
    horizon.handled(0.0001, now_s=0.0)
    assert horizon.wanted() == waiting


def test_more_workers_than_lease_calls_share_them_too() -> None:
    found = measured_workers(30, 1.0)
    assert found.of_possible > 0.9
    assert found.shares < 2


def test_the_last_tasks_do_not_wait_for_one_worker() -> None:
    queue = Simulation(8 * 8 * 500, 100, lambda _: 0.1)
    workers = [SimulatedWorker(queue) for _ in range(8)]
    queue.run(until_s=600)
    assert queue.unhandled == 0
    ends_s = sorted(worker.ended_s for worker in workers)
    held_s = max(worker.horizon.length_s for worker in workers)
    assert ends_s[-1] - ends_s[0] < held_s + 0.3, "a worker held tasks that others could have started"
    assert ends_s[-1] < 500 * 0.1 * 1.1
