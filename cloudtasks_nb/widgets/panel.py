"""A panel over one queue: which queue it is, how code names it, and which changes concern it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import NotFound
from ..resources.task import count_tasks
from .clickable import Clickable
from .sharing import EVERY_S

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..rest.session import Session


class Panel(Clickable):
    """Shows one queue, and acts on it. `gone` says that the service knows no such queue (any more)."""

    gone = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, queue: Queue, *, read_only: bool = False, every_s: float = EVERY_S, **state: Any
    ) -> None:
        self.queue = queue
        super().__init__(queue, queue.id, read_only=read_only, every_s=every_s, **state)

    @property
    def _service(self) -> tuple[Session | None, dict[str, str]]:
        return self.queue._session, {"project": self.queue.project, "location": self.queue.location}

    @property
    def expression(self) -> str:
        """By its full name: in a client of another project a shorter one would purge somebody else's queue."""
        return f'client.queue("{self.queue.name}")'

    @property
    def touched(self) -> Collection[str]:
        """This queue."""
        return (self.queue.name,)

    def shows(self, name: str) -> bool:
        """Whether that is this queue."""
        return name == self.queue.name

    def found(self) -> None:
        """It was read, so it is there."""
        self.gone = False

    def _is_news(self, error: Exception) -> bool:
        """That a queue is gone is said once: after "Deleted." it would read as a failure."""
        return not (self.gone and isinstance(error, NotFound) and error.resource == self.queue.name)

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, NotFound) and error.resource == self.queue.name:
            self.gone = True
        super()._show_error(error)

    def counted(self) -> int:
        """How many tasks it holds, read page by page; the status line says how far that is."""
        session, name = self.queue._session, self.queue._parsed
        return count_tasks(session, name, False, lambda count: self.show(f"Counting: {count:,} so far."))


def refresh_line(panel: Panel) -> str:
    """How a queue is read with whatever the spoken version knows of it."""
    return f"{panel.expression}.refresh({'stats=True' if panel.queue.offers_stats else ''})"
