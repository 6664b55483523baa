"""Maps each REST method to its handler: parameters and messages in, messages out.

A handler returns a message, or ready-made JSON where speed matters.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from ....errors import ApiError
from ....model import Message
from ....model.versions import OWN, Version
from ..clock import to_us
from ..rules.identity import Caller
from . import audit
from .attempts import AttemptService
from .batches import BatchService
from .context import Context
from .leases import LeaseService
from .locations import LocationService
from .policies import PolicyService
from .queues import QueueService
from .tasks import TaskService
from .uploads import UploadService

Answer = Message | bytes
Handler = Callable[..., Answer | Callable[[Version], Answer]]


class Service:
    """The methods that are served, by their id in METHODS."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.queues = QueueService(context)
        self.tasks = TaskService(context)
        self.attempts = AttemptService(context)
        self.uploads = UploadService(context)
        batches = BatchService(context)
        locations, policies, leases = LocationService(context), PolicyService(context), LeaseService(context)
        self._handlers: dict[str, Handler] = {
            "projects.locations.list": locations.list,
            "projects.locations.get": locations.get,
            "projects.locations.queues.list": self.queues.list,
            "projects.locations.queues.get": self.queues.get,
            "projects.locations.queues.create": self.queues.create,
            "projects.locations.queues.patch": self.queues.patch,
            "projects.locations.queues.delete": self.queues.delete,
            "projects.locations.queues.pause": self.queues.pause,
            "projects.locations.queues.resume": self.queues.resume,
            "projects.locations.queues.purge": self.queues.purge,
            "projects.locations.queues.getIamPolicy": policies.get,
            "projects.locations.queues.setIamPolicy": policies.set,
            "projects.locations.queues.testIamPermissions": policies.test,
            "projects.locations.queues.tasks.list": self.tasks.list,
            "projects.locations.queues.tasks.get": self.tasks.get,
            "projects.locations.queues.tasks.create": self.tasks.create,
            "projects.locations.queues.tasks.delete": self.tasks.delete,
            "projects.locations.queues.tasks.run": self.attempts.run,
            "projects.locations.queues.tasks.batchCreate": batches.batch_create,
            "projects.locations.queues.tasks.batchDelete": batches.batch_delete,
            "projects.locations.queues.tasks.buffer": self.tasks.buffer,
            "projects.locations.operations.get": batches.operation,
            "projects.locations.getCmekConfig": locations.get_key,
            "projects.locations.updateCmekConfig": locations.update_key,
            "api.queue.update": self.uploads.update,
            "projects.locations.queues.tasks.lease": leases.lease,
            "projects.locations.queues.tasks.acknowledge": leases.acknowledge,
            "projects.locations.queues.tasks.renewLease": leases.renew,
            "projects.locations.queues.tasks.cancelLease": leases.cancel,
        }
        self._differing = {
            method for method, handler in self._handlers.items() if "version" in signature(handler).parameters
        }

    def call(
        self, method: str, parameters: dict[str, Any], version: Version = OWN, who: Caller | None = None
    ) -> Answer:
        """Call a method with its path, query and body parameters as keywords. `who`: the caller, if known.

        A handler with a `version` parameter gets it: its method behaves differently between API versions. A handler may
        return a function that writes the response in a version.

        Errors: ApiError.
        """
        self.context.expiry.end_all()
        said = {"version": version} if method in self._differing else {}
        try:
            found = self._handlers[method](**parameters, **said)
            answer = found(version) if callable(found) else found
        except ApiError as error:
            self.refused(method, parameters, version, who, error)
            raise
        self._tell(method, parameters, version, who, None)
        return answer

    def refused(
        self,
        method: str,
        parameters: dict[str, Any],
        version: Version,
        who: Caller | None,
        error: ApiError,
    ) -> None:
        """Record a call that failed, here or before."""
        self._tell(method, parameters, version, who, error)

    def _tell(
        self,
        method: str,
        parameters: dict[str, Any],
        version: Version,
        who: Caller | None,
        error: ApiError | None,
    ) -> None:
        journal, now_us = self.context.store.journal, to_us(self.context.clock.now())
        queue = audit.queue_of(parameters)
        if queue:
            journal.called(queue, audit.verb(method), "ok" if error is None else error.status.lower(), now_us)
        if audit.is_audited(method):
            name = who.email if who is not None else audit.ANONYMOUS
            entry = audit.entry(method, version, parameters, name, error, now_us)
            project = audit.resource_of(parameters).split("/")[1]
            journal.audited(project, now_us, entry)
        if journal.has_many:
            with self.context.store.transaction():
                pass  # the end of the transaction writes the notes
