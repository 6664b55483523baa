"""Endpoints below /emulator/v1 to reset the emulator, save and load snapshots, and wait for a queue.

POST /emulator/v1/reset                    → WorldReport: back to the state of the start
GET  /emulator/v1/wait                     ?queue=projects/…/queues/…[&empty=0][&timeout=10s] → WaitResponse, or 504
GET  /emulator/v1/snapshots                → WorldReport
POST /emulator/v1/snapshots/NAME:save      → WorldReport
POST /emulator/v1/snapshots/NAME:load      → WorldReport
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

from ....errors import InvalidArgument
from ....model import Duration
from ....model.emulated import WaitResponse, WorldReport
from ....names import parse_queue
from ..calls.request import Request, Routes
from ..clock import Clock
from ..waiting import Waiting
from ..world import World
from .control import PREFIX

PATIENCE = "10s"
LONGEST = timedelta(minutes=10)
_SNAPSHOT = f"{PREFIX}/snapshots/{{name}}"
_YES = {"1": True, "true": True, "0": False, "false": False}


class WorldEndpoints:
    """Handlers by verb and path."""

    def __init__(self, world: World, waiting: Waiting, clock: Clock) -> None:
        self._world = world
        self._waiting = waiting
        self._clock = clock

    def routes(self) -> Routes:
        return [
            ("POST", f"{PREFIX}/reset", self._reset),
            ("GET", f"{PREFIX}/wait", self._wait),
            ("GET", f"{PREFIX}/snapshots", self._report),
            ("POST", f"{_SNAPSHOT}:save", self._save),
            ("POST", f"{_SNAPSHOT}:load", self._load),
        ]

    async def _reset(self, call: Request) -> WorldReport:
        await self._world.reset()
        return await self._report(call)

    async def _save(self, call: Request) -> WorldReport:
        await self._world.save(_name(call))
        return await self._report(call)

    async def _load(self, call: Request) -> WorldReport:
        await self._world.load(_name(call))
        return await self._report(call)

    async def _report(self, call: Request) -> WorldReport:
        return WorldReport(time=self._clock.now(), snapshots=self._world.saved())

    async def _wait(self, call: Request) -> WaitResponse:
        query = dict(call.query)
        unknown = sorted(query.keys() - {"queue", "empty", "timeout"})
        if unknown:
            raise InvalidArgument(f"Unknown parameter '{unknown[0]}': use queue, empty or timeout.")
        queue = parse_queue(query.get("queue", ""))
        empty = _YES.get(query.get("empty", "1").lower())
        if empty is None:
            raise InvalidArgument("empty must be 1 (until no task is left) or 0 (until nothing is due).")
        timeout_s = _timeout(query.get("timeout", PATIENCE)).total_seconds()
        return WaitResponse(tasks_count=await self._waiting.until(queue, timeout_s, empty=empty))


def _timeout(text: str) -> timedelta:
    """Errors: InvalidArgument."""
    try:
        timeout = Duration.of(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except (InvalidArgument, OverflowError, ValueError) as error:
        raise InvalidArgument(f"timeout='{text[:50]}' must be a duration such as 30s or 2m.") from error
    if not timedelta() <= timeout <= LONGEST:
        raise InvalidArgument("timeout must be between 0 and 10 minutes.")
    return timeout


def _name(call: Request) -> str:
    return unquote(call.path.rpartition("/")[2]).rpartition(":")[0]
