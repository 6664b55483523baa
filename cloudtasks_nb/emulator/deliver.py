"""One attempt of a push task, sent for real. Source: SPEC sections 5.1 and 5.2."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from datetime import datetime

import aiohttp
from msgspec import Struct
from yarl import URL

from ..errors import ConfigError
from . import demo_world
from .app_engine import AppEngine
from .attempts import Attempt, Outcome, answered, refused, timed_out, unreachable
from .clock import Clock
from .history import History
from .options import Options
from .outgoing import NoApplication, Request, request_for
from .reach import Elsewhere, Reach, Resolver, elsewhere, is_local_name, pattern
from .retry_after import retry_after
from .tokens import Tokens

DEADLINE_S = 600.0
LONGEST_ANSWER_BYTES = 10 * 1024 * 1024
_PRETENDED_S = 0.1
_CHUNK_BYTES = 65_536


class Targets(Struct, frozen=True):
    """Where deliveries go, and where they may go."""

    applications: AppEngine = AppEngine()
    reach: Reach = Reach()
    pretended: Callable[[Attempt], Outcome | None] | None = None  # what answers in place of a target


def targets(options: Options) -> Targets:
    """What was asked for; the applications that stand for App Engine were. Errors: ConfigError."""
    try:
        asked = [pattern(text) for text in options.allow_targets]
        own = [pattern(url) for url in options.app_engine.services.values()]
    except ValueError as error:
        raise ConfigError(f"--allow-target: {error}.") from None
    pretended = demo_world.answer if options.with_demo and options.dispatch else None
    return Targets(options.app_engine, Reach([*asked, *own]), pretended)


class Deliverer:
    """Sends attempts in the background and reports how each one ended."""

    def __init__(
        self,
        finish: Callable[[Attempt, Outcome], None],
        clock: Clock,
        targets: Targets,
        tokens: Tokens,
        history: History,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._finish = finish
        self._clock = clock
        self._targets = targets
        self._tokens = tokens
        self._history = history
        self._deadline_s = deadline_s
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, attempt: Attempt) -> None:
        """Starts an attempt; must be called inside the event loop."""
        self._history.began(attempt)
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
        for session in self._sessions.values():
            await session.close()

    async def _attempt(self, attempt: Attempt) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            outcome = await self._outcome(attempt)
            self._history.ended(attempt, outcome, self._clock.now(), loop.time() - began_s)
            self._finish(attempt, outcome)
        except Exception:  # nobody waits for this attempt: say it where the owner of the process looks
            traceback.print_exc(file=sys.stderr)

    async def _outcome(self, attempt: Attempt) -> Outcome:
        pretended = self._targets.pretended(attempt) if self._targets.pretended is not None else None
        if pretended is not None:
            await asyncio.sleep(_PRETENDED_S)
            return pretended
        try:
            request = request_for(attempt, self._targets.applications)
            url = URL(request.url)
            async with self._clock.deadline(self._deadline(attempt)):
                return await self._exchange(request, url)
        except TimeoutError:
            return timed_out()
        except NoApplication as error:
            return refused(str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: not a URL, not a header
            why = getattr(error, "os_error", error)
            return refused(str(why)) if isinstance(why, Elsewhere) else unreachable(_words(error))

    def _deadline(self, attempt: Attempt) -> float:
        """How long the target may take; 0 stands for what App Engine's scaling allows."""
        own = attempt.task.dispatch_deadline
        return own.total_seconds() if own else self._deadline_s

    async def _exchange(self, request: Request, url: URL) -> Outcome:
        permitted = self._targets.reach.permits(url)
        host = url.host or ""
        # A name is looked up, and judged, where it is connected to; an address is not looked up any more.
        if not permitted and not is_local_name(host) and _is_address(host):
            raise Elsewhere(elsewhere(host))
        headers = request.headers
        if request.token is not None:
            await self._tokens.prepare()
            headers = request.authorized(self._tokens.header(request.token, request.url))
        sent = self._session(guarded=not permitted).request(
            request.method, url, headers=headers, data=request.body or None, allow_redirects=False
        )
        async with sent as response:
            received = 0
            async for piece in response.content.iter_chunked(_CHUNK_BYTES):
                received += len(piece)  # read to its end: an answer counts when it is complete
                if received > LONGEST_ANSWER_BYTES:
                    break  # more than anybody means to say: its status counts
            return answered(response.status, retry_after(response.headers, self._clock.now()))

    def _session(self, *, guarded: bool) -> aiohttp.ClientSession:
        if guarded not in self._sessions:
            self._sessions[guarded] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, resolver=Resolver(guarded=guarded), force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[guarded]


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _words(error: BaseException) -> str:
    """The system's own words where it has some: a library's add nothing that helps."""
    cause = getattr(error, "os_error", None)
    words = getattr(cause, "strerror", None) or str(cause or "") or str(error)
    return words or type(error).__name__
