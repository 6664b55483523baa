"""Windows of time in whole minutes, parsed from durations and datetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from ..errors import ConfigError
from ..model.durations import parse_duration, span_of
from ..model.instants import InstantLike, epoch_of
from ..model.json import utc
from ..render.values import exact

MINUTE = timedelta(minutes=1)
_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440)
_EXAMPLES = 'pass "24h", a timedelta, or a datetime'


class Window(Struct, frozen=True):
    """A window of time. `since` and `until` are extended to whole minutes; `now` is inside or after it."""

    since: datetime
    until: datetime
    now: datetime
    is_widened: bool = False

    @classmethod
    def of(
        cls, since: InstantLike, until: InstantLike | None, now: datetime, *, past_only: bool = False
    ) -> Window:
        """Parse arguments; durations count back from `now`. Errors: ConfigError.

        `past_only` excludes the current minute.

        >>> noon = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
        >>> window = Window.of("2h", None, noon)
        >>> window.since.hour, window.until.minute, window.is_widened
        (10, 1, True)
        """
        start = _instant("since", since, now)
        end = now if until is None else min(now, _instant("until", until, now))
        if start > now:
            raise ConfigError(
                f"since={since!r} is in the future: {exact(start)}. The time is now {exact(now)}.",
                hint="pass a time in the past: " + _EXAMPLES,
            )
        if start >= end:
            raise ConfigError(
                f"since must be earlier than until: since is {exact(start)}, until is {exact(end)}.",
                hint="durations count back from now, so since must be the longer one",
            )
        low = _floor(start)
        high = _ceiling(end) if end < now else _floor(now) + MINUTE  # includes the current minute
        if past_only and high > now and high - MINUTE > low:
            high -= MINUTE
        return cls(low, high, now, (low, high) != (start, end))

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    def step(self, points: int) -> timedelta:
        """The shortest usual step that divides it into at most this many parts."""
        minutes = self.span / MINUTE
        return next((each for each in _STEPS if minutes * MINUTE <= points * each), _STEPS[-1])

    def widened(self, step: timedelta) -> Window:
        """Extend the window to whole steps. The start moves, because services count periods back from the end."""
        steps = -(-self.span // step)
        since = self.until - steps * step
        return Window(since, self.until, self.now, self.is_widened or since != self.since)


_STEPS = [timedelta(minutes=minutes) for minutes in _STEPS_MIN]


def _instant(what: str, given: InstantLike, now: datetime) -> datetime:
    """Parse an instant; a duration counts back from now. Errors: ConfigError."""
    try:
        if isinstance(given, datetime):
            if given != given:  # NaT
                raise ValueError
            return utc(given)
        if code := epoch_of(given):
            raise ConfigError(
                f"{what} must be a duration or a datetime; {given!r} looks like seconds since 1970.",
                hint=f"pass {code}",
            )
        if isinstance(given, str):
            try:
                return utc(now - parse_duration(given))
            except ValueError:
                return utc(datetime.fromisoformat(given.strip()))
        return utc(now - span_of(given))
    except (OverflowError, OSError, TypeError, ValueError):
        raise ConfigError(
            f"{what} must be a duration or a datetime, not {given!r}.", hint=_EXAMPLES
        ) from None


def written(moment: datetime) -> str:
    """An instant for a query, to the second.

    >>> written(datetime(999, 3, 1, 12, tzinfo=UTC))
    '0999-03-01T12:00:00Z'
    """
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    low = _floor(moment)
    return low if low == moment else low + MINUTE
