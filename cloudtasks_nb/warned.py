"""Warnings at the line of the caller. Python shows the same warning once for each line, so a line of this package would
hide those of later cells."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]
_BETWEEN = (_PACKAGE, "contextlib")


def warn(words: str) -> None:
    """Warn at the line that called this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package_of(frame.f_globals) in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(words, stacklevel=level)


def _package_of(module: dict[str, object]) -> str:
    return str(module.get("__name__", "")).partition(".")[0]
