"""Batches over a real socket: parts in order, each with its own outcome, retried only if idempotent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.auth.credentials import Credentials

import cloudtasks_nb as ct
from cloudtasks_nb.api import one_request
from cloudtasks_nb.rest import session
from tests.scripted import Scripted, answer, refusal, scripted
from tests.waiting import waits_of

PLACE = "projects/local/locations/us-central1"
QUEUE = f"{PLACE}/queues/emails"


def named(short: str) -> dict[str, Any]:
    return {"name": f"{PLACE}/queues/{short}", "type": "PULL", "pullTarget": {}, "state": "RUNNING"}


def part(number: int, body: Any = None, status: int = 200, rpc_status: str = "") -> bytes:
    if rpc_status:
        body = {"error": {"code": status, "status": rpc_status, "message": f"{rpc_status} indeed"}}
    inner = json.dumps({} if body is None else body)
    return (
        f"Content-Type: application/http\r\nContent-ID: <response-x + {number}>\r\n\r\n"
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{inner}\r\n"
    ).encode()


def multipart(*parts: bytes) -> bytes:
    body = b"".join(b"--sep\r\n" + one for one in parts) + b"--sep--\r\n"
    return answer(200, body, content_type="multipart/mixed; boundary=sep")


@contextmanager
def client_of(*script: bytes, **options: Any) -> Iterator[tuple[ct.Client, Scripted]]:
    retry = ct.Retry(initial_s=0.001, maximum_s=0.01)
    with (
        scripted(*script) as server,
        ct.connect(
            project="local", location="us-central1", endpoint=server.url, retry=retry, **options
        ) as client,
    ):
        yield client, server


def sent(server: Scripted, at: int = -1) -> list[str]:
    """The request lines of a batch."""
    assert server.requests[at].startswith("POST /batch HTTP/1.1")
    return re.findall(r"^([A-Z]+ /v2\w*/\S+) HTTP/1.1\r$", server.requests[at], re.MULTILINE)


def test_verbs_and_api_calls_go_in_one_request_of_each_version_and_each_does_what_it_always_does() -> None:
    script = [
        answer(200, named("emails")),
        multipart(
            part(2, {"tasks": [{"name": f"{QUEUE}/tasks/t1", "pullMessage": {}}], "nextPageToken": ""}),
            part(0, named("emails") | {"state": "PAUSED"}),
            part(1, {"name": f"{QUEUE}/tasks/t2", "pullMessage": {}}),
            part(3, named("other")),
        ),
        multipart(part(0, status=404, rpc_status="NOT_FOUND")),
    ]
    with client_of(*script) as (client, server):
        queue = client.queue("emails")
        with client.batch() as batch:
            paused = batch.add(queue.pause)
            made = batch.add(queue.create_task, {"n": 1}, task_id="t2")
            listed = batch.add(queue.tasks, view="FULL")
            other = batch.add(client.api.projects.locations.queues.get, name=f"{PLACE}/queues/other")
            gone = batch.add(client.queue, "gone")
            assert queue.state == "RUNNING"
            assert not paused.is_done
        assert len(server.requests) == 3  # a request for each version
        assert [[line.split()[1].partition("?")[0] for line in sent(server, at)] for at in (1, 2)] == [
            [
                f"/v2beta2/{QUEUE}:pause", f"/v2beta2/{QUEUE}/tasks", f"/v2beta2/{QUEUE}/tasks",
                f"/v2beta2/{PLACE}/queues/other",
            ],
            [f"/v2beta3/{PLACE}/queues/gone"],
        ]  # fmt: skip
    assert queue.state == "PAUSED"
    assert paused.result() is queue
    assert made.result().id == "t2"
    assert [task.id for task in listed.result()] == ["t1"]
    assert other.result()["name"] == f"{PLACE}/queues/other"
    with pytest.raises(ct.NotFound) as caught:
        gone.result()
    assert (caught.value.method, caught.value.resource) == (
        "projects.locations.queues.get",
        f"{PLACE}/queues/gone",
    )
    assert [item.ok for item in batch.results] == [True, True, True, True, False]
    assert batch.results.failed == [gone]
    with pytest.raises(ct.NotFound):
        batch.results.values()
    assert "4 of 5 succeeded" in str(batch.results)
    assert "NOT_FOUND indeed" in str(batch)
    assert "404 NOT_FOUND" in batch.results._repr_html_()


def test_a_block_that_raises_sends_nothing() -> None:
    with client_of(answer(200, named("emails"))) as (client, server):
        queue = client.queue("emails")
        with pytest.raises(ZeroDivisionError), client.batch() as batch:
            batch.add(queue.purge)
            _ = 1 / 0
        assert len(server.requests) == 1
        with pytest.raises(ct.ConfigError, match="with block raised an error"):
            _ = batch.results


def test_only_what_may_be_repeated_is_sent_again() -> None:
    down = [
        part(0, status=503, rpc_status="UNAVAILABLE"),
        part(1, status=503, rpc_status="UNAVAILABLE"),
        part(2, status=429, rpc_status="RESOURCE_EXHAUSTED"),
        part(3, {}),
    ]
    script = [
        answer(200, named("emails")),
        multipart(*down),
        multipart(part(0, named("emails")), part(1, named("emails"))),
    ]
    with client_of(*script) as (client, server):
        queue = client.queue("emails")
        with client.batch() as batch:
            batch.add(queue.refresh)
            batch.add(queue.pause)
            batch.add(queue.resume)
            batch.add(queue.delete)
        assert [line.split("?")[0] for line in sent(server)] == [
            f"GET /v2beta2/{QUEUE}",
            f"POST /v2beta2/{QUEUE}:resume",
        ]
    assert [item.ok for item in batch.results] == [True, False, True, True]
    assert isinstance(batch.results[1].error, ct.Unavailable)
    assert [item.attempts for item in batch.results] == [2, 1, 2, 1]
    assert batch.results.requests == 2


def test_a_lost_batch_is_repeated_in_part_and_done_is_done() -> None:
    script = [
        answer(200, named("emails")),
        multipart(part(0, {}))[:-4],
        multipart(part(0, status=404, rpc_status="NOT_FOUND"), part(1, named("emails"))),
    ]
    with client_of(*script) as (client, server):
        queue = client.queue("emails")
        with client.batch() as batch:
            batch.add(client.api.projects.locations.queues.tasks.delete, f"{QUEUE}/tasks/t")
            batch.add(queue.purge)
            batch.add(queue.refresh)
        assert len(sent(server)) == 2
    assert [type(item.error) for item in batch.results] == [type(None), ct.TransportError, type(None)]


def test_a_batch_that_nobody_answered_raises() -> None:
    for broken, kind in (
        (b"", ct.TransportError),
        (refusal(403, "PERMISSION_DENIED"), ct.PermissionDenied),
        (answer(404, b"<html>no</html>", content_type="text/html"), ct.DecodeError),
        (answer(200, {}), ct.DecodeError),
        (multipart(part(7)), ct.TransportError),
    ):
        with client_of(answer(200, named("emails")), broken) as (client, _):
            queue = client.queue("emails")
            batch = client.batch()
            item = batch.add(queue.purge)
            with pytest.raises(kind):
                batch.send()
            assert isinstance(item.error, kind)


class Changing(Credentials):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.token = "old"

    def refresh(self, request: object) -> None:
        self.token = "new"


def test_parts_refused_for_their_token_are_sent_once_more_with_another() -> None:
    both = multipart(part(0, status=401, rpc_status="UNAUTHENTICATED"), part(1, named("emails")))
    again = multipart(part(0, status=401, rpc_status="UNAUTHENTICATED"))
    with client_of(answer(200, named("emails")), both, again, credentials=Changing()) as (client, server):
        queue = client.queue("emails")
        with client.batch() as batch:
            batch.add(queue.pause)
            batch.add(queue.resume)
        assert len(server.requests) == 3
        assert "Bearer new" in server.requests[2]
        assert len(sent(server)) == 1
    assert [type(item.error) for item in batch.results] == [ct.Unauthenticated, type(None)]


def test_more_than_a_thousand_calls_take_more_requests() -> None:
    first = multipart(*(part(number, named("emails")) for number in range(1000)))
    with client_of(answer(200, named("emails")), first, multipart(part(0, named("emails")))) as (
        client,
        server,
    ):
        queue = client.queue("emails")
        with client.batch() as batch:
            for _ in range(1001):
                batch.add(queue.refresh)
        assert [len(sent(server, at)) for at in (1, 2)] == [1000, 1]
    assert all(item.ok for item in batch.results)
    assert len(batch.results._repr_html_()) < 100_000
    assert "1,001 of 1,001 succeeded" in str(batch.results)


def test_what_is_no_verb_of_this_client_is_refused_when_it_is_added() -> None:
    with (
        client_of(answer(200, named("emails"))) as (client, server),
        client_of(answer(200, named("other"))) as (stranger, _),
    ):
        queue, foreign = client.queue("emails"), stranger.queue("other")
        batch = client.batch()
        for wrong, match in (
            (lambda: batch.add(queue), "not a Queue"),
            (lambda: batch.add(foreign.pause), "its own client"),
            (lambda: batch.add(len, []), "makes no call"),
            (lambda: batch.add(queue.update), "without any change"),
        ):
            with pytest.raises(ct.ConfigError, match=match):
                wrong()  # type: ignore[no-untyped-call]
        with pytest.raises(ct.InvalidArgument):
            batch.add(client.api.projects.locations.queues.get, name="emails")
        assert len(batch) == 0
        assert batch.send() == []
        assert len(server.requests) == 1
        with pytest.raises(ct.ConfigError, match="already sent"):
            batch.add(queue.pause)


def test_a_verb_that_breaks_over_its_answer_leaves_the_others_theirs() -> None:
    both = multipart(part(0, named("emails")), part(1, named("emails")))
    with client_of(answer(200, named("emails")), both) as (client, _):
        queue = client.queue("emails")
        with client.batch() as batch:
            batch.add(lambda: queue.refresh().no_such_thing)  # type: ignore[attr-defined]
            batch.add(queue.refresh)
    assert [type(item.error) for item in batch.results] == [AttributeError, type(None)]
    assert "no_such_thing" in str(batch.results)


def test_a_batch_whose_time_is_used_up_by_rejections_was_rejected_and_did_not_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exhausted = multipart(part(0, status=429, rpc_status="RESOURCE_EXHAUSTED"))
    with client_of(answer(200, named("emails")), exhausted) as (client, server):
        queue, send = client.queue("emails"), session.exchange

        def late(*args: Any, **rest: Any) -> Any:
            if len(server.requests) == 1:
                return send(*args, **rest)
            raise ct.Timeout("No response in time.")

        monkeypatch.setattr(session, "exchange", late)
        with client.batch() as batch:
            batch.add(queue.refresh)
    assert isinstance(batch.results[0].error, ct.ResourceExhausted)


def test_a_rejected_batch_pauses_the_quota_of_its_calls() -> None:
    script = answer(200, named("emails")), refusal(429, "RESOURCE_EXHAUSTED", "later", Retry_After="120")
    with client_of(*script, timeout=60) as (client, server):
        queue = client.queue("emails")
        with pytest.raises(ct.ResourceExhausted), client.batch() as batch:
            batch.add(queue.refresh)
        with client.batch() as batch:
            batch.add(queue.refresh)
        with pytest.raises(ct.ResourceExhausted, match="nothing was sent"):
            queue.refresh()
    assert "nothing was sent" in (batch.results[0].error.hint or "")
    assert len(server.requests) == 2


def test_a_paused_quota_stops_no_call_of_a_batch_that_uses_another(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [
        answer(200, named("emails")),
        answer(200, named("other")),
        refusal(429, "RESOURCE_EXHAUSTED", "later", Retry_After="120"),
        multipart(part(0, {"tasks": []})),
    ]
    waits = waits_of(one_request, monkeypatch)
    with client_of(*script, timeout=60) as (client, server):
        queue, free = client.queue("emails"), client.queue("other")
        with pytest.raises(ct.ResourceExhausted):
            queue.lease()
        monkeypatch.setattr(one_request, "_send", taking_a_minute(monkeypatch))
        with client.batch(timeout=240) as batch:
            batch.add(queue.lease)
            batch.add(free.lease)
    assert [item.ok for item in batch.results] == [True, True]
    queues = [[line.split("/")[7] for line in sent(server, at)] for at in (-2, -1)]
    assert queues == [["other"], ["emails"]]
    assert waits == [pytest.approx(120 - 60, abs=30)], "the pause goes on meanwhile"


def taking_a_minute(monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """A request that takes a minute."""
    send, clock, later_s = one_request._send, one_request.time.monotonic, [0]

    def slow(*args: Any) -> float:
        later_s[0] += 60
        return send(*args)

    monkeypatch.setattr(one_request.time, "monotonic", lambda: clock() + later_s[0])
    return slow
