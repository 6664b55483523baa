"""A client that is closed while its workers run: they stop as by stop(), and nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.waiting import PATIENCE_S, wait_until

from .conftest import Held, fill, in_thread, leased

Threads = Callable[[], list[str]]


@pytest.fixture
def threads() -> Threads:
    """The threads of workers that began in this test. Those of an earlier test may still be ending."""
    earlier, own = set(threading.enumerate()), ("worker ", "leases ", "renewals ", "handler ")
    return lambda: [
        one.name for one in threading.enumerate() if one not in earlier and one.name.startswith(own)
    ]


@contextmanager
def after(act: Callable[[], object]) -> Iterator[None]:
    """Act in another thread, beside the block."""
    thread = in_thread(act)
    yield
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_close_lets_handlers_finish_and_gives_the_rest_back(
    client: ct.Client, queue: ct.Queue, other: ct.Client, held: Held, threads: Threads
) -> None:
    fill(queue, 6)
    worker = queue.worker(held, concurrency=2).start()
    held.wait(2)
    closing = in_thread(client.close)
    wait_until(lambda: worker.tally.state == "draining")
    assert closing.is_alive(), "it did not wait for the handlers"
    held.go.set()
    closing.join(PATIENCE_S)
    assert (worker.tally.state, worker.tally.done, worker.tally.lost) == ("stopped", 2, 0)
    there = other.queue(queue.name)
    assert (there.count_tasks(progress=False), leased(there)) == (4, 0)
    assert threads() == []
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        queue.refresh()
    client.close()
    assert worker.stop() is worker


def test_handlers_use_the_client_until_they_end(client: ct.Client, queue: ct.Queue, other: ct.Client) -> None:
    fill(queue, 1)
    begun, go = threading.Event(), threading.Event()

    def handler(task: ct.Task) -> None:
        begun.set()
        assert go.wait(PATIENCE_S)
        queue.create_task("follows")

    worker = queue.worker(handler, concurrency=1).start()
    assert begun.wait(PATIENCE_S)
    with after(client.close):
        wait_until(lambda: worker.tally.state == "draining")
        go.set()
    assert (worker.tally.done, worker.tally.failed) == (1, 0)
    assert [task.text() for task in other.queue(queue.name).tasks(view="FULL")] == ["follows"]


def test_a_with_block_ends_with_its_workers_and_its_emulator(
    tmp_path: Path, held: Held, threads: Threads
) -> None:
    with ct.local(tmp_path / "queues.db") as client:
        queue = client.create_queue("jobs-of-file", kind="pull")
        fill(queue, 50)
        held.go.set()
        worker = queue.worker(held, concurrency=2).start()
        held.wait(2)
    assert (worker.tally.state, worker.tally.failed, worker.tally.lost) == ("stopped", 0, 0)
    assert threads() == []
    with ct.local(tmp_path / "queues.db") as client:
        queue = client.queue("jobs-of-file")
        assert leased(queue) == 0
        assert queue.count_tasks(progress=False) == 50 - worker.tally.done


def test_an_error_of_the_block_is_raised_after_the_workers(
    jobs: tuple[ct.Client, ct.Queue], held: Held, threads: Threads
) -> None:
    client, queue = jobs
    with pytest.raises(ValueError, match="mine"), client:
        worker = queue.worker(held).start()
        held.wait()
        held.go.set()
        raise ValueError("mine")
    assert (worker.tally.state, worker.tally.lost) == ("stopped", 0)
    assert threads() == []


def test_a_handler_closes_its_client(jobs: tuple[ct.Client, ct.Queue], threads: Threads) -> None:
    client, queue = jobs
    returned = threading.Event()

    def handler(task: ct.Task) -> None:
        client.close()
        queue.create_task("still open")
        returned.set()

    worker = queue.worker(handler, concurrency=1).start()
    assert returned.wait(PATIENCE_S)
    client.close()
    assert (worker.tally.done, worker.tally.failed, worker.tally.state) == (1, 0, "stopped")
    with pytest.raises(ct.ConfigError, match="closed"):
        queue.refresh()
    with pytest.raises(ct.TransportError):
        ct.connect(project="local", endpoint=client.endpoint).queues("us-central1")
    wait_until(lambda: not threads())  # a run that ended just before the close ends its thread after it


def test_a_close_does_not_wait_for_an_emulator_that_died(held: Held) -> None:
    with ct.local() as client:
        queue = client.create_queue("jobs-of-dead", kind="pull")
        fill(queue, 2)
        worker = queue.worker(held, lease_duration=3600).start()
        held.wait(2)
        emulator: subprocess.Popen[str] = client._on_close.args[0]  # type: ignore[attr-defined]
        emulator.kill()
        emulator.wait()
        held.go.set()
    assert worker.tally.state == "stopped"
    assert worker.tally.done + worker.tally.lost == 2


@pytest.mark.parametrize("act", ["close the client", "stop the worker"])
def test_a_coroutine_ends_its_own_run_in_a_thread_that_it_awaits(
    client: ct.Client, queue: ct.Queue, act: str
) -> None:
    fill(queue, 1)

    async def handler(task: ct.Task) -> None:
        await asyncio.to_thread(client.close if act == "close the client" else worker.stop)

    worker = queue.worker(handler)
    running = in_thread(worker.run)
    running.join(PATIENCE_S)
    assert not running.is_alive()
    assert (worker.tally.done, worker.tally.failed) == (1, 0)


def test_handlers_of_two_workers_close_their_client_at_the_same_time(
    jobs: tuple[ct.Client, ct.Queue],
) -> None:
    client, queue = jobs
    second = client.create_queue("second", kind="pull")
    fill(second, 1)
    together = threading.Barrier(2)

    def handler(task: ct.Task) -> None:
        together.wait(PATIENCE_S)
        client.close()

    workers = [one.worker(handler, concurrency=1).start() for one in (queue, second)]
    for worker in workers:
        worker.stop()
        assert (worker.tally.done, worker.tally.failed) == (1, 0)
    wait_until(lambda: client._session.is_closed)


def test_a_handler_closes_the_client_of_a_run_in_the_main_thread(jobs: tuple[ct.Client, ct.Queue]) -> None:
    client, queue = jobs
    worker = queue.worker(lambda task: client.close(), concurrency=1).run()
    assert (worker.tally.done, worker.tally.state) == (1, "stopped")
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        queue.refresh()


def test_a_signal_handler_closes_the_client_of_the_run_that_it_interrupts(
    jobs: tuple[ct.Client, ct.Queue],
) -> None:
    client, queue = jobs
    worker = queue.worker(lambda task: os.kill(os.getpid(), signal.SIGTERM), concurrency=1)
    before = signal.signal(signal.SIGTERM, lambda *_: client.close())
    try:
        worker.run()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert worker.tally.done >= 1
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        queue.refresh()


def test_a_close_in_another_thread_ends_a_run(client: ct.Client, queue: ct.Queue, held: Held) -> None:
    fill(queue, 1)
    worker = queue.worker(held)

    def close() -> None:
        held.wait()
        held.go.set()
        client.close()

    with after(close):
        worker.run()
    assert (worker.tally.done, worker.tally.state) == (1, "stopped")


@pytest.mark.parametrize("how", ["start", "run"])
def test_no_worker_begins_on_a_closed_client(
    client: ct.Client, queue: ct.Queue, threads: Threads, how: str
) -> None:
    worker = queue.worker(print)
    client.close()
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        getattr(worker, how)()
    assert threads() == []


def test_no_worker_begins_while_a_client_closes(client: ct.Client, queue: ct.Queue, held: Held) -> None:
    fill(queue, 1)
    first, second = queue.worker(held), queue.worker(print)
    first.start()
    held.wait()
    with after(client.close):
        wait_until(lambda: first.tally.state == "draining")
        with pytest.raises(ct.ConfigError, match="This client closes"):
            second.start()
        held.go.set()


def test_several_threads_close_at_once(client: ct.Client, queue: ct.Queue, held: Held) -> None:
    fill(queue, 1)
    worker = queue.worker(held).start()
    held.wait()
    closing = [in_thread(client.close) for _ in range(3)]
    wait_until(lambda: worker.tally.state == "draining")
    held.go.set()
    for thread in closing:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert worker.tally.done == 1


def test_a_close_waits_no_longer_than_its_timeout(
    client: ct.Client, queue: ct.Queue, other: ct.Client, held: Held
) -> None:
    fill(queue, 5)
    worker = queue.worker(held, concurrency=2, lease_duration=600).start()
    held.wait(2)
    client.close(timeout=0.1)
    assert (worker.tally.state, worker.tally.lost, worker.tally.done) == ("stopped", 2, 0)
    assert leased(other.queue(queue.name)) == 2
    assert worker.stop() is worker, "the worker did not fail"


def test_a_close_does_not_wait_for_handlers_that_hang(jobs: tuple[ct.Client, ct.Queue], held: Held) -> None:
    client, queue = jobs
    worker = queue.worker(held, concurrency=2, handler_timeout=0.2).start()
    wait_until(lambda: worker.tally.hanging > 0)
    client.close()
    assert worker.tally.done == 0
    with pytest.raises(TimeoutError, match="No handler is free"):
        worker.stop()


def test_a_worker_that_failed_does_not_disturb_the_close(client: ct.Client, queue: ct.Queue) -> None:
    queue.delete()
    worker = queue.worker(print).start()
    wait_until(lambda: worker.tally.state == "failed")
    client.close()
    with pytest.raises(ct.NotFound):
        worker.stop()


def test_an_interrupt_of_a_close_abandons_the_handlers(
    client: ct.Client, queue: ct.Queue, other: ct.Client, held: Held
) -> None:
    fill(queue, 5)
    worker = queue.worker(held, concurrency=2, lease_duration=600).start()
    held.wait(2)

    def interrupt() -> None:
        wait_until(lambda: worker.tally.state == "draining")
        os.kill(os.getpid(), signal.SIGINT)

    with after(interrupt), pytest.raises(KeyboardInterrupt):
        client.close()
    assert (worker.tally.state, worker.tally.lost) == ("stopped", 2)
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        queue.refresh()
    assert leased(other.queue(queue.name)) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_closes_its_client_without_the_worker_of_its_parent(
    client: ct.Client, queue: ct.Queue, held: Held
) -> None:
    fill(queue, 1)
    worker = queue.worker(held).start()
    held.wait()
    child = os.fork()
    if not child:
        client.close()
        os._exit(0 if client._session.is_closed else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.go.set()
    wait_until(lambda: worker.tally.done == 1)
    assert worker.tally.state == "running"
    worker.stop()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_end_the_emulator_of_its_parent(jobs: tuple[ct.Client, ct.Queue]) -> None:
    client, queue = jobs
    child = os.fork()
    if not child:
        client.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert queue.count_tasks(progress=False) == 3


def test_a_bulk_verb_ends_with_its_client(client: ct.Client, queue: ct.Queue, other: ct.Client) -> None:
    def items() -> Iterator[dict[str, int]]:
        for number in range(5000):
            if number == 2000:
                client.close()
            yield {"payload": number}

    with pytest.raises(ct.ConfigError, match="This client is closed") as caught:
        queue.create_tasks(items(), progress=False)
    result = caught.value.result
    assert isinstance(result, ct.BulkResult)
    assert result.done <= other.queue(queue.name).count_tasks(progress=False) < 5000


def test_calls_without_retries_end_with_their_client(client: ct.Client, queue: ct.Queue) -> None:
    single = queue._session.once()
    client.close()
    with pytest.raises(ct.ConfigError, match="This client is closed"):
        queue.bind(single).refresh()
