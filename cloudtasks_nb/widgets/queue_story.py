"""Converts a report for the page: its numbers, the admin calls, and points for charts. (pure)"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..model.durations import parse_duration
from ..render.shapes import Table
from .cells import fact_list, instant, section

if TYPE_CHECKING:
    from ..history.figures import Moment
    from ..history.report import Report

_POINTS = 1440


def story(report: Report, since: str) -> dict[str, Any]:
    """A report for the page; `since` is its length before now, such as "24h"."""
    card = report._shape_()
    facts = {label: value for label, value in card.facts.items() if value is not None}
    size = max(1, -(-len(report.moments) // _POINTS))
    return {
        "since": since,
        "span_s": round(parse_duration(since) / timedelta(seconds=1)),
        "step_s": round(report.step * size / timedelta(seconds=1)),
        "points": points(report.moments, report.step, size),
        "facts": fact_list(facts),
        "events": [section(part) for part in card.sections if isinstance(part.body, Table)],
        "updated": instant(datetime.now(UTC)),
    }


def points(moments: list[Moment], step: timedelta, size: int) -> list[list[Any]]:
    """Points [end time (ms since 1970), depth, succeeded, failed], each of `size` steps together."""
    found = []
    for at in range(0, len(moments), size):
        held = moments[at : at + size]
        depths = [one.depth for one in held if one.depth is not None]
        found.append(
            [
                round((held[0].time + step * size).timestamp() * 1000),
                max(depths, default=None),
                sum(one.succeeded for one in held),
                sum(one.failed for one in held),
            ]
        )
    return found
