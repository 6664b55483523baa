"""Column heads: values, bars and counts that follow the filter; and the order of tasks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from cloudtasks_nb import model
from cloudtasks_nb.query import Query
from cloudtasks_nb.query.fields import condition_of
from cloudtasks_nb.query.grammar import Term
from cloudtasks_nb.widgets.task_heads import Heads
from cloudtasks_nb.widgets.task_sharing import Shared
from cloudtasks_nb.widgets.task_spread import round_seconds, spread_of
from cloudtasks_nb.widgets.task_table import COLUMNS, TaskTable
from cloudtasks_nb.widgets.task_values import values_of
from cloudtasks_nb.widgets.task_wire import columns_sent, matching_sent
from tests.queried_tasks import NOW, TASKS

FIELDS = ("is", "code", "kind", "tag", "method", "url")


def filled(*tasks: model.Task, query: str = "") -> TaskTable[model.Task]:
    table: TaskTable[model.Task] = TaskTable(lambda: NOW)
    table.fill(tasks or TASKS)
    table.narrow(Query.of(query))
    return table


def head(table: TaskTable[model.Task], column: str) -> dict[str, Any]:
    (found,) = table.head_of([column])
    return found


def test_values_are_counted_in_groups() -> None:
    counted = {
        (field, value.value): value.mask.bit_count()
        for field in ("is", "code", "kind", "tag")
        for value in values_of(field, TASKS, NOW)
    }
    assert counted == {
        ("is", "due"): 2, ("is", "scheduled"): 2, ("is", "leased"): 1,
        ("code", "none"): 3, ("code", "503"): 1, ("code", "DEADLINE_EXCEEDED"): 1,
        ("kind", "http"): 3, ("kind", "pull"): 2, ("tag", "red"): 1, ("tag", "two words"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_counts_what_its_term_lets_through(field: str) -> None:
    for value in values_of(field, TASKS, NOW):
        test = condition_of(Term(field, (value.value,)))
        assert value.mask.bit_count() == sum(test(task, NOW) for task in TASKS), value


def test_targets_are_places_without_secrets_and_hosts_where_paths_hold_ids() -> None:
    def task(url: str) -> model.Task:
        return model.Task(
            name="projects/p/locations/l/queues/q/tasks/t", http_request=model.HttpRequest(url=url)
        )

    few = [task("https://me:pw123@a.example/send?token=abc"), task("https://a.example/send?n=2")]
    assert [(value.value, value.mask.bit_count()) for value in values_of("url", few[1:], NOW)] == [
        ("a.example/send", 1)
    ]
    assert "pw123" not in str(values_of("url", few, NOW))
    many = [task(f"https://a.example/orders/{number}") for number in range(30)]
    assert [(value.value, value.mask.bit_count()) for value in values_of("url", many, NOW)] == [
        ("a.example/", 30)
    ]


@pytest.mark.parametrize(
    "query", ["code:503", "code:503,none is:due", "attempts>=1 -kind:pull", "due<now", "ada"]
)
def test_each_head_counts_what_the_other_columns_let_through(query: str) -> None:
    wanted = Query.of(query)
    table = filled(query=query)
    for column in COLUMNS:
        for shown in table.head_of([column]):
            others = Query(tuple(term for term in wanted.terms if term.field != shown["field"]))
            left = [TASKS[at] for at in others.places(TASKS, NOW)]
            if shown["look"] == "values":
                for value in shown["values"]:
                    assert value["count"] == len(
                        Query((Term(shown["field"], (value["value"],)),)).places(left, NOW)
                    )
            else:
                low, high = shown["edges"][0], shown["edges"][-1]
                inside = Query().between(shown["field"], low, high)
                assert sum(shown["counts"]) == len(inside.places(left, NOW))


def test_a_bar_is_the_tasks_between_its_edges_and_the_chosen_ones_are_on() -> None:
    spread = spread_of("attempts", TASKS)
    assert spread is not None
    for low, high, mask in zip(spread.edges, spread.edges[1:], spread.masks, strict=False):
        assert mask.bit_count() == len(Query().between("attempts", low, high).places(TASKS, NOW))
    shown = head(filled(query=f"attempts>={spread.edges[1]}"), "attempts")
    assert shown["on"][0] is False and sum(map(bool, shown["on"])) >= 1
    assert head(filled(query="is:due"), "attempts")["on"] == []


def test_bars_have_round_widths_and_take_instants_to_the_end_of_time() -> None:
    assert [round_seconds(span) for span in (0, 50, 3_600, 86_400, 400 * 86_400)] == [
        1, 5, 300, 7_200, 60 * 86_400,
    ]  # fmt: skip
    moments = [datetime(2026, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    tasks = [model.Task(name="projects/p/locations/l/queues/q/tasks/t", schedule_time=at) for at in moments]
    spread = spread_of("due", tasks)
    assert spread is not None and spread.edges[-1] == "9999-12-31T23:59Z"
    assert [mask for mask in spread.masks if mask] == [1, 2]
    assert spread_of("created", tasks) is None


def test_what_stands_in_no_head_is_a_chip() -> None:
    table = filled()
    fields = {chip["field"] for chip in table.chips(["task", "status"])}
    assert fields == {"is", "kind", "tag"}
    assert {chip["field"] for chip in table.chips(["task"])} == {"is", "code", "kind", "tag"}


def test_values_that_a_head_has_no_room_for_stay_chips() -> None:
    tasks = [
        model.Task(
            name=f"projects/p/locations/l/queues/q/tasks/{tag}", pull_message=model.PullMessage(tag=tag)
        )
        for tag in "abcde"
    ]
    table = filled(*tasks)
    in_head = [value["value"] for value in head(table, "tag")["values"]]
    chips = [chip["value"] for chip in table.chips(["task", "tag"]) if chip["field"] == "tag"]
    assert (len(in_head), sorted(in_head + chips)) == (3, list("abcde"))


def test_a_scheduled_task_becomes_due_in_the_counts_too() -> None:
    now = [NOW]
    table: TaskTable[model.Task] = TaskTable(lambda: now[0])
    table.fill(
        [model.Task(name="projects/p/locations/l/queues/q/tasks/t", schedule_time=NOW + timedelta(hours=1))]
    )
    assert [chip["value"] for chip in table.chips(["task"])] == ["scheduled"]
    now[0] += timedelta(hours=2)
    table.narrow(Query())
    assert [chip["value"] for chip in table.chips(["task"])] == ["due"]


@pytest.mark.parametrize("sign", ["", "-"])
def test_tasks_without_a_value_come_last_whichever_way_one_sorts(sign: str) -> None:
    table = filled()
    table.sort([f"{sign}tag"])
    tags = [task.tag for task in table.matching]
    assert tags[:2] == sorted(["red", "two words"], reverse=bool(sign))
    assert tags[2:] == [None, None, None]


def test_several_columns_sort_the_first_one_first() -> None:
    table = filled()
    table.sort(["kind", "-attempts", "task"])
    keys = [(task.kind, -task.dispatch_count, task.id) for task in table.matching]
    assert [key[0] for key in keys] == ["http"] * 3 + ["pull"] * 2
    assert keys == sorted(keys)


def test_all_rows_go_in_buffers_and_a_filter_sends_their_bits() -> None:
    table = filled(query="kind:pull")
    message, buffers = columns_sent(table.shown(["task", "tag", "attempts", "status"]))
    assert [column["name"] for column in message["columns"]] == ["tag", "attempts", "status"]
    assert buffers[0].decode().split("\n") == [task.id for task in TASKS]
    more, (bits,) = matching_sent(table.mask, len(TASKS), None)
    assert more == {"has_order": False}
    assert [at for at in range(len(TASKS)) if bits[at >> 3] >> (at & 7) & 1] == list(table.order)


def test_no_tasks_have_no_heads() -> None:
    table: TaskTable[model.Task] = TaskTable(lambda: NOW)
    assert (
        table.head_of(list(COLUMNS)) == [] and table.chips(["task"]) == [] and Heads([], NOW).offered() == {}
    )


def test_equal_values_of_many_tasks_become_one_object() -> None:
    text = '{"view": "BASIC", "httpRequest": {"httpMethod": "POST", "headers": {"Accept": "text/html, */*"}}}'
    tasks = [msgspec.json.decode(text, type=model.Task) for _ in range(2)]
    before = [msgspec.json.encode(task) for task in tasks]
    Shared().share(tasks)
    first, second = (task.http_request for task in tasks)
    assert first is not None and second is not None
    assert first.headers["Accept"] is second.headers["Accept"]
    assert first.headers is not second.headers  # a dict may be changed
    assert [msgspec.json.encode(task) for task in tasks] == before
