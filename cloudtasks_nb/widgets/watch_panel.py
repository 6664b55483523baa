"""A watch over a queue, as a live card with a button that stops it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import traitlets

from ..diagnosis.watch_card import facts, state
from ..render import Shape
from .action import action
from .cells import fact_list, plain
from .clickable import Clickable

if TYPE_CHECKING:
    from ..diagnosis.watch import Watch
    from ..rest.session import Session


class WatchPanel(Clickable):
    """What a watch keeps, brought up to date after each look. Its button stops the watch.

    Example:
        >>> queue.watch("failed.parquet").stop().panel()
    """

    _script = "watch_panel"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch, watch.queue.id, state=_state(watch))
        self._keep()
        watch.on_change(self._news)

    @property
    def watch(self) -> Watch:
        """What is shown."""
        return self.subject  # type: ignore[return-value]

    @property
    def endpoint(self) -> str:
        """The URL of the service that is watched."""
        return self.watch.queue._session.endpoint

    @property
    def _service(self) -> tuple[Session | None, dict[str, str]]:
        queue = self.watch.queue
        return queue._session, {"project": queue.project, "location": queue.location}

    @property
    def expression(self) -> str:
        return "watch"

    @action("{queue}.stop()")
    def stop(self) -> str:
        """Stop the watch. The file stays."""
        self.watch.stop()
        return ""

    @action("{queue}.look()")
    def look_now(self) -> str:
        """Look now. Errors: those of Watch.look()."""
        added = self.watch.look()
        return f"{added:,} new" if added else "nothing new"

    def _news(self) -> None:
        self._worker.submit(self._update)

    def _update(self) -> None:
        self.state = _state(self.watch)
        self._keep()

    @property
    def read_at(self) -> datetime | None:
        """When the watch looked last."""
        return self.watch.last_look

    def _shape_(self) -> Shape:
        return self.watch._shape_()


def _state(watch: Watch) -> dict[str, Any]:
    shown = facts(watch) | {"last look": watch.last_look}
    return {
        "title": f"Watch over {watch.queue.id}",
        "badge": plain(state(watch)),
        "facts": fact_list(shown),
        "running": watch.running,
    }
