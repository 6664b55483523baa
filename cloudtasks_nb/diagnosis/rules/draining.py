"""Rules about the time that the backlog takes, by the forecast."""

from __future__ import annotations

from datetime import timedelta

from ..causes import PITFALLS
from ..facts import GET, Facts
from ..finding import Finding
from ..forecast import Forecast, made
from ..forecast_facts import Given, Seen
from ..words import clock, counted, duration, per_second, percent


def _forecast(facts: Facts) -> Forecast | None:
    """The forecast of a running push queue; None for other queues, and for one whose limits were not read."""
    if facts.queue.state != "RUNNING" or facts.queue.kind == "pull" or not facts.due_count:
        return None
    seen = Seen(facts.queue, facts.tasks, facts.depth, facts.complete, facts.now, facts.calls)
    return made(seen, Given())


def drains_never(facts: Facts) -> Finding | None:
    """More tasks arrive than are finished."""
    forecast = _forecast(facts)
    if forecast is None or forecast.drains or forecast.gives_up is not None:
        return None
    grows = forecast.growth_per_minute
    arrivals, failure = forecast.numbers["arrivals"][1], forecast.numbers["failure"][1]
    pace = (
        f"The queue grows by {counted(grows, 'task', ',.0f')} per minute"
        if grows
        else "The queue does not get shorter"
    )
    return Finding(
        rule="drains_never",
        severity="warns",
        sentence=f"{pace}: {per_second(arrivals)} arrive, at most {per_second(forecast.per_second)} are sent, "
        f"and up to {percent(failure)} of those fail. The limit is the {forecast.limit}.",
        evidence=[
            facts.seen("tasks created per second", f"{arrivals:.3g}", facts.sampled),
            facts.seen(f"attempts per second ({forecast.limit})", f"{forecast.per_second:.3g}", GET),
            facts.seen("failures", forecast.sources["failures"]),
        ],
        cure="queue.forecast(rate=…, concurrency=…)",
        source=PITFALLS,
    )


def drain_long(facts: Facts, *, most: timedelta = timedelta(hours=1)) -> Finding | None:
    """The backlog takes long."""
    forecast = _forecast(facts)
    if forecast is None or forecast.all is None or forecast.all[0] <= most:
        return None
    earliest, latest = forecast.all
    return Finding(
        rule="drain_long",
        severity="info",
        sentence=f"The backlog of {counted(forecast.waiting, 'task')} takes {duration(earliest)} to "
        f"{duration(latest)}, until {clock(facts.now + earliest, facts.now)} at the earliest. "
        f"The limit is the {forecast.limit}: {per_second(forecast.per_second)}.",
        evidence=[
            facts.seen("tasks", forecast.waiting, facts.sampled),
            facts.seen(f"attempts per second ({forecast.limit})", f"{forecast.per_second:.3g}", GET),
            *(facts.seen(name, source) for name, source in forecast.sources.items()),
        ],
        cure="queue.forecast(rate=…, concurrency=…)",
        source=PITFALLS,
    )
