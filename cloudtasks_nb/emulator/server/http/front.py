"""What every call passes through: parameters, body, method, and back to JSON. Source: SPEC section 1.5."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import msgspec

from ....errors import ApiError, Internal, Unauthenticated
from ....model import encode
from ....model.methods import Method
from ....model.schema import snake
from ..access.gate import Gate, named_caller, resource_of
from ..calls.bodies import read_body
from ..calls.partial import Selection, parse_fields, select
from ..calls.queries import SystemParameters, method_parameters, system_parameters
from ..calls.refusals import foreign_project
from ..calls.request import JAVASCRIPT, Request, Response, overridden, route
from ..rules.identity import Caller
from ..services.audit import is_audited
from ..services.service import Answer, Service
from ..store.commits import Commits
from .wire import error_json, finish, numbered, script
from .wording import reworded, said_in

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}


class Front:
    """Answers calls, whatever they hold."""

    def __init__(
        self, service: Service, commits: Commits, gate: Gate | None = None, projects: Collection[str] = ()
    ) -> None:
        self._service = service
        self._commits = commits
        self._gate = gate
        self._projects = projects  # those that exist; none stands for every project

    async def answer(self, asked: Request) -> Response:
        """Never raises."""
        system = SystemParameters()
        try:
            call = overridden(asked)
            system = system_parameters(call)
            system.check()
            return _wrapped(Response(await self._run(call, system)), system)
        except ApiError as error:
            return refusal(error, system)
        except Exception:  # an emulator that fails says so as the service does, and tells its owner why
            traceback.print_exc(file=sys.stderr)
            return refusal(Internal("Internal error encountered."), system)

    async def _run(self, call: Request, system: SystemParameters) -> bytes:
        method, variables = route(call.http, call.path)
        try:
            return await self._answered(call, system, method, variables)
        except ApiError as error:
            raise reworded(error, method.version) from None

    async def _answered(
        self, call: Request, system: SystemParameters, method: Method, variables: Mapping[str, str]
    ) -> bytes:
        who = await self._caller(call, system, method)
        selection = parse_fields(system.fields, method.response)
        parameters: dict[str, Any] = {snake(name): value for name, value in variables.items()}
        parameters |= method_parameters(method, call.query)
        if method.request is not None:
            parameters["body"] = read_body(method, call)
        answer = await self._commits.run(partial(self._called, who, method, parameters))
        return finish(_chosen(answer, method, system, selection), pretty=system.pretty)

    async def _caller(self, call: Request, system: SystemParameters, method: Method) -> Caller | None:
        """Who calls, where that matters."""
        if self._gate is None:
            if not is_audited(method.id):
                return None
            return await self._commits.run(
                partial(named_caller, self._service.context, call.headers, system.token)
            )
        return await self._commits.run(partial(self._gate.caller, call, system, method))

    def _called(self, who: Caller | None, method: Method, parameters: dict[str, Any]) -> Answer:
        project = resource_of(parameters).split("/")[1]
        if self._projects and project not in self._projects:
            raise foreign_project(project)
        if self._gate is not None and who is not None:
            try:
                parameters = self._gate.admit(who, method, parameters)
            except ApiError as error:
                self._service.refused(method.id, parameters, method.version, who, error)
                raise
        return self._service.call(method.id, parameters, method.version, who)


def _chosen(answer: Answer, method: Method, system: SystemParameters, selection: Selection) -> bytes:
    """The answer's JSON, as much of it as was asked for."""
    raw = said_in(answer if isinstance(answer, bytes) else encode(answer), method)
    if not selection and not system.enum_numbers:
        return raw
    values = select(msgspec.json.decode(raw), selection)
    return msgspec.json.encode(numbered(values, method.response) if system.enum_numbers else values)


def refusal(error: ApiError, system: SystemParameters) -> Response:
    """An error as the answer to a call."""
    headers = _CHALLENGE if error.code == Unauthenticated.http_status else {}
    body = error_json(error, legacy=system.legacy_errors)
    return _wrapped(Response(body, error.code, headers=headers), system)


def _wrapped(reply: Response, system: SystemParameters) -> Response:
    """For a script, whatever is answered is a call of its function: it can read no status."""
    if not system.callback:
        return reply
    return Response(script(system.callback, reply.body), content_type=JAVASCRIPT)
