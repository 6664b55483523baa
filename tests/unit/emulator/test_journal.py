"""Notes are committed and rolled back with their transaction, and their number is limited."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.clock import to_us
from cloudtasks_nb.emulator.server.store import forgetting, journal
from cloudtasks_nb.emulator.server.store.data_file import prepare
from cloudtasks_nb.emulator.server.store.gathered import MINUTE_US, gathered
from cloudtasks_nb.emulator.server.store.happened import Happened
from cloudtasks_nb.emulator.server.store.minutes import ATTEMPTS, DELAYS, REQUESTS
from cloudtasks_nb.emulator.server.store.posting import FINITE_BUCKETS, Posting, bucket_of
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.emulator.server.store.task_json import StoredTask
from cloudtasks_nb.emulator.server.store.tasks import Brief
from tests.examples import examples

from .conftest import NOW, QUEUE

AT_US = to_us(NOW)
MINUTE = AT_US // MINUTE_US


def attempt(number: int = 1, at_us: int = AT_US) -> Happened:
    return Happened(
        "ATTEMPT", f"t{number}", at_us, at_us - 5_000, "POST http://localhost/", "HTTP",
        outcome="SUCCEEDED", attempt=1, ended_us=at_us + 1_000_000,
    )  # fmt: skip


def grew(store: Store, at_us: int, by: int = 1) -> None:
    if by > 0:
        task = StoredTask(0, "t", at_us, at_us, at_us, at_us + MINUTE_US, None)
        store.journal.created(QUEUE, task)
    else:
        store.journal.removed(QUEUE, Brief("t", at_us, False, ""), "DELETED", at_us)


def counted(store: Store, what: str = ATTEMPTS) -> dict[str, int]:
    store.write_notes()
    queues = [queue.id for queue in store.happened.queues("p")]
    found = store.minutes.counted(what, queues, (0, MINUTE + 10_000_000), 20_000_000)
    return {one.label: one.count for one in found}


def names(store: Store) -> list[str]:
    store.write_notes()
    queues = [queue.id for queue in store.happened.queues("p")]
    batches = store.happened.batches(queues, 0, 1 << 62)
    return [record.task for batch in batches for record in store.happened.records(batch)]


def test_an_attempt_is_counted_where_it_belongs() -> None:
    with closing(Store.open()) as store:
        with store.transaction():
            store.journal.ended(QUEUE, attempt(), "ok")
            store.journal.called(QUEUE, "CreateTask", "ok", AT_US)
        assert counted(store) == {"ok": 1}
        assert counted(store, REQUESTS) == {"CreateTask ok": 1}
        assert counted(store, DELAYS) == {str(bucket_of(5)): 1}
        assert names(store) == ["t1"]


def test_what_is_rolled_back_did_not_happen() -> None:
    with closing(Store.open()) as store:
        store.shares_transactions = True
        with store.transaction():
            store.journal.ended(QUEUE, attempt(1), "ok")
            with pytest.raises(ValueError), store.transaction():
                store.journal.ended(QUEUE, attempt(2), "ok")
                raise ValueError
            store.journal.ended(QUEUE, attempt(3), "ok")
        store.commit()
        with store.transaction():
            store.journal.ended(QUEUE, attempt(4), "ok")
        store.rollback()
        store.shares_transactions = False
        assert names(store) == ["t1", "t3"]
        assert counted(store) == {"ok": 2}


def test_a_process_that_dies_leaves_what_it_committed(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    with closing(Store.open(path)) as store:
        for number in range(3):
            with store.transaction():
                store.journal.ended(QUEUE, attempt(number), "ok")
                grew(store, AT_US)
        store.journal.ended(QUEUE, attempt(9), "ok")  # not from a committed transaction
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM noted").fetchone() == (3,)
        assert db.execute("SELECT count(*) FROM happened").fetchone() == (0,)
    with closing(Store.open(path)) as store:
        assert names(store) == ["t0", "t1", "t2"]
        assert counted(store) == {"ok": 3}
        (level,) = store.minutes.levels(store.happened.queues("p")[0].id, (MINUTE, MINUTE + 1))
        assert (level.last, level.most) == (3, 3)
    with closing(Store.open(path)) as store:
        assert counted(store) == {"ok": 3}  # not twice


@pytest.mark.parametrize("is_durable", [True, False])
def test_notes_are_posted_when_they_are_many(
    tmp_path: Path, is_durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_MANY", 100)  # each durable commit waits for the disk
    with closing(Store.open(tmp_path / "queues.db" if is_durable else None)) as store:
        for number in range(250):
            with store.transaction():
                store.journal.ended(QUEUE, attempt(number), "ok")
        assert not store.journal.has_many
        assert counted(store) == {"ok": 250}


def test_depth_is_the_last_and_the_largest_of_a_minute() -> None:
    with closing(Store.open()) as store:
        with store.transaction():
            for by in (1, 1, 1, -1, -1):
                grew(store, AT_US, by=by)
            store.journal.emptied(QUEUE, AT_US + MINUTE_US)
            grew(store, AT_US + MINUTE_US)
            store.journal.emptied(QUEUE, AT_US + 2 * MINUTE_US, deleted=True)
        store.write_notes()
        (queue,) = store.happened.queues("p")
        levels = store.minutes.levels(queue.id, (MINUTE, MINUTE + 3))
        assert [(one.last, one.most) for one in levels] == [(1, 3), (1, 1), (None, 0)]
        before = store.minutes.levels(queue.id, (MINUTE + 1, MINUTE + 2))
        assert [one.last for one in before] == [1, 1]  # and the depth before that


def sweep(store: Store, after: timedelta) -> None:
    more = True
    while more:
        with store.transaction():
            more = store.forgetting.some(NOW + after)


def test_what_is_old_goes() -> None:
    with closing(Store.open()) as store:
        with store.transaction():
            store.journal.ended(QUEUE, attempt(), "ok")
            store.journal.began(QUEUE, 5, AT_US)
            store.journal.audited("p", AT_US, b"{}")
        store.write_notes()
        sweep(store, timedelta(days=29))
        assert (names(store), counted(store)) == (["t1"], {"ok": 1})
        sweep(store, timedelta(days=31))
        assert (names(store), counted(store)) == ([], {"ok": 1})
        assert store.happened.queues("p")[0].dropped == 0  # deleted because of age, not of number
        sweep(store, timedelta(days=43))
        assert counted(store) == {}
        assert store.happened.audited("p", 0, 1 << 62)
        sweep(store, timedelta(days=401))
        assert store.happened.audited("p", 0, 1 << 62) == []
        assert store.happened.queues("p") == []  # the queue does not exist, and has no records


def test_the_last_depth_of_a_queue_stays() -> None:
    with closing(Store.open()) as store:
        with store.transaction():
            store._db.execute(
                "INSERT INTO queues (parent, name, config, state, generation) VALUES ('', ?, '{}', 'RUNNING', 1)",
                (QUEUE,),
            )
            store.journal.began(QUEUE, 4, AT_US)
            grew(store, AT_US + MINUTE_US)
        store.write_notes()
        sweep(store, timedelta(days=100))
        (queue,) = store.happened.queues("p")
        late = MINUTE + 90 * 1440
        assert [one.last for one in store.minutes.levels(queue.id, (late, late + 1))] == [5]


def test_too_many_records_go_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "RECORDS_OF_A_QUEUE", 100)
    monkeypatch.setattr(forgetting, "RECORDS", 150)
    other = QUEUE.replace("/queues/q", "/queues/other")
    with closing(Store.open()) as store:
        for number in range(26):
            with store.transaction():
                for at in range(10):
                    one = attempt(number * 10 + at, AT_US + number * MINUTE_US)
                    store.journal.ended(QUEUE if number < 14 else other, one, "ok")
            store.write_notes()
        sweep(store, timedelta(hours=1))
        told = {queue.name: queue.dropped for queue in store.happened.queues("p")}
        assert told == {
            QUEUE: 90,
            other: 20,
        }  # first records beyond the limit of a queue, then the oldest of all
        assert len(names(store)) == 150


def test_buckets_cover_every_delay() -> None:
    assert (bucket_of(0), bucket_of(0.999), bucket_of(1)) == (0, 0, 1)
    assert bucket_of(1e300) == FINITE_BUCKETS + 1


_QUEUES = st.sampled_from(["q", "r"])
_MINUTES = st.integers(0, 2)
_NOTES = st.one_of(
    st.tuples(st.just("called"), _QUEUES, st.sampled_from(["A", "B"]), st.just("ok"), _MINUTES),
    st.tuples(st.just("grew"), _QUEUES, st.sampled_from([1, 1, -1, -100]), _MINUTES),
    st.tuples(st.just("level"), _QUEUES, st.sampled_from([3000, 7000]), _MINUTES),
)


@settings(max_examples=examples(150))
@given(notes=st.lists(_NOTES, max_size=20), cut=st.integers(0, 20))
def test_gathered_notes_come_to_the_same_counters(notes: list[tuple[Any, ...]], cut: int) -> None:
    """Also if some were merged before, by another commit."""
    begun: list[tuple[Any, ...]] = [("level", queue, 5000, 0) for queue in ("q", "r")]
    made = begun + [(*note[:-1], note[-1] * MINUTE_US) for note in notes]
    found = []
    for posted in (made, [*gathered(made)], gathered([*gathered(made[:cut]), *made[cut:]])):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            prepare(db)
            Posting(db).post(posted)
            found.append(db.execute("SELECT * FROM minutes ORDER BY 1, 2, 3, 4").fetchall())
    assert found[0] == found[1] == found[2]
