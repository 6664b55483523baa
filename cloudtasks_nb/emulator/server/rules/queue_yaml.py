"""queue.yaml: the queues that a file describes. Pure. Source: SPEC section 2.8."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct

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
_QUEUE_KEYS = {
    "name", "rate", "bucket_size", "max_concurrent_requests", "retry_parameters", "mode", "target", "acl",
}  # fmt: skip
_RETRY_KEYS = {
    "task_retry_limit", "task_age_limit", "min_backoff_seconds", "max_backoff_seconds", "max_doublings",
}  # fmt: skip


class Described(Struct, frozen=True):
    """A queue of the file, without its full name. `paused`: its rate is 0."""

    id: str
    queue: Queue
    paused: bool


def read_queue_yaml(raw: bytes) -> list[Described]:
    """The queues of a file. Errors: InvalidArgument."""
    values = _yaml(raw)
    if values is None:
        return []
    content = _mapping(values, {"queue", "total_storage_limit"}, "the file")
    queues = content.get("queue") or []
    if not isinstance(queues, list):
        raise _invalid("queue must be a list")
    found = [_described(entry) for entry in queues]
    ids = [entry.id for entry in found]
    if len(set(ids)) < len(ids):
        raise _invalid("a queue is named twice")
    return found


def _yaml(raw: bytes) -> Any:
    import yaml  # only who uploads such a file pays for this

    if len(raw) > MAX_FILE_BYTES:
        raise _invalid(f"the file is larger than {MAX_FILE_BYTES} bytes")
    try:
        return yaml.safe_load(raw.decode())
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, OverflowError) as error:
        raise _invalid(f"the file is not YAML ({str(error)[:200]})") from None


def _described(entry: Any) -> Described:
    values = _mapping(entry, _QUEUE_KEYS, "a queue")
    if not isinstance(values.get("name"), str):
        raise _invalid("a queue has no name")
    id = check_queue_id(values["name"])
    retries = _mapping(values.get("retry_parameters") or {}, _RETRY_KEYS, f"retry_parameters of {id}")
    mode = values.get("mode", "push")
    if mode not in ("push", "pull"):
        raise _invalid(f"mode of {id} must be push or pull")
    if mode == "pull":
        attempts = RetryConfig(**_attempts(retries))
        return Described(id, _kept_long(Queue(pull_target=PullTarget(), retry_config=attempts)), False)
    if "rate" not in values:
        raise InvalidArgument(
            "Invalid queue configuration. Refill rate must be specified for push-based queue."
        )
    rate = _rate(values["rate"], id)
    queue = Queue(
        app_engine_http_target=AppEngineHttpTarget(
            app_engine_routing_override=_routing(values.get("target"))
        ),
        rate_limits=RateLimits(
            max_tasks_dispatched_per_second=rate or None,
            max_burst_size=_number(values, "bucket_size", int, BURST),
            max_concurrent_tasks=_concurrency(values),
        ),
        retry_config=_retries(retries),
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


def _concurrency(values: dict[str, Any]) -> int | None:
    asked = _number(values, "max_concurrent_requests", int, None)
    return None if asked is None else min(max(asked, 1), 5000)


def _routing(target: Any) -> AppEngineRouting | None:
    """`service`, `version.service` or `instance.version.service`."""
    if target is None:
        return None
    parts = str(target).split(".")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise _invalid("target must be a service, version.service or instance.version.service")
    instance, version, service = ["", "", *parts][-3:]
    return AppEngineRouting(service=service, version=version, instance=instance)


def _retries(values: dict[str, Any]) -> RetryConfig:
    age = values.get("task_age_limit")
    return RetryConfig(
        **_attempts(values),
        max_retry_duration=None if age is None else _age(age),
        min_backoff=_number(values, "min_backoff_seconds", float, None),
        max_backoff=_number(values, "max_backoff_seconds", float, None),
        max_doublings=_number(values, "max_doublings", int, None),
    )


def _attempts(values: dict[str, Any]) -> dict[str, Any]:
    retries = _number(values, "task_retry_limit", int, None)
    return {"unlimited_attempts": True} if retries is None else {"max_attempts": retries + 1}


def _age(text: Any) -> timedelta:
    match = _AGE.fullmatch(str(text).strip())
    if match is None:
        raise _invalid("task_age_limit must be a number and a unit, such as 30s, 10m, 4h or 2d")
    return timedelta(seconds=float(match[1]) * _UNITS_S[match[2]])


def _number(values: dict[str, Any], key: str, kind: Callable[[Any], Any], default: Any) -> Any:
    value = values.get(key)
    if value is None:
        return default
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
    if not is_number or kind(value) != value:
        raise _invalid(f"{key} must be a number that is not negative, not {str(value)[:60]}")
    return kind(value)


def _mapping(value: Any, known: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"{what} must be a mapping")
    for key in value:
        if key not in known:
            raise _invalid(f"{what} holds {str(key)[:60]!r}, which is none of {', '.join(sorted(known))}")
    return value


def _invalid(why: str) -> InvalidArgument:
    return InvalidArgument(f"Invalid queue configuration: {why}.")
