"""Pause Python's cyclic garbage collector while a page is converted: this makes many objects, but no cycles."""

from __future__ import annotations

import gc
import os
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
    owned = _owned  # a fork replaces it
    if not owned.acquire(blocking=False):
        yield
        return
    was_on = gc.isenabled()
    try:
        if was_on:
            _resting_thread = threading.get_ident()
            gc.disable()
        yield
    finally:
        if was_on:
            gc.enable()  # first: an interrupt may come next
            _resting_thread = 0
        owned.release()


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


def _after_fork() -> None:
    """In a child process, end a block of another thread, because the child does not have this thread."""
    global _owned, _resting_thread
    _owned = threading.Lock()
    if _resting_thread not in (0, threading.get_ident()):
        _resting_thread = 0
        gc.enable()


if hasattr(os, "register_at_fork"):  # POSIX
    os.register_at_fork(after_in_child=_after_fork)
