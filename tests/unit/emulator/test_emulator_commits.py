"""Shared commits: no response before its data is on disk; a failed commit fails all of its calls."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.clock import ManualClock
from cloudtasks_nb.emulator.server.rules.queues import new_queue
from cloudtasks_nb.emulator.server.services.context import Context
from cloudtasks_nb.emulator.server.services.service import Service
from cloudtasks_nb.emulator.server.store import expiry
from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import AlreadyExists, Internal
from cloudtasks_nb.model import HttpRequest, Queue, Task
from cloudtasks_nb.names import parse_queue
from tests.waiting import PATIENCE_S

from .conftest import NOW, PARENT


def add(store: Store, queue_id: str) -> Callable[[], str]:
    """Work that creates a queue."""

    def work() -> str:
        name = f"{PARENT}/queues/{queue_id}"
        with store.transaction():
            store.add_queue(new_queue(Queue(), parse_queue(name)), PARENT)
        return queue_id

    return work


def count(store: Store) -> int:
    return len(list(store.queues(PARENT)))


class SlowDisk:
    """Commits of a store that wait until the test lets them continue."""

    def __init__(self, store: Store) -> None:
        self._commit = store.commit
        self._open = threading.Semaphore(0)
        self.reached = asyncio.Semaphore(0)
        self._loop = asyncio.get_running_loop()
        self.commits = 0
        store.commit = self._wait  # type: ignore[method-assign]

    def _wait(self) -> None:
        self._loop.call_soon_threadsafe(self.reached.release)
        assert self._open.acquire(timeout=PATIENCE_S)
        self._commit()
        self.commits += 1

    def let_through(self) -> None:
        self._open.release()


def with_store(path: Path | None, test: Callable[[Store, Commits], Awaitable[None]]) -> None:
    async def within() -> None:
        store = Store.open(path)
        commits = Commits(store)
        async with asyncio.timeout(PATIENCE_S):
            await test(store, commits)
            await commits.close()
        store.close()

    asyncio.run(within())


def test_nobody_is_told_before_the_disk_has_it(tmp_path: Path) -> None:
    async def test(store: Store, commits: Commits) -> None:
        disk = SlowDisk(store)
        writing = [asyncio.create_task(commits.run(add(store, f"q{n}"))) for n in range(5)]
        reading = asyncio.create_task(
            commits.run(lambda: count(store))
        )  # it reads data that is not on disk yet
        await disk.reached.acquire()
        late = asyncio.create_task(commits.run(add(store, "late")))
        await asyncio.sleep(0)
        assert not any(task.done() for task in (*writing, reading, late))
        disk.let_through()
        assert await asyncio.gather(*writing) == ["q0", "q1", "q2", "q3", "q4"]
        assert await reading == 5
        await disk.reached.acquire()
        assert not late.done()
        disk.let_through()
        await late
        assert disk.commits == 2

    with_store(tmp_path / "queues.db", test)


def test_who_only_reads_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    async def test(store: Store, commits: Commits) -> None:
        disk = SlowDisk(store)
        assert await commits.run(lambda: count(store)) == 0
        assert disk.commits == 0

    with_store(tmp_path / "queues.db", test)


@pytest.mark.parametrize("durable", [True, False])
def test_a_refusal_takes_nothing_from_the_others(tmp_path: Path, durable: bool) -> None:
    async def test(store: Store, commits: Commits) -> None:
        def refused() -> None:
            with store.transaction():
                add(store, "half")()
                raise AlreadyExists("no")

        results = await asyncio.gather(
            commits.run(add(store, "one")),
            commits.run(refused),
            commits.run(add(store, "two")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [str, AlreadyExists, str]
        assert [row.queue.id for row in store.queues(PARENT)] == ["one", "two"]

    with_store(tmp_path / "queues.db" if durable else None, test)


def test_a_full_disk_is_told_to_all_whose_work_it_took(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def test(store: Store, commits: Commits) -> None:
        await commits.run(add(store, "before"))
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        results = await asyncio.gather(
            *(commits.run(add(store, f"q{n}-{'x' * 80}")) for n in range(300)), return_exceptions=True
        )
        kept = {row.queue.id for row in store.queues(PARENT)} - {"before"}
        told = {result for result in results if isinstance(result, str)}
        assert kept == told
        lost = [result for result in results if not isinstance(result, str)]
        assert lost
        assert all(isinstance(result, Internal) for result in lost)
        assert all("database or disk is full" in str(result) for result in lost)
        store._db.execute("PRAGMA max_page_count = 100000")
        await commits.run(add(store, "after"))

    with_store(tmp_path / "queues.db", test)
    assert "database or disk is full" in capfd.readouterr().err


def test_what_follows_a_commit_waits_for_it_and_is_dropped_with_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def test(store: Store, commits: Commits) -> None:
        sent: list[str] = []

        def work(name: str) -> Callable[[], None]:
            def act() -> None:
                add(store, name)()
                store.after_commit(lambda: sent.append(name))

            return act

        disk = SlowDisk(store)
        asked = asyncio.create_task(commits.run(work("one")))
        await disk.reached.acquire()
        assert sent == []
        disk.let_through()
        await asked
        assert sent == ["one"]

        def fails() -> None:
            raise sqlite3.OperationalError("disk I/O error")

        store.commit = fails  # type: ignore[method-assign]
        with pytest.raises(Internal, match="disk I/O error"):
            await commits.run(work("two"))
        assert sent == ["one"]
        assert count(store) == 1

    with_store(tmp_path / "queues.db", test)
    assert "disk I/O error" in capfd.readouterr().err


@pytest.mark.parametrize("durable", [True, False])
def test_what_is_past_its_time_ends_first_and_the_loop_goes_on_meanwhile(
    tmp_path: Path, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)

    async def within() -> None:
        store, clock = Store.open(tmp_path / "queues.db" if durable else None), ManualClock(NOW)
        service = Service(Context(store, clock, lambda attempt: None))
        commits = Commits(store, service.context.expiry)
        name = f"{PARENT}/queues/q"
        await commits.run(partial(service.queues.create, PARENT, Queue(name=name)))
        row = store.queue(name)
        assert row is not None
        task = Task(http_request=HttpRequest(url="http://localhost/"))
        for _ in range(9):
            await commits.run(partial(service.tasks.add, row, task, ""))
        clock.advance(timedelta(days=31))
        looks: list[int] = []

        async def looks_around() -> None:
            while service.context.expiry.is_due():
                looks.append(held(store))
                await asyncio.sleep(0)

        async with asyncio.timeout(PATIENCE_S):
            around = asyncio.create_task(looks_around())
            assert await asyncio.gather(*(commits.run(partial(held, store)) for _ in range(3))) == [0, 0, 0]
            await around
        assert {1, 3, 5, 7} <= set(looks)
        await commits.close()
        store.close()

    asyncio.run(within())


def test_what_could_not_end_ends_later(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def within() -> None:
        store, clock = Store.open(tmp_path / "queues.db"), ManualClock(NOW)
        service = Service(Context(store, clock, lambda attempt: None))
        commits = Commits(store, service.context.expiry)
        name = f"{PARENT}/queues/q"
        await commits.run(partial(service.queues.create, PARENT, Queue(name=name)))
        row = store.queue(name)
        assert row is not None
        task = Task(http_request=HttpRequest(url="http://localhost/"))
        await commits.run(partial(service.tasks.add, row, task, ""))
        clock.advance(timedelta(days=31))
        commit = store.commit

        def fails() -> None:
            raise sqlite3.OperationalError("database or disk is full")

        store.commit = fails  # type: ignore[method-assign]
        with pytest.raises(Internal, match="disk is full"):
            await commits.run(partial(held, store))
        store.commit = commit  # type: ignore[method-assign]
        assert await commits.run(partial(held, store)) == 0
        await commits.close()
        store.close()

    asyncio.run(within())
    assert "disk is full" in capfd.readouterr().err


def held(store: Store) -> int:
    return int(store._db.execute("SELECT count(*) FROM tasks").fetchone()[0])
