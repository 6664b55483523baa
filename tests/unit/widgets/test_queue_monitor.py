from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.queue_monitor import POINTS_SHOWN, QueueMonitor, Sample, thinned

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float, tasks: int = 0) -> Sample:
    return Sample(NOON + timedelta(seconds=seconds), "RUNNING", tasks, 0, None, 0, 0.0)


def test_each_look_takes_a_sample_and_all_are_kept_as_data(queue: ct.Queue, clicking: Clicking) -> None:
    monitor = QueueMonitor(queue)
    page = clicking(monitor)
    queue.create_task("x", url="https://example.com/", schedule=3600)
    page.click("refresh")
    assert queue.pause().state == "PAUSED"
    page.click("refresh")
    frame = monitor.to_dataframe()
    assert list(frame["tasks_count"]) == [3, 4, 4]
    assert list(frame["state"]) == ["RUNNING", "RUNNING", "PAUSED"]
    assert frame["oldest_age_s"].tolist() == [0, 0, 0]  # due in an hour: not late yet
    assert frame["time"].is_monotonic_increasing and str(frame["time"].dtype) == "datetime64[us, UTC]"
    sampled = [point for point in monitor.facts["points"] if len(point) == 4]  # others are of the hour before
    assert [point[1] for point in sampled] == [3, 4, 4][-len(sampled) :]


def test_an_empty_queue_has_no_oldest_age(queue: ct.Queue, client: ct.Client) -> None:
    monitor = client.create_queue(f"empty-{queue.id}").monitor()
    assert monitor.to_dataframe()["oldest_age_s"].isna().all()
    monitor.close()


def test_two_views_of_one_monitor_do_not_sample_twice(queue: ct.Queue, clicking: Clicking) -> None:
    monitor = QueueMonitor(queue, every_s=3600)
    page = clicking(monitor)
    page.click("look")
    page.click("look")
    assert len(monitor.samples) == 1


@pytest.mark.parametrize("every_s", [0.5, -1, float("nan"), float("inf"), True, "5", None, 3601])
def test_samples_are_not_taken_faster_than_the_quota_allows(queue: ct.Queue, every_s: float) -> None:
    with pytest.raises(ct.ConfigError, match="every_s must be between"):
        QueueMonitor(queue, every_s=every_s)


def test_the_page_chooses_the_pause_and_the_window(queue: ct.Queue, clicking: Clicking) -> None:
    monitor = QueueMonitor(queue)
    page = clicking(monitor)
    page.click("sample_every", seconds=30)
    page.click("show_last", seconds=1800)
    assert (monitor.live_s, monitor.window_s, page.next_s) == (30, 1800, 30)
    page.click("sample_every", seconds=0.1)
    assert (monitor.live_s, monitor.notice["level"]) == (30, "error")
    page.click("show_last", seconds=7)
    assert (monitor.window_s, monitor.notice["level"]) == (1800, "error")
    assert page.click("sample_every", seconds=0) == "Sampling is stopped."
    assert monitor.live_s == 0


def test_the_page_gets_a_bounded_number_of_points_of_the_window() -> None:
    samples = [at(tenth / 10, tenth) for tenth in range(50_000)]
    shown = thinned(samples, 300)
    assert shown[-1] == samples[-1]
    assert POINTS_SHOWN // 2 <= len(shown) <= POINTS_SHOWN + 1
    assert shown[0].time >= samples[-1].time - timedelta(seconds=300)
    assert thinned([], 300) == []
    slow = [at(5 * step) for step in range(10)]
    assert thinned(slow, 300) == slow


def test_points_do_not_jump_as_time_goes_on() -> None:
    samples = [at(tenth / 10) for tenth in range(10_000)]
    before, after = thinned(samples[:9_000], 300), thinned(samples, 300)
    overlap = [sample for sample in before if sample.time >= after[0].time]
    assert set(overlap[:-1]) <= set(after)
