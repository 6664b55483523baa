"""The state of a running emulator: reset, saved, loaded; and waiting for its queues."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.model.emulated import Faults
from tests.waiting import PATIENCE_S, wait_until

URL = "https://example.com/"


@pytest.fixture
def client() -> Iterator[ct.Client]:
    with ct.local(dispatch=False) as client:
        yield client


@pytest.fixture(scope="module")
def durable_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ct.Client]:
    """With a data file, for calls that the emulator refuses: they change nothing."""
    with ct.local(tmp_path_factory.mktemp("refused") / "queues.db", dispatch=False) as client:
        yield client


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "queues.db"


def filled(client: ct.Client) -> ct.Queue:
    """A queue with two tasks, one of them with a payload."""
    queue = client.create_queue("emails", rate_limits={"max_tasks_dispatched_per_second": 7})
    queue.create_task({"to": "ada"}, url=URL, task_id="one")
    queue.create_task(url=URL, task_id="two", schedule="1h")
    return queue


def test_reset_leaves_nothing_and_blocks_no_name(client: ct.Client) -> None:
    queue = filled(client)
    queue.task("one").delete()
    queue.delete()
    client.create_queue("others", kind="pull").create_task(b"1")
    client.emulator.faults(latency="1ms")
    client.emulator.reset()
    assert list(client.queues("-")) == []
    assert client.emulator.fault_report().faults == Faults()
    again = filled(client)  # neither its name nor those of its tasks are blocked
    assert [task.id for task in again.tasks()] == ["one", "two"]
    assert list(client.emulator.history(again)) == []


def test_reset_and_load_clear_the_inboxes_and_the_history_is_that_of_the_world() -> None:
    with ct.local() as client:
        inbox = client.emulator.inbox()
        queue = client.create_queue("emails")
        queue.create_task(url=inbox.url)
        inbox.wait()
        client.emulator.wait(queue)
        assert len(client.emulator.history(queue)) == 1
        client.emulator.save("done")
        queue.create_task(url=inbox.url)
        client.emulator.wait(queue)
        assert len(client.emulator.history(queue)) == 2
        client.emulator.load("done")
        assert len(client.emulator.history(queue)) == 1  # that of the snapshot
        assert inbox.requests == []
        queue.create_task(url=inbox.url)
        assert len(inbox.wait()) == 1
        client.emulator.wait(queue)
        assert len(client.emulator.history(queue)) == 2
        client.emulator.reset()
        assert len(client.emulator.history(queue)) == 0
        assert inbox.requests == []


@pytest.mark.parametrize("durable", [False, True])
def test_what_was_saved_comes_back_whole(file: Path, durable: bool) -> None:
    with ct.local(file if durable else None, dispatch=False) as client:
        queue = filled(client)
        pull = client.create_queue("images", kind="pull")
        pull.create_task(b"1", tag="cats")
        [leased] = pull.lease()
        before = [task.payload for task in queue.tasks(view="FULL")]
        client.emulator.save("before")
        queue.purge()
        leased.acknowledge()
        client.create_queue("later")
        client.emulator.load("before")
        assert sorted(one.id for one in client.queues()) == ["emails", "images"]
        assert [task.payload for task in queue.tasks(view="FULL")] == before
        assert queue.refresh().rate_limits.max_tasks_dispatched_per_second == 7  # type: ignore[union-attr]
        assert queue.task("two").schedule_time is not None
        leased.acknowledge()  # the lease is as it was
        client.emulator.load("before")  # the snapshot does not change
        assert pull.count_tasks() == 1


def test_snapshots_outlive_the_emulator_and_are_for_their_owner_only(file: Path) -> None:
    with ct.local(file, dispatch=False) as client:
        filled(client)
        client.emulator.save("before")
        client.emulator.save("before")  # replaces the other one
        client.emulator.reset()
    with ct.local(file, dispatch=False) as client:
        assert list(client.queues()) == []  # a reset is durable
        assert client.emulator.snapshots() == ["before"]
        client.emulator.load("before")
    folder = file.with_name("queues.db.snapshots")
    assert [path.name for path in folder.iterdir()] == ["before.db"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "before.db").stat().st_mode) == 0o600
    with ct.local(file, dispatch=False) as client:
        assert client.queue("emails").count_tasks() == 2  # a loaded state is durable


def truncated(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:5000])


def scribbled(kept: Path) -> None:
    raw = bytearray(kept.read_bytes())
    raw[4096:] = b"x" * (len(raw) - 4096)
    kept.write_bytes(raw)


def foreign(kept: Path) -> None:
    kept.unlink()
    with sqlite3.connect(kept) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()


def newer(kept: Path) -> None:
    with sqlite3.connect(kept) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (truncated, "malformed"),
        (scribbled, "damaged|malformed"),
        (foreign, "not a database of this emulator"),
        (newer, "another version"),
        (lambda kept: kept.write_bytes(b""), "is empty"),
        (lambda kept: kept.write_text("notes, not a database" * 300), "not a database"),
    ],
)
def test_a_broken_snapshot_changes_nothing(file: Path, spoil: Callable[[Path], None], why: str) -> None:
    with ct.local(file, dispatch=False) as client:
        queue = filled(client)
        client.emulator.save("before")
        spoil(file.with_name("queues.db.snapshots") / "before.db")
        with pytest.raises(ct.FailedPrecondition, match=rf"snapshot 'before'.*({why}).*Nothing was changed"):
            client.emulator.load("before")
        assert queue.count_tasks() == 2
        client.emulator.save("before")  # a complete one replaces it
        client.emulator.load("before")


@pytest.mark.parametrize(
    "name",
    ["", "..", "../queues", "a/b", "a\\b", ".hidden", "a.db", "nul", "COM1", "a" * 101, "é", "a b", "-x"],
)
def test_names_that_could_be_paths_are_refused(durable_client: ct.Client, name: str) -> None:
    emulator = durable_client.emulator
    for verb in (emulator.save, emulator.load):
        with pytest.raises(ct.InvalidArgument, match="is not a valid snapshot name" if name else "is empty"):
            verb(name)
    assert emulator.snapshots() == []


def test_a_snapshot_that_cannot_be_written(file: Path) -> None:
    with ct.local(file) as client:
        folder = file.with_name(f"{file.name}.snapshots")
        folder.write_text("a file in its place")
        with pytest.raises(
            ct.Internal, match=r"'before' could not be written: .*exists.*Nothing was changed"
        ):
            client.emulator.save("before")
        folder.unlink()
        client.emulator.save("before")
        assert client.emulator.snapshots() == ["before"]


def test_a_snapshot_that_is_not_there(client: ct.Client) -> None:
    with pytest.raises(ct.NotFound, match="None was saved yet"):
        client.emulator.load("before")
    client.emulator.save("after")
    with pytest.raises(ct.NotFound, match="The snapshots are: after"):
        client.emulator.load("before")


def test_a_manual_clock_belongs_to_the_world() -> None:
    with ct.local(clock="2026-03-01T12:00Z") as client:
        queue = filled(client).pause()  # its tasks are due below, and would wait for a name server
        client.emulator.save("noon")
        evening = client.emulator.advance("6h")
        client.emulator.save("evening")
        client.emulator.load("noon")
        assert client.emulator.info is not None
        assert client.emulator.info.time == evening - timedelta(hours=6)
        assert client.emulator.refresh().info.time == evening - timedelta(hours=6)  # type: ignore[union-attr]
        assert queue.count_tasks() == 2
        client.emulator.load("evening")
        assert client.emulator.refresh().info.time == evening  # type: ignore[union-attr]
        client.emulator.reset()
        assert client.emulator.refresh().info.time == evening - timedelta(hours=6)  # type: ignore[union-attr]
        task = client.create_queue("later").pause().create_task(url=URL, schedule="1m")
        assert task.schedule_time == evening - timedelta(hours=6) + timedelta(minutes=1)
        assert client.emulator.advance("1h") == evening - timedelta(hours=5)


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_under_way_ends_in_the_world_where_it_began(file: Path, durable: bool) -> None:
    with ct.local(file if durable else None) as client:
        inbox, may_answer, asked = client.emulator.inbox(), threading.Event(), threading.Semaphore(0)

        @inbox.on("*")
        def slow(request: ct.Received) -> int:  # type: ignore[name-defined]
            asked.release()
            may_answer.wait(PATIENCE_S)
            return 200

        queue = client.create_queue("emails")
        queue.create_task(url=inbox.url, task_id="one")
        assert asked.acquire(timeout=PATIENCE_S)
        client.emulator.save("under-way")
        client.emulator.load("under-way")
        assert asked.acquire(timeout=PATIENCE_S)  # attempts that were in progress are due again
        assert [one.outcome for one in client.emulator.history(queue)] == ["CUT_OFF", "UNDER_WAY"]
        client.emulator.reset()
        paused = client.create_queue("emails").pause()
        paused.create_task(url=inbox.url, task_id="one")  # the same name and the same row
        may_answer.set()
        wait_until(lambda: inbox._answered >= 2)
        assert paused.count_tasks() == 1
        assert paused.task("one").dispatch_count == 0
        paused.resume()
        assert client.emulator.wait(paused) == 0


def test_reset_during_traffic() -> None:
    with ct.local() as client:
        inbox, over = client.emulator.inbox(), threading.Event()

        def work(number: int) -> int:
            """The number of successful calls, at least one. A call fails only if a reset has deleted its queue, so one
            succeeds after the last reset."""
            count = 0
            while not (over.is_set() and count):
                try:
                    queue = client.queue(f"q{number}", read=False)
                    queue.create_task(url=inbox.url)
                    count += 1
                except ct.NotFound:
                    with suppress(ct.AlreadyExists):
                        client.create_queue(f"q{number}")
            return count

        with ThreadPoolExecutor(4) as pool:
            working = [pool.submit(work, number % 3) for number in range(4)]
            for number in range(15):
                client.emulator.reset()
                if number % 3 == 0:
                    client.emulator.save("some")
                elif number % 3 == 2:
                    client.emulator.load("some")
            over.set()
            assert min(one.result(PATIENCE_S) for one in working) > 0
        client.emulator.reset()
        assert list(client.queues()) == []
        queue = client.create_queue("q0")
        queue.create_task(url=inbox.url)
        assert client.emulator.wait(queue) == 0


def test_wait_until_the_queue_is_empty() -> None:
    with ct.local() as client:
        inbox, may_answer = client.emulator.inbox(), threading.Event()
        inbox.on("*")(lambda _: may_answer.wait(PATIENCE_S) and None)
        queue = client.create_queue("emails")
        queue.create_task(url=inbox.url)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.emulator.wait, "emails", timeout=PATIENCE_S)
            with pytest.raises(ct.Timeout, match=r"emails holds 1 task after 0 s; under way: 1"):
                client.emulator.wait(queue, timeout=0)
            assert not waiting.done()
            may_answer.set()
            assert waiting.result() == 0
        assert len(inbox.requests) == 1


def test_wait_until_nothing_is_due(client: ct.Client) -> None:
    queue = client.create_queue("emails")
    queue.create_task(url=URL, schedule="1h")
    assert client.emulator.wait(queue, empty=False) == 1
    task = queue.create_task(url=URL)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.emulator.wait, queue, empty=False, timeout=PATIENCE_S)
        task.delete()
        assert waiting.result() == 1


def test_wait_says_what_holds_a_queue_up(client: ct.Client) -> None:
    queue = client.create_queue("emails").pause()
    queue.create_task(url=URL)
    with pytest.raises(ct.Timeout, match=r"emails holds 1 task .*the queue is PAUSED"):
        client.emulator.wait(queue, timeout="10ms")
    with ct.local(clock="manual") as manual:
        queue = manual.create_queue("emails")
        queue.create_task(url="http://127.0.0.1:1/")
        with pytest.raises(ct.Timeout, match="the clock is manual"):
            manual.emulator.wait(queue, timeout=0)


def test_wait_for_a_manual_clock_ends_when_it_is_moved() -> None:
    with ct.local(clock="manual") as client:
        inbox, queue = client.emulator.inbox(), client.create_queue("emails")
        queue.create_task(url=inbox.url, schedule="1h")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.emulator.wait, queue, timeout=PATIENCE_S)
            client.emulator.advance("1h")
            assert waiting.result() == 0


def test_wait_for_what_is_not_there(client: ct.Client) -> None:
    with pytest.raises(
        ct.NotFound, match="queue 'projects/local/locations/us-central1/queues/none' does not exist"
    ):
        client.emulator.wait("none")
    queue = filled(client)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.emulator.wait, queue, timeout=PATIENCE_S)
        queue.delete()
        with pytest.raises(ct.NotFound):
            waiting.result()
    with pytest.raises(ct.InvalidArgument, match="between 0 and 10 minutes"):
        client.emulator.wait("none", timeout="1h")
    for query in (
        "",
        "queue=x",
        "queue=projects/p/locations/nowhere/queues/q",
        "queue=projects/p/locations/us-central1/queues/q&empty=2",
        "queue=projects/p/locations/us-central1/queues/q&timeout=soon",
        "nope=1",
    ):
        assert (
            requests.get(f"{client.endpoint}/emulator/v1/wait?{query}", timeout=PATIENCE_S).status_code == 400
        ), query


def test_wait_as_a_shell_does_it(client: ct.Client) -> None:
    queue = filled(client).pause()
    place = f"{client.endpoint}/emulator/v1/wait?queue={queue.name}"
    late = requests.get(f"{place}&empty=1&timeout=0", timeout=PATIENCE_S)
    assert (late.status_code, late.json()["error"]["status"]) == (504, "DEADLINE_EXCEEDED")
    queue.purge()
    assert requests.get(f"{place}&empty=1&timeout=2m", timeout=PATIENCE_S).json() == {}


def test_a_client_that_is_read_only_changes_no_world() -> None:
    with ct.local(read_only=True) as client:
        for verb in (
            client.emulator.reset,
            lambda: client.emulator.save("a"),
            lambda: client.emulator.load("a"),
        ):
            with pytest.raises(ct.ReadOnly):
                verb()
        assert client.emulator.snapshots() == []
