"""Accepts gRPC connections. Imports gRPC only when the first one arrives."""

from __future__ import annotations

import asyncio
import sys
import traceback
import weakref
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ....errors import MissingExtra
from ..clock import Clock
from ..front.fault_injection import FaultPlan
from ..front.front import Front
from .splice import Splice
from .unequipped import Unequipped

if TYPE_CHECKING:
    from .server import GrpcServer

_PACKAGES = ("grpc", "grpc_status", "google.cloud.tasks_v2")


class Entrance:
    """Makes protocols for connections. The first one starts the gRPC server, which listens on an internal port."""

    def __init__(self, front: Front, faults: FaultPlan, clock: Clock) -> None:
        self._parts = (front, faults, clock)
        self._starting: asyncio.Task[int] | None = None
        self._server: GrpcServer | None = None
        self._complained = False
        self._made: weakref.WeakSet[Splice | Unequipped] = weakref.WeakSet()

    def connection(self) -> asyncio.Protocol:
        """The protocol for a new connection."""
        made = self._protocol()
        self._made.add(made)
        return made

    def _protocol(self) -> Splice | Unequipped:
        if all(map(_is_installed, _PACKAGES)):
            return Splice(self._port)
        missing = MissingExtra("gRPC", "grpc")
        why = f"{missing.message} Next: {missing.hint}"
        if not self._complained:
            self._complained = True
            print(
                f"cloudtasks_nb emulator: a gRPC client connected. {why}",
                file=sys.stderr,
                flush=True,
            )
        return Unequipped(why)

    async def _port(self) -> int:
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> int:
        try:
            make = await asyncio.to_thread(_imported)  # takes half a second; other calls are served meanwhile
            self._server = make(*self._parts)
            return await self._server.start()
        except Exception:  # for example incompatible package versions
            print("cloudtasks_nb emulator: gRPC does not work, REST does:", file=sys.stderr)
            traceback.print_exc(file=sys.stderr)
            raise

    async def close(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])
        if self._server is not None:
            await self._server.close()
        for protocol in list(self._made):
            protocol.close()


def _imported() -> type[GrpcServer]:
    from .server import GrpcServer

    return GrpcServer


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # not even a parent package
        return False
