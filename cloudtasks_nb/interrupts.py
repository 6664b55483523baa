"""Ctrl-C, and the notebook's stop button, as a message rather than an exception in the middle of anything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_go_to(act: Callable[[], object]) -> Iterator[None]:
    """Within a with block of the main thread, an interrupt calls `act`. Other threads are never interrupted; where
    interrupts are not handled in Python, or not at all, they stay so."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
