"""What the emulator says beyond the API, below /emulator/v1."""

from __future__ import annotations

from datetime import datetime

from .json import Duration, Message


class EmulatorInfo(Message):
    """What an emulator is: its version, its time, its file, and where its deliveries may go."""

    version: str = ""
    api_versions: list[str] = []
    clock: str = ""
    time: datetime | None = None
    data: str = ""


class AdvanceRequest(Message):
    """Move the clock. `patience` is how much real time what becomes due may take."""

    by: Duration | None = None
    patience: Duration | None = None


class AdvanceResponse(Message):
    """Where the clock stands, and whether all that became due has happened."""

    time: datetime | None = None
    settled: bool = False
