"""The HTTP server: checks who may call the emulator, and moves calls and responses over HTTP."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial

from aiohttp import web

from ....errors import ApiError, InvalidArgument, PermissionDenied
from ....model import encode
from ....model.versions import VERSIONS
from ..calls.queries import SystemParameters
from ..calls.request import Handler as OwnHandler
from ..calls.request import Request, Response, Routes, query_pairs
from ..front.fault_injection import BATCH, Cut, FaultPlan, method_of, refused
from ..telemetry.telemetry import Telemetry
from .batch_endpoint import Part, batch_reply, read_batch
from .connections import Handler
from .hosts import Hosts
from .packing import MAX_BODY_BYTES, packed, too_large, unpacked
from .paths import Paths
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
_AT_ONCE = 100  # calls: some 4 ms for acknowledgements, 13 ms for creations
_BODY_S = 60.0


def http_handler(
    rest: Rest,
    own: Routes,
    faults: FaultPlan,
    hosts: Hosts,
    telemetry: Telemetry | None = None,
    date: Callable[[], str] | None = None,
) -> Handler:
    """Handles HTTP requests. `own`: the emulator's endpoints besides the API. `date`: the Date header, if not now."""
    door, paths = _Door(rest, faults), Paths()
    for verb, path, handler in own:
        paths.add(verb, path, partial(door.own, handler))
    for verb, path, read, handler in telemetry.routes() if telemetry is not None else ():
        paths.add(verb, path, partial(door.read, read.id, handler))
    for path in _BATCH_PATHS:
        paths.add("POST", path, door.batch)

    async def handle(request: web.BaseRequest) -> web.Response:
        """Checks the host, then sends the response or the error; sends nothing after an injected cut."""
        try:
            if why := hosts.why_refused(request):
                raise PermissionDenied(f"The emulator rejects this request: {why}.")
            act = paths.find(request.method, request.rel_url.path_safe) or door.handle
            reply = await act(request)
        except Cut:
            return _cut(request)
        except ApiError as error:
            reply = refusal(error, SystemParameters())
        return _sent(request, reply, {"Date": date()} if date is not None else {})

    return handle


class _Door:
    """The handlers of each path, independent of transport."""

    def __init__(self, rest: Rest, faults: FaultPlan) -> None:
        self._rest = rest
        self._faults = faults

    async def handle(self, request: web.BaseRequest) -> Response:
        call = await _call(request)
        answer = self._rest.answer(call)
        return await (answer if self._faults.are_off else self._faults.around(method_of(call), answer))

    async def own(self, handler: OwnHandler, request: web.BaseRequest) -> Response:
        """Endpoints outside the API: the emulator's own, its authorization server, Firebase's paths."""
        answer = await handler(await _call(request))
        return answer if isinstance(answer, Response) else Response(finish(encode(answer), pretty=True))

    async def read(self, method: str, handler: OwnHandler, request: web.BaseRequest) -> Response:
        """Cloud Monitoring and Cloud Logging."""
        answer = self.own(handler, request)
        return await (answer if self._faults.are_off else self._faults.around(method, answer))

    async def batch(self, request: web.BaseRequest) -> Response:
        """Handles many calls in one request, each as if it came alone."""
        parts = read_batch(await _body(request), request.headers)
        return await self._faults.around(BATCH, self._together(parts))

    async def _together(self, parts: list[Part]) -> Response:
        """The responses of the calls. The response has no part for a call that a fault cuts off."""
        faults = [""] * len(parts)
        if self._faults.hit_parts:
            faults = await self._faults.of_parts([_method_of(part) for part in parts])
        tried = [(part, fault) for part, fault in zip(parts, faults, strict=True) if fault != "cut_before"]
        calls = [refused(fault) or part.call for part, fault in tried]
        replies: list[Response] = []
        for at in range(0, len(calls), _AT_ONCE):  # in order; other requests run in between
            replies += await self._rest.answers(calls[at : at + _AT_ONCE])
        answered = [
            (part, reply) for (part, fault), reply in zip(tried, replies, strict=True) if fault != "cut_after"
        ]
        return batch_reply(answered, f"batch_{secrets.token_urlsafe(24)}")


def _method_of(part: Part) -> str:
    return method_of(part.call) if isinstance(part.call, Request) else ""


async def _call(request: web.BaseRequest) -> Request:
    query = query_pairs(request.rel_url.raw_query_string)
    return Request(request.method, request.rel_url.raw_path, query, request.headers, await _body(request))


async def _body(request: web.BaseRequest) -> bytes:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_large()
    try:
        if request.content.is_eof():  # it arrived with the headers
            raw = request.content.read_nowait()
        else:
            async with asyncio.timeout(_BODY_S):
                raw = await _arriving(request)
    except ConnectionError:  # the client closed the connection and gets no response
        raise InvalidArgument("The request body is incomplete: the connection closed.") from None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {_BODY_S:g} seconds.") from None
    if len(raw) > MAX_BODY_BYTES:
        raise too_large()
    return unpacked(raw, request.headers.get("Content-Encoding", ""))


async def _arriving(request: web.BaseRequest) -> bytes:
    """The body, of which at most one chunk more than the limit is read."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response has not started
    raw = bytearray()
    async for piece in request.content.iter_any():
        raw += piece
        if len(raw) > MAX_BODY_BYTES:
            break
    return bytes(raw)


def _cut(request: web.BaseRequest) -> web.Response:
    """Closes the connection without a response; nobody gets the return value."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _sent(request: web.BaseRequest, reply: Response, dated: dict[str, str]) -> web.Response:
    headers = {"Content-Type": reply.content_type, **_HEADERS, **dated, **reply.headers}
    small = packed(reply.body, request.headers)
    if small is not None:
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=reply.body if small is None else small, headers=headers)
