"""Realistic examples of history: reports, logged tasks, a task that was given up, admin calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import cloudtasks_nb as ct
from cloudtasks_nb.history.basis import Basis
from cloudtasks_nb.history.distributions import Distribution
from cloudtasks_nb.history.figures import ByCode, Figures, Moment
from cloudtasks_nb.history.one_task import TaskHistory
from cloudtasks_nb.history.overview import ProjectReport
from cloudtasks_nb.history.report import Report
from cloudtasks_nb.history.verdicts import verdict
from cloudtasks_nb.history.windows import Window
from cloudtasks_nb.model.json import from_dict
from cloudtasks_nb.names import QueueName

MINUTE = timedelta(minutes=1)
DELAYS = {
    "count": "660",
    "bucketOptions": {"explicitBuckets": {"bounds": [0, 1000, 60_000, 600_000]}},
    "bucketCounts": ["0", "500", "120", "40"],
}


def past(now: datetime) -> dict[str, Any]:
    """The examples by name; snapshots and pictures have the same names."""
    emails, work = (QueueName("shop", "us-central1", name) for name in ("emails", "work"))
    basis, figures = _basis(now), _figures(now)
    bare = Figures(created=12, by_code=ByCode({"OK": 12}), started=now - MINUTE, finished=now - MINUTE)
    refused = Basis(
        window=basis.window,
        step=MINUTE,
        as_of=now,
        events=[],
        sources={
            "metrics": "not read: Permission monitoring.timeSeries.list denied; ask for monitoring.timeSeries.list",
            "audit log": "0 admin calls",
            "queue": "it is RUNNING now, about 12 tasks in it",
        },
    )
    entries = _entries(now)
    story = verdict(entries, now)
    return {
        "report": Report(emails, basis, figures),
        "report-refused": Report(emails, refused, Figures()),
        "report-project": ProjectReport(
            "shop", basis, [Report(emails, basis, figures), Report(work, basis, bare)]
        ),
        "task-history": TaskHistory(story, entries, basis.events[:1], ""),
        "logged-task": story,
        "admin-call": basis.events[1],
    }


def _basis(now: datetime) -> Basis:
    name = "projects/shop/locations/us-central1/queues/emails"
    place = {"queue": "emails", "location": "us-central1", "name": name}
    return Basis(
        window=Window(now - timedelta(hours=1), now, now, is_widened=True),
        step=MINUTE,
        as_of=now - 4 * MINUTE,
        events=[
            ct.AuditEvent(time=now - 50 * MINUTE, action="PauseQueue", who="ada@example.com", **place),
            ct.AuditEvent(time=now - 9 * MINUTE, action="PurgeQueue", status="PERMISSION_DENIED", **place),
        ],
        sources={"metrics": "5 calls of Cloud Monitoring", "audit log": "2 admin calls"},
    )


def _figures(now: datetime) -> Figures:
    began = now - timedelta(hours=1)
    moments = [
        Moment(began + at * MINUTE, max(0, 600 - 12 * at), 10 if at < 50 else 0, 4 if 20 <= at < 40 else 0)
        for at in range(56)
    ]
    return Figures(
        created=600,
        by_code=ByCode({"OK": 500, "UNAVAILABLE": 60, "INTERNAL": 20}),
        started=began,
        finished=began + 49 * MINUTE,
        peak_depth=600,
        depth_before=0,
        depth_after=80,
        delays=from_dict(DELAYS, Distribution),
        moments=moments,
    )


def _entries(now: datetime) -> list[ct.LogEntry]:
    name = "projects/shop/locations/us-central1/queues/emails/tasks/order-7"
    about: dict[str, Any] = {"task": "order-7", "name": name, "method": "POST", "target_type": "HTTP"}
    about["url"] = "https://example.com/confirm?token=s3cret"
    sent, over = now - 30 * MINUTE, now - 29 * MINUTE
    return [
        ct.LogEntry(time=now - 40 * MINUTE, kind="created", status="OK", scheduled=sent, **about),
        ct.LogEntry(time=sent, kind="dispatched", attempt=1, scheduled=sent, max_attempts=1, **about),
        ct.LogEntry(
            time=over,
            kind="answered",
            attempt=1,
            status="DEADLINE_EXCEEDED",
            took=MINUTE,
            max_attempts=1,
            **about,
        ),
    ]
