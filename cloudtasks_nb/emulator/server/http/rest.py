"""REST: reads parameters and bodies from HTTP requests, and returns JSON responses. Source: SPEC section 1.5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from ....errors import ApiError, Unauthenticated
from ....model.methods import Method
from ....model.schema import snake
from ..calls.bodies import read_body
from ..calls.partial import Selection, cut, parse_fields, select
from ..calls.queries import SystemParameters, method_parameters, system_parameters
from ..calls.request import JAVASCRIPT, Request, Response, overridden, route
from ..front.front import Asked, Front, broken
from ..front.wording import reworded
from ..services.tasks import NAMES_ONLY
from .wire import error_json, finish, numbered, script

_LIST = "projects.locations.queues.tasks.list"
_ONLY_NAMES: tuple[Selection, ...] = (
    {"tasks": {"name": {}}},
    {"tasks": {"name": {}}, "nextPageToken": {}},
)  # clients count tasks with these
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}


class _Call(Struct):
    """A request that was read: its system parameters, its method if there is one, and its work."""

    system: SystemParameters
    method: Method | None
    work: Callable[[], bytes]


class Rest:
    """Responds to HTTP requests of the API."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def answer(self, asked: Request) -> Response:
        """Handles a request. Never raises: errors become responses."""
        call = self._read(asked)
        (outcome,) = await self._front.together([call.work])
        return _reply(call, outcome)

    async def answers(self, asked: Sequence[Request | ApiError]) -> list[Response]:
        """Handles requests in their order, each as if it came alone; an error is the response to an unreadable one."""
        calls = [self._read(one) for one in asked]
        done = await self._front.together([call.work for call in calls])
        return [_reply(call, outcome) for call, outcome in zip(calls, done, strict=True)]

    def _read(self, asked: Request | ApiError) -> _Call:
        system, method = SystemParameters(), None
        try:
            if isinstance(asked, ApiError):
                raise asked
            request = overridden(asked)
            system = system_parameters(request)
            system.check()
            method, variables = route(request.http, request.path)
            work = self._front.work(request, system, method, _asked(request, system, method, variables))
        except Exception as error:
            work = partial(_raise, error)
        return _Call(system, method, work)


def _asked(call: Request, system: SystemParameters, method: Method, variables: Mapping[str, str]) -> Asked:
    """The parameters of a call, or their error."""
    try:
        # An invalid `fields` parameter is rejected before the call has an effect.
        selection = parse_fields(system.fields, method.response)
        parameters: dict[str, Any] = {snake(name): value for name, value in variables.items()}
        parameters |= method_parameters(method, call.query)
        if method.request is not None:
            parameters["body"] = read_body(method, call)
    except ApiError as error:
        return error
    if method.id == _LIST and selection in _ONLY_NAMES:
        parameters["most_bytes"] = NAMES_ONLY
    return parameters


def _raise(error: Exception) -> NoReturn:
    raise error


def _reply(call: _Call, outcome: bytes | BaseException) -> Response:
    """The response of a call: its result as it is sent, or its error in the wording of its version."""
    system, method = call.system, call.method
    try:
        if isinstance(outcome, BaseException):
            raise outcome
        assert method is not None  # noqa: S101 - only a known method has a result
        chooses = parse_fields(system.fields, method.response) or system.enum_numbers
        answer = _chosen(outcome, method, system) if chooses else outcome
        return _wrapped(Response(finish(answer, pretty=system.pretty)), system)
    except ApiError as error:
        return refusal(error if method is None else reworded(error, method.version), system)
    except Exception:
        return refusal(broken(), system)


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
