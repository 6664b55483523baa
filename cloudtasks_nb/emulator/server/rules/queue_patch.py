"""Applies a patch to a queue. Pure. Source: SPEC section 2.4."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import AppEngineHttpTarget, PullTarget, Queue, decode, encode
from ....model.schema import behavior_of, schema
from ....model.versions import OWN, Version
from ....model.writing import as_new
from ..calls import masks
from .queues import check_queue, filled


def patched(current: Queue, asked: Queue, paths: list[masks.Path], version: Version = OWN) -> Queue:
    """`current` with the masked fields of `asked`; an empty mask means every field that the version has.

    Output-only fields stay as they are. Errors: InvalidArgument.
    """
    merged = decode(encode(current), Queue)  # a copy that can be changed
    asked = replace(as_new(asked, version, current.kind), name=current.name)  # the name comes from the URL
    paths_or_all = paths or [(name,) for name in _seen(current, asked, version)]
    _check_kind(current, asked, paths_or_all)
    for path in paths_or_all:
        behavior = behavior_of(Queue, path, version, current.kind)
        if behavior == "create-only" and getattr(asked, path[0]) != getattr(current, path[0]):
            raise InvalidArgument(f"Queue.{path[0]} can only be set when a queue is created.")
        if behavior == "settable":
            masks.apply(path, asked, merged)
        if path == ("retry_config", "max_attempts") and merged.retry_config is not None:
            merged.retry_config.unlimited_attempts = False  # the two exclude each other
    replaces = version == OWN and any(_sets(asked, path, "http_target") for path in paths_or_all)
    _keep_kind(current, merged, http_replaces_app_engine=replaces)
    check_queue(merged)
    _recompute_burst(current, merged, asked, paths)
    return filled(merged)


def _seen(current: Queue, asked: Queue, version: Version) -> Iterator[str]:
    """The fields that a patch without a mask sets: only those that the version has.

    v2beta2 shows one target of a queue: the App Engine target if there are two.
    """
    hidden = "http_target" if version == OWN and current.app_engine_http_target is not None else ""
    for name, field in schema(Queue).items():
        if field.behavior(version) == "settable" and (name != hidden or getattr(asked, name) is not None):
            yield name


def _sets(asked: Queue, path: masks.Path, field: str) -> bool:
    return path[0] == field and getattr(asked, field) is not None


def _check_kind(current: Queue, asked: Queue, paths: list[masks.Path]) -> None:
    """Checks that pull queues stay pull queues, and push queues push queues. Errors: InvalidArgument."""
    push = ("app_engine_http_target", "http_target")
    for target in ("pull_target",) if current.pull_target is None else push:
        if any(_sets(asked, path, target) for path in paths):
            raise InvalidArgument("The type of a queue cannot be changed.")


def _keep_kind(current: Queue, merged: Queue, *, http_replaces_app_engine: bool) -> None:
    """Resets a target that the patch omits to its defaults; the queue keeps its kind.

    In v2beta2 the targets are a oneof: setting an HTTP target replaces the App Engine target.
    """
    if current.pull_target is not None:
        merged.pull_target = PullTarget()
    elif http_replaces_app_engine:
        merged.app_engine_http_target = None
    elif current.app_engine_http_target is not None and merged.app_engine_http_target is None:
        merged.app_engine_http_target = AppEngineHttpTarget()


def _recompute_burst(current: Queue, merged: Queue, asked: Queue, paths: list[masks.Path]) -> None:
    """A new rate also sets a new burst, unless the patch sets the burst."""
    if merged.rate_limits is None or current.rate_limits is None:
        return
    named = not paths or any(path in (("rate_limits",), ("rate_limits", "max_burst_size")) for path in paths)
    given = named and asked.rate_limits is not None and asked.rate_limits.max_burst_size
    before = current.rate_limits.max_tasks_dispatched_per_second
    if merged.rate_limits.max_tasks_dispatched_per_second != before and not given:
        merged.rate_limits.max_burst_size = None
