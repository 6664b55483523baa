"""Parses a queue from one word of the command line: `us-central1/emails=rate=5,burst=2`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import (
    AppEngineHttpTarget,
    Duration,
    HttpTarget,
    Int64,
    PullTarget,
    Queue,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from ....model.target import PathOverride, QueryOverride
from ....names import QueueName, parse_queue
from ..calls.masks import Path
from .locations import APP_ENGINE_LOCATION, check_location
from .queues import new_queue

N = TypeVar("N", int, float)
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/([smhd]))?")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_TARGETS: dict[str, tuple[str, Callable[[], Any]]] = {
    "http": ("http_target", HttpTarget),
    "app_engine": ("app_engine_http_target", AppEngineHttpTarget),
    "pull": ("pull_target", PullTarget),
}


class Asked(Struct, frozen=True):
    """A queue to create at the start. `paths`: the named settings, which are applied if the queue exists already."""

    name: QueueName
    queue: Queue
    paths: tuple[Path, ...] = ()
    paused: bool | None = None


def queue_word(text: str, project: str) -> Asked:
    """Parses `--queue`: `[LOCATION/]ID` or a full name, then settings after `=`. Errors: ValueError.

    >>> queue_word("emails=rate=5", "local").queue.rate_limits.max_tasks_dispatched_per_second
    5.0
    """
    named, _, said = text.partition("=")
    try:
        name = parse_queue(named, project, APP_ENGINE_LOCATION)
        check_location(name.parent)
        return _settled(name, _pairs(said))
    except InvalidArgument as error:
        raise ValueError(f"{text!r}: {error.message}") from None


def _pairs(said: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in filter(None, said.split(",")):
        key, separator, value = word.partition("=")
        if not separator or key not in {*_SETTINGS, "kind", "paused"}:
            known = ", ".join(sorted({*_SETTINGS, "kind", "paused"}))
            raise InvalidArgument(f"'{word}' must be a setting KEY=VALUE; the keys are {known}.")
        pairs[key] = value
    return pairs


def _settled(name: QueueName, pairs: dict[str, str]) -> Asked:
    kind = pairs.pop("kind", "http")
    if kind not in _TARGETS:
        raise InvalidArgument(f"kind={kind} must be one of {', '.join(_TARGETS)}.")
    paused = pairs.pop("paused", None)
    if paused not in (None, "1", "0", "true", "false"):
        raise InvalidArgument(f"paused={paused} must be 1 or 0.")
    field, blank = _TARGETS[kind]
    queue = replace(Queue(rate_limits=RateLimits(), retry_config=RetryConfig()), **{field: blank()})
    paths: list[Path] = []
    for key, text in pairs.items():
        path, read = _SETTINGS[key]
        try:
            value = read(text)
        except (InvalidArgument, ValueError, OverflowError):
            instead = "; paused=1 pauses the queue" if text.strip("0./smhd") == "" else ""
            raise InvalidArgument(f"{key}={text} is not a valid value of {key}{instead}.") from None
        holder = queue if len(path) == 1 else getattr(queue, path[0])
        setattr(holder, path[-1], value)
        paths.append(path)
    new_queue(queue, name)  # raises for invalid settings
    return Asked(name, queue, tuple(paths), None if paused is None else paused in ("1", "true"))


def _rate(text: str) -> float:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return _above_0(float(match[1])) / _UNITS_S[match[2] or ""]


def _count(text: str) -> int:
    return _above_0(int(text))


def _above_0(number: N) -> N:
    """The number. Errors: ValueError for 0, which means the default in the API; paused=1 pauses a queue."""
    if number == 0:
        raise ValueError(number)
    return number


def target_of(url: str) -> HttpTarget:
    """The default target of tasks without a URL. Errors: ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError(url)
    return HttpTarget(
        uri_override=UriOverride(
            scheme=parts.scheme.upper(),
            host=parts.hostname,
            port=None if parts.port is None else Int64(parts.port),
            path_override=PathOverride(path=parts.path) if parts.path else None,
            query_override=QueryOverride(query_params=parts.query) if parts.query else None,
            uri_override_enforce_mode="IF_NOT_EXISTS",
        )
    )


_SETTINGS: dict[str, tuple[Path, Callable[[str], Any]]] = {
    "rate": (("rate_limits", "max_tasks_dispatched_per_second"), _rate),
    "burst": (("rate_limits", "max_burst_size"), _count),
    "concurrent": (("rate_limits", "max_concurrent_tasks"), _count),
    "attempts": (("retry_config", "max_attempts"), int),
    "retry_for": (("retry_config", "max_retry_duration"), Duration.of),
    "min_backoff": (("retry_config", "min_backoff"), Duration.of),
    "max_backoff": (("retry_config", "max_backoff"), Duration.of),
    "doublings": (("retry_config", "max_doublings"), int),
    "target": (("http_target",), target_of),
}
