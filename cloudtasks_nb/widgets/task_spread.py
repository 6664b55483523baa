"""The distribution of times and numbers of tasks: the edges of bars, and the tasks in each. (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain, count

from msgspec import Struct

from ..model import Task
from ..model.task import attempted_at
from ..query.masks import Mask, mask_of_flags

BARS = 14
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_SECONDS = (
    *(1, 2, 5, 10, 15, 30), *(n * _MINUTE_S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR_S for n in (1, 2, 3, 6, 12)), *(n * _DAY_S for n in (1, 2, 7, 14, 30)),
)  # fmt: skip
_FIRST_S = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LAST_S = datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp()
_NOWHERE = 255  # the bar of a task without a value


class Spread(Struct, frozen=True):
    """Bars between edges; the edges are query values, one more than there are bars."""

    edges: list[str]
    masks: list[Mask]


def spread_of(field: str, tasks: Sequence[Task]) -> Spread | None:
    """The distribution of a field in bars of a round width; None if no task has a value.

    Units: instants in UTC.
    """
    value, step_of, written = _SPREADS[field]
    held = [value(task) for task in tasks]
    known = [one for one in held if one is not None]
    if not known:
        return None
    step = step_of(max(known) - min(known))
    first = int(min(known) // step)
    bars = int(max(known) // step) - first + 1
    places = bytes(_NOWHERE if one is None else int(one // step) - first for one in held)
    masks = [mask_of_flags(places.translate(_only(bar))) for bar in range(bars)]
    return Spread([written((first + bar) * step, step) for bar in range(bars + 1)], masks)


def _only(bar: int) -> bytes:
    return bytes(place == bar for place in range(256))


def round_seconds(span: float) -> int:
    """The smallest round bar width in seconds that spans `span` with at most BARS bars.

    >>> round_seconds(50 * 60)
    300
    """
    months = (n * 30 * _DAY_S for n in count(2))
    return next(step for step in chain(_SECONDS, months) if span / step < BARS - 1)


def round_number(span: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that spans `span` with at most BARS bars.

    >>> round_number(99)
    10
    """
    steps = (base * int(10**power) for power in count() for base in (1, 2, 5))
    return next(step for step in steps if span / step < BARS - 1)


def _instant(second: float, step: int) -> str:
    moment = datetime.fromtimestamp(min(max(second, _FIRST_S), _LAST_S), UTC)
    written = moment.isoformat(timespec="minutes" if step >= _MINUTE_S else "seconds")
    return written.replace("+00:00", "Z")


def _seconds(instant: datetime | None) -> float | None:
    return instant.timestamp() if instant is not None else None


_SPREADS: dict[
    str, tuple[Callable[[Task], float | None], Callable[[float], int], Callable[[float, int], str]]
] = {
    "due": (lambda task: _seconds(task.schedule_time), round_seconds, _instant),
    "created": (lambda task: _seconds(task.create_time), round_seconds, _instant),
    "attempted": (lambda task: _seconds(attempted_at(task)), round_seconds, _instant),
    "attempts": (lambda task: task.dispatch_count, round_number, lambda number, step: str(int(number))),
}
