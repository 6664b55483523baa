"""Scripts that end while a worker runs. The data file of their emulator shows that nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.waiting import PATIENCE_S

from .conftest import leased


def ran(script: str, file: Path) -> tuple[int, str, str]:
    """The exit code and the printed text of a script, which gets the data file of its emulator."""
    command = [sys.executable, "-c", script, str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return ended.returncode, ended.stdout, ended.stderr


SCRIPT = """
import os, signal, sys, threading
import cloudtasks_nb as ct
begun, go = threading.Event(), threading.Event()
def handler(task):
    begun.set()
    go.wait(30)
    print("handled", flush=True)
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
with ct.local(sys.argv[1]) as client:
    queue = client.create_queue("jobs", kind="pull")
    queue.create_task("a")
    worker = queue.worker(handler, lease_duration=600).start()
    begun.wait()
    {body}
"""
INTERRUPTED = """
    threading.Timer(0.2, go.set).start()
    interrupt()
    threading.Event().wait()
"""
TWICE = """
    def again():
        while worker.tally.state != "draining":
            threading.Event().wait(0.01)
        interrupt()
    threading.Thread(target=again, daemon=True).start()
    interrupt()
    threading.Event().wait()
"""
ENDS = """
    threading.Timer(0.2, go.set).start()
"""
EXITS = """
    threading.Timer(0.2, go.set).start()
    sys.exit(3)
"""


@pytest.mark.parametrize(
    ("body", "code", "said", "left"),
    [
        (ENDS, 0, "handled\n", (0, 0)),
        (EXITS, 3, "handled\n", (0, 0)),
        (INTERRUPTED, -signal.SIGINT, "handled\n", (0, 0)),
        (TWICE, -signal.SIGINT, "", (1, 1)),
    ],
)
def test_a_script_whose_block_ends_loses_nothing(
    tmp_path: Path, body: str, code: int, said: str, left: tuple[int, int]
) -> None:
    file = tmp_path / "queues.db"
    exit_code, printed, errors = ran(SCRIPT.format(body=body), file)
    assert (exit_code, printed) == (code, said), errors
    with ct.local(file) as client:
        queue = client.queue("jobs")
        assert (queue.count_tasks(progress=False), leased(queue)) == left


LEFT_OPEN = """
import sys, threading
import cloudtasks_nb as ct
client = ct.local(sys.argv[1])
queue = client.create_queue("jobs", kind="pull")
queue.create_tasks(["a", "b"], progress=False)
begun = threading.Semaphore(0)
def handler(task):
    begun.release()
    threading.Event().wait(0.3)
queue.worker(handler).start()
begun.acquire(); begun.acquire()
"""


def test_a_script_that_does_not_close_ends_its_worker_before_its_emulator(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    assert ran(LEFT_OPEN, file) == (0, "", "")
    with ct.local(file) as client:
        assert client.queue("jobs").count_tasks(progress=False) == 0


INTERRUPTED_AT_ITS_END = """
import os, signal, sys, threading
import cloudtasks_nb as ct
client = ct.local(sys.argv[1])
queue = client.create_queue("jobs", kind="pull")
queue.create_task("a")
begun = threading.Event()
def handler(task):
    begun.set()
    threading.Event().wait(60)
worker = queue.worker(handler, lease_duration=600).start()
def interrupt():
    while worker.tally.state != "draining":
        threading.Event().wait(0.01)
    os.kill(os.getpid(), signal.SIGINT)
begun.wait()
threading.Thread(target=interrupt, daemon=True).start()
"""


def test_an_interrupt_at_the_end_of_a_script_abandons_the_handlers(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    assert ran(INTERRUPTED_AT_ITS_END, file) == (0, "", "")
    with ct.local(file) as client:
        queue = client.queue("jobs")
        assert (queue.count_tasks(progress=False), leased(queue)) == (1, 1)
