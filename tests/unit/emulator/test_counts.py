"""The stored number of tasks of each queue equals its number of rows after any change."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.emulator.server.store.sweeper import AT_ONCE
from cloudtasks_nb.errors import ApiError
from cloudtasks_nb.model import Queue, Task
from cloudtasks_nb.model.messages import BatchCreateTasksRequest, BatchDeleteTasksRequest, CreateTaskRequest

from .conftest import PARENT, QUEUE, Emulator, http
from .test_emulator_schema import version_1

YESTERDAY = Path(__file__).parents[2] / "yesterday"


def kept(store: Store) -> dict[int, int]:
    return {id: store.tasks.counts.of(id) for (id,) in store._db.execute("SELECT id FROM generations")}


def counted(store: Store) -> dict[int, int]:
    sql = "SELECT id, (SELECT count(*) FROM tasks WHERE generation = g.id) FROM generations g"
    return dict(store._db.execute(sql))


class Chance:
    """A random step that changes the set of tasks."""

    def __init__(self, emulator: Emulator, seed: int) -> None:
        self._emulator = emulator
        self._random = Random(seed)  # noqa: S311 - to be apart, not to be secret

    def step(self) -> None:
        steps = [self.create, self.delete, self.create_many, self.delete_many, self.purge, self.sweep, self.fail,
                 self.part_of_a_part, self.live_long]  # fmt: skip
        with suppress(ApiError):
            self._random.choice(steps)()

    def _id(self) -> str:
        return f"t{self._random.randrange(30)}"

    def create(self) -> None:
        self._emulator.task(http(self._random.choice(["", self._id()])))

    def delete(self) -> None:
        self._emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/{self._id()}")

    def create_many(self) -> None:
        requests = [CreateTaskRequest(task=http(self._id())) for _ in range(10)]
        self._emulator(
            "queues.tasks.batchCreate", parent=QUEUE, body=BatchCreateTasksRequest(requests=requests)
        )

    def delete_many(self) -> None:
        names = [f"{QUEUE}/tasks/{self._id()}" for _ in range(10)]
        self._emulator("queues.tasks.batchDelete", parent=QUEUE, body=BatchDeleteTasksRequest(names=names))

    def purge(self) -> None:
        self._emulator("queues.purge", name=QUEUE)

    def sweep(self) -> None:
        with self._emulator.store.transaction():
            self._emulator.store.tombstones.clear_away(
                self._random.choice([3, AT_ONCE]), self._emulator.clock.now()
            )

    def fail(self) -> None:
        """An error after changes of tasks: all changes are rolled back."""
        store = self._emulator.store
        with suppress(ZeroDivisionError), store.transaction():
            row = store.queue(QUEUE)
            assert row is not None
            self._emulator.service.tasks.add(row, Task(http_request=http().http_request), "")
            _ = 1 / 0

    def part_of_a_part(self) -> None:
        """A part of a transaction fails, and the rest continues."""
        store = self._emulator.store
        with store.transaction():
            store.shares_transactions, before = True, store.shares_transactions
            row = store.queue(QUEUE)
            assert row is not None
            self._emulator.service.tasks.add(row, Task(http_request=http().http_request), "")
            self.fail()
            self._emulator.service.tasks.add(row, Task(http_request=http().http_request), "")
            store.shares_transactions = before

    def live_long(self) -> None:
        """Tasks exceed their queue's taskTtl, and names become free again."""
        self._emulator.clock.advance(timedelta(days=self._random.choice([0.01, 40])))
        self._emulator.service.context.expiry.end_all()


@pytest.mark.parametrize("seed", range(8))
def test_the_number_is_that_of_the_rows(emulator: Emulator, seed: int) -> None:
    emulator.queue()
    chance = Chance(emulator, seed)
    for _ in range(60):
        chance.step()
        assert kept(emulator.store) == counted(emulator.store)
        stats = emulator("queues.get", name=QUEUE, read_mask="stats").get("stats", {})
        assert int(stats.get("tasksCount", 0)) == len(
            emulator("queues.tasks.list", parent=QUEUE).get("tasks", [])
        )


def test_the_number_goes_with_a_transaction_that_is_lost(tmp_path: Path) -> None:
    """As when the process is killed, or the disk is full, before several calls are committed together."""
    with closing(Store.open(tmp_path / "queues.db")) as store:
        emulator = Emulator(store)
        emulator.queue()
        emulator.task(http("stays"))
        store.shares_transactions = True
        for task_id in ("a", "b"):
            emulator.task(http(task_id))
        assert kept(store) == counted(store) == {1: 3}
        store.rollback()
        assert kept(store) == counted(store) == {1: 1}
        emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/stays")  # never committed
    with closing(Store.open(tmp_path / "queues.db")) as store:
        assert kept(store) == counted(store) == {1: 1}
        assert store.depths() == [(QUEUE, 1)]


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_a_file_of_an_older_version_is_counted_once(tmp_path: Path, version: int) -> None:
    path = tmp_path / "queues.db"
    if version == 1:
        version_1(path)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.executescript((YESTERDAY / f"file_{version}.sql").read_text())
            db.execute("PRAGMA application_id = 1668574818")
            db.execute(f"PRAGMA user_version = {version}")
    for _ in range(2):  # the second time it has the current format
        with closing(Store.open(path)) as store:
            assert kept(store) == counted(store)
            assert sum(kept(store).values()) > 1
            (answers,) = store._db.execute("SELECT sum(count) FROM answers").fetchone()
            assert answers == {1: 1, 3: 3, 5: 3}.get(version)
            emulator = Emulator(store)
            for queue in emulator("queues.list", parent="projects/local/locations/us-central1").get(
                "queues", []
            ):
                stats = emulator("queues.get", name=queue["name"], read_mask="stats").get("stats", {})
                listed = emulator("queues.tasks.list", parent=queue["name"]).get("tasks", [])
                assert int(stats.get("tasksCount", 0)) == len(listed)


def test_a_queue_of_another_location_has_its_own_number(emulator: Emulator) -> None:
    emulator.queue()
    other = f"{PARENT}/queues/other"
    emulator("queues.create", parent=PARENT, body=Queue(name=other))
    emulator.task(http("a"))
    assert dict(emulator.store.depths()) == {QUEUE: 1, other: 0}
