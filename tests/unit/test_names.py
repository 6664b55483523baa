from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import Location, Queue, Task
from cloudtasks_nb.names import (
    QueueName,
    TaskName,
    check_operation,
    check_queue_id,
    check_task_id,
    parse_location,
    parse_queue,
    parse_task,
    task_in,
)

PROJECTS = st.from_regex(r"[A-Za-z0-9:.-]*[A-Za-z0-9:-][A-Za-z0-9:.-]*", fullmatch=True)
IDS = st.from_regex(r"[A-Za-z0-9-]{1,100}", fullmatch=True)
TASK_IDS = st.from_regex(r"[A-Za-z0-9_-]{1,500}", fullmatch=True)


@given(PROJECTS, IDS, IDS, TASK_IDS)
def test_names_survive_writing_and_parsing(project: str, location: str, queue: str, task: str) -> None:
    name = TaskName(project, location, queue, task)
    assert parse_task(str(name)) == name
    assert parse_queue(str(name.parent)) == QueueName(project, location, queue)
    assert parse_queue(f"{location}/{queue}", project) == name.parent
    assert parse_queue(queue, project, location) == name.parent
    assert parse_location(str(name.parent.parent)) == name.parent.parent


def test_what_has_a_name_goes_where_a_name_goes() -> None:
    name = TaskName("p", "us-central1", "emails", "t-1")
    queue, task = Queue(name=str(name.parent)), Task(name=str(name))
    for given_queue in (name.parent, queue, str(name.parent)):
        assert parse_queue(given_queue) == name.parent
    for given_task in (name, task, str(name)):
        assert parse_task(given_task) == task_in(name.parent, given_task) == name
    assert (
        parse_location(name.parent.parent)
        == name.parent.parent
        == parse_location(Location(name="projects/p/locations/us-central1"))
    )
    for short in ("t-1", "emails/t-1", "us-central1/emails/t-1"):
        assert task_in(name.parent, short) == name
    for wrong in (queue, task):
        with pytest.raises(InvalidArgument, match="must be formatted"):
            parse_location(wrong)
    with pytest.raises(InvalidArgument, match="must be formatted"):
        parse_queue(task)


def test_a_task_is_named_by_its_location_and_queue_where_the_project_is_known() -> None:
    name = TaskName("p", "us-central1", "emails", "t-1")
    assert parse_task("us-central1/emails/t-1", "p") == name
    assert parse_task("emails/t-1", "p", "us-central1") == name
    for text in ("us-central1/emails/t-1", "emails/t-1", "t-1"):
        with pytest.raises(InvalidArgument, match="Task name must be formatted"):
            parse_task(text)


@given(st.text())
def test_any_text_is_a_name_or_an_invalid_argument(text: str) -> None:
    for parse in (parse_task, parse_queue, parse_location):
        try:
            name = parse(text)  # type: ignore[operator]
        except InvalidArgument as error:
            assert error.code == 400
        else:
            assert str(name) == text


@pytest.mark.parametrize("value", [None, 5, b"emails", float("nan")])
def test_what_is_not_text_is_no_name_either(value: object) -> None:
    for parse in (parse_task, parse_queue, parse_location, check_queue_id, check_task_id):
        with pytest.raises(InvalidArgument) as caught:
            parse(value)  # type: ignore[operator]
        assert str(value) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("auto_label", 'Queue ID "auto_label" can contain only letters'),
        ("a" * 101, "between 1 and 100"),
        ("us-central1/emails/extra", "Queue name must be formatted"),
        ("projects/p/queues/q", "Queue name must be formatted"),
        ("", "Queue ID"),
    ],
)
def test_a_malformed_queue_name_is_said_in_the_services_words(text: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        parse_queue(text, "p", "us-central1")


def test_a_queue_without_a_location_is_told_how_to_name_one() -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_queue("emails", "p")
    assert "us-central1/emails" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "name", [None, "x", "projects/p/locations/l/operations/..", "projects/p/locations/l/operations/"]
)
def test_what_names_no_operation_is_refused(name: Any) -> None:
    with pytest.raises(InvalidArgument, match="Operation name must be formatted"):
        check_operation(name)
    full = "projects/p/locations/l/operations/1"
    assert check_operation(full) == full


@pytest.mark.parametrize("project", [".", ".."])
def test_a_project_of_dots_alone_is_refused_before_it_could_lead_elsewhere(project: str) -> None:
    with pytest.raises(InvalidArgument, match="<PROJECT_ID>"):
        parse_queue(f"projects/{project}/locations/us-central1/queues/emails")
