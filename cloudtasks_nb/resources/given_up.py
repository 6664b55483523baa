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
_INSTEAD = 'queue.watch(dead_letter="failed.parquet") keeps copies in time, and queue.at_risk() lists what is in danger'


def given_up(session: Session, queue: QueueName, view: View, page_size: int) -> TaskPager:
    """The listing. Errors: ConfigError on a real service, and where the emulator keeps nothing."""
    from ..emulator.client.endpoints import Endpoints

    if session.endpoint.rstrip("/").endswith(".googleapis.com"):
        raise ConfigError("The service keeps no task that it gave up.", hint=_INSTEAD)
    caption = f"given up in {queue.location}/{queue.queue}"
    listing = TaskListing(session, caption, has_payloads=check_view(view) == "FULL")
    listing.rest = ""
    query = {"queue": str(queue), "responseView": view, "pageSize": str(page_size)}
    try:
        return TaskPager(_Pages(Endpoints(session), query), listing, PageTokens(caption, _PATH, str(queue)))
    except FailedPrecondition as error:
        raise ConfigError(
            error.message, hint="with it, what is given up from then on is kept; " + _INSTEAD
        ) from None
    except ConfigError as error:
        error.hint = (
            error.hint if session.is_closed else f"{_INSTEAD}; an emulator: ct.local(dead_letter=True)"
        )
        raise


class _Pages:
    """Fetches pages, as a listing asks for them."""

    def __init__(self, endpoints: Endpoints, query: Mapping[str, str]) -> None:
        self._endpoints = endpoints
        self._query = query

    def __call__(self, token: str) -> bytes:
        return self._endpoints.raw(_PATH, {**self._query, "pageToken": token} if token else self._query)
