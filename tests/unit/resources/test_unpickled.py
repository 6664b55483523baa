"""Unpickled objects have no client, and their error has the line that connects."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.queue import Queue as QueueFields
from cloudtasks_nb.resources.location import Location

PLACE = "projects/p/locations/us-central1"
OBJECTS: dict[str, tuple[Callable[[ct.Client], Any], Callable[[Any], object], str]] = {
    "queue": (
        lambda client: client.queue("work", read=False, kind="pull"),
        lambda queue: queue.lease(),
        '.queue("work")',
    ),
    "task": (
        lambda client: client.task(f"{PLACE}/queues/work/tasks/t", read=False),
        lambda task: task.run(),
        '.task("us-central1/work/t")',
    ),
    "location": (
        lambda client: Location(name=PLACE).bind(client._session),
        lambda place: place.cmek(),
        '.location("us-central1")',
    ),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_it_says_the_line_that_connects_there(kind: str) -> None:
    made, verb, line = OBJECTS[kind]
    with ct.connect("p", "us-central1", endpoint="http://127.0.0.1:9", access_token="secret") as client:
        travelled = pickle.dumps(made(client))
    assert b"secret" not in travelled
    arrived = pickle.loads(pickle.dumps(pickle.loads(travelled)))  # noqa: S301 - our own bytes
    assert arrived == made(client)
    with pytest.raises(ct.ConfigError, match="has no client") as caught:
        verb(arrived)
    assert f'ct.connect("p", "us-central1", endpoint="http://127.0.0.1:9"){line}' in (caught.value.hint or "")


def test_the_endpoint_of_google_need_not_be_said_and_an_object_without_a_name_names_none() -> None:
    queue = ct.Queue(name=f"{PLACE}/queues/work")
    with pytest.raises(ct.ConfigError) as caught:
        pickle.loads(pickle.dumps(queue)).refresh()  # noqa: S301 - our own bytes
    assert (caught.value.hint or "").endswith('ct.connect("p", "us-central1").queue("work")')
    with pytest.raises(ct.ConfigError, match="has no client") as caught:
        ct.Queue().refresh()
    assert "client.queue(name)" in (caught.value.hint or "")
    assert isinstance(queue, QueueFields)
