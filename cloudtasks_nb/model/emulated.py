"""What the emulator says beyond the API, below /emulator/v1."""

from __future__ import annotations

from datetime import datetime

from .json import Duration, Message
from .status import Status


class EmulatorInfo(Message):
    """What an emulator is: its version, its time, its file, and where its deliveries may go."""

    version: str = ""
    api_versions: list[str] = []
    clock: str = ""
    time: datetime | None = None
    data: str = ""
    allowed_targets: list[str] = []
    app_engine: dict[str, str] = {}
    dispatches: bool = False  # by itself


class Faults(Message):
    """What goes wrong on purpose. Shares of all calls, 0 to 1: refused with 429 (`exhausted`) or 503 (`unavailable`),
    or cut off without an answer before or after they took effect. `latency` holds every call up. `methods` are
    patterns of those that are meant ("queues.tasks.*"; none: all); with a `seed` the same calls meet the same faults.
    """

    latency: Duration | None = None
    exhausted: float = 0.0
    unavailable: float = 0.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    methods: list[str] = []
    seed: int | None = None


class FaultCounts(Message):
    """How many calls met which fault since the faults were chosen; `none` of them met none."""

    exhausted: int = 0
    unavailable: int = 0
    cut_before: int = 0
    cut_after: int = 0
    none: int = 0


class FaultReport(Message):
    """The faults that are chosen, and what they did so far."""

    faults: Faults | None = None
    counts: FaultCounts | None = None


class AdvanceRequest(Message):
    """Move the clock. `patience` is how much real time what becomes due may take."""

    by: Duration | None = None
    patience: Duration | None = None


class AdvanceResponse(Message):
    """Where the clock stands, and whether all that became due has happened."""

    time: datetime | None = None
    settled: bool = False


class AttemptRecord(Message):
    """One attempt of a push task. `took` is real time; `code` the HTTP status of the answer, where one came.

    `outcome` is UNDER_WAY, SUCCEEDED, RETRY (due again) or GIVEN_UP.
    """

    task: str = ""
    attempt: int = 0
    dispatch_time: datetime | None = None
    response_time: datetime | None = None
    took: Duration | None = None
    code: int | None = None
    status: Status | None = None
    outcome: str = ""


class HistoryResponse(Message):
    """The attempts of a queue in the order in which they were sent; `dropped` were forgotten for lack of room."""

    attempts: list[AttemptRecord] = []
    dropped: int = 0
