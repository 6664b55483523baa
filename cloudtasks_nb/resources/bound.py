"""What Queue, Task and Location share: a session to call through, and fields that follow the service's answers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from ..errors import ConfigError
from ..rest.session import Session

if TYPE_CHECKING:
    from ..model.queue import Kind
    from ..names import QueueName
    from .queue import Queue

B = TypeVar("B", bound="Bound")


class Bound:
    """A model message with verbs. The session lives beside the message's fields, never among them."""

    __slots__ = ()

    def bind(self, session: Session) -> Self:
        """Give it the session that its verbs call through; returns itself."""
        self.__dict__["session"] = session
        return self

    @property
    def _session(self) -> Session:
        session = self.__dict__.get("session")
        if session is None:
            raise ConfigError(
                f"This {type(self).__name__} has no client: it was made by hand, copied or unpickled.",
                hint="get it from a client, such as client.queue(name) or client.task(name)",
            )
        return session  # type: ignore[no-any-return]

    def _now_(self) -> datetime | None:
        """What time it is where it comes from, as far as is known without asking: cards reckon from it."""
        session: Session | None = self.__dict__.get("session")
        return session.now() if session is not None else None

    def _take(self, answer: msgspec.Struct) -> Self:
        """Show what the service says now: every field of the answer, in place."""
        for field in answer.__struct_fields__:
            setattr(self, field, getattr(answer, field))
        self.__dict__.pop("kind_is_unknown", None)
        return self


class QueueVerbs(Bound):
    """A part of the verbs of a queue. Queue is made of such parts, and this is all that they know of it."""

    __slots__ = ()
    if TYPE_CHECKING:
        name: str

        state: str

        @property
        def _parsed(self) -> QueueName: ...

        @property
        def kind(self) -> Kind: ...

    def bind(self, session: Session) -> Self:
        """As Bound.bind; calls about a pull queue are made in the version that shows all of it."""
        if self._kind_of_tasks == "pull":
            session.speaking.learn_pull(self.name)
        elif self._kind_of_tasks is not None:
            session.speaking.forget_pull(self.name)
        super().bind(session)
        return self._noted()

    def _take(self, answer: msgspec.Struct) -> Self:
        super()._take(answer)
        return self._noted()

    def _noted(self) -> Self:
        """The state that was seen last is what its tasks know of it."""
        if self.state:  # it was read
            self._session.queue_states[self.name] = self.state
        return self

    @property
    def _kind_of_tasks(self) -> Kind | None:
        """As `kind`, but None where the queue was not read and nobody said it."""
        return None if self.__dict__.get("kind_is_unknown") else self.kind

    @property
    def _queue(self) -> Queue:
        return cast("Queue", self)


def bind_all(items: list[B], session: Session) -> list[B]:
    """Give items the session that their verbs call through."""
    for item in items:
        item.bind(session)
    return items
