"""Workers that lease ahead, give back tasks, and have handlers that never end."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import leasing
from cloudtasks_nb.worker.events import Events, Then
from cloudtasks_nb.worker.hand import Bundle, Haul
from cloudtasks_nb.worker.horizon import Horizon
from cloudtasks_nb.worker.leasing import Leasing
from cloudtasks_nb.worker.options import WorkerOptions
from cloudtasks_nb.worker.time_limit import TimeLimit
from tests.waiting import PATIENCE_S, wait_until

from .conftest import fill, leased

HOUR_S = 3600.0


def adds_up(worker: ct.Worker) -> bool:
    tally = worker.tally
    ended = tally.done + tally.failed + tally.given_back + tally.lost
    return tally.leased == ended + tally.waiting + tally.running


def lease_calls(client: ct.Client) -> Callable[[], int]:
    """The number of lease calls that a client's session made."""
    asked = [0]
    send = client._session.exchange

    def counted(verb: str, url: str, *args: Any) -> Any:
        asked[0] += ":lease" in url and "tasks:lease" in url
        return send(verb, url, *args)

    client._session.exchange = counted  # type: ignore[method-assign]
    return lambda: asked[0]


def test_quick_handlers_need_few_lease_calls(client: ct.Client, queue: ct.Queue) -> None:
    fill(queue, 1500)
    calls = lease_calls(client)
    worker = queue.worker(lambda task: None).run(until_empty=True)
    assert (worker.tally.done, queue.count_tasks(progress=False)) == (1500, 0)
    assert calls() < 60  # on a slow machine; with eight tasks per call, it would be 188
    assert adds_up(worker)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("max_attempts", "ahead"), [(1, False), (19, False), (20, True), (None, True)])
def test_nothing_is_leased_ahead_where_giving_back_could_end_a_task(
    client: ct.Client, monkeypatch: pytest.MonkeyPatch, max_attempts: int | None, ahead: bool
) -> None:
    retries = {"unlimited_attempts": True} if max_attempts is None else {"max_attempts": max_attempts}
    queue = client.create_queue("few", kind="pull", retry_config=retries)
    fill(queue, 120)
    held: list[int] = []
    known, learn = threading.Event(), Leasing._learn

    def told(leasing: Leasing, called: Future[bool]) -> None:
        learn(leasing, called)
        known.set()

    def handler(task: ct.Task) -> None:
        assert known.wait(PATIENCE_S), "the settings of the queue were not read"
        held.append(worker.tally.waiting)

    monkeypatch.setattr(Leasing, "_learn", told)
    worker = queue.worker(handler, concurrency=4)
    worker.run(until_empty=True)
    assert worker.tally.done == 120
    assert (max(held) > 4) is ahead


@pytest.mark.parametrize("max_attempts", [1, 19])
def test_nothing_is_leased_ahead_while_tasks_allow_few_attempts_themselves(
    queue: ct.Queue, max_attempts: int
) -> None:
    fill(queue, 120, retry_config={"max_attempts": max_attempts})
    held: list[int] = []
    worker = queue.worker(lambda task: held.append(worker.tally.waiting), concurrency=4)
    worker.run(until_empty=True)
    assert worker.tally.done == 120
    assert max(held) <= 4


class AtOnce(Events):
    """Makes calls in this thread."""

    def submit(self, call: Callable[[], Any], then: Then) -> None:
        called: Future[Any] = Future()
        called.set_result(call())
        then(called)


def test_a_worker_notices_that_its_queue_allows_fewer_attempts(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Leasing(queue, WorkerOptions(), AtOnce("jobs"))

    def is_allowed() -> bool:
        run.found(Haul([[ct.Task(name="a")]], 0.0, 0.0, 60.0))
        return run.horizon.is_allowed

    assert is_allowed()
    queue.update(retry_config={"max_attempts": 19})
    assert is_allowed(), "it reads the settings once a minute"
    monkeypatch.setattr(leasing, "_SETTINGS_LAST_S", 0.0)
    run._read_again_s = 0.0
    assert not is_allowed()
    queue.update(retry_config={"max_attempts": 20})
    assert is_allowed()
    queue.delete()
    assert is_allowed(), "settings that cannot be read again stay"


def test_a_task_on_its_last_attempt_is_not_given_back(queue: ct.Queue) -> None:
    few = {"retry_config": {"max_attempts": 1}}
    queue.create_tasks(
        [{"payload": at, **(few if at % 20 == 19 else {})} for at in range(1000)], progress=False
    )
    go = threading.Event()

    def handler(task: ct.Task) -> None:
        if worker.tally.waiting > 30:
            go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=2).start()
    wait_until(lambda: worker.tally.waiting > 30 and worker.tally.running == 2)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_until(lambda: worker.tally.given_back > 0)
    go.set()
    stopping.join(PATIENCE_S)
    assert adds_up(worker)
    limited = [task for task in queue.tasks() if task.retry_config is not None]
    assert len(limited) < 50
    assert {task.dispatch_count for task in limited} <= {0}, "the service deletes it without another lease"


def test_a_worker_that_stops_gives_back_what_would_take_long(queue: ct.Queue) -> None:
    fill(queue, 1000)
    go = threading.Event()

    def handler(task: ct.Task) -> None:
        if worker.tally.waiting:  # handlers become slow once tasks wait
            go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=2)
    worker.start()
    wait_until(lambda: worker.tally.waiting > 0 and worker.tally.running == 2)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_until(lambda: worker.tally.waiting == 0)
    go.set()
    stopping.join(PATIENCE_S)
    assert worker.tally.given_back > 0
    assert adds_up(worker)
    assert leased(queue) == 0
    assert queue.count_tasks(progress=False) == 1000 - worker.tally.done
    assert f"given back unhandled  {worker.tally.given_back}" in str(worker)


@pytest.mark.usefixtures("quick")
def test_a_worker_that_stops_finishes_what_takes_a_moment(queue: ct.Queue) -> None:
    fill(queue, 600)
    worker = queue.worker(lambda task: None, concurrency=2).start()
    wait_until(lambda: worker.tally.waiting > 0 or worker.tally.done == 600)
    worker.stop()
    assert worker.tally.given_back == 0
    assert worker.tally.done == worker.tally.leased


def test_a_handler_that_never_ends_is_told_and_its_task_goes_on_elsewhere(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 6)
    begun, go, late = threading.Event(), threading.Event(), TimeLimit.late

    def hangs(task: ct.Task) -> bool:
        return task.json()["n"] == 3 and task.dispatch_count == 1

    def handler(task: ct.Task) -> None:
        if hangs(task):
            begun.set()
            go.wait(PATIENCE_S)

    def an_hour_later(self: TimeLimit, running: Collection[Bundle], now_s: float) -> list[Bundle]:
        hanging = [one for one in running if begun.is_set() and hangs(one.hands[0].tasks[0])]
        return late(self, hanging, now_s + HOUR_S)

    monkeypatch.setattr(TimeLimit, "late", an_hour_later)
    worker = queue.worker(handler, concurrency=2, handler_timeout=HOUR_S).run(until_empty=True)
    go.set()
    assert (worker.tally.done, worker.tally.failed) == (6, 1)
    assert queue.count_tasks(progress=False) == 0
    assert "handler_timeout=3600 s" in str(worker)
    assert adds_up(worker)
    assert "hanging      1 handler" in str(worker)


def test_a_worker_whose_handlers_all_hang_ends_with_an_error(queue: ct.Queue) -> None:
    fill(queue, 3)
    stuck = threading.Event()
    worker = queue.worker(
        lambda task: stuck.wait(PATIENCE_S), concurrency=2, handler_timeout=0.3, lease_duration=600
    )
    with pytest.raises(TimeoutError, match=r"No handler is free: .*handler_timeout=0.3 s, each of 2"):
        worker.run()
    stuck.set()
    wait_until(lambda: leased(queue) == 0)  # a second attempt is given back for a second later
    assert queue.count_tasks(progress=False) == 3


class Cluster(Executor):
    """An executor like a cluster's: a future is pending while its handler runs, and cancelling stops the handler."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.pending: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.pending.append(future)
        self.pool.submit(lambda: future.cancelled() or future.set_result(fn(*args, **kwargs)))
        return future


def test_a_foreign_executor_holds_no_more_than_it_can_run(queue: ct.Queue) -> None:
    fill(queue, 400)
    cluster = Cluster()
    most = 0

    def handler(task: ct.Task) -> None:
        nonlocal most
        most = max(most, sum(not future.done() for future in cluster.pending))

    queue.worker(handler, concurrency=3, executor=cluster).run(until_empty=True)
    assert queue.count_tasks(progress=False) == 0
    assert most <= 3


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_pool_gets_no_more_than_it_has_threads_or_processes(pool: Callable[[int], Executor]) -> None:
    with pool(3) as executor:
        assert WorkerOptions(executor=executor, concurrency=16).slots == 3
        assert WorkerOptions(executor=executor, concurrency=2).slots == 2


@pytest.mark.usefixtures("quick")
def test_the_time_limit_of_a_handler_starts_with_the_handler(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 1)
    passed_s = 0.0
    waited, go = threading.Event(), threading.Event()
    late = TimeLimit.late

    def told(self: TimeLimit, running: Collection[Bundle], now_s: float) -> list[Bundle]:
        """Until a handler has waited for longer than its time limit, an hour passes between two looks."""
        nonlocal passed_s
        if any(bundle.is_queued for bundle in running) and not waited.is_set():
            passed_s += HOUR_S
        found = late(self, running, now_s + passed_s)
        if passed_s > 3 * HOUR_S:
            waited.set()
        return found

    monkeypatch.setattr(TimeLimit, "late", told)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(go.wait, PATIENCE_S)  # another user of the pool
        worker = queue.worker(lambda task: None, executor=pool, handler_timeout=HOUR_S / 2).start()
        assert waited.wait(PATIENCE_S)
        go.set()
        wait_until(lambda: worker.tally.done == 1)
        worker.stop()
    assert (worker.tally.failed, worker.tally.given_back) == (0, 0)


HANGS = """
import sys, threading
import cloudtasks_nb as ct
queue = ct.connect(project=sys.argv[1], endpoint=sys.argv[2]).queue("us-central1/jobs")
queue.worker(lambda task: threading.Event().wait(), concurrency=2, handler_timeout=0.2, lease_duration=600).run()
"""


def test_a_handler_that_hangs_lets_the_process_end(queue: ct.Queue, client: ct.Client) -> None:
    fill(queue, 2)
    command = [sys.executable, "-c", HANGS, queue.name.split("/")[1], client.endpoint]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, "TimeoutError: No handler is free" in ended.stderr) == (1, True), ended.stderr
    wait_until(lambda: leased(queue) == 0)  # a second attempt is given back for a second later


ENDS = """
import sys, threading
import cloudtasks_nb as ct
queue = ct.connect(project=sys.argv[1], endpoint=sys.argv[2]).queue("us-central1/jobs")
begun = threading.Event()
def handler(task):
    begun.set()
    threading.Event().wait(0.5)
    print("handled", task.json()["n"], flush=True)
queue.worker(handler, concurrency=1).start()
begun.wait()
"""


def test_a_script_that_ends_lets_handlers_finish(queue: ct.Queue, client: ct.Client) -> None:
    fill(queue, 1)
    command = [sys.executable, "-c", ENDS, queue.name.split("/")[1], client.endpoint]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "handled 0\n", "")
    assert queue.count_tasks(progress=False) == 0, "it was not acknowledged"


@pytest.mark.parametrize("calls", [1, 2])
def test_a_stop_during_a_lease_call_loses_no_task_of_a_queue_with_one_attempt(
    client: ct.Client, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    queue = client.create_queue("once", kind="pull", retry_config={"max_attempts": 1})
    fill(queue, 6)
    called, lease = [0], Leasing.call

    def then_stop(self: Leasing, *args: Any) -> None:
        lease(self, *args)
        called[0] += 1
        if called[0] == calls:
            worker.stop(0.001)

    monkeypatch.setattr(Leasing, "call", then_stop)
    monkeypatch.setattr(Horizon, "seconds_for", lambda *_: HOUR_S)  # the handlers are known as slow
    worker = queue.worker(lambda task: None, concurrency=3)
    worker.run()
    tally = worker.tally
    assert (called[0], tally.done, tally.given_back) == (calls, tally.leased, 0)
    assert tally.leased > 3 * (calls - 1), "the last call was for handlers that were free"
    assert queue.count_tasks(progress=False) == 6 - tally.done


def test_a_second_interrupt_leaves_alone_what_runs_on_a_cluster(queue: ct.Queue) -> None:
    fill(queue, 3)
    started, go = threading.Event(), threading.Event()

    def handler(task: ct.Task) -> None:
        started.set()
        go.wait(PATIENCE_S)

    cluster = Cluster()
    worker = queue.worker(handler, concurrency=1, executor=cluster, lease_duration=600)
    ended: list[BaseException] = []

    def work() -> None:
        try:
            worker.run()
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(PATIENCE_S)
    run = worker._run
    assert run is not None
    run.interrupt()
    run.interrupt()
    thread.join(PATIENCE_S)
    assert isinstance(ended[0], KeyboardInterrupt)
    assert leased(queue) == 1
    assert not any(future.cancelled() for future in cluster.pending)
    go.set()


def test_lease_calls_that_are_refused_are_told(jobs: tuple[ct.Client, ct.Queue]) -> None:
    client, queue = jobs
    client.emulator.faults(exhausted=1, methods="queues.tasks.lease")
    worker = queue.worker(lambda task: None, concurrency=1).start()
    wait_until(lambda: worker.tally.refused > 0)
    client.emulator.faults()
    wait_until(lambda: worker.tally.done == 3)
    worker.stop()
    assert f"lease calls refused  {worker.tally.refused}" in str(worker)
