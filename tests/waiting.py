"""Waits for conditions without an event: another process, a file, a service behind HTTP, a worker's threads. And
waits that are recorded instead of slept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import TypeVar

import pytest

PATIENCE_S = 60  # a busy machine is slow
_AGAIN_S = 0.01

T = TypeVar("T")


def wait_until(look: Callable[[], T], what: str = "the condition did not become true") -> T:
    """Poll until the result is true, and return it; `what` describes the condition in the error."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not (seen := look()):
        assert time.monotonic() < deadline, what
        pause.wait(_AGAIN_S)
    return seen


def waits_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of a module, which it does not sleep. All other modules do, also in other threads."""
    waits: list[float] = []
    monkeypatch.setattr(module, "time", SimpleNamespace(**vars(time) | {"sleep": waits.append}))
    return waits


def passing(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> list[float]:
    """The waits of modules, which are not slept: they pass at once on the monotonic clock of these modules.

    A test that appends to them moves the clock, too.
    """
    waits: list[float] = []
    moved = {"sleep": waits.append, "monotonic": lambda: time.monotonic() + sum(waits)}
    for module in modules:
        monkeypatch.setattr(module, "time", SimpleNamespace(**vars(time) | moved))
    return waits
