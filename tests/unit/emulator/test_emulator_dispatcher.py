"""Dispatching over time, with a manual clock and scripted targets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from cloudtasks_nb.emulator.server.clock import ManualClock
from cloudtasks_nb.emulator.server.dispatch.dispatcher import Dispatcher
from cloudtasks_nb.emulator.server.rules.attempts import Attempt, Outcome, answered
from cloudtasks_nb.emulator.server.services.context import Context
from cloudtasks_nb.emulator.server.services.service import Service
from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.emulator.server.timeline import Timeline
from cloudtasks_nb.model import Duration, HttpRequest, Queue, RateLimits, RetryConfig, Task
from cloudtasks_nb.model.messages import CreateTaskRequest, Empty, RunTaskRequest
from tests.waiting import PATIENCE_S

from .conftest import NOW, PARENT, QUEUE


class World:
    """An emulator with a dispatcher, whose target is a function. Records each request and its time."""

    def __init__(self, answer: Callable[[Attempt], Outcome | None]) -> None:
        self.clock = ManualClock(NOW)
        self.store = Store.open()
        self.commits = Commits(self.store)
        self.sent: list[tuple[float, str]] = []
        self.open: list[Attempt] = []
        self._answer = answer
        self.service = Service(
            Context(self.store, self.clock, self.deliver, wake=lambda queue: self.dispatcher.wake(queue))
        )
        self.dispatcher = Dispatcher(
            self.store, self.clock, self.service.attempts, self.commits, self.deliver
        )
        self.timeline = Timeline(self.clock)
        self.timeline.add(self.dispatcher)
        self.dispatcher.start()

    def deliver(self, attempt: Attempt) -> None:
        self.sent.append(((self.clock.now() - NOW).total_seconds(), attempt.task.id))
        outcome = self._answer(attempt)
        if outcome is None:
            self.open.append(attempt)
        else:
            self.dispatcher.ended(attempt, outcome)

    async def call(self, method: str, **parameters: Any) -> Any:
        call = partial(self.service.call, f"projects.locations.queues.{method}", parameters)
        return await self.commits.run(call)

    async def queue(self, **settings: Any) -> None:
        await self.call("create", parent=PARENT, body=Queue(name=QUEUE, **settings))

    async def task(self, task_id: str, in_s: float = 0, **settings: Any) -> None:
        task = Task(
            name=f"{QUEUE}/tasks/{task_id}",
            http_request=HttpRequest(url="http://localhost/"),
            schedule_time=NOW + timedelta(seconds=in_s),
            **settings,
        )
        await self.call("tasks.create", parent=QUEUE, body=CreateTaskRequest(task=task))

    async def advance(self, seconds: float) -> None:
        assert await self.timeline.advance(timedelta(seconds=seconds), PATIENCE_S)

    def times(self, task_id: str) -> list[float]:
        return [round(at_s, 6) for at_s, sent in self.sent if sent == task_id]

    def names(self) -> list[str]:
        return [row[0] for row in self.store._db.execute("SELECT id FROM tasks ORDER BY id")]


def play(
    test: Callable[[World], Awaitable[None]], answer: Callable[[Attempt], Outcome | None] | None = None
) -> None:
    async def within() -> None:
        world = World(answer or (lambda attempt: answered(200)))
        async with asyncio.timeout(PATIENCE_S):
            await test(world)
            world.dispatcher.stop()
            await world.dispatcher.settle()
            await world.commits.close()
        world.store.close()

    asyncio.run(within())


def test_nothing_happens_until_time_is_moved() -> None:
    async def test(world: World) -> None:
        await world.queue()
        await world.task("now")
        await world.task("later", 60)
        for _ in range(20):
            await asyncio.sleep(0)
        assert world.sent == []
        await world.advance(59)
        assert world.sent == [(0.0, "now")]
        await world.advance(1)
        assert world.sent == [(0.0, "now"), (60.0, "later")]
        assert world.names() == []

    play(test)


def test_failures_back_off_as_documented() -> None:
    """SPEC section 5.3: 10, 300, 3 gives 10 20 40 80 160 240 300 300, counted from the end of each attempt."""

    async def test(world: World) -> None:
        retries = RetryConfig(
            min_backoff=Duration(seconds=10),
            max_backoff=Duration(seconds=300),
            max_doublings=3,
            max_attempts=9,
        )
        await world.queue(retry_config=retries)
        await world.task("one")
        await world.advance(86_400)
        at_s = world.times("one")
        gaps = [later - earlier for earlier, later in pairwise(at_s)]
        assert gaps == [10, 20, 40, 80, 160, 240, 300, 300]
        assert world.names() == []

    play(test, lambda attempt: answered(500))


def test_a_target_that_asks_for_time_gets_it() -> None:
    async def test(world: World) -> None:
        await world.queue()
        await world.task("one")
        await world.advance(100)
        assert world.times("one")[:2] == [0, 30]

    play(test, lambda attempt: answered(503, timedelta(seconds=30)))


def test_attempts_go_on_until_the_retry_duration_too_is_over() -> None:
    async def test(world: World) -> None:
        retries = RetryConfig(
            min_backoff=Duration(seconds=10),
            max_backoff=Duration(seconds=10),
            max_attempts=2,
            max_retry_duration=Duration(seconds=35),
        )
        await world.queue(retry_config=retries)
        await world.task("theirs")
        await world.task(
            "own", retry_config=RetryConfig(max_attempts=1, max_retry_duration=Duration(seconds=15))
        )
        await world.advance(1000)
        assert world.times("theirs") == [0, 10, 20, 30, 40]
        assert world.times("own") == [0, 10, 20]
        assert world.names() == []

    play(test, lambda attempt: answered(500))


def test_rate_and_burst() -> None:
    async def test(world: World) -> None:
        limits = RateLimits(max_tasks_dispatched_per_second=2, max_burst_size=3)
        await world.queue(rate_limits=limits)
        for number in range(9):
            await world.task(f"t{number}")
        await world.advance(10)
        at_s = [at for at, _ in world.sent]
        assert at_s == pytest.approx([0, 0, 0, 0.5, 1, 1.5, 2, 2.5, 3], abs=0.001)
        assert [sent for _, sent in world.sent] == [f"t{number}" for number in range(9)]

    play(test)


def test_no_more_than_the_allowed_number_is_under_way() -> None:
    async def test(world: World) -> None:
        await world.queue(rate_limits=RateLimits(max_concurrent_tasks=2))
        for number in range(5):
            await world.task(f"t{number}")
        await world.advance(1)
        assert [attempt.task.id for attempt in world.open] == ["t0", "t1"]
        world.dispatcher.ended(world.open.pop(0), answered(200))
        await world.advance(0)
        assert [attempt.task.id for attempt in world.open] == ["t1", "t2"]
        stats = (await world.call("get", name=QUEUE, read_mask="stats")).stats
        assert (stats.concurrent_dispatches_count, stats.tasks_count) == (2, 4)

    play(test, lambda attempt: None)


def test_a_task_under_way_is_not_sent_again_by_itself() -> None:
    async def test(world: World) -> None:
        await world.queue()
        await world.task("one")
        await world.call("tasks.run", name=f"{QUEUE}/tasks/one", body=RunTaskRequest())
        await world.advance(3600)
        assert world.times("one") == [0]

    play(test, lambda attempt: None)


def test_pause_resume_purge_and_delete_meet_what_did_not_go_out() -> None:
    async def test(world: World) -> None:
        await world.queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=1, max_burst_size=1))
        for number in range(6):
            await world.task(f"t{number}")
        await world.advance(0.5)
        await world.call("pause", name=QUEUE, body=Empty())
        await world.advance(100)
        assert [sent for _, sent in world.sent] == ["t0"]
        await world.call("tasks.delete", name=f"{QUEUE}/tasks/t1")
        await world.call("resume", name=QUEUE, body=Empty())
        await world.advance(0)
        assert [sent for _, sent in world.sent] == ["t0", "t2"]
        await world.call("purge", name=QUEUE, body=Empty())
        await world.advance(100)
        await world.task("new", 200)
        await world.call("delete", name=QUEUE)
        await world.advance(100)
        assert [sent for _, sent in world.sent] == ["t0", "t2"]

    play(test)


def test_run_heeds_neither_pause_nor_rate() -> None:
    async def test(world: World) -> None:
        await world.queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=1, max_burst_size=1))
        await world.call("pause", name=QUEUE, body=Empty())
        for number in range(5):
            await world.task(f"t{number}", 3600)
            await world.call("tasks.run", name=f"{QUEUE}/tasks/t{number}", body=RunTaskRequest())
        assert [sent for _, sent in world.sent] == ["t0", "t1", "t2", "t3", "t4"]
        await world.dispatcher.settle()
        assert world.names() == []

    play(test)


def test_a_task_past_its_time_to_live_is_not_tried_again() -> None:
    async def test(world: World) -> None:
        hourly = RetryConfig(min_backoff=Duration(hours=1), max_backoff=Duration(hours=1), max_attempts=1000)
        await world.queue(retry_config=hourly, task_ttl=Duration(days=10))
        await world.task("one")
        await world.advance(86_400 * 20)
        assert len(world.times("one")) == 240
        assert world.names() == []

    play(test, lambda attempt: answered(500))


def test_a_disk_that_is_full_for_a_while_loses_no_task(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cloudtasks_nb.emulator.server.dispatch.dispatcher._DISK_PAUSE_S", 0)

    async def test(world: World) -> None:
        await world.queue(rate_limits=RateLimits(max_concurrent_tasks=1))
        await world.task("one")
        await world.task("two")
        commit, failures = world.store.commit, [True, True, False, True]

        def fails() -> None:
            if failures and failures.pop(0):
                raise sqlite3.OperationalError("database or disk is full")
            commit()

        world.store.commit = fails  # type: ignore[method-assign]
        await world.advance(1)
        assert [sent for _, sent in world.sent] == ["one", "two"]
        assert world.names() == []
        assert failures == []

    play(test)
    assert "disk is full" in capfd.readouterr().err


def test_a_new_rate_holds_at_once() -> None:
    async def test(world: World) -> None:
        slow = RateLimits(max_tasks_dispatched_per_second=0.001, max_burst_size=1)
        await world.queue(rate_limits=slow)
        for number in range(4):
            await world.task(f"t{number}")
        await world.advance(1)
        assert len(world.sent) == 1
        fast = RateLimits(max_tasks_dispatched_per_second=100, max_burst_size=10)
        await world.call("patch", name=QUEUE, body=Queue(rate_limits=fast))
        await world.advance(1)
        assert len(world.sent) == 4

    play(test)


def test_what_was_due_before_a_stop_goes_out_after_it(tmp_path: Any) -> None:
    async def test(world: World) -> None:
        await world.queue()
        await world.task("one")
        await world.advance(0)
        assert world.times("one") == [0]
        # The same database, after a stop that cut the attempt off.
        world.store._db.execute("UPDATE tasks SET in_flight = 0")
        again = Dispatcher(world.store, world.clock, world.service.attempts, world.commits, world.deliver)
        again.start()
        await again.settle()
        assert world.times("one") == [0, 0]

    play(test, lambda attempt: None)
