"""The path of every call, over REST and gRPC: caller, permissions, service, version."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any

from ....errors import ApiError, Internal
from ....model import encode
from ....model.methods import Method
from ..access.gate import Gate, named_caller, resource_of
from ..calls.queries import SystemParameters
from ..calls.refusals import foreign_project
from ..calls.request import Request
from ..rules.identity import Caller
from ..services.audit import is_audited
from ..services.service import Answer, Service
from ..store.commits import Commits
from .wording import said_in

Asked = dict[str, Any] | ApiError
"""The parameters of a call with its body, or their error."""


class Front:
    """Handles calls from any protocol."""

    def __init__(
        self, service: Service, commits: Commits, gate: Gate | None = None, projects: Collection[str] = ()
    ) -> None:
        self._service = service
        self._commits = commits
        self._gate = gate
        self._projects = projects  # existing projects; empty means that every project exists

    async def answer(self, call: Request, system: SystemParameters, method: Method, asked: Asked) -> bytes:
        """The response as compact JSON of the method's version, once it is on disk. Errors: ApiError."""
        return await self._commits.run(self.work(call, system, method, asked))

    def work(
        self, call: Request, system: SystemParameters, method: Method, asked: Asked
    ) -> Callable[[], bytes]:
        """The work of a call, for `together`. `asked` is an error if the parameters or the body are not valid."""
        return partial(self._done, call, system, method, asked)

    def together(self, works: Sequence[Callable[[], bytes]]) -> Awaitable[list[bytes | BaseException]]:
        """Handles calls in their order. Returns the response or the error of each, once all are on disk."""
        return self._commits.together(works)

    def _done(self, call: Request, system: SystemParameters, method: Method, asked: Asked) -> bytes:
        who = self._caller(call, system, method)  # an invalid credential is reported before an invalid body
        if isinstance(asked, ApiError):
            raise asked
        answer = self._called(who, method, asked)
        return said_in(answer if isinstance(answer, bytes) else encode(answer), method)

    def _caller(self, call: Request, system: SystemParameters, method: Method) -> Caller | None:
        """The caller, if it matters. Errors: Unauthenticated, PermissionDenied."""
        if self._gate is not None:
            return self._gate.caller(call, system, method)
        if is_audited(method.id):
            return named_caller(self._service.context, call.headers, system.token)
        return None

    def _called(self, who: Caller | None, method: Method, parameters: dict[str, Any]) -> Answer:
        if self._projects and (project := resource_of(parameters).split("/")[1]) not in self._projects:
            raise foreign_project(project)
        if self._gate is not None and who is not None:
            try:
                parameters = self._gate.admit(who, method, parameters)
            except ApiError as error:
                self._service.refused(method.id, parameters, method.version, who, error)
                raise
        return self._service.call(method.id, parameters, method.version, who)


def broken() -> Internal:
    """The error for an unexpected exception; call it inside `except`. Prints the traceback to stderr."""
    traceback.print_exc(file=sys.stderr)
    return Internal("Internal error encountered.")
