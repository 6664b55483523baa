"""Pause Python's cyclic garbage collector while a page is converted: this makes many objects, but no cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_owned = threading.Lock()


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
    if not _owned.acquire(blocking=False):
        yield
        return
    was_on = gc.isenabled()
    try:
        if was_on:
            gc.disable()
        yield
    finally:
        if was_on:
            gc.enable()
        _owned.release()
