"""When an existing task counts as the created one."""

from __future__ import annotations

from typing import Any

import pytest

from cloudtasks_nb.bulk.recreating import does_the_same
from cloudtasks_nb.model import HttpRequest, PullMessage, Task

ASKED: dict[str, Any] = {
    "url": "https://a.example/",
    "http_method": "PUT",
    "body": b"1",
    "headers": {"X-A": "b"},
}


def http(**changes: Any) -> Task:
    return Task(view="FULL", http_request=HttpRequest(**ASKED | changes))


def test_the_service_may_add_headers_and_write_their_names_its_own_way() -> None:
    assert does_the_same(http(headers={"x-a": "b", "User-Agent": "Google-Cloud-Tasks"}), http())


@pytest.mark.parametrize(
    "there",
    [
        http(headers={"X-A": "other"}),
        http(headers={}),
        http(body=b"2"),
        http(body=b""),
        http(url="https://b.example/"),
        http(http_method="POST"),
        Task(view="FULL", pull_message=PullMessage(payload=b"1")),
    ],
)
def test_whatever_does_something_else_is_another_task(there: Task) -> None:
    assert not does_the_same(there, http())


def test_a_tag_is_a_part_of_what_a_pull_task_does() -> None:
    red, blue = (
        Task(view="FULL", pull_message=PullMessage(payload=b"1", tag=tag)) for tag in ("red", "blue")
    )
    assert does_the_same(red, red)
    assert not does_the_same(red, blue)
