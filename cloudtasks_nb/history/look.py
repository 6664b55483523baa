"""The cards of reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..redact import redacted, scrub
from ..render import Card, Section, Table, badge, code, muted, number
from ..render.trend import Step, trend
from ..render.values import counted, duration, exact

if TYPE_CHECKING:
    from ..render import Cell, Image, Value
    from ..render.shapes import Tone
    from .audit import AuditEvent
    from .figures import ByCode, Figures, Moment
    from .overview import ProjectReport
    from .report import Report

_EVENTS_SHOWN = 20
_ACTION_TONES: dict[str, Tone] = {
    "PurgeQueue": "bad",
    "DeleteQueue": "bad",
    "PauseQueue": "warn",
    "ResumeQueue": "ok",
}
_QUEUES_SHOWN = 25
_UNKNOWN = muted("unknown")
GONE = "inferred: given up, deleted or purged"


def report_card(report: Report, figures: Figures) -> Card:
    """The card of a queue's report."""
    facts: dict[str, Value] = {
        **window_facts(report),
        "created": _count(report.created, "task"),
        "attempts": _attempts(report.by_code),
        "ran": _run(report),
        "peak depth": _count(report.peak_depth, "task"),
        "delay": _lateness(report),
        "gone without success": _UNKNOWN
        if report.gone_without_success is None
        else [counted(report.gone_without_success, "task"), muted(GONE)],
    }
    return Card(
        report.queue,
        kind="report",
        badge=health(report.attempts, report.failed),
        facts=facts | source_facts(report.sources),
        sections=sections(picture(figures.moments, report.step), report.events, of_one=True),
        code=[
            "report.to_dataframe()",
            "queue.log(since=report.since).tasks()",
            'report.to_html("report.html")',
        ],
    )


def project_card(report: ProjectReport) -> Card:
    """The card of a project's report: one line per queue, the most failed attempts first."""
    rows: list[Sequence[Value]] = [
        [
            code(f"{one.location}/{one.queue}", one.name),
            _number(one.created),
            _number(one.succeeded),
            _number(one.failed),
            _first_code(one.by_code),
            _number(one.gone_without_success),
            _number(one.peak_depth),
            duration(rounded(one.delay_p95)) if one.delay_p95 is not None else None,
        ]
        for one in report.queues[:_QUEUES_SHOWN]
    ]
    heads = ["queue", "created", "succeeded", "failed", "mostly", "gone", "peak depth", "delay (95 %)"]
    more = len(report.queues) - len(rows)
    return Card(
        report.project,
        kind="report of all queues",
        badge=health(report.attempts, report.failed),
        facts=window_facts(report)
        | {
            "queues": f"{counted(len(report.queues), 'queue')} with activity in this time",
            "created": _count(report.created, "task"),
            "attempts": _attempts(report.by_code),
        }
        | source_facts(report.sources),
        table=Table(columns=heads, rows=rows, more=more) if rows else None,
        sections=sections(None, report.events),
        code=["report.queues[0]", "report.to_dataframe()", 'report.to_html("report.html")'],
    )


def fields_card(held: Struct, title: str, kind: str) -> Card:
    """A card with the fields that have values, without secrets."""
    facts: dict[str, Value] = {}
    for name in held.__struct_fields__:
        value = getattr(held, name)
        if isinstance(value, datetime):
            facts[name.replace("_", " ")] = exact(value)
        elif isinstance(value, timedelta):
            facts[name.replace("_", " ")] = duration(value)
        elif value not in (None, "", {}):
            facts[name.replace("_", " ")] = scrub(str(redacted(value)))
    return Card(title, kind=kind, facts=facts)


def window_facts(report: Any) -> dict[str, Value]:
    """The window, and the end of the data."""
    wide = " (widened to whole minutes)" if report.is_widened else ""
    late = report.as_of < report.until - timedelta(minutes=1)
    return {
        "window": f"{exact(report.since)} to {exact(report.until)}, {duration(report.until - report.since)}{wide}",
        "data up to": [exact(report.as_of), muted("later data is not available yet") if late else None],
    }


def source_facts(sources: dict[str, str]) -> dict[str, Value]:
    """The sources that were read, or why they were not."""
    return {
        f"from {name}" if name != "queue" else "from the queue": [badge("not read", "warn"), words[10:]]
        if words.startswith("not read: ")
        else muted(words)
        for name, words in sources.items()
    }


def health(attempts: int | None, failed: int | None) -> Cell:
    """A badge with the number of failures."""
    if attempts is None:
        return badge("unknown")
    if not attempts:
        return badge("no attempts")
    return (
        badge(f"{failed:,} failed", "warn" if failed != attempts else "bad")
        if failed
        else badge("all OK", "ok")
    )


def sections(image: Image | None, events: list[AuditEvent], *, of_one: bool = False) -> list[Section]:
    """The chart and the admin calls. `of_one`: for one queue, without a column for its name."""
    drawn = [Section("over time", image, open=True)] if image is not None else []
    if not events:
        return drawn
    shown = events[-_EVENTS_SHOWN:]
    rows = [event_row(event) for event in shown]
    if of_one:
        rows = [{head: value for head, value in row.items() if head != "queue"} for row in rows]
    table = Table(
        columns=list(rows[0]), rows=[list(row.values()) for row in rows], more=len(events) - len(rows)
    )
    return [*drawn, Section(f"{counted(len(events), 'admin call')}: who changed the queue", table, open=True)]


def event_row(event: AuditEvent) -> dict[str, Value]:
    """The cells of an admin call, by column."""
    return {
        "time": exact(event.time) if event.time else None,
        "action": badge(event.action, _ACTION_TONES.get(event.action, "")),
        "queue": code(event.queue, event.name) if event.queue else None,
        "who": event.who or muted("unknown"),
        "result": badge(event.status, "bad") if event.status else None,
    }


def picture(moments: Iterable[Moment], step: timedelta) -> Image | None:
    """The chart of attempts and depth over time."""
    return trend([Step(one.time, one.succeeded, one.failed, one.depth) for one in moments], step)


def rounded(span: timedelta) -> timedelta:
    """Round to milliseconds: an interpolated percentile is not more exact."""
    return timedelta(milliseconds=round(span / timedelta(milliseconds=1)))


def _attempts(by_code: ByCode | None) -> Value:
    if by_code is None:
        return _UNKNOWN
    codes = [badge(f"{count:,} {name}", "ok" if name == "OK" else "bad") for name, count in by_code.items()]
    return [counted(sum(by_code.values()), "attempt"), *codes]


def _run(report: Report) -> Value:
    if report.started is None or report.finished is None:
        return None
    step = "" if report.step == timedelta(minutes=1) else f", to {duration(report.step)}"
    return f"{exact(report.started)} to {exact(report.finished)}{step}"


def _lateness(report: Report) -> Value:
    spans = (("50", report.delay_p50), ("95", report.delay_p95), ("99", report.delay_p99))
    said = [f"{duration(rounded(span))} ({percent} %)" for percent, span in spans if span is not None]
    return ", ".join(said) or None


def _count(count: int | None, what: str) -> Cell | str:
    return _UNKNOWN if count is None else counted(count, what)


def _number(count: int | None) -> Value:
    return None if count is None else number(count)


def _first_code(by_code: ByCode | None) -> Value:
    failed = [name for name in by_code or () if name != "OK"]
    return badge(failed[0], "bad") if failed else None
