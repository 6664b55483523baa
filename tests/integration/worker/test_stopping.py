"""stop(), called by other threads, handlers, signal handlers and copies of a worker."""

from __future__ import annotations

import os
import pickle
import signal
import threading

import pytest

import cloudtasks_nb as ct
from tests.waiting import PATIENCE_S, wait_until

from .conftest import Held, fill


def test_a_stop_waits_for_a_run_in_another_thread(queue: ct.Queue) -> None:
    fill(queue, 1)
    begun, go = threading.Event(), threading.Event()

    def handler(task: ct.Task) -> None:
        begun.set()
        go.wait(PATIENCE_S)

    worker = queue.worker(handler)
    running = threading.Thread(target=worker.run)
    running.start()
    assert begun.wait(PATIENCE_S)
    with pytest.raises(TimeoutError, match="still running"):
        worker.stop(timeout=0.1)
    go.set()
    worker.stop()
    assert (worker.tally.done, worker.tally.state) == (1, "stopped")
    running.join(PATIENCE_S)


def test_an_interrupt_ends_a_stop_also_where_a_library_changed_its_handler(
    queue: ct.Queue, held: Held
) -> None:
    """Polars makes system calls continue after a signal, so a wait without a timeout would go on."""
    fill(queue, 1)
    worker = queue.worker(held).start()
    held.wait()
    before = signal.getsignal(signal.SIGINT)
    signal.siginterrupt(signal.SIGINT, False)
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            worker.stop()
        assert worker.tally.done == 0
    finally:
        signal.signal(signal.SIGINT, before)  # this also makes system calls end after it again
        held.go.set()
    assert worker.stop().tally.done == 1


def test_a_signal_handler_stops_the_worker_that_it_interrupts(queue: ct.Queue) -> None:
    fill(queue, 1)
    worker = queue.worker(lambda task: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    try:
        worker.run()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert worker.tally.done == 1


def test_a_handler_waits_for_another_worker_with_the_same_handler(client: ct.Client, queue: ct.Queue) -> None:
    other = client.create_queue("other", kind="pull")
    fill(queue, 1)
    fill(other, 1)
    begun, go, stopped = threading.Event(), threading.Event(), threading.Event()

    def handler(task: ct.Task) -> None:
        if "/queues/other/" in (task.name or ""):
            begun.set()
            go.wait(PATIENCE_S)
        else:
            assert begun.wait(PATIENCE_S)
            second.stop()
            stopped.set()

    first, second = queue.worker(handler), other.worker(handler)
    second.start()
    first.start()
    wait_until(lambda: second.tally.state == "draining")
    assert not stopped.is_set()
    go.set()
    assert stopped.wait(PATIENCE_S)
    first.stop()
    assert (first.tally.done, second.tally.done) == (1, 1)


def test_an_error_is_not_raised_after_a_later_run(client: ct.Client, queue: ct.Queue) -> None:
    queue.delete()
    worker = queue.worker(print).start()
    wait_until(lambda: worker._failed is not None)
    worker.queue = client.create_queue("again", kind="pull")
    worker.run(until_empty=True)
    assert worker.stop() is worker


def test_a_copy_of_a_running_worker_has_not_run(queue: ct.Queue) -> None:
    worker = queue.worker(len).start()
    try:
        copy = pickle.loads(pickle.dumps(worker))  # noqa: S301 - our own bytes
    finally:
        worker.stop()
    assert (copy.handler, copy.options, copy.tally.state) == (len, worker.options, "new")
    with pytest.raises(ct.ConfigError, match="has no client"):
        copy.run()
