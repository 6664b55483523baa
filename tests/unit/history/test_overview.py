"""The report of all queues: as many calls as for one, the most failed attempts first."""

from __future__ import annotations

from pathlib import Path

import cloudtasks_nb as ct
from tests.gone import Gone, at, audit_entry, denied, one_series


def two_queues(server: Gone) -> None:
    def place(queue: str) -> dict[str, str]:
        return {"location": "us-central1", "queue_id": queue}

    server.series |= {
        "queue/task_attempt_count": [
            one_series({at("23:00"): 5}, response_code="ok", **place("calm")),
            one_series({at("23:10"): 2}, response_code="ok", **place("busy")),
            one_series({at("23:10"): 3}, response_code="internal", **place("busy")),
        ],
        "api/request_count": [one_series({at("23:30"): 7}, **place("busy"))],
    }
    server.logs = lambda body: {"entries": [audit_entry("PauseQueue", at("23:00"))]}


def test_all_queues_in_five_metric_calls(server: Gone, client: ct.Client) -> None:
    two_queues(server)
    report = client.report(since="1h")
    assert server.count("/timeSeries") == 5
    assert [(one.queue, one.failed, one.succeeded) for one in report.queues] == [
        ("busy", 3, 2),
        ("calm", 0, 5),
    ]
    assert (report.created, report.attempts, report.failed) == (7, 10, 3)
    assert report.by_code == {"OK": 7, "INTERNAL": 3}
    assert [event.queue for event in report.events] == ["emails"]
    grouped = [query["aggregation.groupByFields"] for path, query in server.asked if "timeSeries" in path]
    assert all("resource.labels.queue_id" in fields for fields in grouped)
    assert not any("resource.labels" in query["filter"] for path, query in server.asked if "time" in path)


def test_its_table_card_and_page(server: Gone, client: ct.Client, tmp_path: Path) -> None:
    two_queues(server)
    report = client.report(since="1h")
    frame = report.to_dataframe().set_index("queue")
    assert frame["failed"].tolist() == [3, 0]
    assert "busy" in str(report)
    assert "INTERNAL" in report.to_html(tmp_path / "all.html").read_text()


def test_without_the_role_it_says_so(server: Gone, client: ct.Client) -> None:
    server.refusals["timeSeries"] = [denied("Permission monitoring.timeSeries.list denied.")]
    report = client.report()
    assert report.queues == []
    assert report.attempts is None
    assert "roles/monitoring.viewer" in str(report)
