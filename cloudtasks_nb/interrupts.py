"""Turns Ctrl-C and the notebook's stop button into a function call instead of a KeyboardInterrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


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
