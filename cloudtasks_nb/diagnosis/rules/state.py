"""Rules about the state and the settings of a queue."""

from __future__ import annotations

from datetime import timedelta

from ..causes import PITFALLS
from ..facts import GET, Facts
from ..finding import Finding
from ..words import clock, relative, tasks

QUEUE_YAML = "https://docs.cloud.google.com/tasks/docs/queue-yaml"
LOGGING = "https://docs.cloud.google.com/tasks/docs/logging"
PURGING = "https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/purge"


def paused_with_backlog(facts: Facts) -> Finding | None:
    """The queue does not run, and holds tasks."""
    if facts.is_running or not facts.depth:
        return None
    state, held = facts.queue.state, tasks(facts.depth, about=not facts.complete)
    verb = "leased" if facts.queue.kind == "pull" else "sent"
    why = (
        f"no task is {verb} until queue.resume()"
        if state == "PAUSED"
        else "a queue.yaml without this queue was uploaded, or the API was disabled"
    )
    since = f" since {clock(facts.paused_since, facts.now)}" if facts.paused_since is not None else ""
    by = f" by {facts.paused_by}" if facts.paused_by else ""
    return Finding(
        rule="paused_with_backlog",
        severity="blocks",
        sentence=f"The queue is {state}{since}{by} and holds {held}: {why}.",
        evidence=[facts.seen("state", state, GET), facts.seen("tasks", facts.depth, facts.sampled)],
        cure="queue.resume()",
        source=PITFALLS if state == "PAUSED" else QUEUE_YAML,
    )


def purged_lately(facts: Facts, *, within: timedelta = timedelta(hours=24)) -> Finding | None:
    """The queue was purged not long ago."""
    purged = facts.queue.purge_time
    if purged is None or facts.now - purged > within:
        return None
    return Finding(
        rule="purged_lately",
        severity="info",
        sentence=f"The queue was purged {relative(purged, facts.now)}, at {clock(purged, facts.now)}. All tasks that "
        "were created before are deleted.",
        evidence=[facts.seen("purge_time", purged.isoformat(), GET)],
        cure='queue.audit(since="24h")',
        source=PURGING,
    )


def logging_off(facts: Facts) -> Finding | None:
    """The queue writes no log to Cloud Logging."""
    if facts.queue.kind == "pull" or not facts.tells_logging:
        return None
    config = facts.queue.stackdriver_logging_config
    if config is not None and config.sampling_ratio > 0:
        return None
    return Finding(
        rule="logging_off",
        severity="info",
        sentence="Logging is off, so there is no record of how a task ended. A log takes about 2 kB per attempt (two "
        "entries).",
        evidence=[
            facts.seen(
                "stackdriver_logging_config.sampling_ratio", config.sampling_ratio if config else 0, GET
            )
        ],
        cure='queue.update(stackdriver_logging_config={"sampling_ratio": 1.0})',
        source=LOGGING,
    )
