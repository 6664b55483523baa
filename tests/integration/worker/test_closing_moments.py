"""A client closes at each moment: before a run begins, with tasks in a pool, and when its emulator dies."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest.background import Background, Work
from cloudtasks_nb.worker import run as module
from cloudtasks_nb.worker.run import WorkerRun
from tests.waiting import PATIENCE_S, wait_until

from .conftest import Held, fill, in_thread, leased


def ends(thread: threading.Thread) -> bool:
    thread.join(PATIENCE_S)
    return not thread.is_alive()


def kill_emulator_of(client: ct.Client) -> None:
    emulator: subprocess.Popen[str] = client._on_close.args[0]  # type: ignore[attr-defined]
    emulator.kill()
    emulator.wait()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_worker_whose_thread_does_not_start_is_not_waited_for(
    client: ct.Client, queue: ct.Queue, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fails(thread: threading.Thread) -> None:
        raise error("no thread")

    worker = queue.worker(print)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fails)
        with pytest.raises(error):
            worker.start()
    worker.stop()
    worker.start().stop()
    assert ends(in_thread(client.close))


@pytest.mark.parametrize("how", ["start", "run"])
def test_a_run_that_is_interrupted_before_it_begins_is_not_waited_for(
    client: ct.Client, queue: ct.Queue, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    begin = Background.begin

    def interrupted(background: Background, work: Work) -> None:
        begin(background, work)
        raise KeyboardInterrupt

    worker = queue.worker(print)
    with monkeypatch.context() as patched:
        patched.setattr(Background, "begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            getattr(worker, how)()
    worker.run(until_empty=True)
    assert ends(in_thread(client.close))
    assert client._session.is_closed


def test_a_worker_whose_start_is_interrupted_late_ends(
    client: ct.Client, queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        if thread.name.startswith("worker "):
            raise KeyboardInterrupt

    worker = queue.worker(print)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            worker.start()
    wait_until(lambda: not client._session.background._works)
    assert ends(in_thread(client.close))


@pytest.mark.usefixtures("patient")
def test_tasks_that_a_busy_pool_has_not_begun_are_given_back_once(
    client: ct.Client, queue: ct.Queue, other: ct.Client, held: Held
) -> None:
    fill(queue, 2)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            pool.submit(held, None)
        held.wait(2)
        worker = queue.worker(print, executor=pool, concurrency=2, lease_duration=600).start()
        wait_until(lambda: worker.tally.running == 2)
        client.close(timeout=0)
        held.go.set()
    tally = worker.tally
    assert (tally.leased, tally.given_back, tally.lost, list(tally.failures)) == (2, 2, 0, [])
    assert leased(other.queue(queue.name)) == 0


def test_a_close_does_not_wait_for_an_emulator_that_dies_meanwhile(
    jobs: tuple[ct.Client, ct.Queue], held: Held
) -> None:
    client, queue = jobs
    worker = queue.worker(held, concurrency=2, lease_duration=3600).start()
    held.wait(2)
    closing = in_thread(client.close)
    wait_until(lambda: worker.tally.state == "draining")
    kill_emulator_of(client)
    assert ends(closing), "it waits for handlers whose tasks cannot be acknowledged"
    assert worker.tally.lost >= 2


@pytest.mark.parametrize("tries", [False, True])
def test_nothing_is_given_back_to_an_emulator_that_died(
    jobs: tuple[ct.Client, ct.Queue], held: Held, monkeypatch: pytest.MonkeyPatch, *, tries: bool
) -> None:
    """The run may try it between the two calls that abandon it."""
    monkeypatch.setattr(module, "_GIVING_BACK_S", 3600.0)
    client, queue = jobs
    abandon = WorkerRun.abandon

    def after_a_try(run: WorkerRun) -> None:
        abandon(run)
        wait_until(lambda: worker.tally.given_back == 3 or run.over.is_set())

    if tries:
        monkeypatch.setattr(WorkerRun, "abandon", after_a_try)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            pool.submit(held, None)
        held.wait(3)
        worker = queue.worker(print, executor=pool, concurrency=3, lease_duration=3600).start()
        wait_until(lambda: worker.tally.running == 3)
        kill_emulator_of(client)
        assert ends(in_thread(client.close))
        held.go.set()
    assert (worker.tally.state, worker.tally.leased, worker.tally.lost) == ("stopped", 3, 3)
    assert worker.tally.given_back == 0
