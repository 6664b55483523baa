"""Settings as a person passes them: messages or dicts in, at any depth; messages out."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

from ..errors import ConfigError
from ..model.json import Duration, Int64, Message
from ..model.policy import Policy
from ..model.queue import Queue
from ..model.schema import Field, schema
from ..model.target import Header, HeaderOverride
from ..model.versions import OWN, Spoken, not_settable
from ..model.writing import as_new


def settings(given: Mapping[str, Any], version: Spoken = OWN, queue_kind: str = "") -> Queue:
    """A queue with the settings that were passed by their names, in a version and for a queue of a kind.

    A message is taken as it was read: what is output only is left out. A key of a dict must be one that can be set.

    Errors: ConfigError for an unknown field, a field that cannot be set, or a wrong type.

    >>> settings({"rate_limits": {"max_concurrent_tasks": 5}}).rate_limits.max_concurrent_tasks
    5
    """
    return cast(Queue, _Reader(version, queue_kind).message(Queue, given, ""))


def policy_of(given: Policy | Mapping[str, Any]) -> Policy:
    """An IAM policy, also from nested dicts. Errors: ConfigError."""
    if isinstance(given, Policy):
        return given
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"policy is a {type(given).__name__}, not a Policy or a dict.",
            hint='begin with queue.iam_policy(), then policy.grant("roles/...", "user:...")',
        )
    return cast(Policy, _Reader().message(Policy, given, "policy"))


class _Reader:
    """Reads settings for one version of the API and one kind of queue."""

    def __init__(self, version: Spoken = OWN, queue_kind: str = "") -> None:
        self._version = version
        self._queue_kind = queue_kind

    def message(self, kind: type[Message], given: Any, where: str) -> Message:
        if isinstance(given, kind):
            return as_new(given, self._version, self._queue_kind)
        if not isinstance(given, Mapping):
            raise ConfigError(f"{where} is a {type(given).__name__}, not a {kind.__name__} or a dict.")
        known, values = schema(kind), {}
        for name, value in given.items():
            field = known.get(name)
            if field is None:
                raise self._unknown(kind, str(name))
            if not field.can_be_set(self._version, self._queue_kind):
                raise not_settable(kind, field, self._version, self._queue_kind)
            if value is not None:
                values[name] = self._value(field, value, f"{where}.{name}" if where else name)
        return kind(**values)

    def _value(self, field: Field, given: Any, where: str) -> Any:
        if field.name == "header_overrides" and isinstance(given, Mapping):
            return [HeaderOverride(header=Header(key=key, value=value)) for key, value in given.items()]
        if field.message is not None and field.repeated:
            if not isinstance(given, list | tuple):
                raise ConfigError(f"{where} is a {type(given).__name__}, not a list.")
            return [self.message(field.message, item, f"{where}[{at}]") for at, item in enumerate(given)]
        if field.message is not None:
            return self.message(field.message, given, where)
        if field.mapped:
            if not isinstance(given, Mapping):
                raise ConfigError(f"{where} is a {type(given).__name__}, not a dict.")
            return dict(given)
        if field.holds is Duration:
            return Duration.of(given)
        if field.holds is Int64 and isinstance(given, int):
            return Int64(given)
        return given

    def _unknown(self, kind: type[Message], name: str) -> ConfigError:
        fields = schema(kind).values()
        there = [field.name for field in fields if field.can_be_set(self._version, self._queue_kind)]
        near = get_close_matches(name, there, 1, 0.6)
        meant = f"did you mean {near[0]!r}? " if near else ""
        return ConfigError(
            f"{kind.__name__} has no field {name!r}.", hint=f"{meant}it has {', '.join(there)}"
        )
