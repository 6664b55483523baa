"""If a response has no name, or is not an object, each verb raises DecodeError and returns no resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from tests.scripted import answer, scripted

PLACE = "projects/p/locations/us-central1"
Q, T = f"{PLACE}/queues/q", f"{PLACE}/queues/q/tasks/t"
Verb = Callable[[ct.Client], Any]


def queue(client: ct.Client, kind: Any = "http") -> ct.Queue:
    return client.queue("q", read=False, kind=kind)


ONE: dict[str, Verb] = {
    "read a queue": lambda client: client.queue("q"),
    "create a queue": lambda client: client.create_queue("q"),
    "read a task": lambda client: client.task(T),
    "read a location": lambda client: client.location("us-central1"),
    "read an operation": lambda client: client.operation(f"{PLACE}/operations/x"),
    "refresh": lambda client: queue(client).refresh(),
    "pause": lambda client: queue(client).pause(),
    "purge": lambda client: queue(client).purge(),
    "update": lambda client: queue(client).update(retry_config={"max_attempts": 3}),
    "create a task": lambda client: queue(client).create_task(b"1", url="https://example.com"),
    "refresh a task": lambda client: client.task(T, read=False).refresh(),
    "run a task": lambda client: client.task(T, read=False).run(),
    "create a batch": lambda client: queue(client).batch_create([{"url": "https://example.com"}]),
    "delete a batch": lambda client: queue(client).batch_delete(["t"]),
    "buffer": lambda client: queue(client).buffer(b"1"),
    "diagnose": lambda client: queue(client).diagnose(),
    "its key": lambda client: ct.Location(name=PLACE).bind(client._session).cmek(),
}
MANY: dict[str, Verb] = {
    "queues": lambda client: client.queues().first(1),
    "locations": lambda client: client.locations().first(1),
    "tasks": lambda client: queue(client).tasks().first(1),
    "a frame": lambda client: queue(client).tasks().to_dataframe(),
    "a count": lambda client: queue(client).count_tasks(),
    "leased": lambda client: queue(client, "pull").lease(),
}
OTHERS = [{}, None, [], "x", 5, {"name": 5}, {"name": ""}]


def connected(url: str) -> ct.Client:
    return ct.connect("p", "us-central1", endpoint=url, retry=ct.Retry(max_tries=1))


@pytest.mark.parametrize("verb", ONE.values(), ids=ONE)
def test_a_response_without_the_name_of_its_resource_is_no_resource(verb: Verb) -> None:
    with scripted(
        *(answer(body=b"null") if other is None else answer(body=other) for other in OTHERS)
    ) as server:
        client = connected(server.url)
        for _ in OTHERS:
            with pytest.raises(ct.DecodeError) as refused:
                verb(client)
            assert refused.value.hint
            assert "projects" in str(refused.value.method)
        assert len(server.requests) == len(OTHERS)  # one each, and no further call with a wrong name


@pytest.mark.parametrize("verb", MANY.values(), ids=MANY)
@pytest.mark.parametrize("item", [{}, {"name": ""}, None, 5])
def test_a_listing_has_no_item_without_a_name(verb: Verb, item: Any) -> None:
    page = answer(body={"tasks": [item], "queues": [item], "locations": [item]})
    with scripted(page) as server, pytest.raises(ct.DecodeError):
        verb(connected(server.url))


def test_a_bulk_verb_counts_such_a_response_as_a_failure() -> None:
    with scripted(*(answer(body=body) for body in (b"{}", b"null", b"[]", b"{"))) as server:
        work = queue(connected(server.url))
        for _ in range(4):
            with pytest.raises(ct.DecodeError) as refused:
                work.run_tasks(["t"], progress=False)
            assert (refused.value.result.done, refused.value.result.failed_count) == (0, 1)


@pytest.mark.parametrize(("status", "body"), [(200, b"{}"), (200, b""), (204, b"")])
def test_an_acknowledgement_has_no_content(status: int, body: bytes) -> None:
    leased = {"tasks": [{"name": T, "scheduleTime": "2030-01-01T00:00:00Z", "pullMessage": {}}]}
    with scripted(answer(body=leased), answer(status, body)) as server:
        work = queue(connected(server.url), "pull")
        assert work.acknowledge_tasks(work.lease(), progress=False).done == 1


def test_unknown_fields_are_welcome() -> None:
    with scripted(answer(body={"name": Q, "labels": {"a": [1]}, "zone": None})) as server:
        assert connected(server.url).queue("q").id == "q"
