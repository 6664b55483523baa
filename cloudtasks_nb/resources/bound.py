"""The base of Queue, Task and Location: a session for calls, and fields that each response updates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import msgspec

from ..arguments import Checked
from ..errors import ConfigError
from ..rest.answers import check_named
from ..rest.session import Session

if TYPE_CHECKING:
    from ..model.queue import Kind
    from ..names import QueueName
    from .queue import Queue

B = TypeVar("B", bound="Bound")


class Bound(Checked):
    """A model message with verbs. The session is an attribute, not a field of the message."""

    __slots__ = ()
    if TYPE_CHECKING:
        name: str

    def bind(self, session: Session) -> Self:
        """Set the session for its verbs; returns itself."""
        return self._bind(session)

    def _bind(self, session: Session) -> Self:
        """As bind, without the validation of a public verb."""
        self.__dict__["session"] = session
        return self

    @property
    def _session(self) -> Session:
        session = self.__dict__.get("session")
        if session is None:
            kind, endpoint = type(self).__name__, self.__dict__.get("was_at", "")
            raise ConfigError(
                f"This {kind} has no client: it was constructed, copied or unpickled.",
                hint=reconnecting(kind, getattr(self, "name", ""), endpoint),
            )
        return session  # type: ignore[no-any-return]

    def _pickled(self: Any) -> tuple[Any, ...]:
        """Pickle the fields and the endpoint, but not the client with its secrets."""
        session: Session | None = self.__dict__.get("session")
        endpoint = self.__dict__.get("was_at", "") if session is None else session.endpoint
        return _unpickled, (type(self), *msgspec.structs.astuple(self)), {"was_at": endpoint}

    def _now_(self) -> datetime | None:
        """The current time of the service, as far as known without a call. Cards compute relative times from it."""
        session: Session | None = self.__dict__.get("session")
        return session.now() if session is not None else None

    def _take(self, answer: msgspec.Struct) -> Self:
        """Update every field in place from a response."""
        for field in answer.__struct_fields__:
            setattr(self, field, getattr(answer, field))
        self.__dict__.pop("kind_is_unknown", None)
        return self


class QueueVerbs(Bound):
    """The base of the mixins with a queue's verbs, and the part of Queue that they use."""

    __slots__ = ()
    if TYPE_CHECKING:
        name: str

        state: str

        @property
        def _parsed(self) -> QueueName: ...

        @property
        def kind(self) -> Kind: ...

    def _bind(self, session: Session) -> Self:
        """Calls for a pull queue then use the API version that shows all of it."""
        if self._kind_of_tasks == "pull":
            session.speaking.learn_pull(self.name)
        elif self._kind_of_tasks is not None:
            session.speaking.forget_pull(self.name)
        super()._bind(session)
        return self._noted()

    def _take(self, answer: msgspec.Struct) -> Self:
        super()._take(answer)
        return self._noted()

    def _noted(self) -> Self:
        """Record the state of the queue for its tasks."""
        if self.state:  # it was read
            self._session.queue_states[self.name] = self.state
        return self

    @property
    def _kind_of_tasks(self) -> Kind | None:
        """As `kind`, but None if the queue was not read and no kind was given."""
        return None if self.__dict__.get("kind_is_unknown") else self.kind

    @property
    def _queue(self) -> Queue:
        return cast("Queue", self)


def _unpickled(kind: type[B], *fields: Any) -> B:
    return kind(*fields)


def reconnecting(kind: str, name: str, endpoint: str) -> str:
    """The hint for a resource without a client: the line that reads it again.

    >>> reconnecting("Queue", "projects/p/locations/us-central1/queues/q", "http://127.0.0.1:8123")
    'connect again: ct.connect("p", "us-central1", endpoint="http://127.0.0.1:8123").queue("q")'
    """
    parts = name.split("/")
    verb = kind.lower()
    if len(parts) < 4:
        return "get it from a client, such as client.queue(name) or client.task(name)"
    project, location = parts[1], parts[3]
    own = parts[-1] if verb == "queue" else location if verb == "location" else "/".join(parts[3::2])
    own = name if verb == "operation" else own
    at = f', endpoint="{endpoint}"' if endpoint and not endpoint.endswith(".googleapis.com") else ""
    return f'connect again: ct.connect("{project}", "{location}"{at}).{verb}("{own}")'


def bind_all(items: list[B], session: Session) -> list[B]:
    """Set the session of each item. Errors: DecodeError for an item without a name."""
    for item in items:
        check_named(type(item).__name__, item.name)
        item._bind(session)
    return items
