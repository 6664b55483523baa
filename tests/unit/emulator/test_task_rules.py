"""Tasks at creation: size limits, invalid values, and values that the service replaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.rules import tasks as task_rules
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


def test_a_url_is_measured_as_it_is_sent() -> None:
    def asked(url: str) -> Task:
        return task_rules.new_task(Task(http_request=HttpRequest(url=url)), new_queue(), NOW)

    start = "https://e.example/"
    longest = start + "a" * (2083 - len(start))
    assert asked(longest).url == longest
    for longer in (f"{longest}a", start + "é" * 400):
        with pytest.raises(InvalidArgument, match="at most 2083 characters"):
            asked(longer)


def test_headers_have_less_than_80_kilobytes() -> None:
    def asked(size: int) -> Task:
        headers = {"X-Large": "v" * (size - len("X-Large"))}
        return task_rules.new_task(
            Task(http_request=HttpRequest(url="https://e.example", headers=headers)), new_queue(), NOW
        )

    assert len(asked(80 * 1024 - 1).headers["X-Large"]) == 80 * 1024 - 8
    with pytest.raises(InvalidArgument, match="less than 80KB"):
        asked(80 * 1024)


def test_a_task_is_at_most_as_large_as_the_service_takes() -> None:
    pull = new_queue(pull_target=PullTarget())

    def asked(payload_bytes: int) -> Task:
        message = PullMessage(payload=bytes(payload_bytes))
        return task_rules.new_task(Task(name=f"{QUEUE}/tasks/t", pull_message=message), pull, NOW)

    around = task_rules.MAX_TASK_BYTES - 1000
    fits = around + task_rules.MAX_TASK_BYTES - task_rules.proto_size(asked(around), QUEUE)
    assert task_rules.proto_size(asked(fits), QUEUE) == task_rules.MAX_TASK_BYTES
    with pytest.raises(InvalidArgument, match="too large"):
        asked(fits + 1)


def test_a_task_is_made_in_a_whole_second_and_due_at_once() -> None:
    made = task_rules.new_task(Task(http_request=HttpRequest(url="https://e.example")), new_queue(), NOW)
    assert (made.create_time, made.schedule_time) == (NOW.replace(microsecond=0), NOW)
