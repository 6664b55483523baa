"""The rows of the explorer: what a notebook saves, and what messages carry."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.history.lately import Failing
from cloudtasks_nb.model.queue import QueueStats
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.explorer import Explorer

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]

MANY = 2_000
SAVED_B = 60_000  # with script and style sheet
ALL_COLUMNS_B = 130_000


def queue_yaml(count: int) -> str:
    """A file with queues of different rates."""
    words = ("orders", "emails", "invoices", "search-index-updates")
    chance = random.Random(count)  # noqa: S311 - the same queues in every run
    entries = [
        f"- name: {chance.choice(words)}-{number:05}\n  rate: {chance.randrange(1, 50_000) / 100}/s\n"
        for number in range(count)
    ]
    return "queue:\n" + "".join(entries)


def work(explorer: Explorer) -> None:
    """Give each queue a depth, a time and failures: as many tasks would take minutes to create."""
    chance, now = random.Random(1), datetime.now(UTC)  # noqa: S311
    for queue in explorer.queues:
        queue.stats = QueueStats(
            tasks_count=int(chance.paretovariate(0.4)) % 200_000,
            oldest_estimated_arrival_time=now - timedelta(seconds=chance.random() * 90_000),
        )
        attempts = chance.randrange(5_000)
        explorer._samples[queue.name] = Failing(attempts // 2, attempts, "503", "in the last hour")
    explorer._show(now)


def explored(emulator: str, count: int) -> Iterator[Explorer]:
    """An explorer of a project of its own with so many queues."""
    with ct.connect(endpoint=emulator, project=f"p-{uuid4().hex[:8]}", location="us-central1") as client:
        client.upload_queue_yaml(queue_yaml(count))
        explorer = client.explore()
        yield explorer
        explorer.close()


@pytest.fixture
def many(emulator: str) -> Iterator[Explorer]:
    yield from explored(emulator, MANY)


@pytest.fixture
def some(emulator: str) -> Iterator[Explorer]:
    """More queues than the traits hold."""
    yield from explored(emulator, 120)


def saved_b(panel: Clickable) -> int:
    state = {
        name: value
        for name, value in panel.get_state().items()
        if name not in ("layout", "tabbable", "tooltip")
    }
    return len(json.dumps(state))


def queues_in(page: FakePage) -> list[dict[str, Any]]:
    """The messages about rows, which are then forgotten."""
    contents = [message.get("content") or {} for message in page.sent]
    page.sent.clear()
    return [content["queues"] for content in contents if "queues" in content]


def ids_in(columns: dict[str, dict[str, Any]]) -> list[str]:
    return columns["id"]["of"]


def test_a_notebook_saves_little_of_many_queues_whatever_was_done_with_them(
    many: Explorer, clicking: Clicking
) -> None:
    page = clicking(many)
    work(many)
    names = [queue.name for queue in many.queues]
    assert len(names) == MANY
    page.click("choose", names=names[:200])
    page.click("pause_queues", names=names[:200])
    for name in names[:30]:
        many.client.queue(name).delete()
    assert " and 9 more." in page.click("pause_queues", names=names[:200])
    page.click("choose", names=names)
    page.click("open_queue", name=names[-1], view="browse")
    assert saved_b(many) < SAVED_B
    page.send({"do": "rows"})
    page.settle()
    (sent,) = queues_in(page)
    assert len(json.dumps(sent)) < ALL_COLUMNS_B


def test_a_few_queues_are_in_the_traits_and_no_message_repeats_them(
    emulator: str, clicking: Clicking
) -> None:
    for few in explored(emulator, 4):
        page = clicking(few)
        page.send({"do": "mounted"})
        page.send({"do": "rows"})
        page.settle()
        assert queues_in(page) == []
        sent = few.get_state("rows")["rows"]
        assert (sent["count"], sent["listed"]) == (4, 4)
        assert ids_in(sent["columns"]) == [row["id"] for row in few.rows]
        assert sent["columns"]["state"] == {"of": ["RUNNING"]}
        assert "name" not in sent["columns"], "the page makes it from location and id"


def test_a_page_gets_all_rows_on_request_and_then_the_columns_that_changed(
    some: Explorer, clicking: Clicking
) -> None:
    page = clicking(some)
    page.click("refresh")
    assert queues_in(page) == [], "no page is open"
    page.send({"do": "mounted"})
    page.send({"do": "rows"})
    page.settle()
    (whole,) = queues_in(page)
    first = some.get_state("rows")["rows"]
    assert (whole["since"], whole["turn"], whole["count"]) == (0, first["turn"], 120)
    assert ids_in(whole["columns"]) == [row["id"] for row in some.rows]
    assert (first["count"], first["listed"]) == (100, 120)
    assert ids_in(first["columns"]) == ids_in(whole["columns"])[:100]

    page.click("refresh")
    assert queues_in(page) == [], "nothing changed"
    page.click("pause_queues", names=[some.rows[-1]["name"]])
    (changed,) = queues_in(page)
    assert (changed["since"], changed["turn"]) == (whole["turn"], whole["turn"] + 1)
    assert changed["columns"].keys() == {"state", "badge"}
    assert changed["columns"]["state"] == {"of": ["RUNNING", "PAUSED"], "at": [0] * 119 + [1]}
    assert some.get_state("rows")["rows"]["turn"] == some.ticked["turn"] == changed["turn"]


def test_rows_arrive_before_the_traits_that_refer_to_them(some: Explorer, clicking: Clicking) -> None:
    page = clicking(some)
    page.send({"do": "mounted"})
    page.click("pause_queues", names=[some.rows[0]["name"]])
    places = {
        "message" if "queues" in (message.get("content") or {}) else "traits": at
        for at, message in enumerate(page.sent)
        if "rows" in (message.get("state") or {}) or "queues" in (message.get("content") or {})
    }
    assert places["message"] < places["traits"]


def test_ticks_are_bits_of_the_rows(some: Explorer, clicking: Clicking) -> None:
    page = clicking(some)
    names = [row["name"] for row in some.rows]
    page.click("choose", names=[names[70], names[1], "projects/p/locations/l/queues/elsewhere"])
    assert [queue.name for queue in some.chosen] == [names[70], names[1]]
    assert some.ticked["bits"] == f"{2**70 + 2:x}"
    some.client.queue(names[0]).delete()
    page.click("refresh")
    assert some.ticked["bits"] == f"{2**69 + 1:x}"
    page.click("choose", names=names, on=False)
    assert (some.chosen, some.ticked["bits"]) == ([], "0")


def test_a_line_names_few_queues_and_takes_many_from_the_explorer(some: Explorer, clicking: Clicking) -> None:
    page = clicking(some)
    names = [row["name"] for row in some.rows]
    page.click("choose", names=names)
    page.click("pause_queues", names=names)
    page.click("pause_queues", names=names[:2])
    page.click("count_tasks", names=names)
    _, paused, named, counted = some.lines
    assert paused == "for queue in explorer.chosen: queue.pause()  # 120 queues"
    assert named == f'for name in ["{names[0]}", "{names[1]}"]: client.queue(name).pause()'
    assert counted == "for queue in explorer.chosen: print(queue.name, queue.count_tasks())  # 120 queues"
    page.click("resume_queues", names=names, confirm=True)
    exec(paused, {"explorer": some})  # noqa: S102 - the line is what is tested
    assert {queue.refresh().state for queue in some.queues[::40]} == {"PAUSED"}
