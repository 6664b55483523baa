"""The tasks of many queues as one listing, and interrupted listings that continue."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill, new_id
from tests.integration.many import PLACES, SIZES, Wire, project_of_queues


@pytest.fixture
def project(emulator: str) -> Iterator[ct.Client]:
    with project_of_queues(emulator) as client:
        yield client


def counts(tasks: Sequence[ct.Task]) -> dict[str, int]:
    assert len({task.name for task in tasks}) == len(tasks), "a task came twice"
    return dict(Counter(task.name.split("/")[5] for task in tasks))


ALL = {"q0": 3, "q2": 5, "q3": 1}


def test_the_tasks_of_all_queues_are_one_listing_with_all_that_listings_have(project: ct.Client) -> None:
    work = project.create_queue("work", kind="pull")
    work.create_task({"n": 9}, tag="red")
    tasks = project.queues("-").tasks(view="FULL", page_size=2)
    assert counts(list(tasks)) == counts(list(tasks)) == {**ALL, "work": 1}
    frame = tasks.to_dataframe(decode="json")
    assert dict(frame.groupby("queue").size()) == {**ALL, "work": 1}
    assert set(frame.location) == set(PLACES)
    assert frame.loc[frame.queue == "work", ["kind", "tag", "payload.n"]].values.tolist() == [
        ["pull", "red", 9]
    ]
    assert sorted(task.json()["n"] for task in tasks.where("payload.n>3")) == [4, 9]
    assert tasks.where("kind:pull").to_arrow().num_rows == 1
    assert "europe-west1/q0" in str(tasks), "a row of many queues names its queue"
    assert counts(list(project.queues("us-central1").tasks())) == {"q2": 5, "work": 1}
    assert len(list(project.queues(filter="state=PAUSED").tasks())) == 0


BY_PLACE = {
    "queue:q0": {"q0": 3},
    "queue:q0,q3": {"q0": 3, "q3": 1},
    "queue:q0 queue:Q3": {"q0": 3, "q3": 1},
    "queue:europe-west1/q0,us-central1/q3": {"q0": 3},
    "queue:europe-*/*": {"q0": 3, "q3": 1},
    "queue:q": {},
    "queue:q*": ALL,
    "queue:*2,q3": {"q2": 5, "q3": 1},
    "-queue:q0": {"q2": 5, "q3": 1},
    "-queue:q*": {},
    "location:us-central1": {"q2": 5},
    "location:europe-*": {"q0": 3, "q3": 1},
    "-location:europe-* is:scheduled": {"q2": 5},
    "location:europe-west1 queue:q2": {},
    "queue:q2 payload.n>2": {"q2": 2},
    "queue:q2 is:due": {},
    'queue:"q2" attempts:0 kind:http id:t-004': {"q2": 1},
}


@pytest.mark.parametrize("query", BY_PLACE)
def test_tasks_of_many_queues_are_found_by_queue_and_location(query: str, project: ct.Client) -> None:
    tasks = project.queues("-").tasks(view="FULL", page_size=2).where(query)
    assert counts(list(tasks)) == BY_PLACE[query]
    assert dict(Counter(tasks.to_dataframe(progress=False)["queue"])) == BY_PLACE[query]
    assert tasks.to_arrow(columns=["location"]).num_rows == sum(BY_PLACE[query].values())


def test_one_queue_has_these_fields_too_and_files_hold_what_matches(
    project: ct.Client, tmp_path: Path
) -> None:
    one = project.queue("q2").tasks()
    assert len(one.where("queue:q2 location:us-*").to_dataframe()) == 5
    assert list(one.where("-queue:q2")) == []
    some = project.queues("-").tasks().where("queue:q0,q2").where("location:us-central1")
    assert len(some.first(3)) == 3
    assert set(pd.read_csv(some.to_csv(tmp_path / "some.csv"))["queue"]) == {"q2"}
    folder = some.to_parquet(tmp_path / "some", partition_by=["location", "queue"])
    assert [path.name for path in folder.rglob("queue=*")] == ["queue=q2"]
    for wrong, meant in (("queues:q2", "queue:q2"), ("region:us-east1", "location:us-east1")):
        with pytest.raises(ct.QueryError, match=f"did you mean {meant}"):
            project.queues("-").tasks().where(wrong)
    with pytest.raises(ct.QueryError, match="queue cannot be used with '>'"):
        project.queues("-").tasks().where("queue>q0")


def test_an_export_reads_queues_side_by_side_and_iteration_reads_what_it_reaches(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Wire(monkeypatch)
    tasks = project.queues("-").tasks()
    assert sent.listed == ["q0"]
    assert len(tasks.first(3)) == 3
    assert sent.listed == ["q0"]
    sent.together = threading.Barrier(3)
    assert len(tasks.to_dataframe(progress=False)) == sum(SIZES)
    assert sorted(sent.listed) == ["q0", "q1", "q2", "q3"]


def test_one_queue_that_refuses_is_named_and_the_others_are_in_the_result(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Wire(monkeypatch)
    tasks = project.queues("-").tasks(page_size=2)
    sent.refused = {"q2": 403, "q3": 404}
    with pytest.raises(ct.PermissionDenied, match=r"queues/q2") as caught:
        tasks.to_dataframe(progress=False)
    read = caught.value.result
    assert isinstance(read, pd.DataFrame)
    assert set(read.queue) == {"q0"}, "a deleted queue has no tasks"
    assert "page_token=error.page_token" in (caught.value.hint or "")
    assert sent.listed.count("q2") == 2, "it is tried once more after all others"
    sent.refused = {}
    rest = project.queues("-").tasks(page_size=2, page_token=caught.value.page_token)
    assert counts(list(rest)) == {"q2": 5}


def refusal(code: int, status: str, message: str) -> tuple[int, str, float, bytes]:
    error = {"error": {"code": code, "status": status, "message": message}}
    return code, "application/json", 0.0, json.dumps(error).encode()


def test_each_queue_that_fails_is_named_with_its_own_reason(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(project.create_queue("asia-east1/q4"), 2)
    fill(project.create_queue("asia-east1/q5"), 1)
    sent, name = Wire(monkeypatch), f"projects/{project.project}/locations"
    sent.answers = {
        "q0": refusal(403, "PERMISSION_DENIED", f"You may not list {name}/europe-west1/queues/q0."),
        "q1": refusal(403, "PERMISSION_DENIED", f"You may not list {name}/us-central1/queues/q1."),
        "q2": refusal(400, "INVALID_ARGUMENT", "This queue has no such view."),
        "q5": (200, "text/html", 0.0, b"<p>a proxy</p>"),
    }
    tasks = project.queues("-").tasks(page_size=2)
    writes: list[Callable[[], object]] = [
        lambda: tasks.to_dataframe(progress=False),
        lambda: tasks.to_arrow(progress=False),
        lambda: tasks.to_parquet(tmp_path / "tasks.parquet"),
        lambda: tasks.to_csv(tmp_path / "tasks.csv", resume=True),
        lambda: list(tasks),
    ]
    for write in writes:
        with pytest.raises(ct.DecodeError, match="HTTP 200 with text/html") as caught:
            write()
        error = caught.value
        assert error.resource and error.resource.endswith("asia-east1/queues/q5")
        assert list(error.not_listed) == [
            "asia-east1/q5",
            "europe-west1/q0",
            "us-central1/q1",
            "us-central1/q2",
        ]
        said = str(error)
        assert "4 queues could not be listed" in said
        assert "not listed: asia-east1/q5: DecodeError: The endpoint returned HTTP 200 with text/html" in said
        assert "not listed: europe-west1/q0, us-central1/q1: 403 PERMISSION_DENIED: You may not list" in said
        assert "not listed: us-central1/q2: 400 INVALID_ARGUMENT: This queue has no such view." in said
        assert all(words in error._repr_html_() for words in ("us-central1/q2", "no such view"))
        if caught.value.result is not None:
            assert set(pa.table(caught.value.result)["queue"].to_pylist()) == {"q3", "q4"}
    with pytest.raises(ct.DecodeError) as later:  # as in another process
        list(project.queues("-").tasks(page_token=caught.value.page_token))
    assert later.value.not_listed["us-central1/q2"] == "400 INVALID_ARGUMENT: This queue has no such view."


def test_a_page_that_cannot_be_used_names_its_queue(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, name = Wire(monkeypatch), project.queue("q2").name
    broken = {"tasks": [{"name": f"{name}/tasks/a", "scheduleTime": "never"}]}
    sent.answers = {"q2": (200, "application/json", 0.0, json.dumps(broken).encode())}
    tasks = project.queues("-").tasks(page_size=2)
    uses: list[Callable[[], object]] = [
        lambda: list(tasks),
        lambda: list(tasks.where("id:a")),
        lambda: tasks.to_dataframe(progress=False),
        lambda: tasks.to_arrow(progress=False),
        lambda: tasks.to_parquet(tmp_path / "tasks.parquet", resume=True),
        lambda: tasks.where("queue:q2").to_csv(tmp_path / "tasks.csv"),
    ]
    for at, use in enumerate(uses):
        with pytest.raises(ct.DecodeError, match="cannot be used") as caught:
            use()
        assert (at, caught.value.resource) == (at, name)


def test_several_that_refuse_are_named_and_where_all_refuse_the_call_itself_fails(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Wire(monkeypatch)
    sent.refused = {"q0": 403, "q3": 403}
    with pytest.raises(ct.PermissionDenied) as caught:
        list(project.queues("-").tasks())
    assert "not listed: europe-west1/q0, europe-west1/q3: 403 PERMISSION_DENIED" in str(caught.value)
    sent.refused = dict.fromkeys(("q0", "q1", "q2", "q3"), 403)
    with pytest.raises(ct.PermissionDenied):
        project.queues("-").tasks()
    with pytest.raises(ct.InvalidArgument, match="does not belong to a listing of many queues"):
        project.queues("-").tasks(page_token="nonsense")


def test_a_page_token_serves_only_the_listing_that_it_belongs_to(project: ct.Client, emulator: str) -> None:
    """Its queues would count as deleted, and the result would look complete."""
    token = project.queues("-").tasks(page_size=1).first_page.next_page_token
    with ct.connect(new_id(), "us-central1", endpoint=emulator) as other:
        other.create_queue("z")
        others = [
            other.queues("-"),
            project.queues("us-central1"),
            project.queues("-", filter="state=RUNNING"),
        ]
        for queues in others:
            with pytest.raises(ct.InvalidArgument, match="belongs to another listing: queues of"):
                queues.tasks(page_token=token)
    assert len(list(project.queues("-").tasks(page_token=token))) == 8


@pytest.mark.parametrize("whole_project", [False, True])
def test_the_line_that_lists_the_rest_filters_it(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch, whole_project: bool
) -> None:
    sent = Wire(monkeypatch)
    listing = project.queues("-").tasks if whole_project else project.queue("q2").tasks
    tasks = listing(page_size=1).where("attempts:0").where("-code:error")
    sent.refused_after = 2
    with pytest.raises(
        ct.Unavailable, match=r"tasks\(page_token=error.page_token\)\.where\(…\) lists the rest"
    ):
        tasks.to_dataframe(progress=False)


def test_where_the_first_eight_refuse_the_error_begins_with_the_others(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(9):
        fill(project.create_queue(f"africa-south1/z{at}"), 1)
    sent = Wire(monkeypatch)
    sent.refused = dict.fromkeys((f"z{at}" for at in range(9)), 403)
    with pytest.raises(ct.PermissionDenied, match="5 of 13 queues were not tried") as caught:
        project.queues("-").tasks()
    others = project.queues("-").tasks(page_token=caught.value.page_token)
    with pytest.raises(ct.PermissionDenied) as caught:
        others.to_dataframe(progress=False)
    assert len(caught.value.result) == 9
    assert len(caught.value.not_listed) == 9
    assert "not listed: africa-south1/z1, africa-south1/z2" in str(caught.value)
    assert "africa-south1/z7: failed in the listing that this one continues" in str(caught.value)
    sent.refused.clear()
    assert len(project.queues("-").tasks(page_token=caught.value.page_token).to_dataframe()) == 9


@pytest.mark.parametrize("whole_project", [False, True])
@pytest.mark.parametrize("reached", [1, 2, 3])
def test_an_export_that_is_cut_short_goes_on_with_the_first_missing_page(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch, whole_project: bool, reached: int
) -> None:
    sent = Wire(monkeypatch)

    def listing(token: str = "") -> ct.TaskPager:
        if whole_project:
            return project.queues("-").tasks(page_size=1, page_token=token)
        return project.queue("q2").tasks(page_size=1, page_token=token)

    wanted = sorted(listing().to_dataframe(progress=False).name)
    sent.listed.clear()
    tasks = listing()
    sent.refused_after = reached
    with pytest.raises(ct.Unavailable) as caught:
        tasks.to_dataframe(progress=False)
    sent.refused_after = None
    before = caught.value.result
    rest = listing(caught.value.page_token).to_dataframe(progress=False)
    assert len(before) and len(rest)
    assert sorted([*before.name, *rest.name]) == wanted


def test_an_export_that_is_interrupted_holds_what_was_read_and_where_it_goes_on(
    project: ct.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Wire(monkeypatch)
    tasks = project.queue("q2").tasks(page_size=1)
    sent.refused_after, sent.interrupts = 3, True
    with pytest.raises(KeyboardInterrupt) as caught:
        tasks.to_arrow(progress=False)
    sent.refused_after = None
    stopped: Any = caught.value
    assert stopped.result["task_id"].to_pylist() == ["t-000", "t-001", "t-002"]
    assert "the error's .result holds the 3 read before" in stopped.__notes__[0]
    rest = project.queue("q2").tasks(page_size=1, page_token=stopped.page_token)
    assert [task.id for task in rest] == ["t-003", "t-004"]


def test_a_progress_line_says_how_many_list_calls_it_takes(
    project: ct.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = project.queue("q2")
    queue.tasks(page_size=2).to_dataframe(progress=True)
    shown = capsys.readouterr().err
    assert "tasks of us-central1/q2 in about 3 list calls:   0%|" in shown, "before the first of them"
    assert "of about 5 tasks" in shown
    queue.tasks(page_size=2).where("attempts:0").to_dataframe(progress=True)
    assert "where attempts:0 in about 3 list calls: 5 tasks in" in capsys.readouterr().err
    project.queues("-", stats=True).tasks(page_size=2).to_arrow(progress=True)
    assert "in about 7 list calls" in capsys.readouterr().err
    project.queues("-").tasks(page_size=2).to_arrow(progress=True)
    assert "in at least 4 list calls: 9 tasks in" in capsys.readouterr().err
