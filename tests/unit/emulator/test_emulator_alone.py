"""Work that needs the database alone: earlier work is committed, later work waits."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import Internal

from .test_emulator_commits import add, count


@pytest.mark.parametrize("durable", [False, True])
def test_it_runs_between_two_turns(tmp_path: Path, durable: bool) -> None:
    async def calls(store: Store) -> list[object]:
        commits, seen = Commits(store), []

        def alone() -> None:
            assert not store.in_transaction
            seen.append(count(store))
            with store.transaction():  # its own, which is committed when it ends
                pass
            assert not store.in_transaction

        before = asyncio.ensure_future(commits.run(add(store, "before")))
        await asyncio.sleep(0)
        replacing = asyncio.ensure_future(commits.alone(alone, lambda: seen.append("then")))
        await asyncio.sleep(0)
        later = asyncio.ensure_future(commits.run(lambda: seen.append("later")))
        await asyncio.gather(before, replacing, later)
        await commits.close()
        return seen

    with closing(Store.open(tmp_path / "queues.db" if durable else None)) as store:
        seen = asyncio.run(calls(store))
    assert [one for one in seen if one != "later"] == [1, "then"]
    assert seen.index("later") != 1  # never between the work and its follow-up


def test_what_fails_is_told_and_nothing_follows(tmp_path: Path) -> None:
    async def calls(store: Store) -> None:
        commits = Commits(store)
        with pytest.raises(Internal, match="no such table: missing"):
            await commits.alone(lambda: store._db.execute("SELECT 1 FROM missing"), pytest.fail)
        with pytest.raises(ZeroDivisionError):
            await commits.alone(lambda: 1 // 0)
        assert await commits.run(add(store, "after")) == "after"
        await commits.close()

    with closing(Store.open(tmp_path / "queues.db")) as store:
        asyncio.run(calls(store))


def test_who_asked_and_went_away_is_not_served(tmp_path: Path) -> None:
    async def calls(store: Store) -> int:
        commits = Commits(store)
        first = asyncio.ensure_future(commits.alone(lambda: None))
        await asyncio.sleep(0)
        gone = asyncio.ensure_future(commits.run(add(store, "gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await first
        await commits.close()
        return count(store)

    with closing(Store.open(tmp_path / "queues.db")) as store:
        assert asyncio.run(calls(store)) == 0
