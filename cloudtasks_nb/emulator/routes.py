"""Which method a path means. Source: SPEC section 1.2."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import unquote

from ..errors import NotFound
from ..model.methods import METHODS, Method

VERSION = "v2beta2"

_BY_SHAPE: dict[tuple[str, bool, int], list[Method]] = defaultdict(list)
for _method in METHODS.values():
    _parts = _method.path.count("/")
    for _count in (_parts, _parts - 1) if _method.optional else (_parts,):
        _BY_SHAPE[_method.http, _method.versioned, _count].append(_method)


def route(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method that a request means, and its path parameters. Errors: NotFound."""
    prefix = f"/{VERSION}/"
    versioned = path.startswith(prefix)
    below = unquote(path.removeprefix(prefix) if versioned else path.removeprefix("/"))
    for method in _BY_SHAPE.get((http, versioned, below.count("/")), ()):
        match = method.pattern.fullmatch(below)
        if match is not None:
            return method, {name: value for name, value in match.groupdict().items() if value is not None}
    raise NotFound(f"The requested URL {unquote(path)} was not found on this server ({http}, {VERSION}).")
