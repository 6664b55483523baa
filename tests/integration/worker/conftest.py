"""A pull queue in a separate project for every test of workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import hand
from cloudtasks_nb.worker import run as one_run
from cloudtasks_nb.worker.executing import Executing
from cloudtasks_nb.worker.horizon import Horizon
from tests.waiting import PATIENCE_S, wait_until

LEASE_S = 60


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(project=f"w-{uuid4().hex[:8]}", endpoint=emulator) as made:
        yield made


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.create_queue("jobs", kind="pull")


@pytest.fixture
def renewed_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers renew leases of a minute eight times per second, so that a test does not wait for a renewal."""
    monkeypatch.setattr(hand, "RENEW_AFTER", 0.002)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All handlers count as quick, also those that wait, or that a busy machine delays."""
    handled = Horizon.handled

    def at_once(horizon: Horizon, took_s: float, now_s: float, count: int = 1) -> None:
        handled(horizon, 0.001 * count, now_s, count)

    monkeypatch.setattr(Horizon, "handled", at_once)
    monkeypatch.setattr(Executing, "youngest_s", lambda *_: 0.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An abandoned run waits long for the calls that give tasks back, because a busy machine is slow."""
    monkeypatch.setattr(one_run, "_GIVING_BACK_S", PATIENCE_S)


@pytest.fixture
def standing() -> Iterator[ct.Client]:
    """A client of an own emulator whose clock stands still until it is moved."""
    with ct.local(clock="manual") as client:
        yield client


def outlive_leases(client: ct.Client, *tasks: ct.Task) -> None:
    """Let twice the time of a lease pass, in parts. After each of them, the leases of these tasks are renewed."""
    for _ in range(4):
        ends = client.emulator.advance(LEASE_S / 2) + timedelta(seconds=LEASE_S)
        for name in [task.name for task in tasks]:
            wait_until(lambda name=name, ends=ends: client.task(name).schedule_time == ends)


class Held:
    """A handler that waits until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, task: ct.Task) -> None:
        self.begun.release()
        self.go.wait(PATIENCE_S)

    def wait(self, count: int = 1) -> None:
        for _ in range(count):
            assert self.begun.acquire(timeout=PATIENCE_S)


@pytest.fixture
def held() -> Iterator[Held]:
    one = Held()
    yield one
    one.go.set()


@pytest.fixture
def other(client: ct.Client) -> Iterator[ct.Client]:
    """Another client of the same project, which looks at the queue after the first one closed."""
    with ct.connect(project=client.project, endpoint=client.endpoint) as made:
        yield made


@pytest.fixture
def jobs() -> Iterator[tuple[ct.Client, ct.Queue]]:
    """A client with its own emulator, and a queue of three tasks."""
    with ct.local() as client:
        queue = client.create_queue("jobs-of-one", kind="pull")
        fill(queue, 3)
        yield client, queue


def fill(queue: ct.Queue, count: int, **more: Any) -> None:
    made = queue.create_tasks(({"payload": {"n": at}, **more} for at in range(count)), progress=False)
    made.raise_for_errors()


def leased(queue: ct.Queue) -> int:
    now = datetime.now(UTC)
    return sum(task.dispatch_count > 0 and task.schedule_time > now for task in queue.tasks())  # type: ignore[operator]


def in_thread(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


class Elsewhere(Executor):
    """Runs one function after the other, as a cluster would, and keeps the number of handler calls of each."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.bundles: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.bundles.append(len(args[1]))
        return self.pool.submit(fn, *args, **kwargs)
