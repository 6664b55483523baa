"""A queue to be created, from Python values: its kind and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import ConfigError
from ..model.durations import DurationLike
from ..model.queue import Kind, RateLimits, RetryConfig, StackdriverLoggingConfig
from ..model.queue import Queue as QueueFields
from ..model.target import AppEngineHttpTarget, HttpTarget, PullTarget
from ..names import QueueName
from ..rest.session import Session
from .queue import Queue
from .settings import settings

_TARGETS: dict[str, str] = {
    "http": "http_target",
    "app_engine": "app_engine_http_target",
    "pull": "pull_target",
}
_BLANK = {"http": HttpTarget, "app_engine": AppEngineHttpTarget, "pull": PullTarget}


class QueueOptions(msgspec.Struct, kw_only=True):
    """The keywords of create_queue, which explains them; a dict stands for the message of its field."""

    kind: Kind = "http"
    rate_limits: RateLimits | Mapping[str, Any] | None = None
    retry_config: RetryConfig | Mapping[str, Any] | None = None
    http_target: HttpTarget | Mapping[str, Any] | None = None
    app_engine_http_target: AppEngineHttpTarget | Mapping[str, Any] | None = None
    stackdriver_logging_config: StackdriverLoggingConfig | Mapping[str, Any] | None = None
    task_ttl: DurationLike | None = None
    tombstone_ttl: DurationLike | None = None


def create_queue(session: Session, name: QueueName, options: QueueOptions) -> Queue:
    """Create a queue. Errors: AlreadyExists, FailedPrecondition, ConfigError for settings of another kind.

    Source: REST queues.create.
    """
    given = {field: value for field, value in msgspec.structs.asdict(options).items() if value is not None}
    kind = given.pop("kind")
    targets = [field for field in _TARGETS.values() if field in given]
    if kind == "http" and targets == ["app_engine_http_target"]:
        kind = "app_engine"  # its settings say so
    if kind not in _TARGETS:
        raise ConfigError(f"kind={kind!r} is unknown.", hint='use kind="http", "app_engine" or "pull"')
    if any(field != _TARGETS[kind] for field in targets):
        raise ConfigError(
            f"{' and '.join(targets)} cannot be set on a queue of kind {kind!r}.",
            hint="a queue has one kind of target",
        )
    return new_queue(session, name, kind, settings(given, session.api_version, kind))


def new_queue(session: Session, name: QueueName, kind: Kind, queue: QueueFields) -> Queue:
    """Create a queue of a kind under a name, with the settings that `queue` holds. Errors: those of create_queue."""
    queue.name = str(name)
    if getattr(queue, _TARGETS[kind]) is None:
        setattr(queue, _TARGETS[kind], _BLANK[kind]())
    path = {"parent": str(name.parent)}
    return session.call("projects.locations.queues.create", Queue, path=path, body=queue).bind(session)
