"""REST: reads parameters and bodies from HTTP requests, and returns JSON responses. Source: SPEC section 1.5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ....errors import ApiError, Unauthenticated
from ....model.methods import Method
from ....model.schema import snake
from ..calls.bodies import read_body
from ..calls.partial import Selection, cut, parse_fields, select
from ..calls.queries import SystemParameters, method_parameters, system_parameters
from ..calls.request import JAVASCRIPT, Request, Response, overridden, route
from ..front.front import Front, broken
from ..front.wording import reworded
from ..services.tasks import NAMES_ONLY
from .wire import error_json, finish, numbered, script

_LIST = "projects.locations.queues.tasks.list"
_ONLY_NAMES: tuple[Selection, ...] = (
    {"tasks": {"name": {}}},
    {"tasks": {"name": {}}, "nextPageToken": {}},
)  # clients count tasks with these
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}


class Rest:
    """Responds to HTTP requests of the API."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def answer(self, asked: Request) -> Response:
        """Handles a request. Never raises: errors become responses."""
        system = SystemParameters()
        try:
            call = overridden(asked)
            system = system_parameters(call)
            system.check()
            return _wrapped(Response(await self._run(call, system)), system)
        except ApiError as error:
            return refusal(error, system)
        except Exception:
            return refusal(broken(), system)

    async def _run(self, call: Request, system: SystemParameters) -> bytes:
        method, variables = route(call.http, call.path)
        try:
            return await self._answered(call, system, method, variables)
        except ApiError as error:
            raise reworded(error, method.version) from None

    async def _answered(
        self, call: Request, system: SystemParameters, method: Method, variables: Mapping[str, str]
    ) -> bytes:
        who = await self._front.caller(call, system, method)
        # An invalid `fields` parameter is rejected before the call has an effect.
        selection = parse_fields(system.fields, method.response)
        parameters: dict[str, Any] = {snake(name): value for name, value in variables.items()}
        parameters |= method_parameters(method, call.query)
        if method.request is not None:
            parameters["body"] = read_body(method, call)
        if method.id == _LIST and selection in _ONLY_NAMES:
            parameters["most_bytes"] = NAMES_ONLY
        answer = await self._front.answer(who, method, parameters)
        chooses = selection or system.enum_numbers
        return finish(_chosen(answer, method, system) if chooses else answer, pretty=system.pretty)


def _chosen(raw: bytes, method: Method, system: SystemParameters) -> bytes:
    """The selected fields of the response, as JSON."""
    if not system.enum_numbers:
        return cut(raw, system.fields, method.response)
    values = select(msgspec.json.decode(raw), parse_fields(system.fields, method.response))
    return msgspec.json.encode(numbered(values, method.response))


def refusal(error: ApiError, system: SystemParameters) -> Response:
    """The response for an error."""
    headers = _CHALLENGE if error.code == Unauthenticated.http_status else {}
    body = error_json(error, legacy=system.legacy_errors)
    return _wrapped(Response(body, error.code, headers=headers), system)


def _wrapped(reply: Response, system: SystemParameters) -> Response:
    """With a callback, the response is a call of that function: a script cannot read a status."""
    if not system.callback:
        return reply
    return Response(script(system.callback, reply.body), content_type=JAVASCRIPT)
