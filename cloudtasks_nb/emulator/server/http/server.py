"""The wire: who may talk to the emulator, and how calls and answers travel over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from functools import partial
from typing import Any

from aiohttp import web

from ....errors import ApiError, InvalidArgument, PermissionDenied
from ....model import encode
from ....model.versions import VERSIONS
from ....origins import why_refused
from ..access.sign_in_pages import Handler as Page
from ..access.sign_in_pages import SignIn
from ..calls.queries import SystemParameters
from ..calls.request import Request, Response, query_pairs
from .batch_endpoint import Part, batch_reply, read_batch
from .control import Control, Handler
from .fault_injection import BATCH, REFUSALS, FaultPlan, method_of
from .firebase import TASKS, Firebase
from .front import Front, refusal
from .packing import MAX_BODY_BYTES, packed, too_large, unpacked
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


def application(front: Front, control: Control, sign_in: SignIn, faults: FaultPlan) -> web.Application:
    """The emulator as an aiohttp application."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    door = _Door(front, faults)
    for verb, path, handler in control.routes():
        app.router.add_route(verb, path, partial(door.control, handler))
    for verb, path, page in sign_in.routes():
        app.router.add_route(verb, path, partial(door.page, page))
    for path in _BATCH_PATHS:
        app.router.add_route("POST", path, door.batch)
    firebase = Firebase(front)
    app.router.add_route("POST", TASKS, partial(door.page, firebase.create))
    app.router.add_route("DELETE", TASKS + "/{task}", partial(door.page, firebase.delete))
    app.router.add_route("*", r"/{path:[\s\S]*}", door.handle)
    return app


class _Door:
    """Lets in what comes from this machine."""

    def __init__(self, front: Front, faults: FaultPlan) -> None:
        self._front = front
        self._faults = faults

    async def handle(self, request: web.Request) -> web.Response:
        try:
            call = await _call(request)
        except ApiError as error:
            return _sent(request, refusal(error, SystemParameters()))
        answer = self._front.answer(call)
        if self._faults.are_off:
            return _sent(request, await answer)
        return await self._at_risk(request, method_of(call), answer)

    async def _at_risk(
        self, request: web.Request, method: str, answer: Coroutine[Any, Any, Response]
    ) -> web.Response:
        """The answer, unless a fault is to happen instead."""
        with contextlib.closing(answer):
            if latency_s := self._faults.latency_s(method):
                await asyncio.sleep(latency_s)
            fault = self._faults.fault(method)
            if fault == "cut_before":
                return _cut(request)
            if fault in REFUSALS:
                return _sent(request, refusal(REFUSALS[fault], SystemParameters()))
            reply = await answer
            return _cut(request) if fault == "cut_after" else _sent(request, reply)

    async def page(self, page: Page, request: web.Request) -> web.Response:
        """What is not the API's own: its authorization server, and what Firebase expects."""
        try:
            return _sent(request, await page(await _call(request)))
        except ApiError as error:
            return _sent(request, refusal(error, SystemParameters()))

    async def batch(self, request: web.Request) -> web.Response:
        """Many calls in one, each answered as if it came alone."""
        try:
            _check_local(request)
            parts = read_batch(await _body(request), request.headers)
        except ApiError as error:
            return _sent(request, refusal(error, SystemParameters()))
        return await self._at_risk(request, BATCH, self._together(parts))

    async def _together(self, parts: list[Part]) -> Response:
        replies: list[Response] = []
        for at in range(0, len(parts), _AT_ONCE):  # in order, sharing commits; others are answered in between
            replies += await asyncio.gather(*(self._alone(part.call) for part in parts[at : at + _AT_ONCE]))
        return batch_reply(parts, replies, f"batch_{secrets.token_urlsafe(24)}")

    async def _alone(self, call: Request | InvalidArgument) -> Response:
        return (
            await self._front.answer(call) if isinstance(call, Request) else refusal(call, SystemParameters())
        )

    async def control(self, handler: Handler, request: web.Request) -> web.Response:
        """What is the emulator's own."""
        try:
            _check_local(request)
            answer = await handler(request.query, await _body(request))
            return _sent(request, Response(finish(encode(answer), pretty=True)))
        except ApiError as error:
            return _sent(request, refusal(error, SystemParameters()))


async def _call(request: web.Request) -> Request:
    _check_local(request)
    query = query_pairs(request.rel_url.raw_query_string)
    return Request(request.method, request.rel_url.raw_path, query, request.headers, await _body(request))


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_large()
    try:
        async with asyncio.timeout(_BODY_S):
            raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except ConnectionError:  # whoever asked has hung up: nobody hears this
        raise InvalidArgument("The body broke off.") from None
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {_BODY_S:g} seconds.") from None
    return unpacked(raw, request.headers.get("Content-Encoding", ""))


def _check_local(request: web.Request) -> None:
    """Errors: PermissionDenied for what a page of another origin asks."""
    if why := why_refused(request.headers.get):
        raise PermissionDenied(f"The emulator does not answer this request: {why}.")


def _cut(request: web.Request) -> web.Response:
    """Ends the connection without an answer; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _sent(request: web.Request, reply: Response) -> web.Response:
    headers = {"Content-Type": reply.content_type, **_HEADERS, **reply.headers}
    small = packed(reply.body, request.headers)
    if small is not None:
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=reply.body if small is None else small, headers=headers)
