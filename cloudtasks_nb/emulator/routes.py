"""Which method a path means. Source: SPEC section 1.2."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import unquote

from msgspec.structs import replace

from ..errors import NotFound
from ..model.methods import METHODS, Method

VERSION = "v2beta2"

_BUFFER = METHODS["projects.locations.queues.tasks.buffer"]
_WITHOUT_ID = replace(_BUFFER, path=_BUFFER.path.replace("/tasks/{taskId}:", "/tasks:"))
# Buffering takes a request as it comes, also one that only asks.
_ROUTES = (*METHODS.values(), _WITHOUT_ID, replace(_BUFFER, http="GET"), replace(_WITHOUT_ID, http="GET"))

_BY_SHAPE: dict[tuple[str, bool, int], list[Method]] = defaultdict(list)
for _method in _ROUTES:
    _BY_SHAPE[_method.http, _method.versioned, _method.path.count("/")].append(_method)


def route(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method that a request means, and its path parameters. Errors: NotFound."""
    prefix = f"/{VERSION}/"
    versioned = path.startswith(prefix)
    below = unquote(path.removeprefix(prefix) if versioned else path.removeprefix("/"))
    for method in _BY_SHAPE.get((http, versioned, below.count("/")), ()):
        match = method.pattern.fullmatch(below)
        if match is not None:
            return method, match.groupdict()
    raise NotFound(f"The requested URL {unquote(path)} was not found on this server ({http}, {VERSION}).")
