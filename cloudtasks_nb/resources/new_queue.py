"""Creates a queue from Python values: its name, kind and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arguments import Checked
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


class CreatesQueues(Checked):
    """The verb that creates a queue. A client and a location have it."""

    __slots__ = ()
    if TYPE_CHECKING:

        def _new_queue(self, name: str) -> tuple[Session, QueueName]: ...

    def create_queue(
        self,
        name: str,
        kind: Kind = "http",
        *,
        rate_limits: RateLimits | Mapping[str, Any] | None = None,
        retry_config: RetryConfig | Mapping[str, Any] | None = None,
        http_target: HttpTarget | Mapping[str, Any] | None = None,
        app_engine_http_target: AppEngineHttpTarget | Mapping[str, Any] | None = None,
        stackdriver_logging_config: StackdriverLoggingConfig | Mapping[str, Any] | None = None,
        task_ttl: DurationLike | None = None,
        tombstone_ttl: DurationLike | None = None,
    ) -> Queue:
        """Create a queue.

        - `name`: an id. A client also takes "location/id" or a full name.
        - `kind`: the kind of its tasks: "http", "app_engine" or "pull". It cannot be changed later.
        - `rate_limits`: how fast the queue dispatches.
        - `retry_config`: how failed tasks are retried.
        - `http_target`: parts of the request that the queue sets on all its HTTP tasks.
        - `app_engine_http_target`: the App Engine routing of all its tasks. With it, `kind` is "app_engine".
        - `stackdriver_logging_config`: which share of its operations is written to Cloud Logging.
        - `task_ttl`: how long the queue keeps a task. It cannot be changed later.
        - `tombstone_ttl`: how long the name of a deleted or finished task stays blocked. It cannot be changed later.

        Settings are messages (ct.RateLimits, …) or dicts with the same snake_case names. Output-only fields of a
        message are ignored. The service chooses the defaults.

        Units: `task_ttl` and `tombstone_ttl` are seconds, timedeltas, or text such as "10m".
        Errors: AlreadyExists, FailedPrecondition (the name was used too recently), InvalidArgument; ConfigError for a
        field that is unknown or cannot be set.
        Source: REST queues.create.

        Example:
            >>> client.create_queue("slow", rate_limits={"max_tasks_dispatched_per_second": 1})
            >>> location.create_queue("thumbnails", kind="pull").kind
            'pull'
            >>> client.create_queue("app", app_engine_http_target={
            ...     "app_engine_routing_override": {"service": "worker"}})
        """
        named = {field: value for field, value in locals().items() if field not in ("self", "name", "kind")}
        given = {field: value for field, value in named.items() if value is not None}
        session, queue_name = self._new_queue(name)
        kind = _kind_of(kind, [field for field in _TARGETS.values() if field in given])
        return new_queue(session, queue_name, kind, settings(given, session.api_version, kind))


def _kind_of(kind: Kind, targets: list[str]) -> Kind:
    """The kind of a new queue with these targets. Errors: ConfigError."""
    if kind == "http" and targets == ["app_engine_http_target"]:
        return "app_engine"  # by its settings
    if kind not in tuple(_TARGETS):  # a tuple also takes what is not hashable
        raise ConfigError(f"kind={kind!r} is unknown.", hint='use kind="http", "app_engine" or "pull"')
    if any(field != _TARGETS[kind] for field in targets):
        raise ConfigError(
            f"{' and '.join(targets)} cannot be set on a queue of kind {kind!r}.",
            hint="a queue has one kind of target",
        )
    return kind


def new_queue(session: Session, name: QueueName, kind: Kind, queue: QueueFields) -> Queue:
    """Create a queue of a kind under a name, with the settings that `queue` holds. Errors: those of create_queue."""
    queue.name = str(name)
    if getattr(queue, _TARGETS[kind]) is None:
        setattr(queue, _TARGETS[kind], _BLANK[kind]())
    path = {"parent": str(name.parent)}
    return session.call("projects.locations.queues.create", Queue, path=path, body=queue).bind(session)
