"""Lists the dead letters, below /emulator/v1.

GET  /emulator/v1/givenUp            ?queue=projects/…/queues/…[&responseView=…&pageSize=…&pageToken=…], as tasks.list
"""

from __future__ import annotations

from functools import partial

from ....errors import InvalidArgument
from ..calls.request import Request, Response, Routes
from ..services.given_up import GivenUpService
from ..store.commits import Commits


class GivenUpEndpoint:
    """Handlers by verb and path."""

    def __init__(self, service: GivenUpService, commits: Commits) -> None:
        self._service = service
        self._commits = commits

    def routes(self) -> Routes:
        return [("GET", "/emulator/v1/givenUp", self._list)]

    async def _list(self, call: Request) -> Response:
        query = dict(call.query)
        size = query.get("pageSize", "") or "0"
        if not (size.isascii() and size.isdecimal()):
            raise InvalidArgument("pageSize must be a number, 0 or more.")
        listed = partial(
            self._service.list,
            query.get("queue", ""),
            response_view=query.get("responseView", ""),
            page_size=int(size[:9]),
            page_token=query.get("pageToken", ""),
        )
        return Response(await self._commits.run(listed))
