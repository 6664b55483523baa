"""Applies an uploaded queue.yaml to the queues of a project. Source: SPEC sections 2.6 and 2.8."""

from __future__ import annotations

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import Queue
from ....model.messages import Empty, HttpBody
from ....names import PROJECT_ID, LocationName
from ..calls.masks import Path
from ..rules.queue_patch import patched
from ..rules.queue_yaml import Described, read_queue_yaml
from .queues import QueueService

_SPARED = "default"


class UploadService(QueueService):
    """The file lists all queues of a project: queues that it does not list are disabled."""

    def update(self, body: HttpBody, *, app_id: str = "") -> Empty:
        if not PROJECT_ID.fullmatch(app_id):
            raise InvalidArgument("app_id must be the ID of a project.")
        described = read_queue_yaml(body.data or b"")
        with self._store.transaction():
            parent = LocationName(app_id, self._context.app_engine_location)
            for entry in described:
                self.apply(parent, entry)
            named = {f"{parent}/queues/{entry.id}" for entry in described}
            for row in list(self._store.queues(str(parent))):
                if row.queue.name not in named and row.queue.id != _SPARED:
                    self._save(row, replace(row.queue, state="DISABLED"))
        return Empty()

    def apply(self, parent: LocationName, entry: Described) -> None:
        """Applies one entry of the file to its queue, inside the caller's transaction. Errors: ApiError."""
        name = f"{parent}/queues/{entry.id}"
        found = self._store.queue(name)
        if found is None:
            self.add(replace(entry.queue, name=name))
            found = self._store.queue(name)
            assert found is not None  # noqa: S101 - just added
            queue = found.queue
        else:
            queue = patched(found.queue, entry.queue, _said(entry.queue, found.queue))
        state = "PAUSED" if entry.paused else "RUNNING" if queue.state == "DISABLED" else queue.state
        self._save(found, replace(queue, state=state))


def _said(asked: Queue, current: Queue) -> list[Path]:
    """The new settings of an existing queue. A push queue for HTTP tasks stays one, unless the file routes it."""
    target = asked.app_engine_http_target
    is_routed = target is not None and target.app_engine_routing_override is not None
    names = ["rate_limits", "retry_config", "pull_target"]
    if current.kind != "http" or is_routed:
        names.append("app_engine_http_target")
    return [(name,) for name in names]
