"""What the emulator says beyond the API, below /emulator/v1."""

from __future__ import annotations

from .json import Duration, Message, Time
from .status import Status


class EmulatorInfo(Message):
    """What an emulator is: its version, its time, its file, and where its deliveries may go."""

    version: str = ""
    """The version of this package that serves."""
    api_versions: list[str] = []
    """The versions of the API that it speaks."""
    clock: str = ""
    """"system", or "manual" where advance() moves it."""
    time: Time | None = None
    """What time it is there."""
    data: str = ""
    """The file that holds queues and tasks; empty when they are in memory only."""
    allowed_targets: list[str] = []
    """Patterns of URLs beyond this machine that deliveries may go to."""
    app_engine: dict[str, str] = {}
    """Where App Engine tasks go: service to URL, "" for every other service."""
    app_engine_location: str = ""
    """Where App Engine is in every project, and an uploaded queue.yaml goes."""
    demo: bool = False
    """Whether it was started with example queues and tasks."""
    dispatches: bool = False
    """Whether push tasks are sent by themselves; without it only task.run() sends them."""


class Faults(Message):
    """What goes wrong on purpose. Units: shares of all calls that are meant, from 0 to 1."""

    latency: Duration | None = None
    """How long every call is held up; None is not at all."""
    exhausted: float = 0.0
    """The share that is refused with 429."""
    unavailable: float = 0.0
    """The share that is refused with 503."""
    cut_before: float = 0.0
    """The share whose connection is cut before the call takes effect."""
    cut_after: float = 0.0
    """The share whose connection is cut after the call took effect."""
    methods: list[str] = []
    """Patterns of the methods that are meant, "queues.tasks.*"; empty is all."""
    target_latency: Duration | None = None
    """How long each attempt takes beyond its real answer, by the emulator's clock; None is not at all."""
    targets: list[str] = []
    """Patterns of the URLs whose answers take that long, ``https://api.example.com/*``; empty is all."""
    throttled_rate: float | None = None
    """Tasks per second that each queue sends at most, as where the service throttles it; None is its own rate."""
    seed: int | None = None
    """What chance starts from, so that a run can be repeated; None is never the same."""


class FaultCounts(Message):
    """How many calls met which fault since the faults were chosen."""

    exhausted: int = 0
    """Calls that were refused with 429."""
    unavailable: int = 0
    """Calls that were refused with 503."""
    cut_before: int = 0
    """Calls that were cut off before they took effect."""
    cut_after: int = 0
    """Calls that were cut off after they took effect."""
    none: int = 0
    """Calls that could have met one, and did not."""


class FaultReport(Message):
    """The faults that are chosen, and what they did so far."""

    faults: Faults | None = None
    """The faults that are set; all at zero when none is."""
    counts: FaultCounts | None = None
    """What they did since they were set."""


class AdvanceRequest(Message):
    """Move the clock."""

    by: Duration | None = None
    """How far."""
    patience: Duration | None = None
    """How much real time what becomes due may take; None leaves it to the emulator."""


class AdvanceResponse(Message):
    """Where the clock stands now."""

    time: Time | None = None
    """The new time."""
    settled: bool = False
    """Whether all that became due has happened."""


class AttemptRecord(Message):
    """One attempt of a push task."""

    task: str = ""
    """The full name of the task."""
    attempt: int = 0
    """Which attempt it was, from 1."""
    schedule_time: Time | None = None
    """When it was due."""
    dispatch_time: Time | None = None
    """When it was sent, by the emulator's clock."""
    response_time: Time | None = None
    """When it ended, by the emulator's clock; None while it is under way."""
    took: Duration | None = None
    """How long it took, in real time; None while it is under way."""
    code: int | None = None
    """The HTTP status of the answer; None where none came."""
    status: Status | None = None
    """How it ended, as the task's last status says it; None while it is under way."""
    answer: str = ""
    """How the body of the answer begins: its first 1,000 bytes as text."""
    outcome: str = ""
    """"UNDER_WAY", "SUCCEEDED", "RETRY" (it is due again), "GIVEN_UP", "DELETED" (the task was gone by then) or
    "CUT_OFF" (the emulator was stopped before the answer)."""
    retry_time: Time | None = None
    """When the task is due again; None where it is not."""


class HistoryResponse(Message):
    """The attempts of a queue."""

    attempts: list[AttemptRecord] = []
    """In the order in which they were sent."""
    dropped: int = 0
    """How many earlier ones were forgotten for lack of room."""


class ListLogEntriesRequest(Message):
    """What Cloud Logging's entries.list takes."""

    resource_names: list[str] = []
    """Projects, "projects/P"."""
    filter: str = ""
    """Which entries, in the Logging query language."""
    order_by: str = ""
    """"timestamp asc" (the default) or "timestamp desc"."""
    page_size: int = 0
    """At most so many entries; 50 unless said, 1,000 at most."""
    page_token: str = ""
    """Where to go on."""


class WaitResponse(Message):
    """A queue for which somebody waited."""

    tasks_count: int = 0
    """How many tasks it holds."""


class WorldReport(Message):
    """What an emulator holds, after it was emptied, kept or brought back."""

    time: Time | None = None
    """What time it is there now."""
    snapshots: list[str] = []
    """The names under which something is kept."""
