"""The gRPC server: reads calls, passes them to the same front as REST, and responds in protocol buffers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import grpc
import msgspec
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import ParseDict
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from multidict import CIMultiDict

from ....errors import ApiError, InvalidArgument, Unavailable, Unimplemented
from ..calls.partial import Selection, parse_fields, select
from ..calls.queries import system_parameters
from ..calls.request import Request
from ..clock import Clock, pacific
from ..front.fault_injection import Cut, FaultPlan
from ..front.front import Asked, Front, broken
from ..front.wording import reworded
from . import describing
from .messages import decoded, encoded, parameters
from .rpcs import SERVICES, Rpc, rpcs_of

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.http2.max_ping_strikes", 0),  # clients may send keepalive pings as often as they like
)
_LAST_CALLS_S = 1.0
_LONGEST = timedelta(seconds=30)
_MOST_MESSAGE = 2000  # characters: clients accept 8 kB of such metadata
_MOST_DETAILS = 3000  # bytes
# Clients with a hand-made channel accept 4 MB, and the server cannot recognise them.
_MOST_BYTES = 2_800_000
_PAGE = 1000
_BOUNDED = {
    "projects.locations.queues.tasks.list": "most_bytes",
    "projects.locations.queues.tasks.lease": "most_bytes",
}
_LIST_QUEUES = "projects.locations.queues.list"


class GrpcServer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Listens on an internal port on loopback, which `start` returns. Lives in one event loop."""

    def __init__(self, front: Front, faults: FaultPlan, clock: Clock) -> None:
        self._front = front
        self._faults = faults
        self._clock = clock
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((self,))
        self._rpcs: dict[str, dict[str, Rpc]] = {}
        self._end_health: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> int:
        self._end_health = await describing.add_health(self._server)
        describing.add_reflection(self._server)
        port: int = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        return port

    async def close(self) -> None:
        if self._end_health is not None:
            await self._end_health()
        await self._server.stop(_LAST_CALLS_S)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        service, _, name = details.method.removeprefix("/").rpartition("/")
        if service not in SERVICES:
            return None
        # Handlers get and return bytes, so that unreadable requests get the API's own error.
        return grpc.unary_unary_rpc_method_handler(partial(self._answer, service, name))

    async def _answer(
        self, service: str, name: str, raw: bytes, context: grpc.aio.ServicerContext
    ) -> bytes | None:
        try:
            rpc = await self._rpc(service, name)
            return await self._faults.around(rpc.method.id, self._done(rpc, raw, context))
        except Cut:  # gRPC's status for a broken connection
            error: ApiError = Unavailable("Socket closed")
        except ApiError as refused:
            error = refused
        except Exception:
            error = broken()
        await context.abort_with_status(rpc_status.to_status(status_of(error)))
        return None

    async def _rpc(self, service: str, name: str) -> Rpc:
        if service not in self._rpcs:  # in a thread: the first call of a version imports its messages
            self._rpcs[service] = await asyncio.to_thread(rpcs_of, service)
        found = self._rpcs[service].get(name)
        if found is None:
            raise Unimplemented("Method not found!")
        return found

    async def _done(self, rpc: Rpc, raw: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            return await self._answered(rpc, raw, context)
        except ApiError as error:
            raise reworded(error, rpc.method.version) from None

    async def _answered(self, rpc: Rpc, raw: bytes, context: grpc.aio.ServicerContext) -> bytes:
        self._check_deadline(context.time_remaining())
        headers = _headers(context.invocation_metadata() or ())
        call = Request("POST", "", (), headers)
        system = system_parameters(call)
        system.check()
        selection: Selection = {}
        try:
            selection = parse_fields(system.fields, rpc.method.response)
            asked: Asked = _bounded(rpc.method.id, parameters(rpc.method, decoded(rpc.request, raw)))
        except ApiError as error:
            asked = error
        answer = await self._front.answer(call, system, rpc.method, asked)
        return encoded(rpc.response, select(msgspec.json.decode(answer), selection))

    def _check_deadline(self, remaining_s: float | None) -> None:
        """Source: SPEC section 6.2."""
        if remaining_s is not None and remaining_s > _LONGEST.total_seconds():
            try:
                deadline = pacific(self._clock.now() + timedelta(seconds=remaining_s))
            except OverflowError:
                deadline = "infinitely far away"
            raise InvalidArgument(
                f"The request deadline is {deadline}. The deadline cannot be more than 30s in the future."
            )


def _headers(metadata: Iterable[tuple[str, str | bytes]]) -> CIMultiDict[str]:
    return CIMultiDict([(name, value) for name, value in metadata if isinstance(value, str)])


def _bounded(method: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The same call with a page size whose response fits into 4 MB."""
    if method in _BOUNDED:
        return {**asked, _BOUNDED[method]: _MOST_BYTES}
    size = asked.get("page_size", 0)
    return {**asked, "page_size": _PAGE} if method == _LIST_QUEUES and (size == 0 or size > _PAGE) else asked


def status_of(error: ApiError) -> Status:
    """An error as gRPC carries it, short enough for every client."""
    message = error.message.encode(errors="replace").decode()
    if len(message) > _MOST_MESSAGE:
        message = f"{message[: _MOST_MESSAGE - 1]}…"
    status = Status(code=error.rpc_code, message=message)
    details = [ParseDict(detail, Packed(), ignore_unknown_fields=True) for detail in error.details]
    if sum(detail.ByteSize() for detail in details) <= _MOST_DETAILS:
        status.details.extend(details)
    return status
