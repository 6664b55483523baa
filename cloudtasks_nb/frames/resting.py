"""When does Python's cyclic collector rest? While a page is converted: that makes many objects, and no cycles."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_owned = threading.Lock()


@contextmanager
def collector_rests() -> Iterator[None]:
    """Within a with block the collector is off, if it was on. It is on again after it, whatever happens.

    One block at a time owns it. Another one, in another thread or within this one, changes nothing.

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
