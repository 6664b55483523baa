"""queue.tasks().where(): a listing of the matching tasks, against the real emulator over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill
from tests.scripted import answer, scripted

EVEN = "id:0,2,4,6,8"


def ids(tasks: object) -> list[str]:
    return [task.id for task in tasks]  # type: ignore[attr-defined]


def test_a_first_page_is_not_read_twice_and_each_further_one_when_it_is_reached(
    queue: ct.Queue, calls: list[str]
) -> None:
    fill(queue, 9)
    calls.clear()
    tasks = queue.tasks(page_size=3).where("id:t-001,t-004,t-008")
    assert len(calls) == 1
    walk = iter(tasks)
    assert (next(walk).id, len(calls)) == ("t-001", 1)
    assert (next(walk).id, len(calls)) == ("t-004", 2)
    assert (ids(walk), len(calls)) == (["t-008"], 3)


def test_what_was_read_before_is_read_anew(queue: ct.Queue, calls: list[str]) -> None:
    fill(queue, 3)
    everything = queue.tasks()
    assert len(list(everything)) == 3
    queue.task("t-001").delete()
    tasks = everything.where("attempts:0")
    assert ids(tasks) == ["t-000", "t-002"]
    queue.task("t-000").delete()
    assert ids(tasks) == ["t-002"]


def test_every_export_holds_what_matches(queue: ct.Queue, tmp_path: Path) -> None:
    names = fill(queue, 7)
    wanted = [name for name in names if int(name[-1]) % 2 == 0]
    tasks = queue.tasks("FULL", page_size=2).where(EVEN.replace("id:", "payload.n:"))
    assert ids(tasks) == wanted
    assert ids(tasks.first(2)) == wanted[:2]
    assert [ids(page) for page in tasks.pages()] == [["t-000"], ["t-002"], ["t-004"], ["t-006"]]
    assert tasks.to_dataframe()["task_id"].tolist() == wanted
    assert tasks.to_dataframe(limit=3)["task_id"].tolist() == wanted[:3]
    assert tasks.to_dataframe(decode="json")["payload.n"].tolist() == [0, 2, 4, 6]
    assert tasks.to_arrow(columns=["task_id"]).column(0).to_pylist() == wanted
    assert sum(batch.num_rows for batch in tasks.to_arrow_batches()) == 4
    assert pq.read_table(tasks.to_parquet(tmp_path / "t.parquet"))["task_id"].to_pylist() == wanted
    assert pd.read_csv(tasks.to_csv(tmp_path / "t.csv"))["task_id"].tolist() == wanted
    assert pd.read_excel(tasks.to_excel(tmp_path / "t.xlsx"))["task_id"].tolist() == wanted
    assert queue.delete_tasks(tasks, progress=False).done == 4
    assert queue.count_tasks() == 3


def test_a_page_without_a_match_is_empty_and_not_the_end(queue: ct.Queue) -> None:
    fill(queue, 6)
    tasks = queue.tasks(page_size=2).where("id:t-005")
    assert [len(page) for page in tasks.pages()] == [0, 0, 1]
    assert len(tasks.first_page) == 0 and ids(tasks.first(1)) == ["t-005"]
    assert ids(tasks.page(tasks.first_page.next_page_token)) == []
    assert "more pages to come" in repr(tasks) and "where id:t-005" in repr(tasks)
    assert len(queue.tasks().where("id:nothing").to_dataframe()) == 0


def test_another_where_narrows_further(queue: ct.Queue) -> None:
    fill(queue, 6)
    tasks = queue.tasks(page_size=4).where("id:t-001,t-002,t-005")
    assert ids(tasks.where("id:t-002,t-003")) == ["t-002"]
    assert ids(tasks.where("id:t-003")) == []
    assert ids(tasks) == ["t-001", "t-002", "t-005"]
    assert ids(tasks.where("")) == ids(tasks)


def test_payloads_that_are_not_read_are_not_searched(queue: ct.Queue, calls: list[str]) -> None:
    fill(queue, 2)
    tasks = queue.tasks()
    calls.clear()
    with pytest.raises(ct.QueryError) as refused:
        tasks.where("payload.n:1")
    assert "queue.tasks(view=\"FULL\").where('payload.n:1')" in str(refused.value)
    with pytest.raises(ct.QueryError, match="no field cod"):
        tasks.where("cod:503")
    assert calls == []


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_every_version_is_narrowed(emulator: str, queue: ct.Queue, version: str) -> None:
    fill(queue, 3)
    with ct.connect(project="local", endpoint=emulator, api_version=version) as client:
        tasks = client.queue(queue.name).tasks("FULL", page_size=2).where("payload.n>0 attempts:0 kind:http")
        assert ids(tasks) == ["t-001", "t-002"]
        assert tasks.to_dataframe()["dispatch_count"].tolist() == [0, 0]


def test_a_bar_counts_what_matches(queue: ct.Queue, capsys: pytest.CaptureFixture[str]) -> None:
    fill(queue, 6)
    queue.tasks(page_size=2).where("id:t-001,t-005").to_dataframe(progress=True)
    shown = capsys.readouterr().err
    assert "where id:t-001,t-005" in shown and "2 tasks in" in shown


def test_a_page_that_cannot_be_read_says_which() -> None:
    queue = "projects/p/locations/l/queues/q"
    broken = answer(200, {"tasks": [{"name": f"{queue}/tasks/a", "scheduleTime": "never"}]})
    good = answer(200, {"tasks": [{"name": f"{queue}/tasks/b"}], "nextPageToken": "two"})
    with scripted(answer(200, {"name": queue}), good, broken) as server:
        client = ct.connect(project="p", location="l", endpoint=server.url, api_version="v2beta2")
        tasks = client.queue(queue).tasks().where("id:b")
        with pytest.raises(ct.DecodeError, match="The page with the token 'two' of the tasks of l/q cannot"):
            list(tasks)


@pytest.mark.parametrize("body", ["null", "[]", '{"tasks": null}', '{"tasks": [', "[" * 100_000])
def test_a_page_that_is_no_json_of_tasks_is_an_error_of_this_package(body: str) -> None:
    with scripted(answer(200, body.encode())) as server:
        client = ct.connect(project="p", location="l", endpoint=server.url, api_version="v2beta2")
        with pytest.raises(ct.DecodeError, match="Page 1 of the tasks of l/q cannot be used"):
            client.queue("q", read=False).tasks().where("id:b")


def test_tasks_at_risk_are_narrowed_and_keep_their_columns(queue: ct.Queue) -> None:
    fill(queue, 4)
    tasks = queue.at_risk(within="60d").where("id:t-001,t-003")
    assert ids(tasks) == ["t-001", "t-003"]
    assert tasks.to_dataframe()["expire_time"].notna().tolist() == [True, True]
