"""The base of panels of one queue: which queue, its Python expression, and the changes that concern it."""

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
    """Shows one queue and acts on it. `gone` is True if the queue does not exist (it may have been deleted)."""

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
        """The queue by its full name: with a client of another project, a short name could purge another queue."""
        return f'client.queue("{self.queue.name}")'

    @property
    def touched(self) -> Collection[str]:
        """This queue."""
        return (self.queue.name,)

    def shows(self, name: str) -> bool:
        """Whether this is the name of the queue."""
        return name == self.queue.name

    def found(self) -> None:
        """Unset `gone`: the queue was read, so it exists."""
        self.gone = False

    def _is_news(self, error: Exception) -> bool:
        """Do not repeat that the queue does not exist: after "Deleted." it would look like a failure."""
        return not (self.gone and isinstance(error, NotFound) and error.resource == self.queue.name)

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, NotFound) and error.resource == self.queue.name:
            self.gone = True
        super()._show_error(error)

    def counted(self) -> int:
        """Count the tasks page by page; the status line shows the progress."""
        session, name = self.queue._session, self.queue._parsed
        return count_tasks(session, name, False, lambda count: self.show(f"Counting: {count:,} so far."))


def refresh_line(panel: Panel) -> str:
    """The line that reads a queue, with statistics if the API version has them."""
    return f"{panel.expression}.refresh({'stats=True' if panel.queue.offers_stats else ''})"
