"""Tasks at creation: how large they may be, what is refused, and what the service replaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.rules import tasks as task_rules
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import HttpRequest, PullMessage, PullTarget, Task

from .conftest import NOW, QUEUE, new_queue


@given(
    st.binary(max_size=3000),
    st.dictionaries(
        st.text("abcdefghij-", min_size=1, max_size=20), st.text(max_size=40, alphabet="xyz é"), max_size=8
    ),
    st.text("ab", max_size=200),
)
def test_the_size_is_that_of_the_protocol_buffer(body: bytes, headers: dict[str, str], path: str) -> None:
    from google.cloud import tasks_v2beta2 as gapic

    task = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(
            url=f"https://e.example/{path}", http_method="POST", headers=headers, body=body
        ),
        schedule_time=NOW,
        create_time=NOW.replace(microsecond=0),
    )
    message = gapic.Task(
        name=task.name,
        http_request={
            "url": f"https://e.example/{path}",
            "http_method": "POST",
            "headers": headers,
            "body": body,
        },
        schedule_time=NOW,
        create_time=NOW.replace(microsecond=0),
        view="FULL",
    )
    assert abs(task_rules.proto_size(task, QUEUE) - gapic.Task.pb(message).ByteSize()) <= 4


def test_a_tag_has_less_than_500_characters() -> None:
    pull = new_queue(pull_target=PullTarget())
    task_rules.new_task(Task(pull_message=PullMessage(tag="é" * 499)), pull, NOW)
    with pytest.raises(InvalidArgument, match="tag"):
        task_rules.new_task(Task(pull_message=PullMessage(tag="t" * 500)), pull, NOW)


@pytest.mark.parametrize("headers", [{"a b": "c"}, {"": "c"}, {"a": "b\r\nc: d"}, {"é": "x"}])
def test_headers_that_are_none(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="header"):
        task_rules.new_task(
            Task(http_request=HttpRequest(url="https://e.example", headers=headers)), new_queue(), NOW
        )


def test_headers_of_the_service_are_its_own() -> None:
    headers = {
        "host": "h",
        "X-CloudTasks-TaskName": "t",
        "content-length": "1",
        "user-agent": "me",
        "X-Mine": "m",
    }
    task = task_rules.new_task(
        Task(http_request=HttpRequest(url="https://e.example", headers=headers)), new_queue(), NOW
    )
    assert task.headers == {"X-Mine": "m", "User-Agent": "Google-Cloud-Tasks"}
