"""Validates typed rates and retries, and converts them for queue.update()."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from ..model.durations import parse_duration
from ..model.json import shortest
from ..model.queue import RetryConfig
from ..model.schema import behavior_of
from .action import Refused

if TYPE_CHECKING:
    from ..resources.queue import Queue

Kind = Literal["number", "whole", "duration", "attempts"]
Changes = dict[
    str, dict[str, Any]
]  # what queue.update() takes: {"rate_limits": {...}, "retry_config": {...}}

UNLIMITED = "unlimited"
_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


class Setting(Struct, frozen=True):
    """One setting. Units: durations in seconds. Source of the bounds: SPEC section 2.3."""

    name: str
    group: Literal["rate_limits", "retry_config"]
    label: str
    kind: Kind
    low: float
    high: float
    hint: str

    def read(self, typed: object) -> Any:
        """The typed value; None (back to the default) for an empty text. Errors: Refused."""
        text = str(typed).strip()
        if typed is None or not text:
            return None
        value = self._value(text)
        if value is None or not self.low <= value <= self.high:
            stop = (
                "; to stop dispatching, pause the queue" if value == 0 and self.group == "rate_limits" else ""
            )
            raise Refused(f"{self.label}: {text} is not valid.", hint=f"type {self.hint}{stop}")
        return value

    def _value(self, text: str) -> float | None:
        try:
            if self.kind == "duration":
                return shortest(parse_duration(text).total_seconds())
            return float(text) if self.kind == "number" else int(text)
        except (ValueError, OverflowError):
            return None


_DAY_S = 86400.0
FIELDS = (
    Setting("max_tasks_dispatched_per_second", "rate_limits", "Rate, per second", "number", 0.001, 500, "0.001 to 500"),
    Setting("max_burst_size", "rate_limits", "Burst", "whole", 1, 500, "1 to 500"),
    Setting("max_concurrent_tasks", "rate_limits", "Concurrent", "whole", 1, 5000, "1 to 5,000"),
    Setting("max_attempts", "retry_config", "Attempts", "attempts", 1, 2**31 - 1, 'a number or "unlimited"'),
    Setting("min_backoff", "retry_config", "Shortest delay", "duration", 0, 365 * _DAY_S, "such as 0.1 s or 5 min"),
    Setting("max_backoff", "retry_config", "Longest delay", "duration", 0, 365 * _DAY_S, "such as 30 s or 1 h"),
    Setting("max_doublings", "retry_config", "Doublings", "whole", 0, 2**31 - 1, "a whole number"),
    Setting("max_retry_duration", "retry_config", "Retry for at least", "duration", 0, 3650 * _DAY_S, "such as 1 h"),
)  # fmt: skip
_BY_NAME = {field.name: field for field in FIELDS}


def typed(value: Any) -> str:
    """The exact value as a user would type it.

    >>> typed(timedelta(hours=1)), typed(timedelta(seconds=0.1)), typed(500.0)
    ('1 h', '0.1 s', '500')
    """
    if value is None:
        return ""
    if not isinstance(value, timedelta):
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    total_s = value.total_seconds()
    for unit, size_s in _UNITS:
        if total_s and total_s % size_s == 0:
            return f"{total_s / size_s:.15g} {unit}"
    return f"{total_s:.6f}".rstrip("0").rstrip(".") + " s"


def form(queue: Queue) -> list[dict[str, Any]]:
    """The settings of this queue that can be changed in this API version, with their current values."""
    version = queue._session.api_version
    open_to_change = [
        field
        for field in FIELDS
        if behavior_of(type(queue), (field.group, field.name), version, queue.kind) == "settable"
    ]
    return [{**asdict(field), "value": _now(queue, field)} for field in open_to_change]


def changed_settings(queue: Queue, settings: object) -> Changes:
    """The arguments for queue.update(). Errors: Refused when a typed value is invalid."""
    if not isinstance(settings, Mapping) or not settings:
        raise Refused("Nothing was changed.", hint="change a setting first")
    known = {field["name"] for field in form(queue)}
    found: Changes = {}
    for name, text in settings.items():
        if name not in known:
            raise Refused(f"This queue has no setting {str(name)!r} to change.")
        field = _BY_NAME[name]
        if name == "max_attempts" and str(text).strip().lower() == UNLIMITED:
            found.setdefault(field.group, {})["unlimited_attempts"] = True
        else:
            found.setdefault(field.group, {})[name] = field.read(text)
    _check_backoffs(queue, found.get("retry_config", {}))
    return found


def _check_backoffs(queue: Queue, changed: Mapping[str, Any]) -> None:
    retry = queue.retry_config or RetryConfig()
    held = {"min_backoff": retry.min_backoff, "max_backoff": retry.max_backoff}
    after = {name: span and span.total_seconds() for name, span in held.items()} | dict(changed)
    shortest, longest = after["min_backoff"], after["max_backoff"]
    if shortest is not None and longest is not None and shortest > longest:
        raise Refused(
            "The shortest delay must not be longer than the longest delay.",
            hint="raise the longest delay first",
        )


def _now(queue: Queue, field: Setting) -> str:
    held = getattr(queue, field.group)
    if field.name == "max_attempts" and getattr(held, "unlimited_attempts", False):
        return UNLIMITED
    return typed(getattr(held, field.name, None))
