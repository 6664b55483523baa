"""The emulator's own endpoints below /emulator/v1: its settings, clock, attempts, faults, keys.

GET  /emulator/v1/info               → EmulatorInfo
POST /emulator/v1/clock:advance      AdvanceRequest → AdvanceResponse; needs a manual clock
GET  /emulator/v1/history            ?queue=projects/…/queues/…[&task=projects/…/tasks/…] → HistoryResponse
GET  /emulator/v1/faults             → FaultReport
POST /emulator/v1/faults             Faults → FaultReport: the faults to inject from now on
GET  /emulator/v1/jwks               the key that signs OIDC tokens, as a JSON Web Key Set
GET  /emulator/v1/certs              the same key as PEM by key id, for google-auth's certs_url
GET  /emulator/v1/tokeninfo          ?access_token=… → the account and scope of an OAuth token
GET  /.well-known/openid-configuration
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from .... import __version__
from ....errors import FailedPrecondition, InvalidArgument
from ....model.emulated import (
    AdvanceRequest,
    AdvanceResponse,
    EmulatorInfo,
    FaultReport,
    Faults,
    HistoryResponse,
)
from ....model.versions import VERSIONS
from ....names import parse_queue
from ..calls.bodies import parse
from ..calls.request import Handler, Request, Routes
from ..clock import Clock
from ..delivery.tokens import Tokens
from ..front.fault_injection import FaultPlan
from ..options import Options
from ..timeline import Timeline

PREFIX = "/emulator/v1"
PATIENCE = timedelta(seconds=10)
_LONGEST = timedelta(minutes=10)


class Control:
    """Handlers by verb and path."""

    def __init__(
        self,
        options: Options,
        clock: Clock,
        timeline: Timeline | None,
        tokens: Tokens,
        history: Callable[[str, str], Awaitable[HistoryResponse]],
        faults: FaultPlan,
    ) -> None:
        self._options = options
        self._faults = faults
        self._clock = clock
        self._timeline = timeline
        self._tokens = tokens
        self._history = history

    def routes(self) -> Routes:
        return [
            ("GET", f"{PREFIX}/info", self._info),
            ("POST", f"{PREFIX}/clock:advance", self._advance),
            ("GET", f"{PREFIX}/history", self._attempts),
            ("GET", f"{PREFIX}/faults", self._read_faults),
            ("POST", f"{PREFIX}/faults", self._choose_faults),
            ("GET", f"{PREFIX}/jwks", self._with_key(lambda call: self._tokens.jwks())),
            ("GET", f"{PREFIX}/certs", self._with_key(lambda call: dict(self._tokens.certs()))),
            ("GET", f"{PREFIX}/tokeninfo", self._with_key(self._token_info)),
            ("GET", "/.well-known/openid-configuration", self._discovery),
        ]

    async def _info(self, call: Request) -> EmulatorInfo:
        return EmulatorInfo(
            version=__version__,
            api_versions=list(VERSIONS),
            clock="system" if self._timeline is None else "manual",
            time=self._clock.now(),
            data=os.fsencode(self._options.data or "").decode(errors="replace"),  # a name may hold any bytes
            allowed_targets=list(self._options.allow_targets),
            app_engine=dict(self._options.app_engine.services),
            app_engine_location=self._options.app_engine_location,
            demo=self._options.with_demo,
            dispatches=self._options.dispatch,
        )

    async def _read_faults(self, call: Request) -> FaultReport:
        return FaultReport(faults=self._faults.faults, counts=self._faults.counts)

    async def _choose_faults(self, call: Request) -> FaultReport:
        self._faults.choose(parse(call.body, Faults))
        return await self._read_faults(call)

    async def _advance(self, call: Request) -> AdvanceResponse:
        request = parse(call.body, AdvanceRequest)
        by, patience = request.by, PATIENCE if request.patience is None else request.patience
        if self._timeline is None:
            raise FailedPrecondition(
                "This emulator uses the system clock. To move time manually, start it with --clock manual, or with "
                'ct.local(clock="manual").'
            )
        if by is None or by < timedelta():
            raise InvalidArgument('by must be a duration of 0 or more, such as "7200s".')
        if not timedelta() <= patience <= _LONGEST:
            raise InvalidArgument("patience must be between 0 and 600 seconds.")
        try:
            settled = await self._timeline.advance(by, patience.total_seconds())
        except OverflowError:
            raise InvalidArgument("by is too large: the time would be after the year 9999.") from None
        return AdvanceResponse(time=self._clock.now(), settled=settled)

    async def _attempts(self, call: Request) -> HistoryResponse:
        query = dict(call.query)
        return await self._history(str(parse_queue(query.get("queue", ""))), query.get("task", ""))

    def _with_key(self, answer: Callable[[Request], dict[str, Any]]) -> Handler:
        """Wraps a handler that needs the token key, which is made on first use."""

        async def prepared(call: Request) -> dict[str, Any]:
            await self._tokens.prepare()
            return answer(call)

        return prepared

    async def _discovery(self, call: Request) -> dict[str, Any]:
        return self._tokens.configuration()

    def _token_info(self, call: Request) -> dict[str, Any]:
        return self._tokens.info(dict(call.query).get("access_token", ""))
