"""Waits for conditions without an event: another process, a file, a service behind HTTP, a worker's threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

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
