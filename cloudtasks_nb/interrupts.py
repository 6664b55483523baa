"""Lets Ctrl-C and the notebook's stop button call a function instead of raising KeyboardInterrupt, and end long
waits."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

_STEP_S = 0.2


def wait_in_steps(wait: Callable[[float], object], timeout_s: float = math.inf) -> bool:
    """Call `wait` with a fraction of a second, again and again, until its result is true or the time is over. Returns
    whether it was true.

    On Windows, or after Polars was imported, an interrupt would not end a single long wait.

    >>> wait_in_steps(threading.Event().wait, 0)
    False
    """
    until_s = time.monotonic() + timeout_s
    while not wait(max(0.0, min(_STEP_S, until_s - time.monotonic()))):
        if time.monotonic() >= until_s:
            return False
    return True


class interrupts_go_to:  # noqa: N801 - used like a function
    """Within a with block in the main thread, an interrupt calls `act`. Other threads receive no interrupts. If Python
    does not handle interrupts, nothing changes. `only_errors`: if the program has its own handler, which may raise no
    KeyboardInterrupt, nothing changes either. A cell of a notebook has Python's handler."""

    def __init__(self, act: Callable[[], object], *, only_errors: bool = False) -> None:
        self._act = act
        self._only_errors = only_errors
        self._before: Any = None

    def __enter__(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        if self._only_errors and before is not signal.default_int_handler:
            return
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, lambda *_: self._act())

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
