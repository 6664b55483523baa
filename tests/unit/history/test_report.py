"""Reports, from responses in the form of Monitoring and Logging."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.diagnosis.forecast_metrics import lately
from tests.gone import QUEUE, Gone, at, audit_entry, denied, one_series

DELAYS = {
    "distributionValue": {
        "count": "100",
        "mean": 60.0,
        "bucketOptions": {"explicitBuckets": {"bounds": [0, 100, 1000]}},
        "bucketCounts": ["0", "90", "10"],
    }
}


def a_night(server: Gone) -> None:
    """From 22:00 to 23:30: 100 tasks created, 90 done, 10 given up after 2 attempts each, 20 failures in all."""
    server.series |= {
        "queue/task_attempt_count": [
            one_series({at("22:03"): 40, at("22:10"): 50}, response_code="ok"),
            one_series({at("22:03"): 15}, response_code="unavailable"),
            one_series({at("22:20"): 5}, response_code="internal"),
        ],
        "api/request_count": [one_series({at("23:30"): 100})],
        "queue/depth": lambda query: {
            "timeSeries": [
                one_series(
                    {at("22:00"): 5, at("23:30"): 5}
                    if query["aggregation.perSeriesAligner"] == "ALIGN_NEXT_OLDER"
                    else {at("22:02"): 80, at("22:03"): 60, at("22:20"): 5}
                )
            ]
        },
        "queue/task_attempt_delays": [one_series({at("23:30"): DELAYS})],
    }
    server.logs = lambda body: {
        "entries": [
            audit_entry("PauseQueue", at("22:05")),
            audit_entry("PurgeQueue", at("22:21"), who="eve@example.com"),
            audit_entry("PauseQueue", at("22:30"), resourceName=f"{QUEUE}-other"),
        ]
    }


def test_a_report_says_what_became_of_the_work(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    report = queue.report(since="90m")
    assert (report.since, report.until, report.as_of) == (at("22:00"), at("23:31"), at("23:30"))
    assert (report.created, report.attempts, report.succeeded, report.failed) == (100, 110, 90, 20)
    assert report.by_code == {"OK": 90, "UNAVAILABLE": 15, "INTERNAL": 5}
    assert (report.started, report.finished) == (at("22:02"), at("22:19"))
    assert report.peak_depth == 80
    assert report.gone_without_success == 10
    assert report.delay_p50 == timedelta(microseconds=55_556)
    assert report.delay_p95 == timedelta(milliseconds=550)
    assert [(event.action, event.who) for event in report.events] == [
        ("PauseQueue", "ada@example.com"),
        ("PurgeQueue", "eve@example.com"),
    ]
    assert report.by_code is not None
    assert report.by_code["unavailable"] == 15


def test_it_takes_five_metric_calls_and_one_of_the_log(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    queue.report(since="90m")
    assert (server.count("/timeSeries"), server.count("entries:list"), len(server.asked)) == (5, 1, 6)


def test_what_is_asked_is_what_monitoring_understands(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    queue.report(since="90m")
    asked = {
        (query["filter"], query["aggregation.perSeriesAligner"]): query
        for path, query in server.asked
        if "timeSeries" in path
    }
    place = f'resource.labels.queue_id="emails" AND resource.labels.location="us-central1"'  # noqa: F541
    attempts = asked[
        'metric.type="cloudtasks.googleapis.com/queue/task_attempt_count" AND resource.type="cloud_tasks_queue" '
        f"AND {place}",
        "ALIGN_DELTA",
    ]
    assert attempts["interval.startTime"] == "2026-11-28T22:00:00Z"
    assert attempts["interval.endTime"] == "2026-11-28T23:31:00Z"
    assert attempts["aggregation.alignmentPeriod"] == "60s"
    assert attempts["aggregation.crossSeriesReducer"] == "REDUCE_SUM"
    assert attempts["aggregation.groupByFields"] == "metric.labels.response_code"
    edges = next(query for (_, aligner), query in asked.items() if aligner == "ALIGN_NEXT_OLDER")
    assert edges["interval.startTime"] == "2026-11-28T20:29:00Z"  # one whole period before the window
    assert edges["aggregation.alignmentPeriod"] == "5460s"
    assert all("cloudtasks.googleapis.com/" in words and place in words for words, _ in asked)


def test_a_table_by_the_minute(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    frame = queue.report(since="90m").to_dataframe()
    assert list(frame.columns) == ["time", "depth", "attempts", "succeeded", "failed"]
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    rows = frame.set_index("time")
    assert rows.loc[at("22:02")].tolist() == [60, 55, 40, 15]
    assert rows.loc[at("22:04"), "attempts"] == 0  # no point means no attempt
    assert rows["depth"].isna()[at("22:04")]  # but no known depth
    assert (frame["time"].iloc[0], frame["time"].iloc[-1]) == (at("22:01"), at("23:29"))


def test_a_card_and_a_page(server: Gone, queue: ct.Queue, tmp_path: Path) -> None:
    a_night(server)
    report = queue.report(since="90m")
    text = str(report)
    for words in ("100 tasks", "90 OK", "15 UNAVAILABLE", "PurgeQueue", "eve@example.com", "10 tasks"):
        assert words in text
    page = report.to_html(tmp_path / "report.html").read_text()
    assert "PurgeQueue" in page
    assert "data:image/svg+xml;base64," in page
    assert not re.search(r"<script|javascript:|\son\w+=", page)
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)


def test_the_last_minutes_are_not_known_on_google(server: Gone, queue: ct.Queue) -> None:
    from cloudtasks_nb.history.report import known_until
    from cloudtasks_nb.history.series import Series
    from cloudtasks_nb.history.windows import Window

    far = queue._session.beside("https://cloudtasks.googleapis.com")
    window = Window.of("1h", None, at("23:30"))
    assert known_until(far, window, []) == at("23:26")
    assert known_until(far, window, [Series({}, {at("23:28"): 1})]) == at("23:28")
    assert known_until(far, Window.of("1h", "30m", at("23:30")), []) == at("23:00")


@pytest.mark.parametrize("metric", ["timeSeries", "queue/depth"])
def test_a_missing_role_becomes_a_sentence(server: Gone, queue: ct.Queue, metric: str) -> None:
    a_night(server)
    server.refusals[metric] = [
        denied("Permission monitoring.timeSeries.list denied (or the resource may not exist).")
    ]
    server.queue = 200, {"name": QUEUE, "state": "PAUSED", "purgeTime": "2026-11-28T22:21:00Z"}
    report = queue.report(since="90m")
    assert report.peak_depth is None
    assert report.gone_without_success is None
    assert "roles/monitoring.viewer" in report.sources["metrics"]
    assert "PAUSED" in report.sources["queue"]
    assert [event.action for event in report.events] == ["PauseQueue", "PurgeQueue"]
    assert "roles/monitoring.viewer" in str(report)
    assert (report.created is None) == (metric == "timeSeries")


def test_a_window_beyond_what_monitoring_aligns_is_refused(server: Gone, queue: ct.Queue) -> None:
    for since in ("800d", datetime(1000, 1, 1, tzinfo=UTC)):
        with pytest.raises(ct.ConfigError, match="allows 104 weeks"):
            queue.report(since=since)
        with pytest.raises(ct.ConfigError, match="allows 104 weeks"):
            queue.metrics(since=since)
    assert server.asked == []
    assert queue.report(since="727d").created == 0


def test_codes_in_both_cases_are_one_code(server: Gone, queue: ct.Queue) -> None:
    server.series["queue/task_attempt_count"] = [
        one_series({at("23:28"): 40}, response_code="OK"),
        one_series({at("23:28"): 60}, response_code="ok"),
        one_series({at("23:28"): 5}, response_code="internal"),
    ]
    assert queue.report(since="90m").by_code == {"OK": 100, "INTERNAL": 5}
    recent = lately(queue._session, queue._parsed)
    assert recent is not None
    assert (recent.attempts, recent.failed) == (105, 5)


def test_values_that_make_no_sense_break_nothing(server: Gone, queue: ct.Queue) -> None:
    server.series |= {
        "queue/task_attempt_count": [one_series({at("22:03"): -3}, response_code="ok")],
        "queue/depth": [one_series({at("22:03"): -3})],
    }
    report = queue.report(since="90m")
    assert (report.attempts, report.peak_depth) == (0, 0)
    assert "no attempts" in str(report)


def test_an_api_that_is_off_names_its_switch(server: Gone, queue: ct.Queue) -> None:
    off = {
        "reason": "SERVICE_DISABLED",
        "metadata": {"service": "monitoring.googleapis.com", "consumer": "projects/12"},
    }
    server.refusals = {"timeSeries": [denied("Cloud Monitoring API has not been used.", **off)]}
    server.refusals["entries:list"] = [denied("Permission denied for all log views")]
    report = queue.report()
    assert "gcloud services enable monitoring.googleapis.com --project=12" in report.sources["metrics"]
    assert "roles/logging.viewer" in report.sources["audit log"]
    assert report.created is report.attempts is report.failed is report.by_code is None
    assert report.to_dataframe().empty
    assert "unknown" in str(report)


def test_a_queue_that_nobody_knows_is_not_found(server: Gone, queue: ct.Queue) -> None:
    server.queue = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "Queue does not exist."}}
    with pytest.raises(ct.NotFound, match="Queue does not exist"):
        queue.report()


def test_a_queue_that_was_deleted_still_has_a_report(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    server.queue = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "Queue does not exist."}}
    assert queue.report(since="90m").attempts == 110
    assert server.count("/queues/") == 0  # it was not requested


def test_a_deleted_queue_has_a_report_of_what_may_be_read(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    server.queue = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "Queue does not exist."}}
    server.refusals["timeSeries"] = [denied("Permission monitoring.timeSeries.list denied.")]
    report = queue.report(since="90m")
    assert [event.action for event in report.events] == ["PauseQueue", "PurgeQueue"]
    assert report.sources["queue"] == "not read"


def test_an_endpoint_that_serves_no_metrics_is_told_as_such(server: Gone, queue: ct.Queue) -> None:
    nothing = {"code": 404, "status": "NOT_FOUND", "message": "The requested URL was not found."}
    server.refusals["timeSeries"] = [(404, {"error": nothing})]
    report = queue.report(since="90m")
    assert report.created is None
    assert report.sources["metrics"].startswith("not read")


def test_an_idle_queue_has_zeros_and_no_made_up_depth(server: Gone, queue: ct.Queue) -> None:
    report = queue.report()
    assert (report.created, report.attempts, report.by_code) == (0, 0, {})
    assert (report.started, report.finished, report.peak_depth, report.delay_p50) == (None,) * 4


def test_a_project_that_never_had_a_metric_has_no_data(server: Gone, queue: ct.Queue) -> None:
    missing = {"code": 404, "status": "NOT_FOUND", "message": "Cannot find metric(s) that match type = x."}
    server.refusals["timeSeries"] = [(404, {"error": missing})]
    assert queue.report().attempts == 0


def test_pages_that_are_empty_or_go_on_are_read_to_the_end(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    whole = server.series["queue/task_attempt_count"]
    parts: dict[str, Any] = {
        "": {"nextPageToken": "a"},
        "a": {"timeSeries": whole[:1], "nextPageToken": "b"},
        "b": {
            "timeSeries": [*whole[1:], one_series({at("22:11"): 1}, response_code="ok")],
            "executionErrors": [{"code": 4, "message": "a shard timed out"}],
        },
    }
    server.series["queue/task_attempt_count"] = lambda query: parts[query.get("pageToken", "")]
    report = queue.report(since="90m")
    assert report.attempts == 111
    assert "a shard timed out" in report.sources["metrics"]


def test_a_quota_that_is_exhausted_is_waited_for(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    slow = 429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Query aborted."}}
    whole = 200, {"timeSeries": server.series["queue/task_attempt_delays"]}
    server.refusals["queue/task_attempt_delays"] = [slow, slow, whole]
    assert queue.report(since="90m").delay_p95 is not None


def test_delays_without_buckets_are_not_made_up(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    bare = {"distributionValue": {"count": "100", "mean": 60.0}}
    server.series["queue/task_attempt_delays"] = [one_series({at("23:30"): bare})]
    report = queue.report(since="90m")
    assert report.delay_p50 is None
    assert report.attempts == 110


def test_answers_that_are_no_series_are_refused(server: Gone, queue: ct.Queue) -> None:
    server.series["queue/depth"] = lambda query: {"timeSeries": [{"points": [{"interval": {}}]}]}
    with pytest.raises(ct.DecodeError):
        queue.report()


def test_what_comes_from_elsewhere_is_only_text(server: Gone, queue: ct.Queue, tmp_path: Path) -> None:
    a_night(server)
    hostile = "<img src=x onerror=alert(1)>"
    server.logs = lambda body: {"entries": [audit_entry("PurgeQueue", at("22:21"), who=hostile)]}
    report = queue.report(since="90m")
    page = report.to_html(tmp_path / "report.html").read_text()
    assert hostile not in page + report._repr_html_()
    assert "&lt;img src=x" in page


def test_tasks_of_a_pull_queue_leave_it_in_a_way_that_no_metric_counts(server: Gone, queue: ct.Queue) -> None:
    a_night(server)
    queue._session.speaking.learn_pull(queue.name)
    report = queue.report(since="90m")
    assert (report.created, report.gone_without_success) == (100, None)


def test_a_read_only_client_reads(server: Gone) -> None:
    a_night(server)
    with ct.connect(project="p", location="us-central1", endpoint=server.url, read_only=True) as client:
        client._session.moved_to = at("23:30")
        report = client.queue(QUEUE, read=False).report(since="90m")
        assert report.sources["audit log"] == "2 admin calls"
