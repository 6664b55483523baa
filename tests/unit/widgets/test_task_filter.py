"""What a filter lets through, and how a click changes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cloudtasks_nb import model
from cloudtasks_nb.widgets.task_filter import TaskFilter, facets
from cloudtasks_nb.widgets.task_table import TaskTable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PREFIX = "projects/p/locations/l/queues/q/tasks"


def push(task_id: str, due_s: float, message: str = "", code: int = 0) -> model.Task:
    status = model.Status(code=code, message=message)
    attempt = model.AttemptStatus(response_status=status) if code or message else None
    return model.Task(
        name=f"{PREFIX}/{task_id}",
        http_request=model.HttpRequest(url="https://api.example.com/send", http_method="PUT", body=b"to Ada"),
        schedule_time=NOW + timedelta(seconds=due_s),
        status=model.TaskStatus(attempt_dispatch_count=1, last_attempt_status=attempt),
    )


def pull(task_id: str, due_s: float, tag: str, leases: int) -> model.Task:
    return model.Task(
        name=f"{PREFIX}/{task_id}",
        pull_message=model.PullMessage(tag=tag),
        schedule_time=NOW + timedelta(seconds=due_s),
        status=model.TaskStatus(attempt_dispatch_count=leases),
    )


TASKS = [
    push("late", -5, "HTTP status code 503", 14),
    push("later", 60, "gave up", 4),
    push("fresh", 60),
    pull("held", 60, "red", 1),
    pull("free", -5, "two words", 0),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "late later fresh held free"),
        ("is:due", "late free"),
        ("is:leased is:due", "late held free"),
        ("-is:leased -is:due", "later fresh"),
        ("code:503", "late"),
        ("code:unavailable", "late"),
        ("code:14", "late"),
        ("code:error", "late later"),
        ("code:none kind:http", "fresh"),
        ("kind:pull", "held free"),
        ('tag:"two words"', "free"),
        ("-tag:red kind:pull", "free"),
        ("late", "late later"),
        ("late gave", "later"),
        ("id:FRE", "fresh free"),
        ("url:api", "late later fresh"),
        ("method:put -late", "fresh"),
        ("payload:ada", "late later fresh"),
        ("https://api.example.com/send", "late later fresh"),
        ("nothing", ""),
    ],
)
def test_a_filter_lets_matching_tasks_through(text: str, found: str) -> None:
    places = TaskFilter.of(text).places(TASKS, NOW)
    assert " ".join(TASKS[at].id for at in places) == found


@pytest.mark.parametrize(
    "text", ['is:due -code:503 "a b"', 'tag:"say \\"hi\\""', '"-x"', '"is:due"', 'tag:""', "ü"]
)
def test_a_filter_reads_as_it_is_written(text: str) -> None:
    assert str(TaskFilter.of(text)) == text


def test_a_click_goes_round_only_without_either() -> None:
    asked = TaskFilter.of("ada")
    seen = [str(asked := asked.toggled("code", "503")) for _ in range(3)]
    assert seen == ["ada code:503", "ada -code:503", "ada"]


def test_values_are_counted_in_groups() -> None:
    counted = {(facet.field, facet.value): facet.count for facet in facets(TASKS, NOW)}
    assert counted == {
        ("is", "due"): 2, ("is", "scheduled"): 2, ("is", "leased"): 1,
        ("code", "none"): 3, ("code", "503"): 1, ("code", "DEADLINE_EXCEEDED"): 1,
        ("kind", "http"): 3, ("kind", "pull"): 2, ("tag", "red"): 1, ("tag", "two words"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("descending", [False, True])
def test_tasks_without_a_value_come_last_whichever_way_one_sorts(descending: bool) -> None:
    table: TaskTable[model.Task] = TaskTable(lambda: NOW)
    table.fill(TASKS)
    table.sort("tag", descending)
    tags = [task.tag for task in table.matching]
    assert tags[:2] == sorted(["red", "two words"], reverse=descending)
    assert tags[2:] == [None, None, None]
