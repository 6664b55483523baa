from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.explorer import Explorer
from cloudtasks_nb.widgets.lease_workbench import LeaseWorkbench
from cloudtasks_nb.widgets.queue_panel import QueuePanel
from tests.refusing import refusing
from tests.waiting import wait_until

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]


@pytest.fixture
def own(emulator: str) -> Iterator[ct.Client]:
    """A client of a separate project, so that it lists only the queues of this test."""
    with ct.connect(endpoint=emulator, project=f"p-{uuid4().hex[:8]}", location="us-central1") as client:
        yield client


@pytest.fixture
def queues(own: ct.Client) -> list[ct.Queue]:
    made = [
        own.create_queue(f"{place}/q-{at}")
        for at, place in enumerate(("europe-west1", "us-central1", "us-central1"))
    ]
    return [*made, own.create_queue("held", kind="pull")]


@pytest.fixture
def explorer(own: ct.Client, queues: list[ct.Queue]) -> Iterator[Explorer]:
    explorer = own.explore()
    yield explorer
    explorer.close()


def test_the_queues_of_all_locations_are_listed_with_estimates(
    explorer: Explorer, queues: list[ct.Queue]
) -> None:
    assert {row["name"] for row in explorer.rows} == {queue.name for queue in queues}
    assert {row["location"] for row in explorer.rows} == {"europe-west1", "us-central1"}
    assert all(row["depth"] == 0 for row in explorer.rows)
    assert explorer.queues[0].refresh().state == "RUNNING"


def test_a_look_lists_the_locations_that_hold_queues_and_once_a_minute_all(
    explorer: Explorer, own: ct.Client, clicking: Clicking
) -> None:
    page = clicking(explorer)
    assert explorer.calls_of_a_look == 2  # of more than forty
    own.create_queue("us-central1/new")
    own.create_queue("asia-northeast1/far")
    page.click("look")
    ids = {row["id"] for row in explorer.rows}
    assert "new" in ids and "far" not in ids
    explorer._all_read_at -= 60
    assert explorer.calls_of_a_look > 10
    page.click("look")
    assert "far" in {row["id"] for row in explorer.rows}
    assert explorer.calls_of_a_look == 3


def test_chosen_queues_are_paused_and_resumed_with_a_warning(
    explorer: Explorer, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    page = clicking(explorer)
    page.click("choose", names=[queues[0].name, queues[1].name])
    names = [queue.name for queue in explorer.chosen]
    assert names == [queues[0].name, queues[1].name]
    assert page.click("pause_queues", names=names) == "Paused 2 queues."
    states = {row["name"]: row["state"] for row in explorer.rows}
    assert [own.queue(queue.name).state for queue in queues] == ["PAUSED", "PAUSED", "RUNNING", "RUNNING"]
    assert [states[queue.name] for queue in queues] == ["PAUSED", "PAUSED", "RUNNING", "RUNNING"]
    assert "500 per second" in page.click("resume_queues", names=names)
    assert own.queue(queues[0].name).state == "PAUSED"
    assert page.click("resume_queues", names=names[:1]) == "Resumed 1 queue."
    assert page.click("resume_queues", names=names, confirm=True) == "Resumed 2 queues."
    assert {own.queue(queue.name).state for queue in queues} == {"RUNNING"}
    exec(explorer.lines[1], {"client": own})  # noqa: S102 - the line is what is tested
    assert {own.queue(name).state for name in names} == {"PAUSED"}


def test_one_that_fails_does_not_hold_up_the_others(
    explorer: Explorer, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    own.queue(queues[1].name).delete()
    words = clicking(explorer).click("pause_queues", names=[queue.name for queue in queues])
    assert words.startswith("Paused 3 of 4 queues; q-1: ")
    assert explorer.notice["level"] == "error" and explorer.notice["hint"]
    assert {own.queue(queue.name).state for queue in queues if queue.id != "q-1"} == {"PAUSED"}


@pytest.mark.parametrize("names", [[], ["projects/p/locations/l/queues/elsewhere"]])
def test_only_what_is_listed_can_be_acted_on(
    explorer: Explorer, clicking: Clicking, names: list[str]
) -> None:
    for action in ("pause_queues", "resume_queues"):
        assert "Only queues that are listed" in clicking(explorer).click(action, names=names)
    clicking(explorer).click("choose", names=names)
    assert explorer.chosen == []


def test_a_queue_opens_as_a_widget_and_the_one_before_is_closed(
    explorer: Explorer, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    page = clicking(explorer)
    page.click("open_queue", name=queues[0].name)
    first = explorer.opened
    assert isinstance(first, QueuePanel)
    assert explorer.opening["model"] == first.model_id
    page.click("open_queue", name=queues[0].name, view="monitor")
    assert first.comm is None
    wait_until(lambda: not first._worker.alive, "the thread of the closed panel did not end")
    assert explorer.opened is not first
    page.click("close_queue")
    assert (explorer.opened, explorer.opening) == (None, {})


def test_a_workbench_is_for_pull_queues_and_unknown_views_are_refused(
    explorer: Explorer, queues: list[ct.Queue], clicking: Clicking
) -> None:
    page = clicking(explorer)
    for view in ("workbench", "delete", "", None):
        assert f"cannot be opened as {view!r}" in page.click("open_queue", name=queues[0].name, view=view)
    assert explorer.opened is None
    page.click("open_queue", name=queues[-1].name, view="workbench")
    assert isinstance(explorer.opened, LeaseWorkbench)


def test_what_is_opened_is_read_only_too(own: ct.Client, queues: list[ct.Queue]) -> None:
    explorer = own.explore(read_only=True)
    explorer.open_queue(queues[0].name)
    assert explorer.opened is not None and explorer.opened.read_only
    explorer.close()


def test_a_click_in_the_opened_panel_shows_in_the_table(
    explorer: Explorer, queues: list[ct.Queue], clicking: Clicking, own: ct.Client
) -> None:
    page = clicking(explorer)
    page.send({"do": "mounted"})
    page.click("open_queue", name=queues[0].name)
    assert isinstance(explorer.opened, QueuePanel)
    panel = QueuePanel(own.queue(queues[0].name))
    clicking(panel).click("pause")
    page.settle()
    assert {row["name"]: row["state"] for row in explorer.rows}[queues[0].name] == "PAUSED"
    clicking(panel).click("delete", confirm=queues[0].id)
    page.settle()
    assert queues[0].name not in {row["name"] for row in explorer.rows}


def test_a_location_that_fails_hides_no_other_and_can_be_asked_again(
    emulator: str, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    with (
        refusing(emulator, "europe-west1/queues[?]") as between,
        ct.connect(endpoint=between.url, project=own.project) as client,
    ):
        explorer = client.explore()
        page = clicking(explorer)
        assert {row["location"] for row in explorer.rows} == {"us-central1"}
        assert explorer.notice["text"] == "1 location did not respond."
        assert explorer.place["silent"][0]["location"] == "europe-west1"
        assert (
            explorer.place["silent"][0]["message"]
            == "Not for you."
            == explorer.silent["europe-west1"].message
        )
        assert page.click("refresh", locations=["europe-west1"]) == "Not for you."
        assert explorer.place["silent"] and explorer.place["updated"]

        between.pattern = ""
        assert page.click("refresh", locations=["europe-west1"]) == ""
        assert {row["name"] for row in explorer.rows} == {queue.name for queue in queues}
        assert (explorer.silent, explorer.place["silent"]) == ({}, [])

        between.pattern = "us-central1/queues[?]"
        page.click("refresh")  # its known queues stay
        assert {row["name"] for row in explorer.rows} == {queue.name for queue in queues}
        assert list(explorer.silent) == ["us-central1"]


def test_when_no_location_answers_the_first_error_is_said(
    emulator: str, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    with (
        refusing(emulator) as between,
        ct.connect(endpoint=between.url, project=own.project) as client,
    ):
        explorer = client.explore()
        between.pattern = "/queues[?]"
        assert clicking(explorer).click("refresh") == "Not for you."
        assert explorer.notice["level"] == "error"
        assert {row["name"] for row in explorer.rows} == {queue.name for queue in queues}


def test_each_queue_that_failed_is_named(
    explorer: Explorer, own: ct.Client, queues: list[ct.Queue], clicking: Clicking
) -> None:
    for gone in queues[:2]:
        own.queue(gone.name).delete()
    words = clicking(explorer).click("pause_queues", names=[queue.name for queue in queues])
    assert words.startswith("Paused 2 of 4 queues; q-0: ") and words.endswith("Also failed: q-1.")
