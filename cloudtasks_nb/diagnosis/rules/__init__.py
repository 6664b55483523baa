"""The rules, and judge(), which applies them. A rule is a pure function of the facts; its thresholds are keywords."""

from __future__ import annotations

from collections.abc import Callable

from ..facts import Facts
from ..finding import SEVERITIES, Finding
from .clients import clock_skew, sequential_names, tombstone
from .draining import drain_long, drains_never
from .failing import failing, one_cause, timeouts
from .lost import dup_risk, near_exhaustion
from .pace import beyond_500, concurrency_bound, idle_with_due, rate_bound, throttled
from .project import (
    account_unfit,
    agent_lost,
    api_disabled,
    application_down,
    billing_off,
    firewall_denies,
    key_disabled,
    may_not_act_as,
)
from .service import (
    capacity_gap,
    deadline_mismatch,
    ingress_closed,
    no_invoker,
    no_token,
    target_missing,
    target_not_ready,
    url_off,
    what_is_left,
    wrong_audience,
    young_grant,
)
from .state import logging_off, paused_with_backlog, purged_lately
from .waiting import all_future, retry_wait

RULES: tuple[Callable[[Facts], Finding | None], ...] = (
    paused_with_backlog,
    api_disabled,
    billing_off,
    key_disabled,
    application_down,
    firewall_denies,
    account_unfit,
    agent_lost,
    target_missing,
    target_not_ready,
    url_off,
    ingress_closed,
    no_token,
    no_invoker,
    wrong_audience,
    idle_with_due,
    failing,
    one_cause,
    timeouts,
    throttled,
    concurrency_bound,
    rate_bound,
    retry_wait,
    near_exhaustion,
    drains_never,
    dup_risk,
    deadline_mismatch,
    capacity_gap,
    clock_skew,
    sequential_names,
    beyond_500,
    all_future,
    drain_long,
    tombstone,
    young_grant,
    what_is_left,
    may_not_act_as,
    purged_lately,
    logging_off,
)
"""Findings of the same severity appear in this order: a cause comes before its effects."""


def judge(facts: Facts) -> list[Finding]:
    """All findings, the most severe first."""
    found = [finding for rule in RULES if (finding := rule(facts)) is not None]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
