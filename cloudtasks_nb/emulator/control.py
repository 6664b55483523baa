"""What only the emulator answers, below /emulator/v1: what it is, and moving its time.

GET  /emulator/v1/info            → EmulatorInfo
POST /emulator/v1/clock:advance   AdvanceRequest → AdvanceResponse; needs a clock that is moved by hand
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from .. import __version__
from ..errors import FailedPrecondition, InvalidArgument
from ..model import Message
from ..model.emulated import AdvanceRequest, AdvanceResponse, EmulatorInfo
from .bodies import parse
from .clock import Clock
from .options import Options
from .timeline import Timeline

PREFIX = "/emulator/v1"
PATIENCE = timedelta(seconds=10)
_LONGEST = timedelta(minutes=10)

Handler = Callable[[Mapping[str, str], bytes], Awaitable[Message | bytes]]


class Control:
    """Answers by verb and path, from query parameters and a body."""

    def __init__(self, options: Options, clock: Clock, timeline: Timeline | None) -> None:
        self._options = options
        self._clock = clock
        self._timeline = timeline

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Every verb and path with what answers it."""
        return [
            ("GET", f"{PREFIX}/info", self._info),
            ("POST", f"{PREFIX}/clock:advance", self._advance),
        ]

    async def _info(self, query: Mapping[str, str], body: bytes) -> EmulatorInfo:
        return EmulatorInfo(
            version=__version__,
            api_versions=["v2beta2"],
            clock="system" if self._timeline is None else "manual",
            time=self._clock.now(),
            data=str(self._options.data or ""),
        )

    async def _advance(self, query: Mapping[str, str], body: bytes) -> AdvanceResponse:
        request = parse(body, AdvanceRequest, "")
        by, patience = request.by, PATIENCE if request.patience is None else request.patience
        if self._timeline is None:
            raise FailedPrecondition(
                "This emulator runs on the machine's clock. Start it with --clock manual to move time by hand."
            )
        if by is None or by < timedelta():
            raise InvalidArgument('by must be a duration that is not negative, such as "7200s".')
        if not timedelta() <= patience <= _LONGEST:
            raise InvalidArgument("patience must be between 0 and 600 seconds.")
        try:
            settled = await self._timeline.advance(by, patience.total_seconds())
        except OverflowError:
            raise InvalidArgument("by leads beyond the year 9999.") from None
        return AdvanceResponse(time=self._clock.now(), settled=settled)
