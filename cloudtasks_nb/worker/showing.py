"""A live card: shown once, and brought up to date while a worker runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_APART_S = 0.5


@contextmanager
def shown_while(shown: Any, wanted: bool | None) -> Iterator[Callable[[], None]]:
    """Shows an object in the notebook's output; the value brings it up to date, at most twice a second.

    It shows when `wanted`; by default (None) in a notebook.
    """
    if not (wanted if wanted is not None else "ipykernel" in sys.modules):
        yield lambda: None
        return
    from IPython.display import display

    handle = display(shown, display_id=True)
    next_s = 0.0

    def refresh() -> None:
        nonlocal next_s
        if handle is not None and time.monotonic() >= next_s:
            handle.update(shown)
            next_s = time.monotonic() + _APART_S

    try:
        yield refresh
    finally:
        if handle is not None:
            handle.update(shown)
