"""The parameters and bodies of REST methods, by the API's names. Source: SPEC sections 1.2 and 1.5."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from ..discreet import JsonObject
from ..errors import InvalidArgument, kind_of
from ..model.json import Duration, Message, to_dict
from ..model.methods import Method
from ..model.schema import Field, schema
from ..model.translation import write

Where = Literal["path", "body", "query", "system"]


class Parameter(Struct, frozen=True):
    """One parameter. `name` is its name in Python, `wire` its name in requests."""

    name: str
    where: Where
    words: str
    kind: Any = str
    required: bool = False
    wire: str = ""


_QUERY: dict[str, tuple[str, Any]] = {
    "filter": ("which items: state=PAUSED", str),
    "pageSize": ("at most this many items in a response", int),
    "pageToken": ("nextPageToken of the previous page", str),
    "readMask": ("which fields to return, comma-separated; statistics only if named", str),
    "updateMask": ("which fields to change, comma-separated; without it, all of them", str),
    "responseView": ("BASIC, or FULL with payloads", str),
    "orderBy": ("schedule_time or pull_message.tag (of the original API; today's order is any)", str),
    "extraLocationTypes": ("further kinds of locations to list", list),
    "appId": ("the project whose queues are set", str),
}

SYSTEM: dict[str, Parameter] = {
    name: Parameter(name, "system", words, kind, wire=wire or name)
    for name, words, kind, wire in (
        ("fields", "which parts of the response to return: tasks(name,status),nextPageToken", str, ""),
        ("prettyPrint", "whether the response is indented", bool, ""),
        ("pp", "the same, in the original API", bool, ""),
        ("alt", "format of the response: json", str, ""),
        ("callback", "wrap the response in a call of this JavaScript function, as text", str, ""),
        ("xgafv", "format of errors: 1 adds the older list of errors", str, "$.xgafv"),
        ("quotaUser", "whose quota is used, at most 40 characters", str, ""),
        ("key", "API key", str, ""),
        ("access_token", "OAuth access token, in place of the client's credentials", str, ""),
        ("oauth_token", "the same, by its other name", str, ""),
        ("bearer_token", "the same, in the original API", str, ""),
        ("uploadType", "upload protocol: no method here uploads", str, ""),
        ("upload_protocol", "upload protocol: no method here uploads", str, ""),
    )
}
"""Parameters of every method, in addition to its own."""

_HOLDERS = {
    "queues": "the full name of a queue is queue.name",
    "tasks": "the full name of a task is task.name",
    "locations": 'the full name of a location is "projects/my-project/locations/us-central1"',
    "operations": "the full name of an operation is operation.name",
}
_ALIASES = {f"${name}": f"${name}" for name in SYSTEM if name != "xgafv"} | {"$.xgafv": "$.xgafv"}


@cache
def parameters(method: Method) -> dict[str, Parameter]:
    """The parameters of a method by name: of the path, the body, the query, the system."""
    path = [
        Parameter(name, "path", form.replace("*", "…"), required=name != method.optional, wire=name)
        for name, form in method.forms.items()
    ]
    body = []
    if method.request is not None:
        body = [Parameter("body", "body", method.request.__name__, dict, wire="body")]
    query = [Parameter(name, "query", *_QUERY[name], wire=name) for name in method.query]
    return {one.name: one for one in (*path, *body, *query, *SYSTEM.values())}


def signature(method: Method) -> inspect.Signature:
    """The Python signature of the parameters."""
    known = parameters(method).values()
    positional = [one for one in known if one.where == "path"]
    rest = [one for one in known if one.where != "path"]
    return inspect.Signature(
        [
            *(_python(one, inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in positional),
            *(_python(one, inspect.Parameter.KEYWORD_ONLY) for one in rest),
        ],
        return_annotation=dict[str, Any],
    )


def _python(one: Parameter, kind: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if one.required else None
    annotation = dict[str, Any] if one.kind is dict else list[str] if one.kind is list else one.kind
    return inspect.Parameter(
        one.name, kind, default=default, annotation=annotation if one.required else annotation | None
    )


class BoundParameters(Struct, frozen=True):
    """A call's parameters: of the path, the query and the body."""

    path: dict[str, str]
    query: dict[str, Any]
    body: Any


def bind(method: Method, given: Mapping[str, Any], *, checked: bool) -> BoundParameters:
    """Split parameters into path, query and body. Errors: InvalidArgument for unknown, missing or malformed ones.

    Without `checked`, unknown ones become query parameters, and a path may have any form.
    """
    known = parameters(method)
    path: dict[str, str] = {}
    query: dict[str, Any] = JsonObject()
    for name, value in given.items():
        one = known.get(name)
        wire = one.wire if one is not None else _ALIASES.get(name, "" if checked else name)
        if not wire:
            raise unknown("parameter", name, [*known], method)
        if value is None or (one is not None and one.where == "body"):
            continue
        if one is not None and one.where == "path":
            path[name] = _path_value(method, name, value, checked=checked)
        elif wire in query:
            raise InvalidArgument(f"{wire} is passed twice.", method=method.id)
        else:
            query[wire] = _items(name, value)
    missing = [one.name for one in known.values() if one.required and one.name not in path]
    if missing:
        example = ", ".join(f'{name}="{known[name].words}"' for name in missing)
        raise InvalidArgument(
            f"{' and '.join(missing)} is missing.", method=method.id, hint=f"pass {example}"
        )
    return BoundParameters(path, query, given.get("body"))


def unknown(what: str, name: str, known: list[str], method: Method, where: str = "") -> InvalidArgument:
    """The error for an unknown name, with the closest known name."""
    near = get_close_matches(name, known, 1, 0.5)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return InvalidArgument(
        f"{what[:1].upper()}{what[1:]} {name!r} is unknown{where}.",
        method=method.id,
        hint=f'{meant}client.api.describe("{method.id}") shows all',
    )


def _path_value(method: Method, name: str, value: Any, *, checked: bool) -> str:
    form = method.forms[name]
    wanted, given = form.split("/"), value.split("/") if isinstance(value, str) else []
    fits = len(wanted) == len(given) and all(a in ("*", b) for a, b in zip(wanted, given, strict=True))
    # Clients and proxies resolve a segment of dots, which would make it another call.
    if not given or any(part in ("", ".", "..") for part in given) or (checked and not fits):
        raise InvalidArgument(
            f"{name} must have the form {form.replace('*', '…')}, not {value!r}.",
            method=method.id,
            hint=_HOLDERS.get(form.rpartition("/")[0].rpartition("/")[2]),
        )
    return str(value)


def _items(name: str, value: Any) -> list[Any]:
    """The query items to send; several masks or fields become one string."""
    if not isinstance(value, list | tuple):
        return [value]
    joined = name in ("fields", "$fields", "updateMask", "readMask")
    return [",".join(map(str, value))] if joined else list(value)


def body_of(method: Method, given: Any, *, checked: bool) -> Any:
    """The body to send. Errors: InvalidArgument if it is not an object, or for an unknown member.

    Members have their JSON names (scheduleTime) or Python names (schedule_time); the API accepts both. Python values
    (bytes, instants, timedeltas, messages) are converted to JSON.
    """
    if given is None or method.request is None:
        return None
    if isinstance(given, Message):
        return write(type(given), to_dict(given), method.version)
    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"body must be a dict, not {kind_of(given)}.",
            method=method.id,
            hint=f'client.api.describe("{method.id}") shows its fields',
        )
    return _object(method, given, method.request if checked else None, "")


def _object(method: Method, given: Mapping[Any, Any], kind: type[Message] | None, path: str) -> Any:
    known: dict[str, Field] = {}
    if kind is not None:
        fields = schema(kind).values()
        known = {field.wire: field for field in fields} | {field.name: field for field in fields}
    written = {}
    for name, value in given.items():
        field = known.get(name)
        if kind is not None and field is None:
            where = f" at {path!r} ({kind.__name__})" if path else f" in the body ({kind.__name__})"
            raise unknown("member", str(name), [field.wire for field in schema(kind).values()], method, where)
        here = f"{path}.{name}" if path else str(name)
        inner = field.message if field is not None and not field.mapped else None
        written[name] = _value(method, value, inner, here)
    return written


def _value(method: Method, value: Any, kind: type[Message] | None, path: str) -> Any:
    if isinstance(value, Message):
        return write(type(value), to_dict(value), method.version)
    if isinstance(value, Mapping):
        return _object(method, value, kind, path)
    if isinstance(value, list | tuple):
        return [_value(method, item, kind, f"{path}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, timedelta):
        return str(Duration.of(value))
    if isinstance(value, float | datetime) and (value != value or value in (math.inf, -math.inf)):
        raise InvalidArgument(
            f"{path} is {value}, which JSON cannot represent.",
            method=method.id,
            hint="omit it, or pass None",
        )
    return value
