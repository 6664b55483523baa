"""Workers against a real emulator: handling, renewals, acknowledgements, tasks given back, and lost leases."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest

import cloudtasks_nb as ct
from tests.kernels import kernel_for
from tests.waiting import PATIENCE_S, wait_until

from .conftest import LEASE_S, fill, leased, outlive_leases


@pytest.mark.usefixtures("quick")
def test_every_task_is_handled_once_and_gone(queue: ct.Queue) -> None:
    fill(queue, 60)
    seen: Counter[int] = Counter()
    worker = queue.worker(lambda task: seen.update([task.json()["n"]]), concurrency=16)
    assert worker.run(until_empty=True) is worker
    assert seen == Counter(range(60))
    assert queue.count_tasks() == 0
    tally = worker.tally
    assert (tally.leased, tally.acknowledging, tally.done, tally.failed) == (60, 0, 60, 0)
    assert tally.state == "stopped"
    assert "60 tasks" in str(worker)


def test_no_more_is_leased_than_can_be_started(queue: ct.Queue) -> None:
    fill(queue, 12)
    go, begun = threading.Event(), threading.Semaphore(0)

    def handler(task: ct.Task) -> None:
        begun.release()
        assert go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=3).start()
    for _ in range(3):
        assert begun.acquire(timeout=PATIENCE_S)
    assert leased(queue) == 3
    assert not begun.acquire(blocking=False)
    go.set()
    wait_until(lambda: worker.tally.done == 12)
    worker.stop()
    assert queue.count_tasks() == 0


@pytest.mark.usefixtures("renewed_early")
def test_a_lease_is_renewed_for_as_long_as_the_handler_runs(standing: ct.Client) -> None:
    queue = standing.create_queue("jobs", kind="pull")
    fill(queue, 1)
    handled: list[ct.Task] = []

    def handler(task: ct.Task) -> None:
        handled.append(task)
        outlive_leases(standing, task)

    worker = queue.worker(handler, concurrency=4, lease_duration=LEASE_S)
    worker.run(until_empty=True)
    assert len(handled) == 1, "a second handler got it: the lease ran out"
    assert (worker.tally.done, worker.tally.lost) == (1, 0)
    assert queue.count_tasks() == 0


def test_what_raises_is_given_back_and_tried_again(queue: ct.Queue) -> None:
    fill(queue, 5)
    tries: Counter[str] = Counter()

    def handler(task: ct.Task) -> None:
        tries[task.id] += 1
        if tries[task.id] < 3 and task.json()["n"] == 2:
            raise ValueError("password=hunter2 is wrong")

    worker = queue.worker(handler).run(until_empty=True)
    assert sorted(tries.values()) == [1, 1, 1, 1, 3]
    assert (worker.tally.done, worker.tally.failed) == (5, 2)
    assert queue.count_tasks() == 0
    assert "ValueError" in str(worker)
    assert "hunter2" not in str(worker) + worker._repr_html_()


def test_one_that_always_fails_does_not_hold_up_the_end(queue: ct.Queue) -> None:
    fill(queue, 2)

    def handler(task: ct.Task) -> None:
        if task.json()["n"]:
            raise RuntimeError("always")

    worker = queue.worker(handler, attempts=2).run(until_empty=True)
    assert worker.tally.done == 1
    assert queue.count_tasks() == 1


def test_the_lease_may_be_left_to_run_out(queue: ct.Queue) -> None:
    fill(queue, 1)

    def handler(task: ct.Task) -> None:
        raise RuntimeError("no")

    worker = queue.worker(handler, on_error="leave", lease_duration=600).start()
    wait_until(lambda: worker.tally.failed == 1)
    worker.stop()
    assert leased(queue) == 1


def test_the_handler_gets_the_task_and_no_verbs(queue: ct.Queue) -> None:
    fill(queue, 1, tag="red")
    got: list[ct.Task] = []
    queue.worker(got.append).run(until_empty=True)
    (task,) = got
    assert (task.tag, task.json(), task.dispatch_count) == ("red", {"n": 0}, 1)
    with pytest.raises(ct.ConfigError, match="has no client"):
        task.acknowledge()


def test_a_coroutine_is_run_before_its_task_is_acknowledged(queue: ct.Queue) -> None:
    fill(queue, 3)
    handled: list[Any] = []

    async def handle(task: ct.Task) -> None:
        await asyncio.sleep(0)
        handled.append(task.json())

    worker = queue.worker(handle).run(until_empty=True)
    assert (worker.tally.done, len(handled)) == (3, 3)


def test_what_only_yields_was_not_handled(queue: ct.Queue) -> None:
    fill(queue, 1)

    def handle(task: ct.Task) -> Iterator[Any]:
        yield task.json()

    worker = queue.worker(handle, attempts=1).run(until_empty=True)
    assert worker.tally.done == 0
    assert "generator" in str(worker)
    assert queue.count_tasks() == 1


def test_batches_of_the_oldest_tag(queue: ct.Queue) -> None:
    for at in range(30):
        queue.create_task({"n": at}, tag="red" if at % 3 else "blue")
    batches: list[tuple[int, set[str | None]]] = []
    worker = queue.worker(
        lambda tasks: batches.append((len(tasks), {task.tag for task in tasks})),
        concurrency=1,
        batch_size=15,
        oldest_tag=True,
    ).run(until_empty=True)
    assert sorted((count, *tags) for count, tags in batches) == [(5, "red"), (10, "blue"), (15, "red")]  # type: ignore[type-var]
    assert worker.tally.done == 30
    assert queue.count_tasks() == 0


def test_only_tasks_of_a_tag(queue: ct.Queue) -> None:
    for tag in ("a", "b", "a"):
        queue.create_task("x", tag=tag)
    tags = []
    queue.worker(lambda task: tags.append(task.tag), tag="a").run(until_empty=True)
    assert tags == ["a", "a"]
    assert [task.tag for task in queue.tasks()] == ["b"]


def test_what_cannot_work_is_said_at_once(client: ct.Client, queue: ct.Queue) -> None:
    with pytest.raises(ct.ConfigError, match="is not a pull queue"):
        client.create_queue("push").worker(print)
    with pytest.raises(ct.ConfigError, match="handler of type str, but handler must be a function"):
        queue.worker("print")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="concurency"):
        queue.worker(print, concurency=3)


def test_a_worker_may_be_stopped_as_soon_as_it_was_started(queue: ct.Queue) -> None:
    worker = queue.worker(print)
    for _ in range(20):
        worker.start().stop(timeout=PATIENCE_S)
        assert worker.tally.state == "stopped"


def test_a_handler_may_stop_its_own_worker(queue: ct.Queue) -> None:
    fill(queue, 5)
    worker = queue.worker(lambda task: worker.stop(), concurrency=1).start()
    wait_until(lambda: worker.tally.state == "stopped")
    worker.stop()
    assert worker.tally.done == 1


@pytest.mark.usefixtures("renewed_early")
def test_a_task_that_is_gone_takes_no_others_of_its_batch_along(standing: ct.Client) -> None:
    """The leases of the other tasks are renewed, so that no other worker gets them meanwhile."""
    queue = standing.create_queue("jobs", kind="pull")
    fill(queue, 3)
    sizes: list[int] = []

    def handler(tasks: list[ct.Task]) -> None:
        sizes.append(len(tasks))
        queue.task(tasks[0].id).delete()
        outlive_leases(standing, *tasks[1:])

    worker = queue.worker(handler, batch_size=3, lease_duration=LEASE_S, concurrency=2)
    worker.run(until_empty=True)
    assert sizes == [3]
    assert (worker.tally.done, worker.tally.lost) == (2, 1)
    assert queue.count_tasks() == 0


@pytest.mark.usefixtures("quick", "renewed_early")
def test_a_waiting_task_that_is_gone_takes_no_others_of_its_batch_along(queue: ct.Queue) -> None:
    fill(queue, 9)
    sizes: list[int] = []

    def handler(tasks: list[ct.Task]) -> None:
        sizes.append(len(tasks))
        if len(sizes) == 2:
            run = worker._run
            assert run is not None
            wait_until(lambda: run._flow._waiting)
            queue.task(run._flow._waiting[0].tasks[0].id).delete()
            wait_until(lambda: worker.tally.lost == 1)  # by the next renewal

    worker = queue.worker(handler, batch_size=3, lease_duration=LEASE_S, concurrency=1)
    worker.run(until_empty=True)
    assert sizes == [3, 3, 2]
    assert (worker.tally.done, worker.tally.lost) == (8, 1)
    assert queue.count_tasks() == 0


CELLS = [
    "import cloudtasks_nb as ct\n"
    "client = ct.local()\n"
    "queue = client.create_queue('jobs', kind='pull')\n"
    "def fill(): queue.create_tasks(['a', 'b'], progress=False)\n"
    "fill()\n"
    "worker = queue.worker(lambda task: task.text())",
    "worker.run(until_empty=True)",
    "worker",
    "for _ in range(2):\n    fill(); worker.run(until_empty=True)\nworker",
    "same = worker.run(until_empty=True)",
    "worker.run(until_empty=True, progress=False)",
]


def test_a_cell_shows_its_worker_once() -> None:
    """The live card is also the value of the cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    with kernel_for(notebook, timeout=60) as client:
        client.execute()
    outputs = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
    live, value = ["display_data"], ["execute_result"]
    assert outputs == [[], live, value, live, live, value]
    for number, done in ((1, 2), (2, 2), (3, 6), (4, 6), (5, 6)):
        (output,) = notebook.cells[number].outputs
        assert "stopped" in output.data["text/plain"], "the last state is what stays"
        assert f"{done} tasks" in output.data["text/html"]
