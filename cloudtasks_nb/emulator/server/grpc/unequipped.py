"""Responds to gRPC clients when the gRPC packages are missing, with a minimal HTTP/2 server.

Every call gets the same error, in headers only. It reads only the frame headers: where a frame ends, and which stream
it opens. Source: RFC 9113 section 4.1, RFC 7541 sections 5 and 6.2.2, gRPC over HTTP2.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from ....errors import FailedPrecondition

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = 9
_MOST = 16_384  # bytes in a frame: the default limit of HTTP/2
_HEADERS, _RESET, _SETTINGS, _PING = 1, 3, 4, 6
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4
_STATUS_200 = b"\x88"  # from the static table of HPACK


class Unequipped(asyncio.Protocol):
    """Responds to every call of a connection with FAILED_PRECONDITION, which clients do not retry."""

    def __init__(self, why: str) -> None:
        self._answer = _STATUS_200 + b"".join(
            _header(name, value)
            for name, value in (
                ("content-type", "application/grpc"),
                ("grpc-status", str(FailedPrecondition.rpc_code)),
                ("grpc-message", quote(why, safe=" !\"#$&'()*+,/:;<=>?@[]^`{|}~")),
            )
        )
        self._left = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - connections are streams
        self._transport = transport
        transport.write(_frame(_SETTINGS, 0, 0))

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - data comes after the connection
        self._left = (self._left + data).removeprefix(PREFACE)
        while len(self._left) >= _HEAD:
            size = int.from_bytes(self._left[:3])
            kind, flags, stream = self._left[3], self._left[4], int.from_bytes(self._left[5:9]) & 0x7FFFFFFF
            if size > _MOST:
                self._transport.abort()
                return
            if len(self._left) < _HEAD + size:
                return
            content, self._left = self._left[_HEAD : _HEAD + size], self._left[_HEAD + size :]
            self._transport.write(self._reply(kind, flags, stream, content))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _reply(self, kind: int, flags: int, stream: int, content: bytes) -> bytes:
        if kind == _HEADERS:
            refused = _frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, self._answer)
            return refused + _frame(_RESET, 0, stream, bytes(4))  # drop the rest of the request
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            return _frame(kind, _ACK, 0, content if kind == _PING else b"")
        return b""


def _frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


def _header(name: str, value: str) -> bytes:
    """A literal header without indexing."""
    return b"\x00" + _text(name) + _text(value)


def _text(text: str) -> bytes:
    """The length (7-bit prefix, then continuation bytes) and the text."""
    raw = text.encode("ascii")
    if len(raw) < 127:
        return bytes((len(raw),)) + raw
    rest, size = len(raw) - 127, bytearray((127,))
    while rest >= 128:
        size.append(rest % 128 + 128)
        rest //= 128
    size.append(rest)
    return bytes(size) + raw
