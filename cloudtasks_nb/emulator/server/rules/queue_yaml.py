"""Parses queue.yaml into queues. Pure. Source: SPEC section 2.8."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert

from ....errors import InvalidArgument
from ....model import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Duration,
    PullTarget,
    Queue,
    RateLimits,
    RetryConfig,
)
from ....names import check_queue_id

MAX_FILE_BYTES = 1024 * 1024
BURST = 5
TASK_TTL = Duration(seconds=315_360_000)
TOMBSTONE_TTL = Duration(seconds=777_600)

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(?:/([smhd]))?")
_AGE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])")

Count = Annotated[int, Meta(ge=0, lt=1_000_000_000)]
Span = Annotated[float, Meta(ge=0, lt=1e9)]
Text = str | int | float


class _Retries(Struct, forbid_unknown_fields=True):
    task_retry_limit: Count | None = None
    task_age_limit: Text | None = None
    min_backoff_seconds: Span | None = None
    max_backoff_seconds: Span | None = None
    max_doublings: Count | None = None


class _Entry(Struct, forbid_unknown_fields=True):
    name: str
    rate: Text | None = None
    bucket_size: Count | None = None
    max_concurrent_requests: Count | None = None
    retry_parameters: _Retries | None = None
    mode: Literal["push", "pull"] = "push"
    target: Text | None = None
    acl: Any = None


class _File(Struct, forbid_unknown_fields=True):
    queue: list[_Entry] | None = None
    total_storage_limit: Any = None


class Described(Struct, frozen=True):
    """A queue of the file, without its full name. `paused`: its rate is 0."""

    id: str
    queue: Queue
    paused: bool


def read_queue_yaml(raw: bytes) -> list[Described]:
    """The queues of a file. Errors: InvalidArgument."""
    try:
        content = convert(_yaml(raw), _File | None)
    except (ValidationError, RecursionError) as error:
        raise _invalid(str(error)) from None
    found = [_described(entry) for entry in (content and content.queue) or ()]
    ids = [entry.id for entry in found]
    if len(set(ids)) < len(ids):
        raise _invalid("a queue is named twice")
    return found


def _yaml(raw: bytes) -> Any:
    import yaml  # imported only when such a file is uploaded

    if len(raw) > MAX_FILE_BYTES:
        raise _invalid(f"the file is larger than {MAX_FILE_BYTES} bytes")
    try:
        return yaml.safe_load(raw.decode())
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, OverflowError) as error:
        raise _invalid(f"the file is not YAML ({str(error)[:200]})") from None


def _described(entry: _Entry) -> Described:
    id, retries = check_queue_id(entry.name), entry.retry_parameters or _Retries()
    if entry.mode == "pull":
        attempts = RetryConfig(**_attempts(retries))
        return Described(id, _kept_long(Queue(pull_target=PullTarget(), retry_config=attempts)), False)
    if entry.rate is None:
        raise InvalidArgument(
            "Invalid queue configuration. Refill rate must be specified for push-based queue."
        )
    rate, concurrent = _rate(entry.rate, id), entry.max_concurrent_requests
    queue = Queue(
        app_engine_http_target=AppEngineHttpTarget(app_engine_routing_override=_routing(entry.target)),
        rate_limits=RateLimits(
            max_tasks_dispatched_per_second=rate or None,
            max_burst_size=BURST if entry.bucket_size is None else entry.bucket_size,
            max_concurrent_tasks=None if concurrent is None else min(max(concurrent, 1), 5000),
        ),
        retry_config=RetryConfig(
            **_attempts(retries),
            max_retry_duration=None if retries.task_age_limit is None else _age(retries.task_age_limit),
            min_backoff=retries.min_backoff_seconds,
            max_backoff=retries.max_backoff_seconds,
            max_doublings=retries.max_doublings,
        ),
    )
    return Described(id, _kept_long(queue), rate == 0)


def _kept_long(queue: Queue) -> Queue:
    queue.task_ttl, queue.tombstone_ttl = TASK_TTL, TOMBSTONE_TTL
    return queue


def _rate(text: Any, id: str) -> float:
    """Tasks per second."""
    match = _RATE.fullmatch(str(text).strip())
    if match is None or (match[2] is None and float(match[1]) != 0):
        raise _invalid(f"rate of {id} must be a number and a unit, such as 5/s, 10/m, 1/h or 2/d")
    return float(match[1]) / _UNITS_S[match[2] or "s"]


def _routing(target: Any) -> AppEngineRouting | None:
    """`service`, `version.service` or `instance.version.service`."""
    if target is None:
        return None
    parts = str(target).split(".")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise _invalid("target must be a service, version.service or instance.version.service")
    instance, version, service = ["", "", *parts][-3:]
    return AppEngineRouting(service=service, version=version, instance=instance)


def _attempts(retries: _Retries) -> dict[str, Any]:
    limit = retries.task_retry_limit
    return {"unlimited_attempts": True} if limit is None else {"max_attempts": limit + 1}


def _age(text: Any) -> timedelta:
    match = _AGE.fullmatch(str(text).strip())
    if match is None:
        raise _invalid("task_age_limit must be a number and a unit, such as 30s, 10m, 4h or 2d")
    return timedelta(seconds=float(match[1]) * _UNITS_S[match[2]])


def _invalid(why: str) -> InvalidArgument:
    return InvalidArgument(f"Invalid queue configuration: {why}.")
