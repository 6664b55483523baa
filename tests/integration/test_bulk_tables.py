"""Tasks from tables: from listings, from numpy, from other sources, and invalid ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
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


@pytest.mark.parametrize("form", ["table", "batches", "records", "reader of Arrow dtypes"])
def test_a_table_of_another_library_comes_back_as_tasks(
    client: ct.Client, queue: ct.Queue, form: str
) -> None:
    source = client.create_queue(new_id())
    rows = [{"payload": {"n": 1}, "headers": {"X-A": "b"}}, {"payload": b"\x00", "method": "PUT"}, {}]
    source.create_tasks([{**row, "url": URL, "schedule": soon()} for row in rows], progress=False)
    listing = source.tasks(view="FULL")
    table = listing.to_arrow()
    given: Any = {
        "table": table,
        "batches": table.to_reader(),
        "records": listing.to_dataframe().to_dict("records"),
        "reader of Arrow dtypes": pa.table(listing.to_dataframe(dtype_backend="pyarrow")),
    }[form]
    queue.create_tasks(given, progress=False).raise_for_errors()
    assert shapes(queue) == shapes(source)
    selected = table if form != "records" else listing.to_dataframe().to_dict("records")
    assert source.delete_tasks(selected, progress=False).done == 3


COLUMNS: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas()["task_id"],
    "pandas with Arrow dtypes": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype)["task_id"],
    "pandas with categories": lambda table: table.to_pandas()["task_id"].astype("category"),
    "an index of pandas": lambda table: table.to_pandas().set_index("task_id").index,
    "Polars": lambda table: polars.DataFrame(table)["task_id"],
    "Arrow": lambda table: table["task_id"],
    "an array of Arrow": lambda table: table["task_id"].combine_chunks(),
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_any_library_holds_payloads_and_names(queue: ct.Queue, column: str) -> None:
    ids = pa.table({"task_id": ["a", "b"]})
    queue.create_tasks(["x", "y"], url=URL, schedule="1h", progress=False)
    tasks = queue.tasks().to_arrow()
    assert queue.delete_tasks(COLUMNS[column](tasks), progress=False).done == 2
    queue.create_tasks(COLUMNS[column](ids), url=URL, schedule="1h", progress=False).raise_for_errors()
    assert sorted(task.text() for task in queue.tasks(view="FULL")) == ["a", "b"]


def test_a_table_of_leased_tasks_cannot_be_acknowledged_and_the_error_shows_how(client: ct.Client) -> None:
    work = client.create_queue(new_id(), kind="pull")
    work.create_tasks(["x", "y"], progress=False)
    leased = work.lease()
    for table in (leased.to_dataframe(), leased.to_arrow()):
        with pytest.raises(ct.InvalidArgument, match=r"task for task in leased if task\.name"):
            work.acknowledge_tasks(table, progress=False)
    assert work.acknowledge_tasks(pd.Series(list(leased)), progress=False).done == 2


def test_rows_that_are_no_table_are_what_create_task_takes(queue: ct.Queue) -> None:
    rows = [{"payload.to": "ada", "url": URL}, {"payload.to": "eve", "payload.n": 2**60, "url": URL}]
    queue.create_tasks(rows, progress=False).raise_for_errors()
    assert payloads(queue) == [b'{"to":"ada"}', b'{"to":"eve","n":1152921504606846976}']
    with pytest.raises(ct.InvalidRows, match="no option 'name'"):
        queue.create_tasks([{"payload": 1, "url": URL, "name": "mine"}])


def test_only_what_was_edited_changes(client: ct.Client, queue: ct.Queue) -> None:
    bodies = {
        "mixed": b'{ "n": 1, "x": null, "deep": {"a": 1.0}, "big": 123456789012345678901234567890, "t": true }',
        "other": b'{"n": 2.5, "t": 1, "more": "x"}',
        "binary": b"\xff",
    }
    queue.create_tasks(
        [{"payload": body, "task_id": key} for key, body in bodies.items()], url=URL, schedule=soon()
    )
    with pytest.warns(UserWarning, match="1 of 3"):
        table = queue.tasks(view="FULL").to_dataframe(decode="json").set_index("task_id", drop=False)

    def sent(**cells: object) -> dict[str, bytes | None]:
        edited = table.copy().astype({f"payload.{key}": object for key in cells})
        for key, value in cells.items():
            edited.at["mixed", f"payload.{key}"] = value
        target = client.create_queue(new_id())
        target.create_tasks(edited).raise_for_errors()
        made = {task.id: task.payload for task in target.tasks(view="FULL")}
        assert {key: made[key] for key in ("other", "binary")} == {
            key: bodies[key] for key in ("other", "binary")
        }
        return made

    assert sent() == bodies
    big = b'"big":123456789012345678901234567890'
    assert (
        sent(more="eve")["mixed"] == b'{"n":1,"x":null,"deep":{"a": 1.0},' + big + b',"t":true,"more":"eve"}'
    )
    assert sent(n=7, t=False)["mixed"] == b'{"n":7,"x":null,"deep":{"a": 1.0},' + big + b',"t":false}'
    assert sent(t=1, x=0)["mixed"] == b'{"n":1,"x":0,"deep":{"a": 1.0},' + big + b',"t":1}'
    assert sent(n=None, t=pd.NA, deep=None, big=None)["mixed"] == b'{"x":null}', (
        "a cell without a value removes its key"
    )


def test_an_edited_text_is_sent(client: ct.Client, queue: ct.Queue) -> None:
    rows = [{"payload": body, "task_id": body[:1].hex()} for body in (b"a1", b"b\xff")]
    queue.create_tasks(rows, url=URL, schedule=soon())
    table = queue.tasks(view="FULL").to_dataframe(decode="text")
    target, other = client.create_queue(new_id()).pause(), client.create_queue(new_id()).pause()
    target.create_tasks(table).raise_for_errors()
    assert payloads(target) == [b"a1", b"b\xff"], "bytes that are not text do not change"
    other.create_tasks(table.assign(payload_text=["edited", table.payload_text[1]])).raise_for_errors()
    assert payloads(other) == [b"b\xff", b"edited"]


def test_a_table_carries_what_no_other_column_holds(client: ct.Client, queue: ct.Queue) -> None:
    account = "bot@p.iam.gserviceaccount.com"
    queue.create_task(
        url=URL,
        schedule=soon(),
        task_id="a",
        oidc_token=ct.OidcToken(service_account_email=account),
        retry_config=ct.RetryConfig(max_attempts=3, min_backoff=0.5),
    )
    queue.create_task(b"x", url=URL, schedule=soon(), task_id="b")
    table = queue.tasks(view="FULL").to_dataframe()
    first, second = table["settings"]
    assert json.loads(first) == {
        "retry_config": {"max_attempts": 3, "min_backoff": "0.500s"},
        "oidc_token": {"service_account_email": account},
    }
    assert second is pd.NA
    target = client.create_queue(new_id())
    assert target.create_tasks(table).ok
    assert shapes(target) == shapes(queue)
    for text, words in (
        ("x", "settings must be a JSON object"),
        ("[1]", "settings must be a JSON object"),
        (
            '{"dispatch_dedline": "3s"}',
            "settings cannot have 'dispatch_dedline'; did you mean 'dispatch_deadline'?",
        ),
        ('{"url": "x"}', "settings cannot have 'url'"),
    ):
        with pytest.raises(ct.InvalidRows, match=words):
            target.create_tasks(table.assign(settings=text, task_id=None))
    with (
        ct.connect(
            client.project, client.location, endpoint=client.endpoint, api_version="v2beta2"
        ) as pinned,
        pytest.raises(ct.InvalidRows, match="dispatch_deadline does not exist in v2beta2"),
    ):
        pinned.queue(target.id).create_tasks(
            table.assign(settings='{"dispatch_deadline": "30s"}', task_id=None)
        )


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
    assert "column 'Url' is unknown; did you mean 'url'?" in str(caught.value)
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
    assert "'ftp://x' is not an http:// or https:// URL" in problems[0]
    assert "'BREW' must be one of DELETE, GET" in problems[1]
    assert "cannot be sent with GET" in problems[2]
    with pytest.raises(ct.InvalidRows) as caught:
        queue.create_tasks(good.assign(task_id=["same", None, "same"]))
    assert caught.value.problems == [(2, "task_id 'same' is a duplicate")]
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
