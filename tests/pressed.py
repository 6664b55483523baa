"""Presses Ctrl-C at each point at which Python handles signals: after calls of C, and where functions begin."""

from __future__ import annotations

import gc
import re
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


def everywhere(work: Callable[[], object], within: str = "") -> Iterator[KeyboardInterrupt]:
    """Run `work` again and again, interrupted one point later each time, until it ends. Yields its error.

    `within`: only points in files with such a path, as a pattern.
    """
    gc.collect()  # garbage of earlier tests might call its finalizers meanwhile, where Python drops an interrupt
    point, ended = 0, False
    while not ended:
        point += 1
        left = point

        def pressed(frame: FrameType, event: str, _: Any) -> None:
            nonlocal left
            left -= event in ("call", "c_return") and re.search(within, frame.f_code.co_filename) is not None
            if left == 0:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

        sys.setprofile(pressed)
        try:
            work()
        except KeyboardInterrupt as error:
            sys.setprofile(None)
            yield error
        finally:
            sys.setprofile(None)
        ended = left > 0
