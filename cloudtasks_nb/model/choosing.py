"""Choose the API version of a call, from the call and the versions that the endpoint serves. (pure)"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import ConfigError
from .json import Message
from .marks import AUTO, VERSIONS, Spoken, Version
from .messages import ListQueuesResponse
from .methods import METHODS
from .queue import Queue
from .schema import behavior_of, schema, snake
from .versions import check_carries, members, not_in, not_settable, path_in, shape_of

UPDATE_MASK, READ_MASK = "updateMask", "readMask"
EVERY_FIELD = "*"
"""A read mask of every field. The service returns statistics only when a mask names them."""

_ORDER: tuple[Version, ...] = ("v2beta3", "v2", "v2beta2")
_FOR_PULL_QUEUES: tuple[Version, ...] = ("v2beta2", "v2beta3", "v2")

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMPARED = re.compile(r"([A-Za-z_][\w.]*)\s*(?:[<>!]?=|[<>:])")


def version_for(
    spoken: Spoken,
    method_id: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    pull: bool = False,
    unserved: Collection[Version] = (),
) -> Version:
    """The API version for a call: the named one, or with "auto" the first one that supports the whole call.

    `pull`: the call is about a known pull queue, whose fields only v2beta2 returns completely.
    `unserved` holds the versions that the endpoint does not serve.

    Errors: ConfigError for a field, a parameter or a method that the version lacks, or that every version lacks.

    >>> version_for("auto", "projects.locations.queues.get"), version_for("v2", "projects.locations.queues.get")
    ('v2beta3', 'v2')
    >>> version_for("auto", "projects.locations.queues.tasks.lease")
    'v2beta2'
    """
    query = query or {}
    if spoken != AUTO:
        check(spoken, method_id, query, body)
        return spoken
    is_pull = pull or (isinstance(body, Queue) and body.kind == "pull")
    offered = [version for version in (_FOR_PULL_QUEUES if is_pull else _ORDER) if version not in unserved]
    for version in offered:
        # Most calls of v2beta2 only exist there, and making the errors of the others would take longer than the rest.
        if version in METHODS[method_id].versions and _refusal(version, method_id, query, body) is None:
            return version
    refused = [_refusal(version, method_id, query, body) for version in offered]
    raise _carried_by_none([error for error in refused if error is not None], unserved)


def _refusal(version: Version, method_id: str, query: Mapping[str, Any], body: Any) -> ConfigError | None:
    """The error of `check`, if any."""
    try:
        check(version, method_id, query, body)
    except ConfigError as error:
        return error
    return None


def check(version: Version, method_id: str, query: Mapping[str, Any], body: Any) -> None:
    """Check that the version supports the whole call. Errors: ConfigError, which names the versions that do."""
    method = METHODS[method_id]
    if version not in method.versions:
        raise not_in(version, f"{method_id.rpartition('.')[2]} ({method_id})", method.versions)
    if isinstance(body, Message):
        check_carries(body, version)
    if query.get(UPDATE_MASK) and method.request is not None:
        for path in mask_paths_of(str(query[UPDATE_MASK])):
            path_in(path, version, method.request)
            _check_can_be_set(method.request, path, version)
    if query.get(READ_MASK):
        for path in [("stats",), *mask_paths_of(str(query[READ_MASK]).removeprefix(EVERY_FIELD))]:
            path_in(path, version)  # raises for a version without statistics
    if query.get("filter") and method.response is ListQueuesResponse:
        _check_filter(str(query["filter"]), version)


def mask_paths_of(mask: str) -> list[tuple[str, ...]]:
    """The paths of a field mask, in snake_case."""
    return [tuple(snake(part) for part in path.split(".")) for path in mask.split(",") if path]


def _check_can_be_set(kind: type[Message], path: tuple[str, ...], version: Version) -> None:
    """Raise ConfigError for a path that the service would ignore: output only here, settable in another version."""
    if behavior_of(kind, path, version) != "output-only" or behavior_of(kind, path, AUTO) == "output-only":
        return
    holder = kind
    for name in path[:-1]:
        holder = schema(holder)[name].message or holder
    raise not_settable(holder, schema(holder)[path[-1]], version)


def _check_filter(text: str, version: Version) -> None:
    """Raise ConfigError if a filter names a field of another version. The service checks all other fields."""
    for path in _COMPARED.findall(_QUOTED.sub('""', text)):
        having = [each for each in VERSIONS if _has(Queue, tuple(map(snake, path.split("."))), each)]
        if having and version not in having:
            raise not_in(version, f"The field {path!r} of the filter", having)


def _has(kind: type[Message] | None, path: tuple[str, ...], version: Version) -> bool:
    """Whether a version has a field under this name."""
    if not path or kind is None:
        return not path
    if path[0] in shape_of(kind, version).said.values():
        return len(path) == 1
    return any(
        _has(member.field.message, path[1:], version)
        for member in members(kind, version)
        if member.name == path[0]
    )


def _carried_by_none(refused: list[ConfigError], unserved: Collection[Version]) -> ConfigError:
    """The error for a call that no version supports, or no version that the endpoint serves."""
    reasons = " ".join(dict.fromkeys(error.message for error in refused))
    if unserved:
        return ConfigError(
            f"This endpoint does not serve {', '.join(sorted(unserved))}. {reasons}".strip(),
            hint="leave out the fields that other versions lack, or use an endpoint that serves all versions",
        )
    return ConfigError(
        f"No version of the API supports all of this call. {reasons}",
        hint="split it into two calls, or leave out one of these fields",
    )
