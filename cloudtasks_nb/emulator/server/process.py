"""The emulator's process: from the ready line to a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path

from ...model.emulated import HistoryResponse
from ...platforms import allow_many_files, on_owner_end, on_stop
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
from .http.connections import Connections
from .http.control import Control
from .http.firebase import Firebase
from .http.given_up import GivenUpEndpoint
from .http.hosts import Hosts, listen
from .http.rest import Rest
from .http.server import http_handler
from .http.world_endpoints import WorldEndpoints
from .options import Options
from .rules.attempts import Attempt, Outcome
from .services.context import Context
from .services.given_up import GivenUpService
from .services.service import Service
from .services.telling import under_way as sent_record
from .starting import Start
from .store.commits import Commits
from .store.snapshots import Snapshots
from .store.store import Store
from .store.sweeper import Sweeper
from .telemetry.history import history
from .telemetry.telemetry import Telemetry
from .timeline import Timeline
from .waiting import Waiting
from .world import World

Restore = Callable[[str], None]
"""Restores backups through the API at this URL."""
_SWITCH_S = 0.001  # the event loop learns of a finished commit within this time


class Server:
    """A server on a database; call `start` and `close` in one event loop."""

    def __init__(self, store: Store, clock: Clock, options: Options, start: Start, hosts: Hosts) -> None:
        tokens, under_way, hindrances = Tokens(hosts.url), UnderWay(), Hindrances()
        faults = FaultPlan(options.faults, hindrances)
        self.hosts = hosts
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
        telemetry = Telemetry(context, self._commits, gate, options.projects)
        front = Front(self.service, self._commits, gate, options.projects)
        sign_in = SignIn(oauth := OAuth(context, options.oauth_clients), self._commits)
        control = Control(options, clock, timeline, tokens, self._history, faults)
        self.world = World(store, clock, self._commits, start, Snapshots(_snapshots(options)))
        self.world.timeline = timeline
        self.world.opened = lambda: store.begin_to_tell(clock.now())
        self.world.left = self._cut_off
        memories = (under_way, store.journal, context.expiry, faults, oauth)
        self.world.join(*memories, self._deliverer, self._dispatcher, self._sweeper)
        rest = Rest(front)
        firebase = Firebase(rest, makes_queues=options.firebase_queues)
        worlds = WorldEndpoints(self.world, Waiting(store, clock, self._commits), clock)
        lost = GivenUpEndpoint(GivenUpService(context), self._commits)
        own = [route for part in (control, sign_in, firebase, worlds, lost) for route in part.routes()]
        date = partial(_date, clock) if timeline is not None else None
        handle = http_handler(rest, own, faults, hosts, telemetry, date)
        self._grpc = Entrance(front, faults, clock)
        self._connections = Connections(handle, http_2=self._grpc.connection)

    async def _remember(self, now: datetime) -> None:
        await self._commits.run(partial(self._store.remember_time, now))

    async def _history(self, queue: str, task: str) -> HistoryResponse:
        sent = self._context.under_way.all
        return await self._commits.run(lambda: history(self._store, queue, task, sent()))

    def _cut_off(self, store: Store) -> None:
        """Records attempts that are under way at the stop: their tasks are due again when this database is opened."""
        with store.transaction():
            for attempt in self._context.under_way.all():
                store.journal.cut_off(attempt.queue.name, sent_record(attempt, "CUT_OFF"))
            store.journal.write(post=True)

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
        await self._commits.run(partial(self._cut_off, self._store))
        await self._commits.close()


def _date(clock: Clock) -> str:
    """The Date header of responses: the emulator's clock."""
    return format_datetime(clock.now(), usegmt=True)


def run(options: Options, restore: Restore | None = None) -> None:
    """Serves until told to stop. Errors: ConfigError when the port or the data file is in use."""
    start = Start(options)
    listening = listen(options.host, options.port)
    with contextlib.closing(listening):
        store = Store.open(options.data)
        with contextlib.closing(store):
            clock = _manual_clock(options, store) if options.manual_clock else Clock()
            start.make(store, clock.now())
            hosts = Hosts(options.host, listening.getsockname()[1], options.allowed_hosts)
            with never_waiting_for_readers():
                server = Server(store, clock, options, start, hosts)
                asyncio.run(_serve(server, listening, options, restore))


def _snapshots(options: Options) -> Path | None:
    """Snapshots are files beside the data file; without one, they are in memory."""
    return None if options.data is None else options.data.with_name(f"{options.data.name}.snapshots")


def _manual_clock(options: Options, store: Store) -> ManualClock:
    """A clock that continues where it stopped: going back would extend leases and blocked names."""
    stopped = store.stopped_at()
    start = options.clock_start or stopped or datetime.now(UTC).replace(microsecond=0)
    clock = ManualClock(max(start, stopped or start))
    store.remember_time(clock.now())
    return clock


async def _serve(server: Server, listening: socket.socket, options: Options, restore: Restore | None) -> None:
    allow_many_files()
    sys.setswitchinterval(_SWITCH_S)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    on_stop(loop, stop.set)
    leave_owner = on_owner_end(loop, stop.set) if options.lifeline else None
    try:
        await server.start(listening)
        if restore is not None:
            server.world.restore = partial(restore, server.hosts.nearest)
            await asyncio.to_thread(server.world.restore)
        print(f"cloudtasks emulator ready on {server.hosts.address}", flush=True)
        if server.hosts.is_open:
            print(server.hosts.what_it_means(), file=sys.stderr, flush=True)
        await stop.wait()
    finally:
        if leave_owner is not None:
            leave_owner()
        await server.close()
