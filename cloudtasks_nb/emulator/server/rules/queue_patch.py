"""What a patch makes of a queue. Pure. Source: SPEC section 2.4."""

from __future__ import annotations

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import AppEngineHttpTarget, PullTarget, Queue, decode, encode
from ....model.schema import behavior_of, schema
from ....model.versions import OWN, Version
from ....model.writing import as_new
from ..calls import masks
from .queues import check_queue, filled

_TARGETS = ("app_engine_http_target", "pull_target", "http_target")


def patched(current: Queue, asked: Queue, paths: list[masks.Path], version: Version = OWN) -> Queue:
    """`current` with the masked fields of `asked`; an empty mask means every field. What is output only stays as it is.

    Errors: InvalidArgument.
    """
    merged = decode(encode(current), Queue)  # a copy, whose parts can be set
    asked = replace(as_new(asked, version, current.kind), name=current.name)  # the name is that of the URL
    every = [(name,) for name, field in schema(Queue).items() if field.behavior(version) == "settable"]
    for path in paths or every:
        behavior = behavior_of(Queue, path, version, current.kind)
        if behavior == "create-only" and getattr(asked, path[0]) != getattr(current, path[0]):
            raise InvalidArgument(f"Queue.{path[0]} can only be set when a queue is created.")
        if behavior == "settable":
            masks.apply(path, asked, merged)
        if path == ("retry_config", "max_attempts") and merged.retry_config is not None:
            merged.retry_config.unlimited_attempts = False  # one or the other
    _check_kind(current, asked, paths, version)
    _keep_kind(current, merged)
    check_queue(merged)
    _recompute_burst(current, merged, asked, paths)
    return filled(merged)


def _check_kind(current: Queue, asked: Queue, paths: list[masks.Path], version: Version) -> None:
    for target in _TARGETS:
        named = not paths or any(path[0] == target for path in paths)
        if named and getattr(asked, target) is not None and not _may_have(current, target, version):
            raise InvalidArgument("The type of a queue cannot be changed.")


def _may_have(queue: Queue, target: str, version: Version) -> bool:
    """Pull stays pull and push stays push. What a push queue says of App Engine tasks and of HTTP tasks stands side by
    side in the later versions; in v2beta2 it is for the ones or the others."""
    if getattr(queue, target) is not None:
        return True
    if queue.pull_target is not None or target == "pull_target":
        return False
    return version != OWN or (target == "http_target" and queue.app_engine_http_target is None)


def _keep_kind(current: Queue, merged: Queue) -> None:
    """A target that a patch leaves out returns to its defaults; the queue keeps its kind."""
    if current.pull_target is not None:
        merged.pull_target = PullTarget()
    elif current.app_engine_http_target is not None and merged.app_engine_http_target is None:
        merged.app_engine_http_target = AppEngineHttpTarget()


def _recompute_burst(current: Queue, merged: Queue, asked: Queue, paths: list[masks.Path]) -> None:
    """A new rate brings a new burst, unless the patch sets the burst itself."""
    if merged.rate_limits is None or current.rate_limits is None:
        return
    named = not paths or any(path in (("rate_limits",), ("rate_limits", "max_burst_size")) for path in paths)
    given = named and asked.rate_limits is not None and asked.rate_limits.max_burst_size
    before = current.rate_limits.max_tasks_dispatched_per_second
    if merged.rate_limits.max_tasks_dispatched_per_second != before and not given:
        merged.rate_limits.max_burst_size = None
