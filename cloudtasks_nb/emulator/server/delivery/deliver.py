"""Sends one attempt of a push task. Source: SPEC sections 5.1 and 5.2."""

from __future__ import annotations

import asyncio
import socket
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ....errors import ConfigError
from ..clock import Clock
from ..hindrances import Hindrances
from ..options import Options
from ..rules.attempts import Attempt, Outcome, answered, refused, retry_after, timed_out, unreachable
from ..rules.targets import AppEngine, is_local_name
from . import demo_world
from .outgoing import NoApplication, Request, request_for
from .reach import Elsewhere, Reach, Resolver, elsewhere, pattern
from .tokens import Tokens
from .under_way import UnderWay

DEADLINE_S = 600.0
KEPT_BYTES = 1000  # of a response body
LONGEST_ANSWER_BYTES = 10 * 1024 * 1024
_PRETENDED_S = 0.1
_KEPT_S = 1.0
_CHUNK_BYTES = 65_536

# The sockets that the attempt of this task opened: without one, it reuses a connection. Tracing of aiohttp reports
# the same, but costs each attempt 11 µs.
_opened: ContextVar[list[socket.socket]] = ContextVar("opened")


class Targets(Struct, frozen=True):
    """The settings of deliveries: allowed targets, App Engine applications, tokens."""

    applications: AppEngine = AppEngine()
    reach: Reach = Reach()
    pretended: Callable[[Attempt], Outcome | None] | None = None  # the responses of demo targets
    hindrances: Hindrances = msgspec.field(default_factory=Hindrances)


def targets(options: Options, hindrances: Hindrances) -> Targets:
    """The settings from the emulator's options, which also allow the App Engine applications. Errors: ConfigError."""
    try:
        asked = [pattern(text) for text in options.allow_targets]
        own = [pattern(url) for url in options.app_engine.services.values()]
    except ValueError as error:
        raise ConfigError(f"--allow-target: {error}.") from None
    pretended = demo_world.answer if options.with_demo and options.dispatch else None
    return Targets(options.app_engine, Reach([*asked, *own]), pretended, hindrances)


class Deliverer:
    """Sends attempts in the background and reports the outcome of each one."""

    def __init__(
        self,
        finish: Callable[[Attempt, Outcome], None],
        clock: Clock,
        targets: Targets,
        tokens: Tokens,
        under_way: UnderWay,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._finish = finish
        self._clock = clock
        self._targets = targets
        self._tokens = tokens
        self._sent = under_way
        self._deadline_s = deadline_s
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._stirred = asyncio.Event()  # an attempt has ended, or has begun to wait for the clock

    def send(self, attempt: Attempt) -> None:
        """Starts an attempt; call it inside the event loop."""
        self._sent.began(attempt)
        sending = asyncio.get_running_loop().create_task(self._attempt(attempt))
        self._under_way.add(sending)
        sending.add_done_callback(self._over)

    def _over(self, sending: asyncio.Task[None]) -> None:
        self._under_way.discard(sending)
        self._stirred.set()

    def next_at(self) -> datetime | None:
        """Returns None: attempts end by deadlines and by slow targets, and the clock has both already."""
        return None

    def quiet(self) -> bool:
        """Whether every attempt under way waits for the clock."""
        return len(self._under_way) <= self._clock.asleep

    async def settle(self) -> None:
        """Returns when every attempt under way has ended, or waits for the clock."""
        while not self.quiet():
            self._stirred.clear()
            await self._stirred.wait()

    def begin_anew(self) -> None:
        """Aborts all attempts under way without recording an outcome."""
        for sending in self._under_way:
            sending.cancel()

    async def close(self) -> None:
        """Aborts all attempts under way: their tasks stay, and are due again."""
        self.begin_anew()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

    async def _attempt(self, attempt: Attempt) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            outcome = await self._outcome(attempt)
        except (
            Exception
        ) as error:  # for any error, the task must be retried and the owner must see the reason
            traceback.print_exc(file=sys.stderr)
            outcome = unreachable(_words(error))
        took = timedelta(seconds=loop.time() - began_s)
        self._finish(attempt, replace(outcome, took=took))

    async def _outcome(self, attempt: Attempt) -> Outcome:
        pretended = self._targets.pretended(attempt) if self._targets.pretended is not None else None
        if pretended is not None:
            await asyncio.sleep(_PRETENDED_S)
            return pretended
        try:
            request = request_for(attempt, self._targets.applications)
            url = URL(request.url)
            async with self._clock.deadline(self._deadline(attempt)):
                return await self._slowly(url, await self._exchange(request, url))
        except TimeoutError:
            return timed_out()
        except NoApplication as error:
            return refused(str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: an invalid URL or header
            why = getattr(error, "os_error", error)
            return refused(str(why)) if isinstance(why, Elsewhere) else unreachable(_words(error))

    async def _slowly(self, url: URL, outcome: Outcome) -> Outcome:
        """The target's response, delayed by the injected latency. The request itself is sent at once."""
        if latency_s := self._targets.hindrances.latency_s(str(url)):
            self._stirred.set()  # the clock already has the sleeper when a waiter sees this event
            await self._clock.sleep(latency_s)
        return outcome

    def _deadline(self, attempt: Attempt) -> float:
        """The target's deadline; 0 means the deadline of App Engine's scaling type."""
        own = attempt.task.dispatch_deadline
        return own.total_seconds() if own else self._deadline_s

    async def _exchange(self, request: Request, url: URL) -> Outcome:
        permitted = self._targets.reach.permits(url)
        host = url.host or ""
        # Host names are resolved and checked when the connection is made. An IP address is checked here.
        if not permitted and not is_local_name(host) and _is_address(host):
            raise Elsewhere(elsewhere(host))
        headers = request.headers
        if request.token is not None:
            await self._tokens.prepare()
            headers = request.authorized(self._tokens.header(request.token, request.url))
        authorized = replace(request, headers=headers)
        opened: list[socket.socket] = []
        _opened.set(opened)
        try:
            return await self._receive(self._session(not permitted, keeps=True), authorized, url)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if opened:
                raise
        # The target closed a reused connection at this moment: no attempt was made yet, so connect again.
        return await self._receive(self._session(not permitted, keeps=False), authorized, url)

    async def _receive(self, session: aiohttp.ClientSession, request: Request, url: URL) -> Outcome:
        sent = session.request(
            request.method,
            url,
            headers=request.headers,
            data=request.body or None,
            allow_redirects=False,
        )
        async with sent as response:
            received, body = 0, b""
            async for piece in response.content.iter_chunked(_CHUNK_BYTES):
                body += piece[: max(0, KEPT_BYTES - received)]
                received += len(piece)  # read it whole: a response counts only when it is complete
                if received > LONGEST_ANSWER_BYTES:
                    break  # too long: use the status, skip the rest
            if "Content-Encoding" in response.headers:  # the task asked for an encoding, so this is not text
                body = b""
            return answered(response.status, retry_after(response.headers, self._clock.now()), body)

    def _session(self, guarded: bool, *, keeps: bool) -> aiohttp.ClientSession:
        """`keeps`: reuses connections for a short time, because connecting is half the cost of a fast queue."""
        if (guarded, keeps) not in self._sessions:
            keeping: dict[str, Any] = {"keepalive_timeout": _KEPT_S} if keeps else {"force_close": True}
            self._sessions[guarded, keeps] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, resolver=Resolver(guarded=guarded), socket_factory=_open, **keeping
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[guarded, keeps]


def _open(address: aiohttp.AddrInfoType) -> socket.socket:
    """The socket of a new connection, noted for its attempt."""
    opened = socket.socket(*address[:3])
    _opened.get().append(opened)
    return opened


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _words(error: BaseException) -> str:
    """The system's error text if there is one: it is clearer than the library's."""
    cause = getattr(error, "os_error", None)
    words = getattr(cause, "strerror", None) or str(cause or "") or str(error)
    return words or type(error).__name__
