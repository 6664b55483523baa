"""The wire: routes from METHODS, system parameters, bodies, envelopes. Source: SPEC sections 1 and 6."""

from __future__ import annotations

import re
import sys
import traceback
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from ..errors import ApiError, Internal, InvalidArgument, NotFound, PermissionDenied
from ..model import Queue, encode
from ..model.methods import METHODS, Method
from .bodies import parse
from .control import Control, Handler
from .envelopes import error_json
from .queries import SystemParameters, method_parameters, system_parameters
from .service import Service
from .wire import finish

VERSION = "v2beta2"
MAX_BODY_BYTES = 32 * 1024 * 1024

_HEADERS = {
    "Content-Type": "application/json; charset=UTF-8",
    "Cache-Control": "private",
    "Server": "cloudtasks-emulator",
    "Vary": "Origin, X-Origin, Referer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "0",
}
_LOOPBACK = r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_LOOPBACK_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_LOOPBACK_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://{_LOOPBACK}", re.IGNORECASE)

Pairs = list[tuple[str, str]]


def application(service: Service, control: Control) -> web.Application:
    """The emulator as an aiohttp application."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    front = _Front(service)
    for verb, path, handler in control.routes():
        app.router.add_route(verb, path, partial(front.control, handler))
    app.router.add_route("*", r"/{path:[\s\S]*}", front.handle)
    return app


class _Front:
    """What every request passes through."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def handle(self, request: web.Request) -> web.Response:
        system = SystemParameters()
        try:
            _check_local(request)
            raw = await _body(request)
            http, query, raw = _overridden(request, raw)
            system = system_parameters(query)
            body = self._answer(http, request.rel_url.raw_path, query, raw)
            return web.Response(body=finish(body, pretty=system.pretty), headers=_HEADERS)
        except ApiError as error:
            return _refusal(error, system)
        except (web.HTTPException, ConnectionError):  # ConnectionError: nobody is there to be answered
            raise
        except Exception:  # an emulator that fails says so as the service does, and tells its owner why
            traceback.print_exc(file=sys.stderr)
            return _refusal(Internal("Internal error encountered."), system)

    async def control(self, handler: Handler, request: web.Request) -> web.Response:
        """What is the emulator's own."""
        try:
            _check_local(request)
            answer = await handler(request.query, await _body(request))
            body = answer if isinstance(answer, bytes) else encode(answer)
            return web.Response(body=finish(body, pretty=True), headers=_HEADERS)
        except ApiError as error:
            return _refusal(error, SystemParameters())

    def _answer(self, http: str, path: str, query: Pairs, raw: bytes) -> bytes:
        method, variables = _route(http, path)
        self._service.handler(method.id)  # what is not served is refused before its body is looked at
        parameters: dict[str, Any] = {**variables, **method_parameters(method, query)}
        if method.request is not None:
            # Where the body is the resource itself, messages about it name the member that holds it.
            parameters["body"] = parse(raw, method.request, "queue" if method.request is Queue else "")
        answer = self._service.call(method.id, parameters)
        return answer if isinstance(answer, bytes) else encode(answer)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise InvalidArgument(
            f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.", code=413
        ) from None
    except web.RequestPayloadError:
        raise InvalidArgument("The request body is not what its Content-Encoding says.") from None


def _route(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method that a request means, and its path parameters. Errors: NotFound."""
    prefix = f"/{VERSION}/"
    versioned = path.startswith(prefix)
    below = unquote(path.removeprefix(prefix) if versioned else path.removeprefix("/"))
    for method in METHODS.values():
        if method.http == http and method.versioned is versioned:
            match = method.pattern.fullmatch(below)
            if match is not None:
                return method, match.groupdict()
    raise NotFound(f"The requested URL {unquote(path)} was not found on this server ({http}, {VERSION}).")


def _overridden(request: web.Request, raw: bytes) -> tuple[str, Pairs, bytes]:
    """HTTP method, query and body: a POST can stand for another method, with a long query in its body."""
    query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
    override = request.headers.get("X-HTTP-Method-Override", "").upper()
    if request.method != "POST" or not override:
        return request.method, query, raw
    if request.content_type == "application/x-www-form-urlencoded":
        query += parse_qsl(raw.decode(errors="replace"), keep_blank_values=True)
        raw = b""
    return override, query, raw


def _check_local(request: web.Request) -> None:
    """Refuses pages of other origins that reach this server through a name of their own, or blindly."""
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if not _LOOPBACK_HOST.fullmatch(host):
        raise PermissionDenied(f"The emulator answers only to localhost, not to the host '{host[:100]}'.")
    if origin is not None and not _LOOPBACK_ORIGIN.fullmatch(origin):
        raise PermissionDenied(f"The emulator does not answer pages of '{origin[:100]}'.")


def _refusal(error: ApiError, system: SystemParameters) -> web.Response:
    return web.Response(
        status=error.code, body=error_json(error, legacy=system.legacy_errors), headers=_HEADERS
    )
