"""Finds the endpoint of a path besides the API."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable

from aiohttp import web

from ..calls.request import Response

Act = Callable[[web.BaseRequest], Awaitable[Response]]
_VARIABLE = re.compile(r"\{\w+(?::(.+?))?\}")


class Paths:
    """Handlers by HTTP verb and path.

    "{name}" stands for a segment of the path, "{name:.+}" for the rest of it.
    """

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], Act] = {}
        self._patterns: defaultdict[str, list[tuple[str, re.Pattern[str], Act]]] = defaultdict(list)

    def add(self, verb: str, path: str, act: Act) -> None:
        """Registers a handler."""
        if "{" in path:
            self._patterns[_first(path)].append((verb, _pattern(path), act))
        else:
            self._whole[verb, path] = act

    def find(self, verb: str, path: str) -> Act | None:
        """The handler of a request; None if its path belongs to the API."""
        act = self._whole.get((verb, path))
        if act is None:
            for its_verb, pattern, its_act in self._patterns.get(_first(path), ()):
                if its_verb == verb and pattern.fullmatch(path):
                    return its_act
        return act


def _first(path: str) -> str:
    """The first segment of a path."""
    return path[1 : path.find("/", 1)]


def _pattern(path: str) -> re.Pattern[str]:
    """The paths that a template describes.

    >>> _pattern("/snapshots/{name}:save").fullmatch("/snapshots/monday:save") is not None
    True
    """
    whole, at = "", 0
    for variable in _VARIABLE.finditer(path):
        whole += re.escape(path[at : variable.start()]) + (variable[1] or "[^{}/]+")
        at = variable.end()
    return re.compile(whole + re.escape(path[at:]))
