"""Converts a call to an API version that supports it and that the endpoint serves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import CloudTasksError
from ..model.choosing import EVERY_FIELD, READ_MASK, UPDATE_MASK, mask_paths_of, version_for
from ..model.json import Message, to_dict
from ..model.messages import CreateTaskRequest
from ..model.methods import METHODS, called_in
from ..model.queue import Queue
from ..model.schema import camel
from ..model.task import Task
from ..model.translation import differs, write
from ..model.versions import AUTO, OWN, VERSIONS, Spoken, Version, path_in, versions_with, wire
from .answers import is_unserved
from .call import Call, writing

_QUEUE = re.compile(r"projects/[^/]+/locations/[^/]+/queues/[^/:]+")


_CREATE = "projects.locations.queues.tasks.create"


class Speaking:
    """Chooses the API version of each call, by the user's choice and by facts about the endpoint and its queues."""

    def __init__(self, spoken: Spoken) -> None:
        self.spoken = spoken
        self._unserved: frozenset[Version] = frozenset()
        self._pull_queues: set[str] = set()

    def call(
        self,
        method_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        version: Version | None = None,
        without: Collection[Version] = (),
    ) -> Call:
        """The call in the version that supports it, or in `version`. Errors: ConfigError.

        `without`: versions that the endpoint just rejected.
        """
        version = version_for(
            version or self.spoken,
            method_id,
            query=query,
            body=body,
            pull=self.knows_as_pull(next(iter(path.values()), "")),
            unserved=self._unserved.union(without),
        )
        return call_in(version, method_id, path=path, query=query, body=body)

    def check_task(self, task: Task) -> None:
        """Raise if no version that this client uses can create the whole task. Errors: ConfigError."""
        body = CreateTaskRequest(task=task)
        version_for(self.spoken, _CREATE, body=body, unserved=self._unserved)

    def may_fall_back(self, error: CloudTasksError) -> bool:
        """Whether an error means that the endpoint does not serve this version, and another one may be tried."""
        return self.spoken == AUTO and is_unserved(error)

    def learn_unserved(self, versions: Collection[Version]) -> None:
        """Record that the endpoint serves another version, but not these."""
        self._unserved = self._unserved.union(versions)

    def forget_pull(self, name: str) -> None:
        """Forget that the queue of this name is a pull queue."""
        self._pull_queues.discard(name)

    def learn_pull(self, name: str) -> bool:
        """Record that the queue of this name, or of this task, is a pull queue. Returns whether this is new."""
        is_news = self.spoken == AUTO and not self.knows_as_pull(name)
        if found := _QUEUE.match(name):
            self._pull_queues.add(found[0])
        return is_news

    def knows_as_pull(self, name: str) -> bool:
        """Whether the queue of this name, or of this task, is known as a pull queue."""
        return bool((found := _QUEUE.match(name)) and found[0] in self._pull_queues)

    @property
    def offered(self) -> tuple[Version, ...]:
        """The versions that calls may use."""
        return tuple(
            version
            for version in VERSIONS
            if self.spoken in (AUTO, version) and version not in self._unserved
        )

    @property
    def offers_stats(self) -> bool:
        """Whether one of them has statistics of queues."""
        return any(version in self.offered for version in versions_with(Queue, "stats"))


def call_in(
    version: Version,
    method_id: str,
    *,
    path: Mapping[str, str],
    query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> Call:
    """The call, with its body and masks converted to a version that supports it. Errors: ConfigError."""
    method, query = called_in(version, method_id), query or {}
    if query.get(READ_MASK):
        every = ",".join(wire(Queue, version).__struct_encode_fields__)
        mask = str(query[READ_MASK])
        query = {**query, READ_MASK: every if mask == EVERY_FIELD else mask_in(version, mask, Queue)}
    if version != OWN:
        if isinstance(body, Message) and differs(type(body), version):
            with writing(method_id, path):
                body = write(type(body), to_dict(body), version)
        request = METHODS[method_id].request
        if query.get(UPDATE_MASK) and request is not None:
            query = {**query, UPDATE_MASK: mask_in(version, str(query[UPDATE_MASK]), request)}
    return Call(method, path=path, query=query, body=body)


def mask_in(version: Version, mask: str, kind: type[Message]) -> str:
    """Convert a field mask of the model to a version, in camelCase. Errors: ConfigError."""
    found = [there for path in mask_paths_of(mask) for there in path_in(path, version, kind)]
    return ",".join(dict.fromkeys(".".join(camel(part) for part in path) for path in found))
