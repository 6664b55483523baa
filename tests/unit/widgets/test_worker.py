from __future__ import annotations

import sys
import threading
from types import ModuleType

import pytest

from cloudtasks_nb.widgets.panel_thread import PanelThread
from tests.waiting import PATIENCE_S


def test_jobs_run_in_order_on_one_daemon_thread() -> None:
    worker, seen = PanelThread("test"), []
    for number in range(20):
        last = worker.submit(lambda number=number: seen.append((number, threading.current_thread())))
    last.result(PATIENCE_S)
    assert [number for number, _ in seen] == list(range(20))
    (thread,) = {thread for _, thread in seen}
    assert thread.daemon and thread is not threading.current_thread()
    worker.close()
    thread.join(PATIENCE_S)
    assert not worker.alive


def test_no_thread_before_the_first_job() -> None:
    assert not PanelThread("test").alive


def test_an_idle_worker_lets_its_thread_go_and_starts_another() -> None:
    worker, threads = PanelThread("idle", idle_s=0.01), []
    for _ in range(2):
        worker.submit(lambda: threads.append(threading.current_thread())).result(PATIENCE_S)
        threads[-1].join(PATIENCE_S)
        assert not worker.alive
    assert len(set(threads)) == 2
    worker.close()


def test_a_failing_job_does_not_end_the_worker() -> None:
    worker = PanelThread("test")
    with pytest.raises(ZeroDivisionError):
        worker.submit(lambda: [][1 // 0]).result(PATIENCE_S)
    worker.submit(lambda: None).result(PATIENCE_S)
    worker.close()


def test_closing_cancels_what_has_not_begun() -> None:
    worker, begun, release = PanelThread("closing"), threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        release.wait(PATIENCE_S)

    running, waiting = worker.submit(first), worker.submit(lambda: None)
    begun.wait(PATIENCE_S)
    worker.close()
    release.set()
    running.result(PATIENCE_S)
    for thread in threading.enumerate():
        if thread.name == "closing":
            thread.join(PATIENCE_S)
    assert waiting.cancelled()
    assert worker.submit(lambda: None).cancelled()


def test_a_job_may_submit_a_job_and_wait_for_it() -> None:
    worker, seen = PanelThread("test"), []
    worker.submit(lambda: worker.submit(lambda: seen.append(1)).result(1)).result(PATIENCE_S)
    assert seen == [1]
    worker.close()


def test_on_colab_work_is_done_in_the_callers_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    seen: list[threading.Thread] = []
    worker = PanelThread("test")
    assert worker.submit(lambda: seen.append(threading.current_thread())).done()
    assert seen == [threading.current_thread()]
    assert not worker.alive
