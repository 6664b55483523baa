"""Turns Ctrl-C and the notebook's stop button into a function call instead of a KeyboardInterrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_go_to(act: Callable[[], object]) -> Iterator[None]:
    """Within a with block in the main thread, an interrupt calls `act`. Other threads receive no interrupts. If Python
    does not handle interrupts, nothing changes."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
