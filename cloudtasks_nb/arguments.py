"""Validates the arguments of public verbs: unknown keywords, and values of types that the annotations do not allow."""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import cache, wraps
from inspect import Parameter, signature
from numbers import Real
from types import FunctionType
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from msgspec import Struct

from .discreet import JsonObject, as_hidden
from .errors import ConfigError, InvalidArgument, type_of
from .model.queue import RateLimits, RetryConfig
from .model.schema import schema, snake

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=Struct)

_PARTS = {"rate_limits": RateLimits, "retry_config": RetryConfig}
# Names of the API and of other libraries, with the keyword to use instead.
_PULL = ("rate_limits", 'kind="pull" makes a pull queue; the kind of a queue cannot be changed later')
_INSTEAD = {
    "pull_target": _PULL,
    "type": _PULL,
    "state": ("rate_limits", "queue.pause() and queue.resume() change it"),
    "body": ("payload", "did you mean 'payload'?"),
    "name": ("task_id", "did you mean 'task_id'?"),
    "delay": ("schedule", "did you mean 'schedule'?"),
    "eta": ("schedule", "did you mean 'schedule'?"),
}


class UnknownKeyword(ConfigError, TypeError):
    """A verb was called with an unknown keyword."""


class WrongArgument(ConfigError, InvalidArgument, TypeError):
    """A verb was called with an argument of a type that it does not accept. The verb did nothing."""


class Checked:
    """A base class. Its public verbs validate their arguments before they do anything."""

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, verb in list(vars(cls).items()):
            if isinstance(verb, FunctionType) and not name.startswith("_"):
                setattr(cls, name, checked(verb))


def checked(verb: Callable[P, T]) -> Callable[P, T]:
    """Wrap a verb: it validates its arguments as check() does. A verb without parameters stays as it is."""
    code = verb.__code__
    names = code.co_varnames[: code.co_argcount]
    if code.co_argcount + code.co_kwonlyargcount == 1:  # only self
        return verb

    @wraps(verb)
    def call(*args: Any, **given: Any) -> T:
        __tracebackhide__ = True  # IPython and pytest leave this frame out
        args = tuple(map(as_hidden, args))
        given = JsonObject((name, as_hidden(value)) for name, value in given.items())
        check(verb, JsonObject([*zip(names, args, strict=False), *given.items()]))
        return verb(*args, **given)

    return cast(Callable[P, T], call)


def check(verb: Callable[..., Any], said: Mapping[str, Any]) -> None:
    """Validate the arguments of a verb, by name. Errors: UnknownKeyword, with the closest known one; WrongArgument.

    Types that this file does not know, such as durations, are validated by the functions that read them.
    """
    known = _parameters(verb)
    for name, value in said.items():
        if name not in known:
            if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in known.values()):
                continue
            others = [other for other in known if other != "self"]
            raise UnknownKeyword(
                f"{verb.__name__}() has no keyword {name!r}.",
                hint=f"{_meant(name, others)}; it takes {', '.join(others)}".removeprefix("; "),
            )
        kinds = _kinds(known[name].annotation)
        if kinds and not any(kind.holds(value) for kind in kinds):
            raise _wrong(verb.__name__, known[name], value, [kind.words for kind in kinds])
        if isinstance(value, str) and _is_text(known[name].annotation):
            check_text(name, value)


def check_text(name: str, value: str) -> None:
    """Raise if a string holds half of a surrogate pair: it cannot be sent. Errors: WrongArgument, without the value."""
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError as error:
        words = f"{name} is not valid Unicode text: its character {error.start + 1} is half of a pair."
        # A new error without its context, which holds the value: it may be a secret.
        raise WrongArgument(words, hint="copy it again from its source") from None


def _wrong(verb: str, parameter: Parameter, value: Any, allowed: list[str]) -> WrongArgument:
    name, default = parameter.name, parameter.default
    # A value of another type is not shown: it may be a secret or a payload.
    plain = value is None or isinstance(value, bool | int | float)
    given = f"{name}={value!r}" if plain else f"{name} of type {type_of(value)}"
    omit = "" if default is Parameter.empty else f", or omit {name}"
    omit += f" (it defaults to {default!r})" * bool(omit and default not in (None, "", ()))
    hint = f"pass {' or '.join(word for word in allowed if word != 'None')}{omit}"
    words = f"{verb}() was called with {given}, but {name} must be {' or '.join(allowed)}."
    return WrongArgument(words, hint=hint)


class _Kind(NamedTuple):
    """A type in an annotation: its name in errors, and which values have it."""

    words: str
    holds: Callable[[Any], bool]


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")  # also numpy's


def _is_number(value: Any) -> bool:
    if not isinstance(value, Real) or _is_bool(value):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:  # an integer that no float can hold
        return False


def _are_strings(value: Any) -> bool:
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        return False
    return not isinstance(value, Collection) or all(isinstance(one, str) for one in value)


_STRINGS = _Kind("a list of strings", _are_strings)
_DICT = _Kind("a dict", lambda value: isinstance(value, Mapping))
_KINDS = {
    "None": _Kind("None", lambda value: value is None),
    "bool": _Kind("True or False", _is_bool),
    "int": _Kind("an integer", lambda value: hasattr(type(value), "__index__") and not _is_bool(value)),
    "float": _Kind("a number", _is_number),
    "str": _Kind("a string", lambda value: isinstance(value, str)),
    "os.PathLike[str]": _Kind("a path", lambda value: isinstance(value, os.PathLike)),
    "Sequence[str]": _STRINGS,
    "Iterable[str]": _STRINGS,
    "Mapping[str, str]": _DICT,
    "Mapping[str, Any]": _DICT,
}


@cache
def _parameters(verb: Callable[..., Any]) -> Mapping[str, Parameter]:
    return signature(verb).parameters


@cache
def _kinds(annotation: Any) -> list[_Kind]:
    """The types in an annotation; empty if there is none, or if one of them is not known here."""
    if not isinstance(annotation, str):
        return []
    parts = _parts(ast.parse(annotation, mode="eval").body)
    kinds = [
        _Kind("a function", callable) if part.startswith("Callable[") else _KINDS.get(part) for part in parts
    ]
    return [] if None in kinds else cast("list[_Kind]", kinds)


@cache
def _is_text(annotation: Any) -> bool:
    """Whether strings are text here. Payloads are written elsewhere, and names of files may hold any bytes."""
    words = str(annotation).split(" | ")
    return "str" in words and not any("PathLike" in word for word in words)


def _parts(annotation: ast.expr) -> list[str]:
    """The members of a union."""
    if isinstance(annotation, ast.BinOp):
        return [*_parts(annotation.left), *_parts(annotation.right)]
    return [ast.unparse(annotation)]


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


def _meant(name: str, known: list[str]) -> str:
    for part, kind in _PARTS.items():
        if part in known and name in schema(kind):
            return f'it is a part of {part}: {part}={{"{name}": ...}}'
    instead, words = _INSTEAD.get(name, ("", ""))
    return words if instead in known else nearest(name, known).removesuffix("?")
