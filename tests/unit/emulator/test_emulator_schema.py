"""Database files: of an older version, of another program, damaged; and old rows after a purge."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.rules.attempts import answered
from cloudtasks_nb.emulator.server.services.context import Context
from cloudtasks_nb.emulator.server.services.service import Service
from cloudtasks_nb.emulator.server.store import expiry
from cloudtasks_nb.emulator.server.store.data_file import VERSION
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.errors import AlreadyExists, ConfigError, NotFound
from cloudtasks_nb.model import Duration, HttpRequest, PullMessage, PullTarget, Task

from .conftest import NOW, QUEUE, Emulator

OLD_SCHEMA = Path(__file__).parents[2] / "yesterday/schema_1.sql"
_US = 1_000_000


def on(store: Store) -> Emulator:
    emulator = Emulator()
    emulator.store.close()
    emulator.store = store
    emulator.service = Service(Context(store, emulator.clock, emulator.sent.append))
    return emulator


def version_1(path: Path) -> None:
    """A file in the format of version 1, with one row of each kind."""
    now_us = int(NOW.timestamp() * _US)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLD_SCHEMA.read_text())
        db.execute("PRAGMA application_id = 1668574818")
        db.execute("PRAGMA user_version = 1")
        config = (
            '{"rateLimits":{"maxTasksDispatchedPerSecond":500.0},"taskTtl":"2678400s","tombstoneTtl":"3600s"}'
        )
        pull = '{"pullTarget":{},"taskTtl":"2678400s","tombstoneTtl":"3600s"}'
        parent = QUEUE.rpartition("/queues/")[0]
        for row, name, settings in ((3, QUEUE, config), (7, f"{parent}/queues/pull", pull)):
            db.execute(
                "INSERT INTO queues VALUES (?, ?, ?, ?, 'RUNNING', NULL, '{}')", (row, parent, name, settings)
            )
        task = (
            "INSERT INTO tasks (row, queue, id, first_us, schedule_us, create_us, expire_us, tag, dispatch_count, "
            "in_flight, head, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        times = (now_us, now_us, now_us, now_us + 86_400 * _US)
        http = '"httpRequest":{"url":"http://localhost/","httpMethod":"POST"'
        db.execute(task, (1, 3, "one", *times, None, 2, 1, http, ',"body":"aGk="'))
        db.execute(task, (2, 7, "two", *times, "t", 0, 0, '"pullMessage":{"tag":"t"', ""))
        db.execute("INSERT INTO tombstones VALUES (3, 'gone', ?)", (now_us + 3600 * _US,))
        db.execute("INSERT INTO blocked_queues VALUES (?, ?)", (f"{parent}/queues/old", now_us + 3600 * _US))
        db.execute("INSERT INTO answers VALUES (3, ?)", (now_us,))
        db.commit()


def test_a_file_of_version_1_is_brought_to_today(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    version_1(path)
    for _ in range(2):  # the second time it has the current format
        with closing(Store.open(path)) as store:
            emulator = on(store)
            task = emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one", response_view="FULL")
            assert task["httpRequest"] == {"url": "http://localhost/", "httpMethod": "POST", "body": "aGk="}
            assert task["status"] == {"attemptDispatchCount": 2}
            pull = QUEUE.replace("/queues/q", "/queues/pull")
            listed = emulator("queues.tasks.list", parent=pull)
            assert [task["pullMessage"] for task in listed["tasks"]] == [{"tag": "t"}]
            with pytest.raises(AlreadyExists, match="too recently"):
                emulator.task(
                    Task(name=f"{QUEUE}/tasks/gone", http_request=HttpRequest(url="http://localhost/"))
                )
            stats = emulator("queues.get", name=QUEUE, read_mask="stats")["stats"]
            assert (stats["tasksCount"], stats["executedLastMinuteCount"]) == ("1", "1")
            assert "concurrentDispatchesCount" not in stats
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        assert not {name for name in names if name.startswith("version_1")}


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"another version of the emulator \(format 99, not 6\)") as refusal:
        Store.open(path)
    assert refusal.value.hint == "update cloudtasks-nb, or name another file"
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"notes\.db is not a database of this emulator") as refusal:
        Store.open(path)
    assert refusal.value.hint == "name another file; this file was not changed"
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["notes.db"]


def test_a_text_is_left_as_it_is_however_short(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    for text in ("x", "SQLite format", "SQLite format 3", "a longer text " * 100):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"notes\.txt cannot be used: file is not a database"):
            Store.open(path)
        assert path.read_text() == text
    path.write_text("")
    Store.open(path).close()  # an empty file is an empty database


def test_a_damaged_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    with closing(Store.open(path)) as store:
        emulator = on(store)
        emulator.queue()
        for number in range(200):
            emulator.task(
                Task(name=f"{QUEUE}/tasks/t{number}", http_request=HttpRequest(url="http://localhost/"))
            )
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"\xa5" * 8192 + whole[middle + 8192 :])
    with pytest.raises(ConfigError, match=r"queues\.db (is damaged|cannot be used)"):
        Store.open(path)
    path.write_bytes(whole[: middle // 4096 * 4096])
    with pytest.raises(ConfigError, match=r"queues\.db (is damaged|cannot be used)"):
        Store.open(path)
    path.write_bytes(whole.replace(b"CREATE TABLE tasks", b"CREATE\xa5TABLE tasks"))  # not UTF-8
    with pytest.raises(ConfigError, match=r"queues\.db (is damaged|cannot be used)"):
        Store.open(path)
    path.write_bytes(b"\xa5" * len(whole))
    with pytest.raises(ConfigError, match="not a database"):
        Store.open(path)


def test_purged_tasks_are_gone_at_once_and_their_names_blocked_throughout(emulator: Emulator) -> None:
    emulator.queue()
    tasks = [
        Task(name=f"{QUEUE}/tasks/t{n}", http_request=HttpRequest(url="http://localhost/")) for n in range(10)
    ]
    for task in tasks:
        emulator.task(task)
    emulator("queues.purge", name=QUEUE)
    emulator.task(Task(name=f"{QUEUE}/tasks/new", http_request=HttpRequest(url="http://localhost/")))
    cleared = -1
    while cleared:
        assert emulator.names() == ["new"]
        for task in tasks:
            with pytest.raises(AlreadyExists, match="too recently"):
                emulator.task(task)
            with pytest.raises(NotFound, match="no longer exists"):
                emulator("queues.tasks.get", name=task.name)
        with emulator.store.transaction():
            cleared = emulator.store.tombstones.clear_away(3, NOW)
    emulator.clock.advance(timedelta(hours=1))
    for task in tasks:
        emulator.task(task)
    assert len(emulator.names()) == 11


def test_tombstones_that_are_over_block_nothing_and_no_call_waits_for_their_end(emulator: Emulator) -> None:
    """The sweeper deletes them a few at a time, and a name that is purged again is blocked again."""
    emulator.queue()
    tasks = [
        Task(name=f"{QUEUE}/tasks/t{n}", http_request=HttpRequest(url="http://localhost/")) for n in range(10)
    ]

    def clear_away(limit: int) -> int:
        with emulator.store.transaction():
            return emulator.store.tombstones.clear_away(limit, emulator.clock.now())

    def left() -> int:
        return int(emulator.store._db.execute("SELECT count(*) FROM tombstones").fetchone()[0])

    for task in tasks:
        emulator.task(task)
    emulator("queues.purge", name=QUEUE)
    assert clear_away(100) == 10
    emulator.clock.advance(timedelta(hours=1))
    assert emulator.names() == []
    assert left() == 10
    emulator.task(tasks[9])
    emulator("queues.purge", name=QUEUE)
    assert clear_away(100) == 1
    with pytest.raises(AlreadyExists, match="too recently"):
        emulator.task(tasks[9])
    assert [clear_away(4) for _ in range(4)] == [4, 4, 1, 0]
    assert left() == 1
    with pytest.raises(AlreadyExists, match="too recently"):
        emulator.task(tasks[9])


def test_tasks_that_outlive_their_queue_end_a_few_at_a_time(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 2)
    emulator.queue(task_ttl=Duration(days=10))
    tasks = [
        Task(name=f"{QUEUE}/tasks/t{n}", http_request=HttpRequest(url="http://localhost/")) for n in range(5)
    ]
    for task in tasks:
        emulator.task(task)
    ends = emulator.service.context.expiry
    assert not ends.is_due()
    emulator.clock.advance(timedelta(days=10))
    slices = 0
    while ends.is_due():
        ends.end_some()
        slices += 1
    assert slices == 3
    assert emulator.names() == []
    emulator.clock.advance(timedelta(hours=1))
    for task in tasks:
        emulator.task(task)
    emulator.clock.advance(timedelta(days=10))
    assert emulator.names() == []  # a call never sees expired tasks


def test_a_name_is_blocked_from_the_moment_its_task_ended_however_late_that_is_noticed(
    emulator: Emulator,
) -> None:
    emulator.queue(task_ttl=Duration(days=10), tombstone_ttl=Duration(hours=2))
    task = Task(name=f"{QUEUE}/tasks/one", http_request=HttpRequest(url="http://localhost/"))
    emulator.task(task)
    emulator.clock.advance(timedelta(days=10, hours=1))
    with pytest.raises(AlreadyExists, match="too recently"):
        emulator.task(task)
    emulator.clock.advance(timedelta(hours=1))
    emulator.task(task)
    emulator.clock.advance(timedelta(days=11))
    emulator.task(task)


def test_a_purged_name_stays_blocked_when_its_task_would_have_ended(emulator: Emulator) -> None:
    emulator.queue(task_ttl=Duration(days=10))
    task = Task(name=f"{QUEUE}/tasks/one", http_request=HttpRequest(url="http://localhost/"))
    emulator.task(task)
    emulator.clock.advance(timedelta(days=10, minutes=-1))
    emulator("queues.purge", name=QUEUE)
    emulator.clock.advance(timedelta(minutes=59))
    with pytest.raises(AlreadyExists, match="too recently"):
        emulator.task(task)
    emulator.clock.advance(timedelta(minutes=1))
    emulator.task(task)


def test_what_a_deleted_queue_leaves_is_cleared_away_too(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for number in range(5):
        emulator.task(Task(name=f"{QUEUE}/tasks/t{number}", pull_message=PullMessage()))
    emulator("queues.delete", name=QUEUE)
    with emulator.store.transaction():
        while emulator.store.tombstones.clear_away(2, NOW):
            pass
    left = [
        emulator.store._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("tasks", "generations", "tombstones")
    ]
    assert left == [0, 0, 0]


def test_an_attempt_that_ends_after_a_purge_changes_nothing(emulator: Emulator) -> None:
    emulator.queue()
    emulator.task(Task(name=f"{QUEUE}/tasks/one", http_request=HttpRequest(url="http://localhost/")))
    emulator("queues.tasks.run", name=f"{QUEUE}/tasks/one")
    emulator("queues.purge", name=QUEUE)
    emulator.service.attempts.finish(emulator.sent.pop(), answered(500))
    assert emulator.names() == []
