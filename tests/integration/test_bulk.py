"""Bulk verbs against the real emulator over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, fill, new_id

LATER = datetime(2026, 3, 4, 12, 0, 0, 123456, UTC) + timedelta(days=365 * 50)
COLUMNS = {
    "index": "Int64",
    "name": "string",
    "ok": "boolean",
    "code": "Int32",
    "message": "string",
    "attempts": "Int32",
}


def soon() -> datetime:
    return datetime.now(UTC).replace(microsecond=123456) + timedelta(hours=1)


def payloads(queue: ct.Queue) -> list[bytes | None]:
    return sorted(task.payload or b"" for task in queue.tasks(view="FULL"))


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
    wrong: list[Any] = ["fine", {"payload": "x", "to": "ada"}, {"payload": object()}, {"task_id": "no/slash"}]
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(wrong, url=URL)
    assert [at for at, _ in caught.value.problems] == [1, 2, 3]
    assert "item 1: 'to' is nothing that create_task() takes" in str(caught.value)
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
    with pytest.raises(ct.BulkError, match=r"1 of 3 tasks were not created: 1 × INVALID_ARGUMENT") as caught:
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
    for n in range(100_000):
        if n == 3000:
            print("under way", flush=True)
        yield {"payload": str(n), "schedule": 3600}
try:
    queue.create_tasks(items(), rate_per_second=2000, progress=False)
except KeyboardInterrupt as stop:
    result = stop.result
    left = next(iter(result.not_tried))
    print(json.dumps({"done": result.done, "failed": result.failed_count, "next": int(left.task.pull_message.payload)}))
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
    there = {int(task.payload or b"") for task in queue.tasks(view="FULL")}
    assert told["failed"] == 0
    assert len(there) == told["done"] < 100_000
    assert there == set(range(told["next"])), "what is left begins where the work ended"


def test_a_second_interrupt_gives_up_on_answers_and_loses_count_of_nothing(calls: list[str]) -> None:
    with ct.local() as client:
        queue = client.create_queue(new_id(), kind="pull")
        client.emulator.faults(latency="5s", methods="queues.tasks.batchCreate")
        rows = [{"payload": str(number), "schedule": 3600} for number in range(20_000)]

        def interrupt_twice() -> None:
            pause = threading.Event()
            while (
                sum("batchCreate" in call for call in calls) < 8
            ):  # as many as go side by side: all are held up
                pause.wait(0.01)
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)
                pause.wait(0.2)  # two signals at once are one

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
        assert again.ok, "what may have taken effect is known to have been tried"
        there = sorted(int(task.payload or b"") for task in queue.tasks(view="FULL"))
    assert there == list(range(20_000))


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
    with pytest.raises(ct.InvalidArgument, match="holds no leased tasks"):
        queue.acknowledge_tasks(5)  # type: ignore[arg-type]


def shapes(queue: ct.Queue) -> list[Any]:
    keys = ("http_request", "app_engine_http_request", "pull_message", "schedule_time", "retry_config", "id")
    return sorted(
        ([getattr(task, key) for key in keys] for task in queue.tasks(view="FULL")), key=lambda at: at[-1]
    )


def filled(client: ct.Client) -> ct.Queue:
    queue = client.create_queue(new_id())
    common: dict[str, Any] = {"url": URL, "headers": {"Authorization": "Bearer secret", "X-A": "b"}}
    rows = [{**common, "payload": {"n": n}, "schedule": soon(), "task_id": f"t-{n}"} for n in range(7)]
    rows[0]["retry_config"] = ct.RetryConfig(max_attempts=3)
    assert queue.create_tasks(rows).ok
    return queue


def test_copies_do_the_same_at_the_same_time(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    assert source.copy_tasks(to=queue).done == 7
    assert shapes(queue) == shapes(source)
    assert source.copy_tasks(to=queue).failed_count == 7  # nothing is doubled
    assert source.copy_tasks(to=queue, new_ids=True).done == 7
    assert len(list(queue.tasks())) == 14
    some = source.tasks().to_dataframe().head(2)
    other = client.create_queue(new_id())
    assert source.copy_tasks(some, to=other.id).done == 2
    assert shapes(other) == shapes(source)[:2]
    with pytest.raises(ct.ConfigError, match="another id"):
        source.copy_tasks(to=source)


def test_a_queue_is_copied_into_itself_once(client: ct.Client, queue: ct.Queue) -> None:
    """Copies are found by the listing that is copied, if it is read on while they are made."""
    queue.create_tasks((str(number) for number in range(250)), url=URL, schedule=3600).raise_for_errors()
    with pytest.raises(ct.ConfigError, match="another id"):
        queue.copy_tasks(to=queue)
    pages = queue.tasks(view="FULL", page_size=10)
    assert queue.copy_tasks(pages, to=queue, new_ids=True).done == 250
    assert queue.move_tasks(to=queue, new_ids=True).done == 500
    assert queue.count_tasks() == 500
    assert sorted(payloads(queue)) == sorted(2 * [str(number).encode() for number in range(250)])


def test_a_move_that_was_cut_short_is_finished_by_another(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    before = shapes(source)
    assert source.copy_tasks(to=queue).done == 7  # as if the process had died before the deletions
    assert source.move_tasks(to=queue).ok
    assert list(source.tasks()) == []
    assert shapes(queue) == before


def test_a_task_is_named_once(client: ct.Client, queue: ct.Queue, calls: list[str]) -> None:
    """Of two tasks of one name one would be lost; one that is chosen twice would be run, or copied, twice."""
    source = filled(client)
    names = source.tasks().to_dataframe()[["name"]]
    twice = pd.concat([names, names.head(2)])
    calls.clear()
    for verb in (
        lambda: queue.create_tasks([{"task_id": "a", "payload": text} for text in "xy"], url=URL),
        lambda: source.run_tasks(twice),
        lambda: source.delete_tasks([*twice["name"]]),
        lambda: source.copy_tasks(twice, to=queue, new_ids=True),
    ):
        with pytest.raises(ct.InvalidRows, match="is there before"):
            verb()
    assert calls == []


def test_items_of_a_result_go_to_the_verb_and_the_queue_that_they_are_of(
    client: ct.Client, queue: ct.Queue
) -> None:
    pull, other = (client.create_queue(new_id(), kind="pull") for _ in range(2))
    queue.create_task(b"x", url=URL, task_id="there", schedule=3600)
    failed = queue.create_tasks([{"task_id": "there"}], url=URL).failed
    gone = pull.delete_tasks(["gone"]).failed
    wrong = queue.create_tasks(iter([{"to": "ada"}]), url=URL).failed
    for verb, words in (
        (lambda: other.create_tasks(failed), "is not a task of"),
        (lambda: other.run_tasks(failed), "is not a task of"),
        (lambda: pull.create_tasks(gone), "another verb"),
        (lambda: queue.create_tasks(wrong), "'to' is nothing"),
    ):
        with pytest.raises(ct.InvalidRows, match=words):
            verb()
    assert queue.delete_tasks(failed).done == 1
    copied = queue.copy_tasks(["missing"], to=client.create_queue(new_id()))
    assert queue.delete_tasks(copied.failed).to_dataframe().code.tolist() == [5]


def test_moving_leaves_nothing_behind(client: ct.Client, queue: ct.Queue) -> None:
    source = filled(client)
    before = shapes(source)
    assert source.move_tasks(to=queue).ok
    assert shapes(queue) == before
    assert list(source.tasks()) == []


def test_a_table_comes_back_as_tasks(client: ct.Client, queue: ct.Queue) -> None:
    source = client.create_queue(new_id())
    rows: list[dict[str, Any]] = [
        {"payload": {"to": "ada", "n": 1}, "headers": {"X-A": "b"}},
        {"payload": {"to": "bob", "deep": {"x": [1, None]}}, "method": "PUT"},
        {"payload": b'{ "spaced" : 1 }'},
        {"payload": b"\x00 no json"},
        {"method": "GET"},
    ]
    source.create_tasks(
        [{**row, "url": URL, "schedule": soon(), "task_id": f"t-{n}"} for n, row in enumerate(rows)]
    )
    with pytest.warns(UserWarning, match="2 of 5"):
        table = source.tasks(view="FULL").to_dataframe(decode="json")
    assert queue.create_tasks(table).ok
    assert shapes(queue) == shapes(source)
    other = client.create_queue(new_id())
    table.loc[table.task_id == "t-0", "payload.to"] = "eve"
    assert other.create_tasks(table).ok
    assert other.task("t-0").json() == {"to": "eve", "n": 1}


@pytest.mark.parametrize("instants", [[], ["create_time", "schedule_time"]])
def test_a_csv_file_comes_back_as_tasks(queue: ct.Queue, tmp_path: Path, instants: list[str]) -> None:
    bodies = [b'{"n": 1}', bytes(range(256)), b"plain"]
    queue.create_tasks([{"payload": body} for body in bodies], url=URL, schedule=soon(), headers={"X-A": "b"})
    table = pd.read_csv(
        queue.tasks(view="FULL").to_csv(tmp_path / "tasks.csv"), dtype={"task_id": str}, parse_dates=instants
    )
    queue.create_tasks(table.drop(columns="task_id")).raise_for_errors()
    assert payloads(queue) == sorted(bodies * 2)
    with pytest.raises(ct.InvalidRows, match="is not base64"):
        queue.create_tasks(table.assign(payload="edited!", task_id=None))
    queue.create_tasks(table.assign(payload="edited!", task_id=None).drop(columns="view")).raise_for_errors()
    assert payloads(queue).count(b"edited!") == 3


def test_payloads_may_be_what_numpy_holds(queue: ct.Queue) -> None:
    values = pd.Series([np.int64(3), np.float64(2.5), np.array([1, 2])], dtype=object)
    queue.create_tasks(pd.DataFrame({"payload": values, "url": URL})).raise_for_errors()
    assert payloads(queue) == [b"2.5", b"3", b"[1,2]"]


def test_what_numpy_holds_is_a_payload_a_time_and_a_selection_too(queue: ct.Queue) -> None:
    made = queue.create_task({"n": np.int64(3), "x": np.arange(2)}, url=URL, schedule=np.float32(3600))
    assert made.refresh(view="FULL").json() == {"n": 3, "x": [0, 1]}
    assert queue.delete_tasks(np.array([made.name]), progress=False).done == 1


def test_a_pull_table_comes_back_as_pull_tasks(client: ct.Client) -> None:
    source, target = (client.create_queue(new_id(), kind="pull") for _ in range(2))
    source.create_tasks(
        [{"payload": b"\xff", "tag": "red", "schedule": soon()}, {"payload": b"", "schedule": soon()}]
    )
    assert target.create_tasks(source.tasks(view="FULL").to_dataframe(dtype_backend="pyarrow")).ok
    assert shapes(target) == shapes(source)


def test_a_table_from_anywhere(queue: ct.Queue) -> None:
    table = pd.DataFrame(
        {
            "payload.user": ["ada", "bob"],
            "payload.n": [1, 2],
            "payload.when": [pd.Timestamp("2026-03-04T12:00Z"), pd.NaT],
            "url": URL,
            "headers": ['{"X-A": "b"}', None],
            "schedule_time": ["2099-01-01T00:00:00Z", None],
            "task_id": ["a", "b"],
        }
    )
    table["schedule_time"] = [soon().isoformat(), None]
    assert queue.create_tasks(table).ok
    assert queue.task("a").json() == {"user": "ada", "n": 1, "when": "2026-03-04T12:00:00+00:00"}
    assert queue.task("a").headers["X-A"] == "b"
    assert queue.task("b").json() == {"user": "bob", "n": 2}


def test_wrong_columns_and_rows_are_all_said_before_anything_is_sent(
    queue: ct.Queue, calls: list[str]
) -> None:
    calls.clear()
    good = pd.DataFrame({"payload": [b"x"] * 3, "url": URL})
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(good.assign(Url="x", customer="y"))
    assert "column 'Url' is unknown; is 'url' meant?" in str(caught.value)
    assert "column 'customer' is unknown" in str(caught.value)
    bad = good.assign(
        url=[None, URL, URL],
        headers=[None, {"Authorization": "•••"}, {"X": 1}],
        schedule_time=[None, None, "tomorrow"],
    )
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(bad)
    problems = dict(caught.value.problems)
    assert "needs a url" in problems[0]
    assert "hidden credential" in problems[1]
    assert "not an instant" in problems[2]
    with pytest.raises(ct.InvalidRows, match="without its payload"):
        queue.create_tasks(good.assign(payload=None, view="BASIC"))
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(good.assign(url=["ftp://x", URL, URL], method=[None, "BREW", "get"]))
    problems = dict(caught.value.problems)
    assert "'ftp://x' is no http:// or https:// URL" in problems[0]
    assert "'BREW' is none of DELETE, GET" in problems[1]
    assert "cannot be sent with GET" in problems[2]
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(good.assign(task_id=["same", None, "same"]))
    assert caught.value.problems == [(2, "task_id 'same' is there before")]
    assert calls == []


def test_a_result_shows_itself(queue: ct.Queue) -> None:
    queue.create_tasks([{"payload": b"", "task_id": "there"}], url=URL)
    result = queue.create_tasks([{"task_id": "there"}, {"task_id": "new"}], url=URL)
    text, page = str(result), result._repr_html_()
    for words in ("1 task created", "ALREADY_EXISTS", "there", "queue.create_tasks(result.failed)"):
        assert words in text
        assert words in page
    assert repr(result) == "<BulkResult 1 created, 1 failed, 0 not tried>"


def test_progress_counts_up_to_the_total(queue: ct.Queue, capsys: pytest.CaptureFixture[str]) -> None:
    queue.create_tasks(["x"] * 250, url=URL, progress=True)
    shown = capsys.readouterr().err
    assert f"created in {queue.id}: 100%" in shown
    assert "250 of 250 tasks" in shown
    assert "left" in shown


def test_an_app_engine_table_comes_back_as_app_engine_tasks(client: ct.Client) -> None:
    source, target = (client.create_queue(new_id(), kind="app_engine") for _ in range(2))
    rows = [
        {"payload": b"x", "relative_url": "/a", "schedule": soon(), "task_id": f"t-{n}"} for n in range(2)
    ]
    rows[1]["headers"] = {"User-Agent": "mine"}
    assert source.create_tasks(rows).ok
    assert target.create_tasks(source.tasks(view="FULL").to_dataframe()).ok
    assert shapes(target) == shapes(source)
