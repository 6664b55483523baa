"""gRPC channels to the emulator for Google's clients. They call as the same principal as our client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

Headers = Callable[[], list[tuple[str, str]]]

# Responses of other servers may be large. Connections to this machine must not use a proxy.
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)


def channel(host: str, headers: Headers) -> grpc.Channel:
    """A channel for synchronous clients."""
    return grpc.intercept_channel(grpc.insecure_channel(host, options=_OPTIONS), _Identity(headers))


def channel_for_asyncio(host: str, headers: Headers) -> grpc.aio.Channel:
    """A channel for clients in the running event loop."""
    return grpc.aio.insecure_channel(host, options=_OPTIONS, interceptors=[_IdentityForAsyncio(headers)])


class _Call(NamedTuple):
    """The details of a call, in the form that gRPC wants."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


class _Identity(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Adds our client's credentials to calls that carry none: gRPC allows no call credentials on insecure channels."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def intercept_unary_unary(self, go_on: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        metadata = _with_identity(details.metadata, self._headers)
        call = _Call(
            details.method,
            details.timeout,
            metadata,
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
        return go_on(call, request)


class _IdentityForAsyncio(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """The same for asyncio."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    async def intercept_unary_unary(
        self, go_on: Callable[[Any, Any], Any], details: Any, request: Any
    ) -> Any:
        metadata = grpc.aio.Metadata(*_with_identity(details.metadata, self._headers))
        return await go_on(details._replace(metadata=metadata), request)


def _with_identity(metadata: Any, headers: Headers) -> list[tuple[str, Any]]:
    said = list(metadata or ())
    names = {name.lower() for name, _ in said}
    return [*said, *((name, value) for name, value in headers() if name not in names)]
