"""Tasks out of tables: what a listing wrote, what numpy holds, what comes from anywhere, what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, new_id, payloads, shapes, soon


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
    assert "hidden secret" in problems[1]
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


def test_an_app_engine_table_comes_back_as_app_engine_tasks(client: ct.Client) -> None:
    source, target = (client.create_queue(new_id(), kind="app_engine") for _ in range(2))
    rows = [
        {"payload": b"x", "relative_url": "/a", "schedule": soon(), "task_id": f"t-{n}"} for n in range(2)
    ]
    rows[1]["headers"] = {"User-Agent": "mine"}
    assert source.create_tasks(rows).ok
    assert target.create_tasks(source.tasks(view="FULL").to_dataframe()).ok
    assert shapes(target) == shapes(source)
