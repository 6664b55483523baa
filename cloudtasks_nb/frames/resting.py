"""Pause Python's cyclic garbage collector while a page is converted or modules are imported.

This makes many objects, but hardly any garbage.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_FROZEN_BY_PYTHON = 1000  # at most: 3.12 freezes some hundred objects itself, other versions none

HAS_GENERATIONS = sys.version_info < (3, 14) and "t" not in getattr(sys, "abiflags", "")
"""Whether gc.collect(1) visits young objects only. In Python 3.14, and without the GIL, it may visit all objects."""

_BLOCK = "block"
_running: dict[str, collector_rests] = {}
"""The block that paused the collector, if there is one. Only single operations of a dict change it."""


class collector_rests:  # noqa: N801 - used like a function
    """Disable the collector in a with block, if it is enabled, and always enable it again afterwards.

    Only one block at a time does this. A nested block, or one in another thread, has no effect. An interrupt at any
    point leaves the collector enabled; between the block and its end, `end_block` has to do this.

    >>> with collector_rests():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.disabled = False

    def __enter__(self) -> None:
        try:
            if _running.setdefault(_BLOCK, self) is self and gc.isenabled():
                self.disabled = True
                gc.disable()
        except BaseException:  # an interrupt
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        # Python handles interrupts after calls. Before the last one, all is done.
        try:
            running = _running[_BLOCK]
        except KeyError:  # another thread may end its block at any moment
            return
        if running is self:
            del _running[_BLOCK]
            if self.disabled:
                gc.enable()


def end_block() -> None:
    """End the block of this thread, if there is one. After an interrupt, it may have been left open."""
    block = _running.get(_BLOCK)
    if block is not None and block.thread == threading.get_ident():
        block.__exit__()


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Pause the collector in a with block that imports a module. Its young collections skip the new objects afterwards.

    Such objects live as long as the process, but the next collections would visit each of them: 20 ms for pandas.
    They become old, as they would after some collections. Only a full collection visits old objects. Nothing is moved
    if the user turned the collector off or froze objects.

    >>> with importing("a_module"):
    ...     gc.isenabled()
    False
    """
    if module in sys.modules or not gc.isenabled() or not gc.get_threshold()[0]:
        yield
        return
    if HAS_GENERATIONS:
        gc.collect(1)  # young garbage of the caller: it would become old, too
    with collector_rests():
        yield
        has_frozen = gc.get_freeze_count() >= _FROZEN_BY_PYTHON  # the user's, which stay frozen
        if HAS_GENERATIONS and not has_frozen:
            try:
                gc.freeze()
            finally:  # also after an interrupt, or garbage would stay for ever
                gc.unfreeze()  # into the oldest generation


@contextmanager
def collector_waits() -> Iterator[None]:
    """Enable the collector while a thread waits, if a block of this thread disabled it.

    A wait for a page can last minutes, and other threads may make garbage meanwhile.

    >>> with collector_rests(), collector_waits():
    ...     gc.isenabled()
    True
    """
    block = _running.get(_BLOCK)
    if block is None or block.thread != threading.get_ident() or not block.disabled:
        yield
        return
    gc.enable()
    try:
        yield
    finally:
        if _running.get(_BLOCK) is block:
            gc.disable()


def _after_fork() -> None:
    """In a child process, end a block of another thread, because the child does not have this thread."""
    block = _running.get(_BLOCK)
    if block is not None and block.thread != threading.get_ident():
        block.__exit__()


if hasattr(os, "register_at_fork"):  # POSIX
    os.register_at_fork(after_in_child=_after_fork)
