"""What a filter offers, and in which order tasks stand."""

from __future__ import annotations

import pytest

from cloudtasks_nb import model
from cloudtasks_nb.widgets.task_facets import facets
from cloudtasks_nb.widgets.task_table import TaskTable
from tests.queried_tasks import NOW, TASKS


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
