"""Lease verbs over a real socket: requests, stored leases, lost responses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.resources.lease_verbs import lease_filter
from tests.scripted import Scripted, answer, refusal, scripted

QUEUE = "projects/local/locations/us-central1/queues/work"
TASK = f"{QUEUE}/tasks/t1"
FIRST, SECOND = "2026-07-31T12:00:00.123456Z", "2026-07-31T12:05:00.654321Z"


def leased(ends: str = FIRST, **more: Any) -> dict[str, Any]:
    status = {"attemptDispatchCount": 1}
    message = {"payload": "eyJhIjoxfQ==", "tag": "blue"}
    return {
        "name": TASK,
        "pullMessage": message,
        "scheduleTime": ends,
        "status": status,
        "view": "FULL",
    } | more


@contextmanager
def worker(*script: bytes) -> Iterator[tuple[ct.Queue, Scripted]]:
    """A queue with scripted responses."""
    retry = ct.Retry(initial_s=0.001, maximum_s=0.01)
    with (
        scripted(answer(200, {"name": QUEUE, "type": "PULL"}), *script) as server,
        ct.connect(endpoint=server.url, retry=retry) as client,
    ):
        yield client.queue("work"), server


def sent(server: Scripted, at: int = -1) -> tuple[str, dict[str, Any]]:
    head, _, body = server.requests[at].partition("\r\n\r\n")
    return head.split(" ")[1].partition("?")[0].rpartition("/")[2], json.loads(body)


def test_a_lease_is_a_list_of_tasks_that_shows_itself_as_a_table() -> None:
    with worker(answer(200, {"tasks": [leased()]})) as (queue, server):
        tasks = queue.lease(max_tasks=3, lease_duration=90, tag='a "b"')
    assert sent(server) == (
        "tasks:lease",
        {"maxTasks": 3, "leaseDuration": "90s", "filter": 'tag="a \\"b\\""', "responseView": "FULL"},
    )
    assert [task.json() for task in tasks] == [{"a": 1}]
    assert isinstance(tasks, list)
    assert "0 leases held, 1 ended" in str(tasks)  # this one ended long ago
    assert "leased from us-central1/work for 90s" in tasks._repr_html_()


def test_what_proves_the_lease_is_kept_renewed_and_sent() -> None:
    with worker(answer(200, {"tasks": [leased()]}), answer(200, leased(SECOND)), answer(200, {})) as (
        queue,
        server,
    ):
        [task] = queue.lease()
        assert task.renew_lease(300) is task
        assert sent(server) == (
            "t1:renewLease",
            {"scheduleTime": FIRST, "leaseDuration": "300s", "responseView": "FULL"},
        )
        task.acknowledge()
        assert sent(server) == ("t1:acknowledge", {"scheduleTime": SECOND})


def test_a_refresh_that_shows_another_workers_lease_does_not_take_it_over() -> None:
    with worker(
        answer(200, {"tasks": [leased()]}),
        answer(200, leased(SECOND)),
        refusal(400, "FAILED_PRECONDITION"),
    ) as (queue, server):
        [task] = queue.lease()
        task.refresh()
        with pytest.raises(ct.FailedPrecondition):
            task.acknowledge()
        assert sent(server) == ("t1:acknowledge", {"scheduleTime": FIRST})


def test_an_acknowledgement_whose_answer_was_lost_is_done_when_the_repeat_finds_nothing() -> None:
    cut = answer(200, {})[:-1]
    with worker(answer(200, {"tasks": [leased()]}), cut, refusal(404, "NOT_FOUND")) as (queue, server):
        [task] = queue.lease()
        task.acknowledge()
    assert len(server.requests) == 4
    with worker(answer(200, {"tasks": [leased()]}), refusal(404, "NOT_FOUND")) as (queue, _):
        [task] = queue.lease()
        with pytest.raises(ct.NotFound):  # no response was lost: another client finished it
            task.acknowledge()


def test_a_lost_lease_or_renewal_is_not_sent_again() -> None:
    cut = answer(200, {"tasks": [leased()]})[:-1]
    with worker(cut) as (queue, server), pytest.raises(ct.TransportError) as caught:
        queue.lease(lease_duration=30)
    assert len(server.requests) == 2
    assert "free again after 30" in (caught.value.hint or "")
    with worker(answer(200, {"tasks": [leased()]}), cut) as (queue, server):
        [task] = queue.lease()
        with pytest.raises(ct.TransportError):
            task.renew_lease()
    assert len(server.requests) == 3


def test_a_cancelled_lease_is_no_lease_any_more() -> None:
    free = leased(SECOND, status={})
    with worker(answer(200, {"tasks": [leased()]}), answer(200, free)) as (queue, server):
        [task] = queue.lease(view="BASIC")
        assert task.cancel_lease() is task
        assert sent(server) == ("t1:cancelLease", {"scheduleTime": FIRST, "responseView": "FULL"})
        with pytest.raises(ct.ConfigError, match="never leased"):
            task.acknowledge()


def test_a_task_found_in_a_listing_is_worked_by_the_lease_that_it_shows() -> None:
    with worker(answer(200, leased()), answer(200, {})) as (queue, server):
        queue.task("t1").acknowledge()
        assert sent(server) == ("t1:acknowledge", {"scheduleTime": FIRST})
    over = refusal(400, "FAILED_PRECONDITION")
    with worker(answer(200, leased()), over, answer(200, leased(SECOND)), answer(200, {})) as (queue, server):
        task = queue.task("t1")
        with pytest.raises(ct.FailedPrecondition):
            task.acknowledge()
        task.refresh().acknowledge()
        assert sent(server) == ("t1:acknowledge", {"scheduleTime": SECOND})


def test_tasks_that_cannot_be_leased_say_so() -> None:
    push = {"name": TASK, "httpRequest": {"url": "https://x"}, "scheduleTime": FIRST}
    with worker(answer(200, push)) as (queue, _):
        task = queue.task("t1")
        for verb in (task.acknowledge, task.renew_lease, task.cancel_lease):
            with pytest.raises(ct.ConfigError, match="pull queue"):
                verb()


def test_an_acknowledgement_waits_for_a_renewal_in_flight() -> None:
    with worker(answer(200, {"tasks": [leased()]}), answer(200, leased(SECOND)), answer(200, {})) as (
        queue,
        server,
    ):
        [task] = queue.lease()
        lease = task.__dict__["lease"]
        with lease.lock:  # as a renewal holds it
            done = threading.Thread(target=task.acknowledge)
            done.start()
            task.renew_lease()
        done.join()
        assert sent(server) == ("t1:acknowledge", {"scheduleTime": SECOND})


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"tag": "a", "oldest_tag": True}, "not both"),
        ({"tag": 7}, "must be a string"),
        ({"view": "ALL"}, "unknown"),
        ({"max_tasks": 0}, "between 1 and 1,000, not 0"),  # the API would lease 1,000
        ({"max_tasks": None}, "max_tasks must be an integer"),
    ],
)
def test_what_cannot_be_leased_is_refused_before_anything_is_sent(given: dict[str, Any], match: str) -> None:
    with worker() as (queue, server):
        with pytest.raises(ct.ConfigError, match=match):
            queue.lease(**given)
        with pytest.raises(ct.InvalidArgument, match="not a duration"):
            queue.lease(lease_duration="a while")  # type: ignore[arg-type]
        assert len(server.requests) == 1


@given(st.text(max_size=50))
def test_a_quoted_tag_can_be_read_back(tag: str) -> None:
    import re

    body = re.fullmatch(r'tag="((?:[^"\\]|\\["\\])*)"', lease_filter(tag), re.DOTALL)
    assert body is not None
    assert re.sub(r"\\(.)", r"\1", body[1], flags=re.DOTALL) == tag
