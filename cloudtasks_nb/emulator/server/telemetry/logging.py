"""Cloud Logging: entries of tasks and of admin calls. Source: SPEC section 11.4.

POST /v2/entries:list
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ....errors import InvalidArgument
from ....model.emulated import ListLogEntriesRequest
from ....names import PROJECT_ID
from ..rules.attempts import Attempt
from ..rules.pages import Listing
from ..store.store import Store
from .log import Search, search
from .log_filter import parse_log_filter

MOST = 1000
USUAL = 50
_VIEW = re.compile(r"projects/([^/]+)/locations/[^/]+/buckets/(?:_Default|_Required)/views/[^/]+")


def project_of(asked: ListLogEntriesRequest) -> str:
    """The project in the request. Errors: InvalidArgument."""
    projects = {_project(name) for name in asked.resource_names}
    if len(projects) != 1:
        raise InvalidArgument(
            f"resourceNames must name exactly one project, projects/P, not {len(projects)}."
        )
    return projects.pop()


def list_entries(
    store: Store, asked: ListLogEntriesRequest, now: datetime, sent: Iterable[Attempt]
) -> dict[str, Any]:
    """A page of entries. A page without entries but with a token means: ask for the next one.

    Errors: InvalidArgument.
    """
    project, order = project_of(asked), asked.order_by or "timestamp asc"
    if order not in ("timestamp asc", "timestamp desc", "timestamp"):
        raise InvalidArgument(f"orderBy must be 'timestamp asc' or 'timestamp desc', not '{order[:60]}'.")
    filter = parse_log_filter(asked.filter)
    page = Listing([project, asked.filter, order], asked.page_size, asked.page_token, largest=MOST, now=now)
    at_us, attempt, step, id = page.after or (0, 0, 0, 0)
    after = (at_us, attempt, step, id) if page.after is not None else None
    wanted = Search(project, filter, order.endswith("desc"), after)
    found = search(store, wanted, page.limit if asked.page_size else USUAL, sent)
    answer: dict[str, Any] = {}
    if found.entries:
        answer["entries"] = [entry.content for entry in found.entries]
    if found.after is not None:
        answer["nextPageToken"] = page.token(*found.after)
    return answer


def _project(name: str) -> str:
    match = _VIEW.fullmatch(name)
    project = match[1] if match else name.removeprefix("projects/")
    if not name.startswith("projects/") or not PROJECT_ID.fullmatch(project):
        raise InvalidArgument(f"resourceNames must name a project, projects/P, not '{name[:120]}'.")
    return project
