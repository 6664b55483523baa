"""queue.given_up(): the tasks that an emulator kept after their last failed attempt, as a listing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ConfigError, FailedPrecondition
from ..model.task import View
from ..names import QueueName
from ..rest.pages import PageTokens
from ..rest.session import Session
from .task import TaskListing, check_view
from .task_pager import TaskPager

if TYPE_CHECKING:
    from ..emulator.client.endpoints import Endpoints

_PATH = "givenUp"
_INSTEAD = (
    'queue.watch(dead_letter="failed.parquet") saves copies in time; queue.at_risk() lists tasks at risk'
)


def given_up(session: Session, queue: QueueName, view: View, page_size: int) -> TaskPager:
    """List the given-up tasks. Errors: ConfigError on a real service, and if the emulator does not keep them."""
    from ..emulator.client.endpoints import Endpoints

    if session.endpoint.rstrip("/").endswith(".googleapis.com"):
        raise ConfigError("The service deletes the tasks that it gives up.", hint=_INSTEAD)
    caption = f"given up in {queue.location}/{queue.queue}"
    listing = TaskListing(session, caption, has_payloads=check_view(view) == "FULL")
    listing.rest = ""
    query = {"queue": str(queue), "responseView": view, "pageSize": str(page_size)}
    try:
        return TaskPager(_Pages(Endpoints(session), query), listing, PageTokens(caption, _PATH, str(queue)))
    except FailedPrecondition as error:
        raise ConfigError(
            error.message, hint="it then keeps the tasks that it gives up; " + _INSTEAD
        ) from None
    except ConfigError as error:
        error.hint = (
            error.hint if session.is_closed else f"{_INSTEAD}; an emulator: ct.local(dead_letter=True)"
        )
        raise


class _Pages:
    """Fetches the pages for a listing."""

    def __init__(self, endpoints: Endpoints, query: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._query = query

    def __call__(self, token: str) -> bytes:
        return self._endpoints.raw(_PATH, {**self._query, "pageToken": token} if token else self._query)
