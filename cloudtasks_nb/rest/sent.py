"""Says when a request was sent, before its response arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_thread = threading.local()


@contextmanager
def when_sent(call: Callable[[], object]) -> Iterator[None]:
    """Within a with block, call this function after each request that this thread sends."""
    _thread.call = call
    try:
        yield
    finally:
        del _thread.call


def sent() -> None:
    """Record that this thread sent a request."""
    call = getattr(_thread, "call", None)
    if call is not None:
        call()
