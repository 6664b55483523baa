"""Workers that are interrupted, or whose queue is paused or deleted, or whose service is unavailable."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import events
from tests.emulator_process import EmulatorProcess, kept_port
from tests.refusing import refusing
from tests.waiting import PATIENCE_S, wait_until

from .conftest import LEASE_S, fill, leased, outlive_leases


def test_an_interrupt_lets_what_runs_finish_and_leases_no_more(queue: ct.Queue) -> None:
    fill(queue, 20)
    started, go = threading.Semaphore(0), threading.Event()

    def handler(task: ct.Task) -> None:
        started.release()
        assert go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=4)

    def interrupt() -> None:
        for _ in range(4):
            assert started.acquire(timeout=PATIENCE_S)
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: worker.tally.state == "draining")
        go.set()

    threading.Thread(target=interrupt).start()
    worker.run()
    assert (worker.tally.done, worker.tally.leased) == (4, 4)
    assert queue.count_tasks() == 16
    assert leased(queue) == 0


def test_a_second_interrupt_gives_back_what_has_not_begun(queue: ct.Queue) -> None:
    fill(queue, 3)
    started, go = threading.Event(), threading.Event()

    def handler(task: ct.Task) -> None:
        started.set()
        go.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as one_at_a_time:
        worker = queue.worker(handler, concurrency=3, executor=one_at_a_time, lease_duration=600)

        def interrupt() -> None:
            assert started.wait(PATIENCE_S)
            os.kill(os.getpid(), signal.SIGINT)
            wait_until(lambda: worker.tally.state == "draining")
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            worker.run()
        assert leased(queue) == 1  # the running one
        go.set()
    assert queue.count_tasks() == 3


def test_a_paused_queue_is_waited_for(queue: ct.Queue) -> None:
    fill(queue, 1)
    queue.pause()
    with pytest.raises(ct.FailedPrecondition, match="PAUSED"):
        queue.worker(print).run(until_empty=True)
    done = threading.Event()
    worker = queue.worker(lambda task: done.set()).start()
    wait_until(lambda: "PAUSED" in worker.tally.trouble)
    queue.resume()
    assert done.wait(PATIENCE_S)
    worker.stop()
    assert worker.tally.trouble == ""


def test_a_queue_that_is_gone_ends_the_worker(queue: ct.Queue) -> None:
    queue.delete()
    with pytest.raises(ct.NotFound):
        queue.worker(print).run()
    worker = queue.worker(print).start()
    wait_until(lambda: worker.tally.state == "failed")
    with pytest.raises(ct.NotFound):
        worker.stop()


@pytest.mark.parametrize(("path", "concurrency"), [(":acknowledge", 1), ("/batch|:acknowledge", 8)])
def test_a_worker_that_may_not_acknowledge_handles_no_more(
    client: ct.Client, path: str, concurrency: int
) -> None:
    queue = client.create_queue("once", kind="pull", retry_config={"max_attempts": 5})
    fill(queue, 100)
    with (
        refusing(client.endpoint, path) as server,
        ct.connect(project=client.project, endpoint=server.url) as denied,
    ):
        worker = denied.queue("once").worker(lambda task: None, concurrency=concurrency)
        with pytest.raises(ct.PermissionDenied, match="Not for you"):
            worker.run(until_empty=True)
    tally = worker.tally
    assert (tally.state, tally.trouble) == ("failed", "Not for you.")
    assert 0 < tally.lost < 100 and tally.done == 0
    assert "the task was not acknowledged: Not for you." in {failure.words for failure in tally.failures}


def test_a_second_interrupt_does_not_wait_for_a_service_that_is_away() -> None:
    with ct.local() as client:
        queue = client.create_queue("jobs", kind="pull")
        fill(queue, 3)
        started, go = threading.Event(), threading.Event()

        def handler(task: ct.Task) -> None:
            started.set()
            go.wait(PATIENCE_S)

        with ThreadPoolExecutor(1) as one_at_a_time:
            worker = queue.worker(handler, concurrency=3, executor=one_at_a_time, lease_duration=600)

            def interrupt() -> None:
                assert started.wait(PATIENCE_S)
                client.emulator.faults(unavailable=1, methods="queues.tasks.*")
                os.kill(os.getpid(), signal.SIGINT)
                wait_until(lambda: worker.tally.state == "draining")
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=interrupt).start()
            with pytest.raises(KeyboardInterrupt):
                worker.run()  # would try for ten minutes, as long as the leases last
            go.set()


@pytest.mark.usefixtures("renewed_early")
def test_no_renewal_waits_for_acknowledgements_that_are_retried(
    standing: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_CALLS_AT_ONCE", 1)
    queue = standing.create_queue("jobs", kind="pull")
    fill(queue, 2)
    standing.emulator.faults(unavailable=1, methods="queues.tasks.acknowledge")
    handled: Counter[int] = Counter()

    def handler(task: ct.Task) -> None:
        number = task.json()["n"]
        handled[number] += 1
        if number:
            outlive_leases(standing, task)
            standing.emulator.faults()

    worker = queue.worker(handler, concurrency=2, lease_duration=LEASE_S)
    worker.start()
    wait_until(lambda: queue.count_tasks(progress=False) == 0)
    worker.stop()
    assert handled[1] == 1, "its lease was not renewed"


@pytest.mark.parametrize("fault", ["exhausted", "unavailable", "cut_before", "cut_after"])
def test_a_service_in_trouble_is_survived(fault: str) -> None:
    with ct.local() as client:
        queue = client.create_queue("jobs", kind="pull")
        fill(queue, 30)
        client.emulator.faults(**{fault: 0.3}, seed=7)
        seen: Counter[int] = Counter()
        worker = queue.worker(lambda task: seen.update([task.json()["n"]]), concurrency=10, lease_duration=2)
        worker.run(until_empty=True)
        client.emulator.faults()
        assert set(seen) == set(range(30))
        assert queue.count_tasks() == 0


@pytest.fixture
def port() -> Iterator[str]:
    with kept_port() as port:
        yield str(port)


def test_five_workers_dying_handlers_and_a_server_that_is_killed(tmp_path: Path, port: str) -> None:
    """Every task is handled, and none is handled twice unless its lease ended."""
    data, tasks, lock = tmp_path / "queues.db", 120, threading.Lock()
    begun: dict[int, list[tuple[float, float]]] = {}  # when each handling began, and its lease ended
    finished: dict[int, list[tuple[float, float]]] = {}  # the successful ones
    with EmulatorProcess("--port", port, data=data) as process:
        with ct.connect(project="chaos", endpoint=process.url) as client:
            fill(client.create_queue("jobs", kind="pull"), tasks)
        clients = [ct.connect(project="chaos", endpoint=process.url, timeout=5) for _ in range(5)]

        def handler(task: ct.Task) -> None:
            number = task.json()["n"]
            assert task.schedule_time is not None
            span = datetime.now(UTC).timestamp(), task.schedule_time.timestamp()
            with lock:
                begun.setdefault(number, []).append(span)
            if number % 7 == task.dispatch_count:
                raise RuntimeError("died")
            with lock:
                finished.setdefault(number, []).append(span)

        workers = [
            one.queue("us-central1/jobs").worker(handler, concurrency=2, lease_duration=4).start()
            for one in clients
        ]
        wait_until(lambda: len(finished) > tasks // 4)
        process.popen.kill()
        process.popen.wait()
    with EmulatorProcess("--port", port, data=data) as process:
        wait_until(lambda: len(finished) == tasks)
        with ct.connect(project="chaos", endpoint=process.url) as client:
            queue = client.queue("us-central1/jobs")
            wait_until(lambda: queue.count_tasks(progress=False) == 0)
        for worker in workers:
            worker.stop()
        for one in clients:
            one.close()
    assert set(finished) == set(range(tasks))
    # A finished task was handled again only after its first lease had ended.
    for number, spans in finished.items():
        for began_s, lease_ends_s in spans:
            assert all(later_s >= lease_ends_s - 0.5 for later_s, _ in begun[number] if later_s > began_s)


def test_a_response_that_takes_too_long_is_not_asked_for_again(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 60)
    lease, cut_off = ct.Queue._lease_through, []

    def slow(self: ct.Queue, session: Any, count: int, *how: Any) -> Any:
        leased = lease(self, session, count, *how)
        if len(leased) > 20:
            cut_off.append(count)
            raise ct.Timeout("The response was too slow.")
        return leased

    monkeypatch.setattr(ct.Queue, "_lease_through", slow)
    worker = queue.worker(lambda task: None, lease_duration=1).run(until_empty=True)
    assert worker.tally.done == 60
    assert len(cut_off) < 12, "each of these calls used an attempt of more than 20 tasks"


def test_a_response_that_is_too_large_is_not_asked_for_again(queue: ct.Queue, client: ct.Client) -> None:
    fill(queue, 40, payload={"n": "x" * 5000})
    with ct.connect(project=client.project, endpoint=client.endpoint, max_answer_bytes=120_000) as small:
        few = small.queue("jobs")
        worker = few.worker(lambda task: None, lease_duration=1).run(until_empty=True)
        assert worker.tally.done == 40
        with pytest.raises(ct.AnswerTooLarge, match="a smaller max_tasks makes the response smaller"):
            fill(queue, 40, payload={"n": "x" * 5000})
            few.lease(max_tasks=40)


def test_a_task_that_is_too_large_ends_the_worker_and_the_error_names_the_limit(
    queue: ct.Queue, client: ct.Client
) -> None:
    fill(queue, 1, payload={"n": "x" * 5000})
    with ct.connect(project=client.project, endpoint=client.endpoint, max_answer_bytes=3000) as small:
        with pytest.raises(ct.AnswerTooLarge, match=r"ct\.connect\(max_answer_bytes=\.\.\.\)") as caught:
            small.queue("jobs").worker(lambda task: None, lease_duration=1).run(until_empty=True)
        assert "max_tasks" not in str(caught.value), "one task is the smallest request"
