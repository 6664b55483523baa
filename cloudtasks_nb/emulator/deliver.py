"""One attempt of a push task, sent for real, but only to this machine. Source: SPEC sections 5.1 and 5.2."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .attempts import Attempt, Outcome, answered, refused, timed_out, unreachable
from .clock import Clock
from .outgoing import Request, request_for

DEADLINE_S = 600.0
_RESOLVE_S = 5.0
_ELSEWHERE = "the emulator delivers only to this machine (localhost), and did not contact {}"


class Deliverer:
    """Sends attempts in the background and reports how each one ended."""

    def __init__(
        self, finish: Callable[[Attempt, Outcome], None], clock: Clock, deadline_s: float = DEADLINE_S
    ) -> None:
        self._finish = finish
        self._clock = clock
        self._deadline_s = deadline_s
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, attempt: Attempt) -> None:
        """Starts an attempt; must be called inside the event loop."""
        sending = asyncio.get_running_loop().create_task(self._attempt(attempt))
        self._under_way.add(sending)
        sending.add_done_callback(self._under_way.discard)

    def next_at(self) -> datetime | None:
        """Nothing but deadlines ends an attempt by itself, and the clock knows those."""
        return None

    def quiet(self) -> bool:
        """Whether no attempt is under way."""
        return not self._under_way

    async def settle(self) -> None:
        """Returns when every attempt under way has ended."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Cuts off what is under way: the tasks stay, and are due again."""
        for sending in self._under_way:
            sending.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _attempt(self, attempt: Attempt) -> None:
        try:
            self._finish(attempt, await self._outcome(attempt))
        except Exception:  # nobody waits for this attempt: say it where the owner of the process looks
            traceback.print_exc(file=sys.stderr)

    async def _outcome(self, attempt: Attempt) -> Outcome:
        try:
            request = request_for(attempt)
            host = urlsplit(request.url).hostname or ""
            async with self._clock.deadline(self._deadline_s):
                if not await is_local(host):
                    return refused(_ELSEWHERE.format(host))
                return await self._exchange(request)
        except TimeoutError:
            return timed_out()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: not a URL, not a header
            return unreachable(str(error) or type(error).__name__)

    async def _exchange(self, request: Request) -> Outcome:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, resolver=_LocalResolver(), force_close=True),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        sent = self._session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        )
        async with sent as response:
            async for _ in response.content.iter_chunked(65_536):
                pass  # read to its end: an answer counts when it is complete
            return answered(response.status)


async def is_local(host: str) -> bool:
    """Whether every address of a host is on this machine."""
    try:
        async with asyncio.timeout(_RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return False  # nothing on this machine has a name that cannot be found
    return bool(found) and all(_is_loopback(str(address[4][0])) for address in found)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class _LocalResolver(AbstractResolver):
    """Looks names up once more for the connection itself, so that they cannot change in between."""

    def __init__(self) -> None:
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, socket.AF_UNSPEC)
        if not all(_is_loopback(address["host"]) for address in found):
            raise OSError(_ELSEWHERE.format(host))
        return found

    async def close(self) -> None:
        await self._inner.close()
