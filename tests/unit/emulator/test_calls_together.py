"""Calls of a batch share a commit: each succeeds or fails alone, and none is told before the disk has all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.request import Request
from cloudtasks_nb.emulator.server.services import context
from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import AlreadyExists, Internal, InvalidArgument
from cloudtasks_nb.model.methods import METHODS
from tests.unit.emulator.anything import PULL, calls
from tests.unit.emulator.conftest import PARENT, QUEUE, new_queue
from tests.unit.emulator.test_any_call import EXAMPLES, World
from tests.unit.emulator.test_emulator_commits import SlowDisk, add, count, with_store


def ids(store: Store) -> list[str]:
    return [row.queue.id for row in store.queues(PARENT)]


def refused(store: Store) -> None:
    """Fails after a change, in a transaction with a savepoint."""
    with store.transaction():
        add(store, "half")()
        raise AlreadyExists("no")


def refused_at_once(store: Store) -> None:
    """Fails before its first change, without a savepoint."""
    with store.writing():
        raise AlreadyExists("no")


def broken_halfway(store: Store) -> None:
    """The database fails between two changes."""
    with store.writing():
        store.add_queue(new_queue(), PARENT)
        raise sqlite3.OperationalError("disk I/O error")


@EXAMPLES
@given(asked=st.lists(st.sampled_from([*METHODS.values()]).flatmap(calls), min_size=1, max_size=5))
def test_calls_together_are_answered_as_one_after_the_other(asked: list[Request]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "SystemRandom", lambda: Random(7))  # noqa: S311 - both choose the same ids
        with closing(World()) as alone, closing(World()) as together:
            expected = [alone.answer(alone.front, call) for call in asked]
            assert together.loop.run_until_complete(together.front.answers(asked)) == expected
            assert together.held() == alone.held()


def test_a_call_reads_what_the_one_before_it_changed_and_an_unreadable_one_fails_alone() -> None:
    pause, get = (
        Request(http, f"/v2beta2/{QUEUE}{verb}", (("fields", "state"),), {}, body)
        for http, verb, body in (("POST", ":pause", b"{}"), ("GET", "", b""))
    )
    with closing(World()) as world:
        replies = world.loop.run_until_complete(
            world.front.answers([get, InvalidArgument("no call"), pause, get])
        )
    assert [reply.status for reply in replies] == [200, 400, 200, 200]
    assert b"RUNNING" in replies[0].body
    assert b"no call" in replies[1].body
    assert b"PAUSED" in replies[3].body


def test_a_task_is_acknowledged_once_and_only_by_the_holder_of_its_lease() -> None:
    lease = b'{"maxTasks": 1, "leaseDuration": "60s"}'
    with closing(World()) as world:
        held = world.answer(world.front, Request("POST", f"/v2beta2/{PULL}/tasks:lease", (), {}, lease))
        (task,) = json.loads(held.body)["tasks"]

        def acknowledged(name: str, end: str) -> Request:
            body = json.dumps({"scheduleTime": end}).encode()
            return Request("POST", f"/v2beta2/{name}:acknowledge", (), {}, body)

        asked = [
            acknowledged(task["name"], "2026-03-01T12:59:00Z"),
            acknowledged(task["name"], task["scheduleTime"]),
            acknowledged(task["name"], task["scheduleTime"]),
            acknowledged(f"{PULL}/tasks/never", task["scheduleTime"]),
            acknowledged(f"{QUEUE}/tasks/t", task["scheduleTime"]),
        ]
        replies = world.loop.run_until_complete(world.front.answers(asked))
    assert [reply.status for reply in replies] == [400, 200, 404, 404, 400]
    words = [json.loads(reply.body).get("error", {}).get("message", "") for reply in replies]
    assert "not held by the caller" in words[0]
    assert "existed recently" in words[2]
    assert words[3] == "Requested entity was not found."
    assert "not a pull task" in words[4]


def test_nobody_is_told_before_the_disk_has_all(tmp_path: Path) -> None:
    async def test(store: Store, commits: Commits) -> None:
        disk = SlowDisk(store)
        first = asyncio.create_task(commits.together([lambda: count(store), add(store, "one")]))
        await disk.reached.acquire()
        waiting = asyncio.create_task(commits.together([add(store, "two"), lambda: count(store)]))
        gone = asyncio.create_task(commits.together([add(store, "gone"), add(store, "too")]))
        await asyncio.sleep(0)
        gone.cancel()
        assert not first.done()
        disk.let_through()
        assert await first == [0, "one"]
        await disk.reached.acquire()
        assert not waiting.done()
        disk.let_through()
        assert await waiting == ["two", 2]
        assert ids(store) == ["one", "two"]
        assert disk.commits == 2

    with_store(tmp_path / "queues.db", test)


@pytest.mark.parametrize("durable", [True, False])
def test_a_refusal_takes_nothing_from_the_others(tmp_path: Path, durable: bool) -> None:
    async def test(store: Store, commits: Commits) -> None:
        works = [add(store, "one"), lambda: refused(store), lambda: refused_at_once(store), add(store, "two")]
        done = await commits.together(works)
        assert [type(one) for one in done] == [str, AlreadyExists, AlreadyExists, str]
        assert ids(store) == ["one", "two"]

    with_store(tmp_path / "queues.db" if durable else None, test)


@pytest.mark.parametrize("durable", [True, False])
def test_a_database_that_fails_halfway_takes_the_open_work_of_all_who_are_told_so(
    tmp_path: Path, durable: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    async def test(store: Store, commits: Commits) -> None:
        await commits.run(add(store, "before"))
        other, done = await asyncio.gather(
            commits.run(add(store, "other")),
            commits.together([add(store, "one"), lambda: broken_halfway(store), add(store, "two")]),
            return_exceptions=True,
        )
        assert isinstance(other, Internal)
        assert not isinstance(done, BaseException)
        assert [type(one) for one in done] == [Internal, Internal, str]
        assert ids(store) == ["before", "two"]
        await commits.run(add(store, "later"))
        assert ids(store) == ["before", "later", "two"]

    with_store(tmp_path / "queues.db" if durable else None, test)
    assert "disk I/O error" in capfd.readouterr().err


def test_changes_without_a_savepoint_are_all_or_none() -> None:
    with closing(Store.open()) as store:
        add(store, "before")()
        with suppress(sqlite3.Error):
            broken_halfway(store)
        with suppress(AlreadyExists):
            refused_at_once(store)
        assert not store.in_transaction
        assert ids(store) == ["before"]
