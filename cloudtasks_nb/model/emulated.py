"""Messages of the emulator's own endpoints, below /emulator/v1."""

from __future__ import annotations

from .json import Duration, Message, Time
from .status import Status


class EmulatorInfo(Message):
    """Facts about an emulator: its version, clock, file, and allowed delivery targets."""

    version: str = ""
    """The version of the package that runs the emulator."""
    api_versions: list[str] = []
    """The versions of the API that it serves."""
    clock: str = ""
    """"system", or "manual" if advance() moves it."""
    time: Time | None = None
    """The emulator's current time."""
    data: str = ""
    """The file that holds queues and tasks; empty when they are in memory only."""
    allowed_targets: list[str] = []
    """Patterns of URLs on other machines that may receive deliveries."""
    app_engine: dict[str, str] = {}
    """Base URL for the App Engine tasks of each service; the key "" stands for every other service."""
    app_engine_location: str = ""
    """The App Engine location of every project. An uploaded queue.yaml changes the queues of this location."""
    demo: bool = False
    """Whether it was started with example queues and tasks."""
    dispatches: bool = False
    """Whether the emulator dispatches push tasks automatically; if not, only task.run() sends them."""


class Faults(Message):
    """Injected faults. Units: each share is from 0 to 1, of all calls that `methods` selects."""

    latency: Duration | None = None
    """Delay of every call; None for no delay."""
    exhausted: float = 0.0
    """The share of calls that get 429."""
    unavailable: float = 0.0
    """The share of calls that get 503."""
    cut_before: float = 0.0
    """The share whose connection is cut before the call takes effect."""
    cut_after: float = 0.0
    """The share whose connection is cut after the call took effect."""
    methods: list[str] = []
    """Patterns of the methods that get faults, such as "queues.tasks.*"; empty for all."""
    target_latency: Duration | None = None
    """Extra time that each attempt takes, by the emulator's clock; None for no extra time."""
    targets: list[str] = []
    """Patterns of the URLs that `target_latency` slows down, ``https://api.example.com/*``; empty for all."""
    throttled_rate: float | None = None
    """Highest dispatch rate of each queue, in tasks per second, as under throttling; None for no throttling."""
    seed: int | None = None
    """Seed of the random choices, so that a run can be repeated; None for a new seed each time."""


class FaultCounts(Message):
    """Number of calls that each fault affected, since the faults were set."""

    exhausted: int = 0
    """Calls that got 429."""
    unavailable: int = 0
    """Calls that got 503."""
    cut_before: int = 0
    """Calls that were cut off before they took effect."""
    cut_after: int = 0
    """Calls that were cut off after they took effect."""
    none: int = 0
    """Calls that were selected, and that no fault affected."""


class FaultReport(Message):
    """The current faults, and how many calls they affected."""

    faults: Faults | None = None
    """The current faults; all are zero when none is set."""
    counts: FaultCounts | None = None
    """How many calls each of them affected."""


class AdvanceRequest(Message):
    """Move the clock."""

    by: Duration | None = None
    """How far to move it."""
    patience: Duration | None = None
    """How much real time the tasks that become due may take; None for the emulator's default."""


class AdvanceResponse(Message):
    """The clock after it moved."""

    time: Time | None = None
    """The new time."""
    settled: bool = False
    """Whether every task that became due was dispatched and got a response."""


class AttemptRecord(Message):
    """One attempt of a push task."""

    task: str = ""
    """The full name of the task."""
    attempt: int = 0
    """The number of the attempt, from 1."""
    schedule_time: Time | None = None
    """When the task was due."""
    dispatch_time: Time | None = None
    """When it was sent, by the emulator's clock."""
    response_time: Time | None = None
    """When it ended, by the emulator's clock; None while it runs."""
    took: Duration | None = None
    """How long it took, in real time; None while it runs."""
    code: int | None = None
    """The HTTP status of the response; None if there was no response."""
    status: Status | None = None
    """The result, as in the task's `response_status`; None while it runs."""
    answer: str = ""
    """The first 1,000 bytes of the response body, as text."""
    outcome: str = ""
    """"UNDER_WAY", "SUCCEEDED", "RETRY" (the task is due again), "GIVEN_UP", "DELETED" (the task was deleted meanwhile)
    or "CUT_OFF" (the emulator was stopped before the response)."""
    retry_time: Time | None = None
    """When the task is due again; None if it will not be retried."""


class HistoryResponse(Message):
    """The attempts of a queue."""

    attempts: list[AttemptRecord] = []
    """The attempts, in the order of their dispatch."""
    dropped: int = 0
    """How many earlier attempts were dropped because the history is full."""


class ListLogEntriesRequest(Message):
    """The request of Cloud Logging's entries.list."""

    resource_names: list[str] = []
    """The projects to read, each as "projects/P"."""
    filter: str = ""
    """Selects entries, in the Logging query language."""
    order_by: str = ""
    """"timestamp asc" (the default) or "timestamp desc"."""
    page_size: int = 0
    """Most entries in one page; defaults to 50, at most 1,000."""
    page_token: str = ""
    """The token of the page to read."""


class WaitResponse(Message):
    """The response of a wait for a queue."""

    tasks_count: int = 0
    """How many tasks the queue holds."""


class WorldReport(Message):
    """The state of an emulator after reset(), save() or load()."""

    time: Time | None = None
    """The emulator's current time."""
    snapshots: list[str] = []
    """The names of the saved snapshots."""
