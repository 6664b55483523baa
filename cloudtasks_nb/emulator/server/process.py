"""The emulator as a process of its own: from the ready line to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial

from aiohttp import web

from ...errors import ConfigError
from ...model.emulated import HistoryResponse
from . import demo
from .access.authorization import OAuth
from .access.gate import Gate
from .access.sign_in_pages import SignIn
from .clock import Clock, ManualClock
from .complaints import never_waiting_for_readers
from .delivery.deliver import Deliverer, targets
from .delivery.tokens import Tokens
from .delivery.under_way import UnderWay
from .dispatch.dispatcher import Dispatcher
from .front.fault_injection import FaultPlan
from .front.front import Front
from .grpc.entrance import Entrance
from .hindrances import Hindrances
from .http.connections import Connections, allow_many_files
from .http.control import Control
from .http.given_up import GivenUpEndpoint
from .http.server import application
from .options import Options
from .rules.attempts import Attempt, Outcome
from .services.context import Context
from .services.given_up import GivenUpService
from .services.service import Service
from .services.telling import under_way as sent_record
from .store.commits import Commits
from .store.store import Store
from .store.sweeper import Sweeper
from .telemetry.history import history
from .telemetry.telemetry import Telemetry
from .timeline import Timeline

HOST = "127.0.0.1"  # nothing else: there is no authentication
_PARENT_POLL_S = 0.5
_SWITCH_S = 0.001  # a commit that is done waits no longer than this for the loop to hear of it


class Server:
    """A server on a database; `start` and `close` it inside one event loop."""

    def __init__(self, store: Store, clock: Clock, options: Options, url: str) -> None:
        tokens, under_way, hindrances = Tokens(url), UnderWay(), Hindrances()
        faults = FaultPlan(options.faults, hindrances)
        self._store = store
        self._deliverer = Deliverer(self._ended, clock, targets(options, hindrances), tokens, under_way)
        send, place = self._deliverer.send, options.app_engine_location
        context = Context(store, clock, send, wake=self._wake, app_engine_location=place)
        context.hindrances, context.under_way = hindrances, under_way
        context.keeps_given_up = options.dead_letter
        self._context = context
        self._commits = Commits(store, context.expiry)
        self.service = Service(context)
        timeline = Timeline(clock, self._remember) if isinstance(clock, ManualClock) else None
        self._dispatcher = Dispatcher(store, clock, self.service.attempts, self._commits, send, hindrances)
        self._sweeper = Sweeper(store, clock, self._commits)
        self._dispatches = options.dispatch
        if timeline is not None:
            timeline.add(self._deliverer)
            timeline.add(self._dispatcher)
        gate = Gate(context, options.grants) if options.enforce_iam else None
        sign_in = SignIn(OAuth(context, options.oauth_clients), self._commits)
        control = Control(options, clock, timeline, tokens, self._history, faults)
        telemetry = Telemetry(context, self._commits, gate, options.projects)
        front = Front(self.service, self._commits, gate, options.projects)
        self._grpc = Entrance(front, faults, clock)
        lost = GivenUpEndpoint(GivenUpService(context), self._commits)
        app = application(front, [control, sign_in, lost], faults, telemetry)
        if timeline is not None:
            app.on_response_prepare.append(partial(_dated, clock))
        self._connections = Connections(app, http_2=self._grpc.connection)

    async def _remember(self, now: datetime) -> None:
        await self._commits.run(partial(self._store.remember_time, now))

    async def _history(self, queue: str, task: str) -> HistoryResponse:
        sent = self._context.under_way.all
        return await self._commits.run(lambda: history(self._store, queue, task, sent()))

    def _cut_off(self) -> None:
        """Attempts that nobody will hear the end of: their tasks are due again at the next start."""
        with self._store.transaction():
            for attempt in self._context.under_way.all():
                record = sent_record(attempt, "CUT_OFF")
                self._store.journal.cut_off(attempt.queue.name, record)
            self._store.journal.write(post=True)

    def _ended(self, attempt: Attempt, outcome: Outcome) -> None:
        self._dispatcher.ended(attempt, outcome)

    def _wake(self, queue: int) -> None:
        self._dispatcher.wake(queue)
        self._sweeper.wake()

    async def start(self, listening: socket.socket) -> None:
        self._store.begin_to_tell(self._context.clock.now())
        self._dispatcher.start(dispatches=self._dispatches)
        self._sweeper.wake()
        await self._connections.start(listening)

    async def close(self) -> None:
        await self._connections.close()
        await self._grpc.close()
        self._dispatcher.stop()
        await self._deliverer.close()
        await self._dispatcher.settle()
        await self._sweeper.close()
        await self._commits.run(self._cut_off)
        await self._commits.close()


async def _dated(clock: Clock, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """The Date of an answer is that of the clock which the emulator lives by."""
    response.headers["Date"] = format_datetime(clock.now(), usegmt=True)


def run(options: Options) -> None:
    """Serves until told to stop. Errors: ConfigError when the port or the file is taken."""
    listening = _listen(options.port)
    with contextlib.closing(listening):
        store = Store.open(options.data)
        with contextlib.closing(store):
            clock = _manual_clock(options, store) if options.manual_clock else Clock()
            if options.with_demo and store.is_empty():
                try:
                    demo.fill(store, clock.now())
                except sqlite3.Error as error:
                    raise ConfigError(f"{options.data} cannot be filled: {error}.") from None
            with never_waiting_for_readers():
                asyncio.run(_serve(store, clock, listening, options))


def _manual_clock(options: Options, store: Store) -> ManualClock:
    """A clock that goes on where it stopped: time that goes back would hold leases and names for longer."""
    stopped = store.stopped_at()
    start = options.clock_start or stopped or datetime.now(UTC).replace(microsecond=0)
    clock = ManualClock(max(start, stopped or start))
    store.remember_time(clock.now())
    return clock


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        why = os.strerror(error.errno or 0)
        raise ConfigError(f"Port {port} cannot be used: {why}.", hint="--port 0 picks a free one") from None
    return listening


async def _serve(store: Store, clock: Clock, listening: socket.socket, options: Options) -> None:
    allow_many_files()
    sys.setswitchinterval(_SWITCH_S)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    emulator = Server(store, clock, options, url)
    await emulator.start(listening)
    watching = asyncio.create_task(_watch_parent(stop, os.getppid())) if options.lifeline else None
    print(f"cloudtasks emulator ready on {url}", flush=True)
    await stop.wait()
    if watching is not None:
        watching.cancel()
    await emulator.close()


async def _watch_parent(stop: asyncio.Event, parent: int) -> None:
    """Ends with the parent, however that ends: its end of our stdin closes, or we are given another parent."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):  # a stdin that cannot be watched leaves the other sign
        if sys.stdin is not None:
            loop.add_reader(sys.stdin.fileno(), _read_stdin, stop)
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_POLL_S)
    stop.set()


def _read_stdin(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 65_536):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()
