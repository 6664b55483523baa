"""Panels with an API version without statistics, or without leases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model import Kind
from cloudtasks_nb.model.versions import Version
from cloudtasks_nb.render.values import counted
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.settings_form import FIELDS

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]


@pytest.fixture
def v2(emulator: str) -> Iterator[ct.Client]:
    name = f"p-{uuid4().hex[:8]}"
    with ct.connect(endpoint=emulator, project=name, location="us-central1", api_version="v2") as client:
        yield client


@pytest.fixture
def plain(v2: ct.Client) -> ct.Queue:
    queue = v2.create_queue("plain").pause()
    queue.create_tasks(({"url": "https://example.com/"} for _ in range(1203)), progress=False)
    return queue


def test_a_panel_counts_tasks_on_request(plain: ct.Queue, clicking: Clicking) -> None:
    panel = plain.panel()
    page = clicking(panel)
    assert (panel.notice.get("level"), panel.facts["depth"], panel.facts["estimates"]) == ("ok", None, False)
    said: list[str] = []
    panel.observe(lambda change: said.append(change["new"]["text"]), "notice")
    assert page.click("count_tasks") == "Counted 1,203 tasks."
    assert "Counting: 1,000 so far." in said
    assert panel.facts["depth"] == 1203 and panel.facts["counted"]
    assert page.click("refresh") == "" and panel.facts["depth"] == 1203
    assert panel.lines[-2:] == [
        f'client.queue("{plain.name}").count_tasks()',
        f'client.queue("{plain.name}").refresh()',
    ]
    page.click("purge", confirm="plain")
    assert panel.facts["depth"] is None


def test_a_panel_of_a_version_with_statistics_shows_those(queue: ct.Queue, clicking: Clicking) -> None:
    panel = queue.panel()
    clicking(panel).click("count_tasks")
    assert panel.facts["estimates"] and panel.facts["depth"] == 3 and not panel.facts["counted"]


def test_a_monitor_samples_on_request_and_makes_nothing_up(plain: ct.Queue, clicking: Clicking) -> None:
    monitor = plain.monitor(every_s=1)
    page = clicking(monitor)
    page.click("refresh")
    assert monitor.live_s == 0 and not monitor.facts["estimates"]
    frame = monitor.to_dataframe()
    assert list(frame["tasks_count"]) == [1203, 1203]
    assert frame.drop(columns=["time", "state", "tasks_count"]).isna().all(axis=None)
    assert monitor.lines[-1].endswith(".count_tasks()")
    assert "no statistics" in page.click("sample_every", seconds=5)
    assert monitor.live_s == 0


def test_an_explorer_counts_what_is_chosen(plain: ct.Queue, v2: ct.Client, clicking: Clicking) -> None:
    v2.create_queue("other")
    explorer = v2.explore(read_only=True)
    page = clicking(explorer)
    assert {row["id"]: row["depth"] for row in explorer.rows} == {"plain": None, "other": None}
    assert page.click("count_tasks", names=[plain.name]) == "Counted 1 queue."
    assert page.click("refresh") == ""
    assert {row["id"]: row["depth"] for row in explorer.rows} == {"plain": 1203, "other": None}
    assert explorer.lines[-1] == 'client.queues("-")'
    assert not explorer.place["estimates"]


@pytest.mark.parametrize("verb", ["browse", "iam_panel"])
def test_other_panels_need_no_statistics(plain: ct.Queue, clicking: Clicking, verb: str) -> None:
    panel = getattr(plain, verb)()
    clicking(panel)
    assert panel.notice.get("level") != "error"


def test_tasks_are_only_leased_where_that_exists(emulator: str) -> None:
    with ct.connect(endpoint=emulator, project=f"p-{uuid4().hex[:8]}", api_version="v2beta3") as client:
        pull = client.create_queue("us-central1/pull", kind="pull")
        with pytest.raises(ct.ConfigError, match="does not exist in v2beta3") as refused:
            pull.workbench()
        assert "v2beta2" in str(refused.value.hint)
        explorer = client.explore()
        explorer.open_queue(pull.name)
        assert "workbench" not in [verb for verb, _ in explorer.opening["views"]]
        assert explorer.rows[0]["depth"] == 0
        explorer.close()


@pytest.mark.parametrize(
    ("version", "kind", "missing"),
    [
        ("v2beta2", "http", set()),
        ("v2beta3", "http", set()),
        ("v2", "http", {"max_burst_size"}),
        ("v2beta3", "pull", {setting.name for setting in FIELDS} - {"max_attempts"}),
    ],
)
def test_a_panel_offers_what_can_be_set_in_its_version(
    emulator: str, clicking: Clicking, version: Version, kind: Kind, missing: set[str]
) -> None:
    name = f"p-{uuid4().hex[:8]}"
    with ct.connect(endpoint=emulator, project=name, location="us-central1", api_version=version) as client:
        panel = client.create_queue("q", kind=kind).panel()
        page = clicking(panel)
        offered = {setting["name"]: setting["value"] for setting in panel.facts["form"]}
        assert set(offered) == {setting.name for setting in FIELDS} - missing
        settings = {name: value or "3" for name, value in offered.items()}
        assert page.click("update", settings=settings) == f"Changed {counted(len(settings), 'setting')}."
        assert panel.notice["level"] == "ok"
        for setting in missing:
            assert page.click("update", settings={setting: "3"}).startswith("This queue has no setting")


def test_an_edited_task_keeps_its_deadline(v2: ct.Client, clicking: Clicking) -> None:
    queue = v2.create_queue("edited").pause()
    queue.create_task(url="https://example.com/", dispatch_deadline=20, schedule=3600, task_id="old")
    page = clicking(queue.browse())
    page.click("enqueue_edited", task_id="old", changes={"payload": "other"}, delete_old=True)
    (made,) = queue.tasks(view="FULL")
    assert (made.text(), made.dispatch_deadline) == ("other", timedelta(seconds=20))
