"""Queue settings in Python terms: messages or dicts in, messages and field masks out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ..errors import ConfigError
from ..model.json import Duration, Message
from ..model.queue import RateLimits, RetryConfig
from ..model.target import HttpTarget

KINDS: dict[str, type[Message]] = {
    "rate_limits": RateLimits,
    "retry_config": RetryConfig,
    "http_target": HttpTarget,
}
DURATIONS = ("task_ttl", "tombstone_ttl")


def settings(field: str, given: Any) -> Any:
    """The value for a field of Queue. Errors: ConfigError for an unknown field or a wrong type.

    >>> settings("rate_limits", {"max_concurrent_tasks": 5}).max_concurrent_tasks
    5
    """
    if field in DURATIONS:
        return Duration.of(given)
    kind = KINDS.get(field)
    if kind is None:
        raise ConfigError(
            f"A queue has no setting {field!r}.", hint=f"there are {', '.join([*KINDS, *DURATIONS])}"
        )
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise ConfigError(f"{field} is a {type(given).__name__}, not a {kind.__name__} or a dict.")
    unknown = [name for name in given if name not in kind.__struct_fields__]
    if unknown:
        names = ", ".join(kind.__struct_fields__)
        raise ConfigError(f"{kind.__name__} has no field {unknown[0]!r}.", hint=f"its fields are {names}")
    return kind(**{name: value for name, value in given.items() if value is not None})


def mask_paths(field: str, given: Message | Mapping[str, Any]) -> list[str]:
    """Paths of what was passed, as the API spells them: "rateLimits.maxConcurrentTasks".

    Every key of a dict counts; of a message, every field that differs from its default.
    """
    kind = KINDS[field]
    wire = {known.name: known.encode_name for known in msgspec.structs.fields(kind)}
    if isinstance(given, Mapping):
        names = list(given)
    else:
        blank = kind()
        names = [name for name in wire if getattr(given, name) != getattr(blank, name)]
    head, _, rest = field.partition("_")
    return [f"{head}{rest.capitalize()}.{wire[name]}" for name in names]
