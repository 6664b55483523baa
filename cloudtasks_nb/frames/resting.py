"""Pause Python's cyclic garbage collector while a page is converted: this makes many objects, but no cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_owned = threading.Lock()
_resting_thread = 0  # the thread whose block disabled the collector


@contextmanager
def collector_rests() -> Iterator[None]:
    """Disable the collector in a with block, if it is enabled, and always enable it again afterwards.

    Only one block at a time does this. A nested block, or one in another thread, has no effect.

    >>> with collector_rests():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    global _resting_thread
    if not _owned.acquire(blocking=False):
        yield
        return
    was_on = gc.isenabled()
    try:
        if was_on:
            gc.disable()
            _resting_thread = threading.get_ident()
        yield
    finally:
        if was_on:
            _resting_thread = 0
            gc.enable()
        _owned.release()


@contextmanager
def collector_waits() -> Iterator[None]:
    """Enable the collector while a thread waits, if a block of this thread disabled it.

    A wait for a page can last minutes, and other threads may make garbage meanwhile.

    >>> with collector_rests(), collector_waits():
    ...     gc.isenabled()
    True
    """
    if _resting_thread != threading.get_ident():
        yield
        return
    gc.enable()
    try:
        yield
    finally:
        gc.disable()
