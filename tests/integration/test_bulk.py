"""Bulk verbs against the real emulator over real HTTP: created, deleted, run, finished, interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.bulk import run
from cloudtasks_nb.resources.task import TaskListing
from cloudtasks_nb.rest import session as wire
from cloudtasks_nb.rest.exchange import Answer
from tests.integration.filling import URL, fill, new_id, payloads
from tests.waiting import PATIENCE_S, wait_until

COLUMNS = {
    "index": "Int64",
    "name": "string",
    "ok": "boolean",
    "code": "Int32",
    "message": "string",
    "attempts": "Int32",
}


def test_many_tasks_are_created_in_batches(queue: ct.Queue, calls: list[str]) -> None:
    result = queue.create_tasks(({"payload": {"n": n}} for n in range(250)), url=URL, schedule=60)
    assert len(calls) == 3
    assert result.ok
    result.raise_for_errors()
    assert len(result) == result.done == 250
    assert sorted(json.loads(body or b"")["n"] for body in payloads(queue)) == list(range(250))
    assert sorted(result.names) == sorted(task.name for task in queue.tasks())
    table = result.to_dataframe()
    assert {str(name): str(dtype) for name, dtype in table.dtypes.items()} == COLUMNS
    assert table["index"].tolist() == list(range(250))
    assert table.name.is_unique
    first = queue.task(table.name[0])
    assert first.json() == {"n": 0}
    assert first.headers["Content-Type"] == "application/json"


def test_items_may_be_payloads_dicts_or_tasks(queue: ct.Queue) -> None:
    made = queue.create_task(b"made before", url=URL, schedule=60).refresh()
    items: list[Any] = [
        b"bytes",
        "text",
        ["json"],
        {"payload": b"dict", "task_id": "mine", "url": URL + "/own"},
    ]
    assert queue.create_tasks(items, url=URL, headers={"X-A": "b"}).ok
    assert queue.task("mine").url == URL + "/own"
    assert queue.task("mine").headers["X-A"] == "b"
    assert payloads(queue) == sorted([b"made before", b"bytes", b"text", b'["json"]', b"dict"])
    again = queue.create_tasks([made])
    assert [item.error.status for item in again.failed if isinstance(item.error, ct.ApiError)] == [
        "ALREADY_EXISTS"
    ]


def test_what_lies_at_hand_is_checked_before_anything_is_sent(queue: ct.Queue, calls: list[str]) -> None:
    calls.clear()
    wrong: list[Any] = ["fine", {"to": "ada"}, {"payload": object()}, {"task_id": "no/slash"}, {"scedule": 1}]
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(wrong, url=URL)
    assert [at for at, _ in caught.value.problems] == [1, 2, 3, 4]
    assert "item 1: create_task() has no option 'to'\n" in str(caught.value)
    assert "item 4: create_task() has no option 'scedule'; did you mean 'schedule'?" in str(caught.value)
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks([{"task_id": "?"}] * 500, url=URL)
    assert (caught.value.count, len(caught.value.problems)) == (500, 10)
    assert "… and 490 more" in str(caught.value)
    with pytest.raises(ct.InvalidRows, match="is not a task of"):
        queue.delete_tasks(["projects/p/locations/l/queues/other/tasks/1"])
    for one in ("text", b"bytes", {"payload": "x"}, 3):
        with pytest.raises(ct.InvalidArgument, match="many items"):
            queue.create_tasks(one)  # type: ignore[arg-type]
    with pytest.raises(ct.ConfigError, match="concurrency"):
        queue.create_tasks(["a"], url=URL, concurrency=0)
    assert calls == []


def test_of_an_iterator_a_wrong_item_fails_alone(queue: ct.Queue) -> None:
    result = queue.create_tasks(iter(["a", {"to": "ada"}, "b"]), url=URL)
    assert result.to_dataframe().ok.tolist() == [True, False, True]
    assert result.to_dataframe().attempts.tolist() == [1, 0, 1]
    assert payloads(queue) == [b"a", b"b"]
    with pytest.raises(ct.BulkError, match=r"1 of 3 tasks was not created: 1 × INVALID_ARGUMENT") as caught:
        result.raise_for_errors()
    assert caught.value.result is result


def test_input_is_read_as_it_is_needed(queue: ct.Queue) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            if read == 1050:
                raise KeyboardInterrupt
            read += 1
            yield "x"

    with pytest.raises(KeyboardInterrupt) as caught:
        queue.create_tasks(endless(), url=URL, concurrency=2, progress=False)
    result = caught.value.result  # type: ignore[attr-defined]
    assert isinstance(result, ct.BulkResult)
    assert result.failed_count == 0
    left = list(result.not_tried)
    assert result.done + len(left) == 1050
    assert result.done >= 700, "three chunks of 100 may have been waiting"
    assert result.done == len(list(queue.tasks()))
    assert f"{result.done:,} created" in caught.value.__notes__[0]
    assert queue.create_tasks(left).ok
    assert len(list(queue.tasks())) == 1050


INTERRUPTED = """
import sys, json
import cloudtasks_nb as ct
client = ct.connect(endpoint=sys.argv[1])
queue = client.queue(sys.argv[2])
def items():
    for n in range(20_000):
        if n == 3000:
            print("under way", flush=True)
        yield {"payload": str(n), "schedule": 3600}
try:
    queue.create_tasks(items(), rate_per_second=2000, progress=False)
except KeyboardInterrupt as stop:
    result = stop.result
    left = [int(item.task.pull_message.payload) for item in result.not_tried]
    print(json.dumps({"done": result.done, "failed": result.failed_count, "left": left}))
"""


def test_a_real_interrupt_loses_count_of_nothing(client: ct.Client, emulator: str) -> None:
    queue = client.create_queue(new_id(), kind="pull")
    running = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, emulator, queue.id],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "under way\n"
    running.send_signal(signal.SIGINT)
    told = json.loads(running.communicate(timeout=60)[0])
    there = [int(task.payload or b"") for task in queue.tasks(view="FULL")]
    assert told["failed"] == 0
    assert 0 < len(there) == told["done"] < 20_000
    # Chunks run concurrently, so a later one may be done before an earlier one has begun.
    assert sorted(there + told["left"]) == list(range(20_000)), (
        "each item is either created or left, and never both"
    )


def test_a_second_interrupt_gives_up_on_answers_and_loses_count_of_nothing(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, interrupt = threading.Semaphore(0), run.BulkRun._interrupt

    def hearing(bulk: run.BulkRun) -> None:
        interrupt(bulk)
        heard.release()

    monkeypatch.setattr(run.BulkRun, "_interrupt", hearing)
    with ct.local() as client:
        queue = client.create_queue(new_id(), kind="pull")
        client.emulator.faults(latency="15s", methods="queues.tasks.batchCreate")
        rows = [{"payload": str(number), "schedule": 3600} for number in range(20_000)]

        def interrupt_twice() -> None:
            # Eight calls run concurrently: all of them are blocked.
            wait_until(lambda: sum("batchCreate" in call for call in calls) == 8)
            for _ in range(2):  # two signals at the same time count as one
                os.kill(os.getpid(), signal.SIGINT)
                assert heard.acquire(timeout=PATIENCE_S)

        threading.Thread(target=interrupt_twice).start()
        with pytest.raises(KeyboardInterrupt) as caught:
            queue.create_tasks(rows, progress=False)
        client.emulator.faults()
        result = caught.value.result  # type: ignore[attr-defined]
        left = list(result.not_tried)
        assert (result.done, result.failed_count, result.not_tried_count) == (0, 800, 19_200)
        numbers = [int(item.task.payload or b"") for item in (*result.failed, *left)]
        assert sorted(numbers) == list(range(20_000))
        again = queue.create_tasks([*result.failed, *left], progress=False)
        assert again.ok, "a call that may have taken effect counts as tried"
        there = sorted(int(task.payload or b"") for task in queue.tasks(view="FULL"))
    assert there == list(range(20_000))


def test_one_interrupt_leaves_the_rest_of_an_input_that_is_slow(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_BLOCKED_S", 0.0)

    def slow() -> Iterator[str]:
        for number in range(5):
            if number == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield str(number)

    with pytest.raises(KeyboardInterrupt) as caught:
        queue.create_tasks(slow(), url=URL, progress=False)
    queue.create_tasks(caught.value.result.not_tried, progress=False)  # type: ignore[attr-defined]
    assert payloads(queue) == [b"0", b"1", b"2", b"3", b"4"]


def no_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next list call hangs, as one that waits for its quota does, and the user interrupts it once."""
    send, never, is_first = wire.exchange, threading.Event(), iter([True])

    def hanging(http, verb, url, **rest):  # type: ignore[no-untyped-def]
        if verb == "GET" and "pageToken=" in url and next(is_first, False):
            threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)).start()
            assert not never.wait(timeout=60), "it was not interrupted"
        return send(http, verb, url, **rest)

    monkeypatch.setattr(run, "_BLOCKED_S", 0.0)
    monkeypatch.setattr(wire, "exchange", hanging)


def error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next list call fails."""
    send, is_first = wire.exchange, iter([True])

    def failing(http, verb, url, **rest):  # type: ignore[no-untyped-def]
        if verb == "GET" and "pageToken=" in url and next(is_first, False):
            return Answer(403, "application/json", 0.0, b'{"error": {"code": 403}}')
        return send(http, verb, url, **rest)

    monkeypatch.setattr(wire, "exchange", failing)


def conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user interrupts the conversion of the second page."""
    convert, which = TaskListing.items, iter([1])

    def interrupted(listing: TaskListing, raw: bytes) -> list[ct.Task]:
        if b"/t-004" in raw and next(which, None):
            raise KeyboardInterrupt
        return convert(listing, raw)

    monkeypatch.setattr(TaskListing, "items", interrupted)


@pytest.mark.parametrize("cut", [no_response, error, conversion])
@pytest.mark.parametrize("verb", ["copy", "delete"])
def test_what_a_cut_listing_did_not_reach_counts_as_not_tried(
    verb: str,
    cut: Callable[[pytest.MonkeyPatch], None],
    client: ct.Client,
    queue: ct.Queue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One interrupt ends a listing that waits."""
    fill(queue, 9)
    other = client.create_queue(new_id())
    tasks = queue.tasks(view="FULL", page_size=4)

    def go(selection: Any) -> ct.BulkResult:
        if verb == "copy":
            return queue.copy_tasks(selection, to=other, new_ids=True, progress=False)
        return queue.delete_tasks(selection, progress=False)

    cut(monkeypatch)
    with pytest.raises((KeyboardInterrupt, ct.PermissionDenied)) as caught:
        go(tasks)
    result = caught.value.result  # type: ignore[union-attr]
    assert result.not_tried_count is None
    assert result.done + go(result.not_tried).done == 9
    assert (other.count_tasks(), queue.count_tasks()) == ((9, 9) if verb == "copy" else (0, 0))


def test_a_selection_is_deleted(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 12)
    table = queue.tasks().to_dataframe()
    calls.clear()
    assert queue.delete_tasks(table[table.task_id.isin(names[:3])]).done == 3
    assert len(calls) == 1
    assert queue.delete_tasks(queue.tasks().first(2)).done == 2
    assert queue.delete_tasks(names[5]).done == 1
    gone = queue.delete_tasks([names[6], names[0]])
    assert gone.to_dataframe().code.isna().tolist() == [True, False]
    assert gone.to_dataframe().code.tolist()[1] == 5
    assert queue.delete_tasks(queue.tasks(page_size=2)).done == 5
    assert list(queue.tasks()) == []
    with pytest.raises(ct.InvalidRows, match='no column "name"'):
        queue.delete_tasks(table.drop(columns="name"))


def test_a_selection_is_run(queue: ct.Queue) -> None:
    queue.pause().create_tasks(["a", "b", "c"], url="http://127.0.0.1:9/nobody", schedule=3600)
    assert queue.run_tasks(queue.tasks().first(2)).done == 2
    assert sorted(task.dispatch_count for task in queue.tasks()) == [0, 1, 1]


def test_the_eleventh_lease_call_of_a_second_is_rejected_once_at_most(
    client: ct.Client, calls: list[str]
) -> None:
    queue = client.create_queue(new_id(), kind="pull")
    calls.clear()
    for _ in range(11):
        assert not queue.lease(max_tasks=1)
    assert len(calls) <= 12


def test_leased_tasks_are_finished_together(client: ct.Client) -> None:
    queue = client.create_queue(new_id(), kind="pull")
    queue.create_tasks(str(number) for number in range(25)).raise_for_errors()
    leased = queue.lease(max_tasks=20)
    leased[0].acknowledge()
    result = queue.acknowledge_tasks(leased)
    assert result.done == 19
    assert result.to_dataframe().code.tolist()[0] == 5
    assert len(list(queue.tasks())) == 5
    with pytest.raises(ct.InvalidRows, match="never leased"):
        queue.acknowledge_tasks(queue.tasks().first(2))
    with pytest.raises(ct.InvalidRows, match="is not a task of"):
        client.create_queue(new_id(), kind="pull").acknowledge_tasks(leased)
    assert queue.acknowledge_tasks(queue.lease(max_tasks=1)[0]).done == 1
    for wrong, words in ((5, "An int"), (leased[1].name, "A str")):
        with pytest.raises(ct.InvalidArgument, match=f"{words} holds no leased tasks"):
            queue.acknowledge_tasks(wrong)  # type: ignore[arg-type]


def test_a_result_shows_itself(queue: ct.Queue) -> None:
    queue.create_tasks([{"payload": b"", "task_id": "there"}], url=URL)
    result = queue.create_tasks([{"task_id": "there"}, {"task_id": "new"}], url=URL)
    text, page = str(result), result._repr_html_()
    for words in ("1 task created", "ALREADY_EXISTS", "there", "result.raise_for_errors()"):
        assert words in text
        assert words in page
    assert repr(result) == "<BulkResult 1 created, 1 failed, 0 not tried>"


def test_progress_counts_up_to_the_total(queue: ct.Queue, capsys: pytest.CaptureFixture[str]) -> None:
    queue.create_tasks(["x"] * 250, url=URL, progress=True)
    shown = capsys.readouterr().err
    assert f"created in {queue.id}: 100%" in shown
    assert "250 of 250 tasks" in shown
    assert "left" in shown
