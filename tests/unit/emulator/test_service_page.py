"""The emulator enforces the limits and defaults of docs/internals/service.md and docs/explanation/quotas.md."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from cloudtasks_nb.emulator.server.calls import queries
from cloudtasks_nb.emulator.server.delivery import deliver
from cloudtasks_nb.emulator.server.http import batch_endpoint as batch
from cloudtasks_nb.emulator.server.rules import leases, pages, queue_yaml, queues, targets, tasks
from cloudtasks_nb.emulator.server.services import batches, locations
from cloudtasks_nb.emulator.server.services import queues as queue_service
from cloudtasks_nb.emulator.server.services import tasks as task_service
from cloudtasks_nb.model import Queue, RetryConfig
from cloudtasks_nb.names import QUEUE_ID, TASK_ID, QueueName

DOCS = Path(__file__).parents[3] / "docs"
SERVICE, QUOTAS = (DOCS / "internals/service.md").read_text(), (DOCS / "explanation/quotas.md").read_text()


def section(number: str) -> str:
    """The text between a heading and the next one."""
    found = re.search(rf"^#+ {re.escape(number)}\.? .*?\n(.*?)(?=^#|\Z)", SERVICE, re.M | re.S)
    assert found is not None, number
    return found[1]


def days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):g}"


LIMITS = {
    "2.1": [QUEUE_ID.pattern],
    "2.2": [f"TTL {queue_yaml.TASK_TTL.total_seconds():.0f}s", f"burst {queue_yaml.BURST}"],
    "2.3": [f"above {queues.RATE:g}", f"burst is at most {queues.RATE:g}"],
    "2.5": [
        f"default and maximum {queue_service.MAX_QUEUES}",
        f"For tasks, the maximum is {task_service.MAX_TASKS}",
        f"good {pages.TOKEN_LIFE / timedelta(hours=1):g} h",
        f"size unknown → {locations.MAX_LOCATIONS}",
    ],
    "2.7": [f"{days(queues.NAME_BLOCKED)} days (v2beta2"],
    "2.9": [f"schedule ≤{days(tasks.MAX_AHEAD)} days", f"retention {days(queues.TASK_TTL)} days"],
    "3.1": [
        TASK_ID.pattern,
        f"{tasks.MAX_TASK_BYTES:,} bytes",
        f"default {deliver.DEADLINE_S / 60:g} min",
        f"HTTP {tasks.MIN_DEADLINE.seconds} s–{tasks.MAX_DEADLINE / timedelta(minutes=1):g} min",
    ],
    "3.2": [
        f"at most {targets.MAX_URL_CHARACTERS} characters",
        f"<{targets.MAX_HEADER_BYTES // 1024} KB",
        tasks.USER_AGENT,
    ],
    "4": [
        f"at most {days(leases.MAX_LEASE / 7)} week",
        f"at most {leases.MAX_LEASED}",
        f"unknown → {leases.LEASED_WHEN_UNSAID}",
        f"{leases.MAX_ANSWER_BYTES // 1024**2} MB",
        f"More than {leases.CALLS_PER_SECOND} lease calls",
        f"fewer than {tasks.MAX_TAG_CHARACTERS} characters",
    ],
    "1.2": [f"requests[≤{batches.MAX_CREATES}]", f"names[≤{batches.MAX_DELETES}]"],
    "1.5": [f"at most {queries._MAX_QUOTA_USER} characters"],
    "1.6": [f"docs say {batch.MAX_CALLS}"],
}


@pytest.mark.parametrize(
    ("number", "text"), [(number, text) for number, texts in LIMITS.items() for text in texts]
)
def test_a_limit_is_the_one_that_is_enforced(number: str, text: str) -> None:
    assert text in section(number)


def test_defaults_are_those_of_the_table() -> None:
    """Its first column contains the defaults of a new queue."""
    rows = dict(re.findall(r"^\| ([\w /]+?) \| ([^|]+?) \|", section("2.2"), re.M))
    made = queues.new_queue(Queue(), QueueName("p", "us-central1", "q"))
    rates, retries = made.rate_limits, made.retry_config
    assert rates is not None
    assert retries is not None
    assert rows["rate"] == f"{rates.max_tasks_dispatched_per_second:g}/s"
    assert rows["burst"] == f"{rates.max_burst_size}"
    assert rows["concurrent"] == f"{rates.max_concurrent_tasks}"
    assert rows["maxAttempts"] == f"{retries.max_attempts}"
    assert retries.min_backoff is not None
    assert retries.max_backoff is not None
    seconds = retries.min_backoff.total_seconds(), retries.max_backoff.total_seconds()
    assert rows["min/max backoff"] == "{:.3f}s / {:.0f}s".format(*seconds)
    assert rows["maxDoublings"] == f"{retries.max_doublings}"
    assert made.task_ttl is not None
    assert made.tombstone_ttl is not None
    ttls = made.task_ttl.total_seconds(), made.tombstone_ttl.total_seconds()
    assert rows["taskTtl / tombstoneTtl"] == "{:.0f}s / {:.0f}s".format(*ttls)


@pytest.mark.parametrize(
    "row",
    re.findall(r"^\| ([\d.]+), (\d+), (\d+) \| ([\d. ]+)", section("5.3"), re.M),
    ids=lambda row: row[0],
)
def test_delays_are_those_of_the_table(row: tuple[str, str, str, str]) -> None:
    shortest, longest, doublings, shown = row
    delays = RetryConfig(
        min_backoff=float(shortest), max_backoff=float(longest), max_doublings=int(doublings)
    ).backoff()
    for text in shown.split():
        assert next(delays).total_seconds() == pytest.approx(float(text))


def test_quotas_are_those_that_are_enforced() -> None:
    assert f"up to {days(tasks.MAX_AHEAD)} days ahead" in QUOTAS
    assert f"{days(queues.TASK_TTL)} days (`task_ttl`)" in QUOTAS
    assert f"{leases.CALLS_PER_SECOND} calls a second and queue" in QUOTAS
    assert f"{batches.MAX_CREATES} and {batches.MAX_DELETES:,} tasks in a call" in QUOTAS
    assert f"{task_service.MAX_TASKS:,} tasks, {queue_service.MAX_QUEUES:,} queues" in QUOTAS
    assert f"{queues.RATE:g} a second and queue" in QUOTAS
