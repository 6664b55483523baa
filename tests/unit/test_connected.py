"""Objects that hold connections refuse to be pickled, and name what can be."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/q"
HOLDERS: dict[str, Callable[[ct.Client], Any]] = {
    "client": lambda client: client,
    "api": lambda client: client.api,
    "method": lambda client: client.api.projects.locations.queues.get,
    "batch": lambda client: client.batch(),
    "emulator": lambda client: client.emulator,
    "session": lambda client: client._session,
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
def test_what_holds_connections_says_that_it_cannot_be_pickled(
    holder: Callable[[ct.Client], Any], copied: Callable[[Any], Any]
) -> None:
    held = holder(ct.Client(Session("http://127.0.0.1:9", Auth()), "p", "us-central1"))
    with pytest.raises(ct.ConfigError, match=f"This {type(held).__name__} cannot be pickled") as refused:
        copied([held])
    assert "ct.connect(" in str(refused.value.hint)
    assert vars(copy.copy(held)) == vars(held)  # a shallow copy shares them


def test_a_listing_says_so_and_its_items_can_be_pickled() -> None:
    page = answer(body={"tasks": [{"name": f"{QUEUE}/tasks/t"}]})
    with scripted(page) as server, ct.connect("p", "us-central1", endpoint=server.url) as client:
        tasks = client.queue("q", read=False, kind="http").tasks()
        for listing in (tasks, tasks.where("attempts>=0"), client.queues()):
            with pytest.raises(ct.ConfigError, match=r"cannot be pickled") as refused:
                pickle.dumps(listing)
            assert "list(pager)" in str(refused.value.hint)
        again = pickle.loads(pickle.dumps(list(tasks)))  # noqa: S301 - made here
    assert [task.id for task in again] == ["t"]
