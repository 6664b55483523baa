"""Pages of listings: stable order, sizes, page tokens."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.front.wording import said_in
from cloudtasks_nb.emulator.server.rules import attempts
from cloudtasks_nb.emulator.server.rules.pages import make_token, page_size, read_token
from cloudtasks_nb.emulator.server.services.tasks import NAMES_ONLY
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    Duration,
    HttpRequest,
    PullMessage,
    PullTarget,
    Queue,
    RetryConfig,
    Task,
)
from cloudtasks_nb.model.messages import ListTasksResponse
from cloudtasks_nb.model.methods import methods_of
from cloudtasks_nb.model.translation import write
from cloudtasks_nb.model.versions import OWN, VERSIONS, Version
from tests.examples import examples

from .conftest import NOW, PARENT, QUEUE, Emulator, http

_CHANGES = st.lists(
    st.tuples(st.sampled_from(["create", "delete", "retry"]), st.integers(0, 10**6)), max_size=6
)


@settings(max_examples=examples(60))
@given(
    start=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    size=st.integers(1, 5),
    between=st.lists(_CHANGES, max_size=12),
)
def test_pages_hold_still_while_tasks_come_and_go(
    start: list[int], size: int, between: list[list[tuple[str, int]]]
) -> None:
    """No task is repeated, and no task that always existed is missing, although many share an instant."""
    emulator = Emulator()
    emulator.queue()
    alive = [f"t{number}" for number in range(len(start))]
    for task_id, in_s in zip(alive, start, strict=True):
        emulator.task(http(task_id, in_s))
    throughout, seen, token, changes, fresh = set(alive), [], "", iter(between), count()
    while True:
        page = emulator("queues.tasks.list", parent=QUEUE, page_size=size, page_token=token)
        seen += [task["name"].rpartition("/")[2] for task in page.get("tasks", [])]
        token = page.get("nextPageToken", "")
        if not token:
            break
        for change, number in next(changes, []):
            if change == "create":
                alive.append(f"new{next(fresh)}")
                emulator.task(http(alive[-1], number % 4))
            elif alive and change == "delete":
                gone = alive.pop(number % len(alive))
                emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/{gone}")
                throughout.discard(gone)
            elif alive:
                emulator("queues.tasks.run", name=f"{QUEUE}/tasks/{alive[number % len(alive)]}")
                emulator.service.attempts.finish(emulator.sent.pop(), attempts.answered(500))
    emulator.store.close()
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)


def test_orders_of_tasks(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for task_id, tag, in_s in (("a", "z", 3), ("b", "", 2), ("c", "y", 1), ("d", "y", 0)):
        message = PullMessage(tag=tag)
        emulator.task(
            Task(
                name=f"{QUEUE}/tasks/{task_id}",
                pull_message=message,
                schedule_time=NOW + timedelta(seconds=in_s),
            )
        )
    for size in (1, 2, 1000):
        assert emulator.names(page_size=size) == ["d", "c", "b", "a"]
        assert emulator.names(page_size=size, order_by="schedule_time") == ["d", "c", "b", "a"]
        assert emulator.names(page_size=size, order_by="pull_message.tag") == ["b", "d", "c", "a"]
    with pytest.raises(InvalidArgument, match="order_by"):
        emulator.names(order_by="name")


def test_large_payloads_make_short_pages(emulator: Emulator) -> None:
    size = 4000
    emulator.queue(pull_target=PullTarget())
    ids = [f"t{number}" for number in range(7)]
    for task_id in ids:
        emulator.task(Task(name=f"{QUEUE}/tasks/{task_id}", pull_message=PullMessage(payload=b"x" * 900)))
    first = emulator("queues.tasks.list", parent=QUEUE, response_view="FULL", most_bytes=size)
    assert len(first["tasks"]) == 3
    assert emulator.names(response_view="FULL", most_bytes=size) == ids
    assert "nextPageToken" not in emulator("queues.tasks.list", parent=QUEUE, most_bytes=size)
    for task_id in ids[3:]:
        emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/{task_id}")
    left = emulator("queues.tasks.list", parent=QUEUE, response_view="FULL", most_bytes=size)
    assert "nextPageToken" not in left


def test_page_sizes() -> None:
    assert (page_size(0, 1000), page_size(7, 1000), page_size(5000, 1000)) == (1000, 7, 1000)
    with pytest.raises(InvalidArgument):
        page_size(-1, 1000)


@given(st.binary(max_size=40) | st.text(max_size=40), st.text(max_size=20))
def test_garbage_is_no_token(garbage: bytes | str, listing: str) -> None:
    token = garbage if isinstance(garbage, str) else garbage.hex()
    if token:
        with pytest.raises(InvalidArgument, match="page token"):
            read_token(token, [listing], NOW)


def test_tokens_are_good_for_two_hours() -> None:
    token = make_token([5, "id"], ["a", "b"], NOW)
    assert read_token(token, ["a", "b"], NOW + timedelta(hours=2)) == [5, "id"]
    with pytest.raises(InvalidArgument, match="expired"):
        read_token(token, ["a", "b"], NOW + timedelta(hours=2, seconds=1))
    with pytest.raises(InvalidArgument, match="other parameters"):
        read_token(token, ["ab", ""], NOW)


def test_locations_have_pages(emulator: Emulator) -> None:
    first = emulator("list", name="projects/p", page_size=40)
    rest = emulator("list", name="projects/p", page_size=40, page_token=first["nextPageToken"])
    ids = [location["locationId"] for location in first["locations"] + rest["locations"]]
    assert "nextPageToken" not in rest
    assert ids == sorted(ids, key=ids.index)
    assert len(ids) == len(set(ids)) > 40


def test_filtered_queues_have_pages(emulator: Emulator) -> None:
    for number in range(9):
        name = f"{PARENT}/queues/q{number}"
        emulator("queues.create", parent=PARENT, body=Queue(name=name))
        if number % 2:
            emulator("queues.pause", name=name)
    first = emulator("queues.list", parent=PARENT, filter="state=PAUSED", page_size=3)
    assert [queue["name"][-1] for queue in first["queues"]] == ["1", "3", "5"]
    token = first["nextPageToken"]
    second = emulator("queues.list", parent=PARENT, filter="state=PAUSED", page_size=3, page_token=token)
    assert [queue["name"][-1] for queue in second["queues"]] == ["7"]
    assert "nextPageToken" not in second
    with pytest.raises(InvalidArgument, match="other parameters"):
        emulator("queues.list", parent=PARENT, filter="state=RUNNING", page_token=token)


@pytest.mark.parametrize("order_by", ["", "schedule_time", "pull_message.tag"])
def test_a_listing_of_names_has_the_pages_of_the_whole_one(emulator: Emulator, order_by: str) -> None:
    emulator.queue(pull_target=PullTarget())
    for number in range(7):
        message = PullMessage(tag="ab"[number % 2])
        emulator.task(Task(name=f"{QUEUE}/tasks/t{number * 5 % 7}", pull_message=message))
    pages: dict[bool, list[list[str]]] = {True: [], False: []}
    for only_names, found in pages.items():
        token = ""
        while token or not found:
            said = {"page_size": 3, "page_token": token, "order_by": order_by}
            page = emulator(
                "queues.tasks.list",
                parent=QUEUE,
                **({"most_bytes": NAMES_ONLY} if only_names else {}),
                **said,
            )
            assert not only_names or all(task.keys() == {"name"} for task in page["tasks"])
            found.append([task["name"] for task in page["tasks"]])
            token = page.get("nextPageToken", "")
    assert pages[True] == pages[False]
    assert list(map(len, pages[True])) == [3, 3, 1]
    assert emulator("queues.tasks.list", parent=QUEUE, most_bytes=NAMES_ONLY, order_by=order_by)["tasks"]
    emulator("queues.purge", name=QUEUE)
    assert emulator("queues.tasks.list", parent=QUEUE, most_bytes=NAMES_ONLY, order_by=order_by) == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_page_of_attempted_tasks_is_the_same_as_its_translation(version: Version) -> None:
    """Also if headers and URLs look like members of a task."""
    emulator = Emulator()
    emulator.queue()
    odd = 'x","status":{"attemptDispatchCount":1},"lastAttemptStatus":{'
    headers = {"lastAttemptStatus": '"lastAttemptStatus"', "X-Odd": odd}
    for task in (
        Task(http_request=HttpRequest(url="https://example.com/?" + quote(odd), headers=headers)),
        Task(http_request=HttpRequest(url="https://example.com"), dispatch_deadline=Duration(seconds=30)),
        Task(
            http_request=HttpRequest(url="https://example.com"),
            retry_config=RetryConfig(unlimited_attempts=True),
        ),
        Task(app_engine_http_request=AppEngineHttpRequest(relative_url="/x", payload=b"x", headers=headers)),
    ):
        emulator.task(task)
    emulator.task(http("never", 60))
    for name in emulator.names():
        if name != "never":
            emulator("queues.tasks.run", name=f"{QUEUE}/tasks/{name}")
            emulator.service.attempts.finish(emulator.sent.pop(), attempts.answered(500))
    list_ = "projects.locations.queues.tasks.list"
    for size in (1, 100):
        token, seen = "", 0
        while token or not seen:
            asked = {"parent": QUEUE, "response_view": "FULL", "page_size": size, "page_token": token}
            page = json.loads(emulator.service.call(list_, asked, OWN))
            raw = emulator.service.call(list_, asked, version)
            assert isinstance(raw, bytes)
            assert json.loads(said_in(raw, methods_of(version)[list_])) == write(
                ListTasksResponse, page, version
            )
            token, seen = page.get("nextPageToken", ""), seen + len(page["tasks"])
        assert seen == 5
    emulator.store.close()
