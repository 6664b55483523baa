"""Waiting for what no event tells of: another process, a file, a service behind HTTP, a worker's own threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60  # a machine that builds something else at the same time is slow, not wrong
_AGAIN_S = 0.01

T = TypeVar("T")


def wait_until(look: Callable[[], T], what: str = "it did not come about") -> T:
    """Looks again and again until there is something to see, and returns it; `what` says what was missed."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not (seen := look()):
        assert time.monotonic() < deadline, what
        pause.wait(_AGAIN_S)
    return seen
