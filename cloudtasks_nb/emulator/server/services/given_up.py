"""Dead letters: keeps and lists tasks that were given up, if the emulator has this enabled."""

from __future__ import annotations

from ....errors import FailedPrecondition, InvalidArgument
from ....names import parse_queue
from ..store.task_json import page_json
from .context import Serving

_MOST = 1000


class GivenUpService(Serving):
    def list(
        self, parent: str, *, response_view: str = "", page_size: int = 0, page_token: str = ""
    ) -> bytes:
        """A page of dead letters, in the form of tasks.list; works also for a deleted queue.

        Errors: FailedPrecondition if dead letters are disabled; InvalidArgument.
        """
        queue = str(parse_queue(parent))
        if not self._context.keeps_given_up:
            raise FailedPrecondition(
                "This emulator does not keep given-up tasks. Start it with --dead-letter, or with "
                "ct.local(dead_letter=True)."
            )
        view = response_view or "BASIC"
        if view not in ("BASIC", "FULL"):
            raise InvalidArgument("responseView must be BASIC or FULL.")
        if page_token and not (page_token.isascii() and page_token.isdecimal()):
            raise InvalidArgument("The page token is not from this listing.")
        limit = min(page_size, _MOST) if page_size > 0 else _MOST
        found, more = self._store.given_up.page(queue, int(page_token or 0), limit, payloads=view == "FULL")
        return page_json(found, f"{queue}/tasks/", view, str(more) if more else "")
