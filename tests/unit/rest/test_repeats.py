"""Calls over a real socket that fail at first: which are retried, and which count as done."""

from __future__ import annotations

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.json import Message
from cloudtasks_nb.model.messages import (
    BatchDeleteTasksRequest,
    BufferTaskRequest,
    CreateTaskRequest,
    Empty,
    ListTasksResponse,
)
from cloudtasks_nb.model.task import Task
from cloudtasks_nb.model.versions import VERSIONS, Version
from cloudtasks_nb.rest import deadline, quotas, trying
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.versioned import call_in
from tests.scripted import answer, refusal, scripted
from tests.waiting import passing, waits_of

from .conftest import CUT_WHOLE, EAGER, QUEUE, get_queue, session


def test_a_load_balancers_page_is_unavailable_and_tried_again() -> None:
    page = answer(502, b"<html>Bad gateway</html>", content_type="text/html")
    with scripted(page, page, answer(200, {"name": QUEUE, "state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    assert len(server.requests) == 3


CUT_CHUNK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n"
    + b"{" * 20
)


@pytest.mark.parametrize("broken", [CUT_WHOLE, CUT_CHUNK, b"", b"HTTP/1.1 200 OK\r\nContent-"])
def test_a_cut_connection_is_tried_again_where_that_is_safe(broken: bytes) -> None:
    with scripted(broken, answer(200, {"name": QUEUE, "state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    with scripted(broken) as server, pytest.raises(errors.TransportError) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert caught.value.hint == "try again", "reading changes nothing"


def test_a_call_that_changes_something_is_not_repeated_after_a_cut() -> None:
    with scripted(CUT_WHOLE, answer(200, {})) as server:
        client = session(server)
        with pytest.raises(errors.TransportError, match="a change may have taken effect"):
            client.call("projects.locations.queues.purge", Queue, path={"name": QUEUE})
        client.close()
    assert len(server.requests) == 1


def test_an_exhausted_quota_refuses_before_anything_runs_so_any_call_is_repeated() -> None:
    with scripted(
        refusal(429, "RESOURCE_EXHAUSTED"), answer(200, {"name": QUEUE, "state": "RUNNING"})
    ) as server:
        client = session(server)
        assert client.call("projects.locations.queues.purge", Queue, path={"name": QUEUE}).state == "RUNNING"
        client.close()


def test_a_delete_whose_answer_was_lost_is_done_when_the_repeat_finds_nothing() -> None:
    with scripted(CUT_WHOLE, refusal(404, "NOT_FOUND")) as server:
        client = session(server)
        assert client.call("projects.locations.queues.delete", Empty, path={"name": QUEUE}) == Empty()
        client.close()
    with scripted(refusal(429, "RESOURCE_EXHAUSTED"), refusal(404, "NOT_FOUND")) as server:
        client = session(server)
        with pytest.raises(errors.NotFound):  # the first try was rejected, so another client deleted it
            client.call("projects.locations.queues.delete", Empty, path={"name": QUEUE})
        client.close()


def test_a_conflict_is_never_repeated() -> None:
    with scripted(refusal(409, "ABORTED")) as server, pytest.raises(errors.Aborted):
        get_queue(server)
    assert len(server.requests) == 1


def test_a_named_creation_is_repeated_and_its_second_refusal_means_done() -> None:
    task = CreateTaskRequest(task=Task(name=f"{QUEUE}/tasks/one"))
    create = "projects.locations.queues.tasks.create"
    with scripted(CUT_WHOLE, refusal(409, "ALREADY_EXISTS")) as server:
        client = session(server)
        assert client.fetch(create, path={"parent": QUEUE}, body=task) == b"{}"
        with pytest.raises(errors.AlreadyExists):  # rejected at once: another client created the task
            client.fetch(create, path={"parent": QUEUE}, body=task)
        client.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_names_itself_may_be_repeated_in_every_version(version: Version) -> None:
    """A create without a name is never retried."""

    def repeatable(verb: str, body: Message, **more: str) -> bool:
        path = {"queue" if verb == "buffer" else "parent": QUEUE, **more}
        return call_in(version, f"projects.locations.queues.tasks.{verb}", path=path, body=body).repeatable

    assert repeatable("create", CreateTaskRequest(task=Task(name=f"{QUEUE}/tasks/one")))
    assert not repeatable("create", CreateTaskRequest(task=Task()))
    if version != "v2":
        assert repeatable("buffer", BufferTaskRequest(), taskId="one")
        assert not repeatable("buffer", BufferTaskRequest(), taskId="")
        assert repeatable("batchDelete", BatchDeleteTasksRequest(names=["a"], request_id="mine"))
        assert not repeatable("batchDelete", BatchDeleteTasksRequest(names=["a"]))


def test_a_later_page_outlasts_an_exhausted_quota_while_a_first_page_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = passing(monkeypatch, deadline, quotas, trying)
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="40"), answer(200, {"tasks": []})) as server:
        client = session(server, timeout_s=30)
        listing = "projects.locations.queues.tasks.list"
        page = client.call(listing, ListTasksResponse, path={"parent": QUEUE}, query={"pageToken": "t"})
        assert page.tasks == []
        client.close()
    assert server.requests[0].split()[1] == server.requests[1].split()[1]
    assert waits == [pytest.approx(40, abs=1)]
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="40")) as server:
        client = session(server, timeout_s=30)
        with pytest.raises(errors.ResourceExhausted):
            client.call(listing, ListTasksResponse, path={"parent": QUEUE})
        client.close()
    assert len(waits) == len(server.requests) == 1


def test_a_listing_waits_for_its_quota_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = passing(monkeypatch, deadline, quotas, trying)
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="12")) as server:
        client = session(server, retry=Retry(quota_wait_s=30))
        with pytest.raises(errors.ResourceExhausted):
            listing = "projects.locations.queues.tasks.list"
            client.call(listing, ListTasksResponse, path={"parent": QUEUE}, query={"pageToken": "t"})
        client.close()
    assert waits == [pytest.approx(12, abs=1)] * 2
    assert len(server.requests) == 3


def test_retry_after_counts_for_the_answer_that_said_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(trying, monkeypatch)
    quota = refusal(429, "RESOURCE_EXHAUSTED", Retry_After="3")
    with scripted(quota, b"", answer(200, {"name": QUEUE, "state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    assert waits[0] == pytest.approx(3, abs=1)
    assert waits[1] <= EAGER.maximum_s


INFO = "type.googleapis.com/google.rpc.RetryInfo"
DATE = "Sun, 01 Mar 2026 10:00:{} GMT"
DELAYS: dict[str, tuple[dict[str, str], list[object], float]] = {
    "RetryInfo": ({}, [{"@type": INFO, "retryDelay": "2.500s"}], 2.5),
    "the longer one": ({"Retry_After": "4"}, [{"@type": INFO, "retryDelay": "3s"}], 4),
    "an odd detail before it": ({}, ["odd", {"@type": 7}, {"@type": INFO, "retryDelay": "3s"}], 3),
    "an odd delay": ({}, [{"@type": INFO, "retryDelay": {"seconds": 3}}], 0),
    "a delay of text that is not a duration": ({}, [{"@type": INFO, "retryDelay": "soon"}], 0),
    "a delay of years": ({}, [{"@type": INFO, "retryDelay": "999999999s"}], 86_400),
    "a negative delay": ({}, [{"@type": INFO, "retryDelay": "-3s"}], 0),
    "an instant of the server's clock": (
        {"Retry_After": DATE.format("05"), "Date": DATE.format("02")},
        [],
        3,
    ),
    "an endless delay": ({"Retry_After": "inf"}, [], 86_400),
    "not a number": ({"Retry_After": "nan"}, [], 0),
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("case", DELAYS)
def test_the_delay_that_the_service_asks_for(case: str, status: int) -> None:
    headers, details, delay_s = DELAYS[case]
    body = {"error": {"code": status, "message": "later", "details": details}}
    with scripted(answer(status, body, **headers)) as server, pytest.raises(errors.ApiError) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert caught.value.retry_after_s == delay_s


def test_the_hint_names_a_long_delay_that_the_service_asks_for() -> None:
    with (
        scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="3600")) as server,
        pytest.raises(errors.ResourceExhausted, match="wait 3,600 s, or lower the rate"),
    ):
        get_queue(server)
    assert len(server.requests) == 1


def test_the_hint_of_a_lease_call_names_a_delay_of_more_than_a_second() -> None:
    with (
        scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="29.5")) as server,
        ct.connect(endpoint=server.url, timeout=2) as client,
        pytest.raises(ct.ResourceExhausted, match="is used up: wait 30 s, or lease more"),
    ):
        client.queue("p/q", read=False, kind="pull").lease()
