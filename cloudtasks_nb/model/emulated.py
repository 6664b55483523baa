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
