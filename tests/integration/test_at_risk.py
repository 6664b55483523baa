"""Tasks that will soon be given up or expire are listed before they are deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import new_id

DEAD = "http://127.0.0.1:9/"
RETRIES = {"max_attempts": 4, "min_backoff": 10, "max_backoff": 60}


@pytest.fixture(scope="module")
def local() -> Iterator[ct.Client]:
    with ct.local(clock="manual") as client:
        yield client


@pytest.fixture
def failing(local: ct.Client) -> ct.Queue:
    """Ten tasks, of which five are due; two of their four attempts failed."""
    made = local.create_queue(new_id(), retry_config=RETRIES)
    rows = [{"payload": n, "url": DEAD, "task_id": f"t-{n}", "schedule": n % 2 * 7200} for n in range(10)]
    made.create_tasks(rows, progress=False).raise_for_errors()
    local.emulator.advance(15)
    return made


def test_it_lists_what_failed_and_nothing_else(failing: ct.Queue) -> None:
    found = failing.at_risk()
    assert [task.id for task in found] == ["t-0", "t-2", "t-4", "t-6", "t-8"]
    assert [task.dispatch_count for task in found.first(2)] == [2, 2]
    assert [*failing.at_risk(attempts_left=1, within=0)] == []
    assert "last attempts" in str(found)
    assert "5 tasks" in str(found)


def test_what_it_says_comes_true(local: ct.Client, failing: ct.Queue) -> None:
    frame = failing.at_risk().to_dataframe()
    assert set(frame.risk) == {"last attempts"}
    assert set(frame.attempts_left) == {2}
    ends = frame.gives_up_time.max().to_pydatetime()
    local.emulator.advance(ends - local.emulator.info.time - timedelta(seconds=1))  # type: ignore[operator]
    assert failing.count_tasks() == 10
    local.emulator.advance(2)
    assert failing.count_tasks() == 5
    assert [*failing.at_risk()] == []


def test_it_has_every_export(failing: ct.Queue, tmp_path: Path) -> None:
    found = failing.at_risk(view="FULL", page_size=3)
    frame = found.to_dataframe(decode="text")
    assert list(frame.columns[-5:]) == [
        "attempts_left",
        "gives_up_time",
        "expire_time",
        "name",
        "payload_text",
    ]
    assert len(found.to_dataframe(limit=4)) == 4
    assert found.to_arrow(columns=["risk", "task_id"]).column_names == ["risk", "task_id"]
    assert frame.payload_text.tolist() == ["0", "2", "4", "6", "8"]
    assert [len(page) for page in found.pages()] == [3, 2, 0, 0]
    assert found.first(5).to_arrow() == found.to_arrow()
    assert len(pd.read_parquet(found.to_parquet(tmp_path / "r.parquet"))) == 5
    assert len(pd.read_csv(found.to_csv(tmp_path / "r.csv"))) == 5
    assert found.to_excel(tmp_path / "r.xlsx").exists()
    empty = failing.at_risk(attempts_left=0, within=0).to_dataframe()
    assert (len(empty), list(empty.dtypes)) == (0, list(failing.at_risk().to_dataframe().dtypes))


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_it_is_the_same_in_every_version(local: ct.Client, failing: ct.Queue, version: Any) -> None:
    failing.create_task(
        "x", url=DEAD, task_id="own", retry_config={"unlimited_attempts": True, "max_retry_duration": 60}
    )
    local.emulator.advance(0)
    with ct.connect(project="local", endpoint=local.endpoint, api_version=version) as spoken:
        queue = spoken.queue(f"us-central1/{failing.id}")
        spoken.emulator.advance(0)  # now it knows the time of the service
        found = queue.at_risk()
        risks = dict(zip(*found.to_dataframe()[["task_id", "risk"]].values.T, strict=True))
        assert risks.pop("own") == "retry duration"
        assert set(risks.values()) == {"last attempts"}
        assert [task.id for task in found] == [*found.to_dataframe().task_id]


def test_expiry_comes_for_tasks_that_never_ran(local: ct.Client) -> None:
    queue = local.create_queue(new_id(), task_ttl="10d").pause()
    queue.create_task("x", url=DEAD, task_id="old")
    assert [*queue.at_risk(within="9d 23h")] == []
    [row] = queue.at_risk(within="11d").to_dataframe().itertuples()
    assert (row.risk, row.task_id) == ("expiry", "old")
    assert row.expire_time - row.create_time == pd.Timedelta(days=10)


def test_it_is_rescued_in_one_line(failing: ct.Queue) -> None:
    assert failing.reschedule_tasks(failing.at_risk(page_size=2), schedule="6h").done == 5
    assert [*failing.at_risk()] == []
    assert failing.count_tasks() == 10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"attempts_left": -1}, "attempts_left must be a whole number of 0 or more, not -1"),
        ({"attempts_left": True}, "attempts_left must be an integer"),
        ({"attempts_left": 2.5}, "attempts_left must be an integer"),
        ({"within": "soon"}, "within must be a duration of 0 or more, not 'soon'"),
        ({"within": -1}, "within must be a duration of 0 or more, not -1"),
        ({"within": None}, "must be a duration"),
        ({"view": "ALL"}, "view='ALL'"),
    ],
)
def test_what_makes_no_sense_is_refused(failing: ct.Queue, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ct.ConfigError, match=words):
        failing.at_risk(**given)


def test_a_queue_that_is_gone_and_a_client_that_is_closed(local: ct.Client) -> None:
    gone = local.create_queue(new_id())
    gone.delete()
    with pytest.raises(ct.NotFound):
        gone.at_risk()
    with ct.connect(endpoint=local.endpoint) as closed:
        handle = closed.queue("us-central1/any", read=False)
    with pytest.raises(ct.ConfigError, match="closed"):
        handle.at_risk()
