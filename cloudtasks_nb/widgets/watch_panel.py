"""The panel of a watch: a live card with buttons to poll now and to stop."""

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
    """The state of a watch, updated after each poll, with buttons to poll now and to stop.

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
        """The watch."""
        return self.subject  # type: ignore[return-value]

    @property
    def endpoint(self) -> str:
        """The URL of the service."""
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
        """Poll now. Errors: those of Watch.look()."""
        added = self.watch.look()
        return f"{added:,} new" if added else "nothing new"

    def _news(self) -> None:
        self._worker.submit(self._update)

    def _update(self) -> None:
        self.state = _state(self.watch)
        self._keep()

    @property
    def read_at(self) -> datetime | None:
        """When the watch polled last."""
        return self.watch.last_look

    def _shape_(self) -> Shape:
        return self.watch._shape_()


def _state(watch: Watch) -> dict[str, Any]:
    shown = facts(watch) | {"last poll": watch.last_look}
    return {
        "title": f"Watch over {watch.queue.id}",
        "badge": plain(state(watch)),
        "facts": fact_list(shown),
        "running": watch.running,
    }
