"""Which method a path means. Source: SPEC section 1.2."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import unquote

from ....errors import NotFound
from ....model.methods import Method, methods_of
from ....model.versions import VERSIONS

_BY_SHAPE: dict[tuple[str, str, int], list[Method]] = defaultdict(list)
for _version in VERSIONS:
    for _method in methods_of(_version).values():
        _parts = _method.path.count("/")
        for _count in (_parts, _parts - 1) if _method.optional else (_parts,):
            _BY_SHAPE[_method.http, _version if _method.versioned else "", _count].append(_method)


def route(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method that a request means, as its version has it, and its path parameters. Errors: NotFound."""
    first, _, rest = unquote(path.removeprefix("/")).partition("/")
    version, below = (first, rest) if first in VERSIONS else ("", f"{first}/{rest}")
    for method in _BY_SHAPE.get((http, version, below.count("/")), ()):
        match = method.pattern.fullmatch(below)
        if match is not None:
            return method, {name: value for name, value in match.groupdict().items() if value is not None}
    raise NotFound(
        f"The requested URL {unquote(path)} was not found on this server ({http}, {', '.join(VERSIONS)})."
    )
