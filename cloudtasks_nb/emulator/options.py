"""How an emulator was asked to run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from .app_engine import AppEngine


class Options(Struct, frozen=True, kw_only=True):
    """What the command line says. `port` 0 picks a free one; `data` None keeps everything in memory.

    `clock_start`: the time at which a clock that is moved by hand begins; None for the machine's clock.
    `allow_targets`: patterns of targets on other machines that deliveries may go to.
    """

    port: int = 0
    data: Path | None = None
    with_demo: bool = False
    lifeline: bool = False
    clock_start: datetime | None = None
    allow_targets: tuple[str, ...] = ()
    app_engine: AppEngine = AppEngine()


def clock_start(words: list[str]) -> datetime | None:
    """What `--clock system`, `--clock manual` or `--clock manual START` mean. Errors: ValueError.

    >>> clock_start(["manual", "2026-03-01T12:00Z"])
    datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    match words:
        case ["system"]:
            return None
        case ["manual"]:
            return datetime.now(UTC).replace(microsecond=0)
        case ["manual", start]:
            try:
                return datetime.fromisoformat(start).astimezone(UTC)
            except (ValueError, OverflowError):
                raise ValueError(f"{start!r} is no instant such as 2026-03-01T12:00:00Z") from None
    raise ValueError("expected 'system', 'manual', or 'manual' and an instant such as 2026-03-01T12:00:00Z")
