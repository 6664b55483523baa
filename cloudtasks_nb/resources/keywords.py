"""Errors for unknown keywords, keys and fields, with the closest known name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, cast

from msgspec import Struct

from ..discreet import JsonObject, as_hidden
from ..errors import ConfigError
from ..model.queue import RateLimits, RetryConfig
from ..model.schema import schema, snake

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=Struct)

_PARTS = {"rate_limits": RateLimits, "retry_config": RetryConfig}
# Names of the API and of other libraries, with the keyword to use instead.
_KIND = 'kind="pull" makes a pull queue; the kind of a queue cannot be changed later'
_INSTEAD = {
    "pull_target": _KIND,
    "type": _KIND,
    "state": "queue.pause() and queue.resume() change it",
    "body": "did you mean 'payload'?",
    "name": "did you mean 'task_id'?",
    "delay": "did you mean 'schedule'?",
    "eta": "did you mean 'schedule'?",
}


class UnknownKeyword(ConfigError, TypeError):
    """A verb was called with an unknown keyword."""


def gathered(options: type[S], said: Mapping[str, Any]) -> S:
    """Make an options object from the keywords of a verb: gathered(BulkOptions, locals())."""
    return options(**{name: said[name] for name in options.__struct_fields__ if name in said})


def nearest(name: object, known: Iterable[str]) -> str:
    """A suggestion with the closest known name, or "".

    >>> nearest("minBackof", ["min_backoff", "max_backoff"])
    "did you mean 'min_backoff'?"
    """
    near = get_close_matches(snake(str(name)), list(known), 1, 0.6)
    return f"did you mean {near[0]!r}?" if near else ""


def known_keywords(verb: Callable[P, T]) -> Callable[P, T]:
    """Wrap a verb: an unknown keyword raises UnknownKeyword, with the closest known one."""
    known = [name for name in signature(verb).parameters if name != "self"]

    @wraps(verb)
    def call(*args: Any, **given: Any) -> T:
        args = tuple(map(as_hidden, args))
        given = JsonObject((name, as_hidden(value)) for name, value in given.items())
        for name in given:
            if name not in known:
                raise UnknownKeyword(
                    f"{verb.__name__}() has no keyword {name!r}.",
                    hint=f"{_meant(name, known)}; it takes {', '.join(known)}".removeprefix("; "),
                )
        return verb(*args, **given)

    return cast(Callable[P, T], call)


def _meant(name: str, known: list[str]) -> str:
    for part, kind in _PARTS.items():
        if part in known and name in schema(kind):
            return f'it is a part of {part}: {part}={{"{name}": ...}}'
    return _INSTEAD.get(name) or nearest(name, known).removesuffix("?")
