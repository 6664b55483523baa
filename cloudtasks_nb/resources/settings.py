"""Converts settings from users, messages or dicts at any depth, to messages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeVar, cast

from ..arguments import nearest
from ..errors import ConfigError, InvalidArgument, kind_of
from ..model.json import Duration, Int64, Message
from ..model.policy import Policy
from ..model.queue import Queue
from ..model.queue import RetryConfig as RetryConfig
from ..model.schema import Field, schema
from ..model.target import Header, HeaderOverride
from ..model.versions import OWN, Spoken, not_settable
from ..model.writing import as_new

M = TypeVar("M", bound=Message)


class Unchanged(Enum):
    """The default of keywords for which None means the service's default."""

    UNCHANGED = "left as it is"

    def __repr__(self) -> str:
        return self.name


UNCHANGED: Final = Unchanged.UNCHANGED

_TYPES: dict[Any, tuple[str, Any]] = {
    str: ("text", str),
    bool: ("True or False", bool),
    int: ("a whole number", int | float),
    Int64: ("a whole number", int | float),
    float: ("a number", int | float),
}
# For these, the service reads 0 as unset, and sets its default, such as 500 tasks per second.
_PAUSE = "queue.pause() stops dispatching"
_INSTEAD_OF_0 = {
    "max_tasks_dispatched_per_second": _PAUSE,
    "max_concurrent_tasks": _PAUSE,
    "max_burst_size": "the minimum is 1",
    "max_attempts": "1 means no retries",
}


def settings(given: Mapping[str, Any], version: Spoken = OWN, queue_kind: str = "") -> Queue:
    """Make a queue with these settings, for an API version and a kind of queue.

    Output-only fields of a message are ignored. A key of a dict must be a field that can be set.

    Errors: ConfigError for an unknown field, a field that cannot be set, or a wrong type.

    >>> settings({"rate_limits": {"max_concurrent_tasks": 5}}).rate_limits.max_concurrent_tasks
    5
    """
    return cast(Queue, _Reader(version, queue_kind).message(Queue, given, ""))


def policy_of(given: Policy | Mapping[str, Any]) -> Policy:
    """Make an IAM policy, also from nested dicts. Errors: ConfigError."""
    if isinstance(given, Policy):
        return given
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"policy must be a Policy or a dict, not {kind_of(given)}.",
            hint='start with queue.iam_policy(), then policy.grant("roles/...", "user:...")',
        )
    return cast(Policy, _Reader().message(Policy, given, "policy"))


def read_message(kind: type[M], given: M | Mapping[str, Any], where: str) -> M:
    """Read a settings message, also from a dict. Errors: those of settings().

    >>> read_message(RetryConfig, {"min_backoff": "5s"}, "retry_config").min_backoff.seconds
    5
    """
    return cast(M, _Reader().message(kind, given, where))


class _Reader:
    """Reads settings for one API version and one kind of queue."""

    def __init__(self, version: Spoken = OWN, queue_kind: str = "") -> None:
        self._version = version
        self._queue_kind = queue_kind

    def message(self, kind: type[Message], given: Any, where: str) -> Message:
        if isinstance(given, kind):
            new = as_new(given, self._version, self._queue_kind)
            held = {field: getattr(new, field.name) for field in schema(kind).values()}
            given = {field.name: value for field, value in held.items() if value != field.blank}
        if not isinstance(given, Mapping):
            raise ConfigError(f"{where} is {kind_of(given)}, not a {kind.__name__} or a dict.")
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
        if field.repeated and not isinstance(given, list | tuple):
            raise _wrong(where, given, "a list")
        if field.message is not None:
            if not field.repeated:
                return self.message(field.message, given, where)
            return [self.message(field.message, item, f"{where}[{at}]") for at, item in enumerate(given)]
        if field.mapped:
            if not isinstance(given, Mapping):
                raise _wrong(where, given, "a dict")
            return dict(given)
        return [*given] if field.repeated else _scalar(field, given, where)

    def _unknown(self, kind: type[Message], name: str) -> ConfigError:
        fields = schema(kind).values()
        there = [field.name for field in fields if field.can_be_set(self._version, self._queue_kind)]
        return ConfigError(
            f"{kind.__name__} has no field {name!r}.",
            hint=f"{nearest(name, there)} it has {', '.join(there)}".lstrip(),
        )


def _scalar(field: Field, given: Any, where: str) -> Any:
    """Convert a value to the type of the field."""
    if field.holds is Duration:
        try:
            return Duration.of(given)
        except InvalidArgument as error:
            raise InvalidArgument(f"{where}: {error.message}", hint=error.hint) from None
    plain = given.item() if type(given).__module__ == "numpy" and hasattr(given, "item") else given
    words, right = _TYPES[field.holds]
    if not isinstance(plain, right) or (isinstance(plain, bool) and field.holds is not bool):
        raise _wrong(where, given, words)
    if isinstance(plain, float):
        if not math.isfinite(plain):
            raise ConfigError(f"{where} is {plain}, not a number.", hint="None sets the default")
        if field.holds is not float and not plain.is_integer():
            raise ConfigError(f"{where} is {plain}, not {words}.")
    if plain == 0 and field.name in _INSTEAD_OF_0:
        raise ConfigError(
            f"{where} is 0, which the service reads as its default.",
            hint=f"{_INSTEAD_OF_0[field.name]}; None sets the default",
        )
    try:
        return field.holds(plain)
    except OverflowError:  # an integer that no float can hold
        raise ConfigError(f"{where} is too large.") from None


def _wrong(where: str, given: Any, words: str) -> ConfigError:
    return ConfigError(f"{where} is {kind_of(given)}, not {words}.")
