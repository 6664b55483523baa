"""The HTTP server: checks who may call the emulator, and moves calls and responses over HTTP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web

from ....errors import ApiError, InvalidArgument, PermissionDenied
from ....model import encode
from ....model.versions import VERSIONS
from ..calls.queries import SystemParameters
from ..calls.request import Handler, Request, Response, Routes, query_pairs
from ..front.fault_injection import BATCH, Cut, FaultPlan, method_of
from ..telemetry.telemetry import Telemetry
from .batch_endpoint import Part, batch_reply, read_batch
from .hosts import Hosts
from .packing import MAX_BODY_BYTES, packed, too_large, unpacked
from .rest import Rest, refusal
from .wire import finish

_HEADERS = {
    "Cache-Control": "private",
    "Server": "cloudtasks-emulator",
    "Vary": "Origin, X-Origin, Referer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "0",
}
_BATCH_PATHS = ("/batch", *(f"/batch/cloudtasks/{version}" for version in VERSIONS))
_AT_ONCE = 50
_BODY_S = 60.0


def application(
    rest: Rest, own: Routes, faults: FaultPlan, hosts: Hosts, telemetry: Telemetry | None = None
) -> web.Application:
    """The emulator as an aiohttp application. `own`: its endpoints besides the API."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    door, let_in = _Door(rest, faults), partial(_let_in, hosts)
    for verb, path, handler in own:
        app.router.add_route(verb, path, let_in(partial(door.own, handler)))
    for verb, path, read, handler in telemetry.routes() if telemetry is not None else ():
        app.router.add_route(verb, path, let_in(partial(door.read, read.id, handler)))
    for path in _BATCH_PATHS:
        app.router.add_route("POST", path, let_in(door.batch))
    app.router.add_route("*", r"/{path:[\s\S]*}", let_in(door.handle))
    return app


def _let_in(
    hosts: Hosts, work: Callable[[web.Request], Awaitable[Response]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Checks the host, then sends the response or the error; sends nothing after an injected cut."""

    async def answer(request: web.Request) -> web.Response:
        try:
            if why := hosts.why_refused(request):
                raise PermissionDenied(f"The emulator rejects this request: {why}.")
            reply = await work(request)
        except Cut:
            return _cut(request)
        except ApiError as error:
            reply = refusal(error, SystemParameters())
        return _sent(request, reply)

    return answer


class _Door:
    """The handlers of each path, independent of transport."""

    def __init__(self, rest: Rest, faults: FaultPlan) -> None:
        self._rest = rest
        self._faults = faults

    async def handle(self, request: web.Request) -> Response:
        call = await _call(request)
        answer = self._rest.answer(call)
        return await (answer if self._faults.are_off else self._faults.around(method_of(call), answer))

    async def own(self, handler: Handler, request: web.Request) -> Response:
        """Endpoints outside the API: the emulator's own, its authorization server, Firebase's paths."""
        answer = await handler(await _call(request))
        return answer if isinstance(answer, Response) else Response(finish(encode(answer), pretty=True))

    async def read(self, method: str, handler: Handler, request: web.Request) -> Response:
        """Cloud Monitoring and Cloud Logging."""
        answer = self.own(handler, request)
        return await (answer if self._faults.are_off else self._faults.around(method, answer))

    async def batch(self, request: web.Request) -> Response:
        """Handles many calls in one request, each as if it came alone."""
        parts = read_batch(await _body(request), request.headers)
        return await self._faults.around(BATCH, self._together(parts))

    async def _together(self, parts: list[Part]) -> Response:
        replies: list[Response] = []
        for at in range(
            0, len(parts), _AT_ONCE
        ):  # in order, with shared commits; other requests run in between
            replies += await asyncio.gather(*(self._alone(part.call) for part in parts[at : at + _AT_ONCE]))
        return batch_reply(parts, replies, f"batch_{secrets.token_urlsafe(24)}")

    async def _alone(self, call: Request | InvalidArgument) -> Response:
        return (
            await self._rest.answer(call) if isinstance(call, Request) else refusal(call, SystemParameters())
        )


async def _call(request: web.Request) -> Request:
    query = query_pairs(request.rel_url.raw_query_string)
    return Request(request.method, request.rel_url.raw_path, query, request.headers, await _body(request))


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_large()
    try:
        if request.content.is_eof():  # it arrived with the headers
            raw = await request.read()
        else:
            async with asyncio.timeout(_BODY_S):
                raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except ConnectionError:  # the client closed the connection and gets no response
        raise InvalidArgument("The request body is incomplete: the connection closed.") from None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {_BODY_S:g} seconds.") from None
    return unpacked(raw, request.headers.get("Content-Encoding", ""))


def _cut(request: web.Request) -> web.Response:
    """Closes the connection without a response; nobody gets the return value."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _sent(request: web.Request, reply: Response) -> web.Response:
    headers = {"Content-Type": reply.content_type, **_HEADERS, **reply.headers}
    small = packed(reply.body, request.headers)
    if small is not None:
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=reply.body if small is None else small, headers=headers)
