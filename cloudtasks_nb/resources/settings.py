"""Queue settings in Python terms: messages or dicts in, at any depth; messages and field masks out."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

from ..errors import ConfigError
from ..model.json import Duration, Int64, Message
from ..model.policy import Policy
from ..model.queue import RateLimits, RetryConfig, StackdriverLoggingConfig
from ..model.schema import Field, camel, schema
from ..model.target import AppEngineHttpTarget, AppEngineRouting, Header, HeaderOverride, HttpTarget

KINDS: dict[str, type[Message]] = {
    "rate_limits": RateLimits,
    "retry_config": RetryConfig,
    "http_target": HttpTarget,
    "app_engine_http_target": AppEngineHttpTarget,
    "stackdriver_logging_config": StackdriverLoggingConfig,
}
DURATIONS = ("task_ttl", "tombstone_ttl")

# Values that are set as a whole: a route is one value, from which the service computes the host.
_WHOLE = (AppEngineRouting,)


def settings(field: str, given: Any) -> Any:
    """The value for a field of Queue. Errors: ConfigError for an unknown field or a wrong type.

    >>> settings("rate_limits", {"max_concurrent_tasks": 5}).max_concurrent_tasks
    5
    """
    if field in DURATIONS:
        return Duration.of(given)
    return _read(_kind(field), given, field)


def mask_paths(field: str, given: Message | Mapping[str, Any]) -> list[str]:
    """Paths of what was passed, as the API spells them: "rateLimits.maxConcurrentTasks".

    Every key of a dict counts, also one whose value is None; of a message, every field that differs from its
    default; both at any depth.

    >>> mask_paths("http_target", {"uri_override": {"host": "example.com"}, "oidc_token": None})
    ['httpTarget.uriOverride.host', 'httpTarget.oidcToken']
    """
    return [f"{camel(field)}.{path}" for path in _paths(_kind(field), given)]


def _kind(field: str) -> type[Message]:
    kind = KINDS.get(field)
    if kind is None:
        there = ", ".join([*KINDS, *DURATIONS])
        raise ConfigError(f"A queue has no setting {field!r}.", hint=f"there are {there}")
    return kind


def policy_of(given: Policy | Mapping[str, Any]) -> Policy:
    """An IAM policy, also from nested dicts. Errors: ConfigError."""
    if not isinstance(given, Policy | Mapping):
        raise ConfigError(
            f"policy is a {type(given).__name__}, not a Policy or a dict.",
            hint='begin with queue.iam_policy(), then policy.grant("roles/...", "user:...")',
        )
    return cast(Policy, _read(Policy, given, "policy"))


def _read(kind: type[Message], given: Any, where: str) -> Message:
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} is a {type(given).__name__}, not a {kind.__name__} or a dict.")
    known = schema(kind)
    values = {}
    for name, value in given.items():
        if name not in known:
            raise _unknown(kind, str(name), list(known))
        if value is not None:
            values[name] = _value(known[name], value, f"{where}.{name}")
    return kind(**values)


def _value(field: Field, given: Any, where: str) -> Any:
    if field.name == "header_overrides" and isinstance(given, Mapping):
        return [HeaderOverride(header=Header(key=key, value=value)) for key, value in given.items()]
    if field.message is not None and field.repeated:
        if not isinstance(given, list | tuple):
            raise ConfigError(f"{where} is a {type(given).__name__}, not a list.")
        return [_read(field.message, item, f"{where}[{at}]") for at, item in enumerate(given)]
    if field.message is not None:
        return _read(field.message, given, where)
    if field.holds is Duration:
        return Duration.of(given)
    if field.holds is Int64 and isinstance(given, int):
        return Int64(given)
    return given


def _paths(kind: type[Message], given: Any) -> list[str]:
    known = schema(kind)
    if isinstance(given, Mapping):
        passed = {name: given[name] for name in given if name in known}
    else:
        blank = cast(Any, kind)()
        passed = {name: getattr(given, name) for name in known}
        passed = {name: value for name, value in passed.items() if value != getattr(blank, name)}
    found = []
    for name, value in passed.items():
        field = known[name]
        deeper = field.message is not None and not field.repeated and field.message not in _WHOLE
        inner = _paths(field.message, value) if deeper and field.message and value is not None else []
        found += [f"{field.wire}.{path}" for path in inner] or [field.wire]
    return found


def _unknown(kind: type[Message], name: str, known: list[str]) -> ConfigError:
    near = get_close_matches(name, known, 1, 0.6)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return ConfigError(
        f"{kind.__name__} has no field {name!r}.", hint=f"{meant}its fields are {', '.join(known)}"
    )
