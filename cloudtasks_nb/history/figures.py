"""Compute the figures of a queue's report from time series. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from .distributions import Distribution, merged
from .series import Series

OK = "OK"
PERCENTILES = (50, 95, 99)
_LONGEST_MS = 1e14


class ByCode(dict[str, int]):
    """Attempts by google.rpc code, the most frequent first.

    Keys are in capitals. Lookup ignores case, because metrics use lower case and the log uses capitals.

    >>> ByCode({"OK": 3})["ok"], ByCode({"OK": 3}).get("not_found", 0)
    (3, 0)
    """

    def __missing__(self, code: str) -> int:
        if code != code.upper() and code.upper() in self:
            return self[code.upper()]
        raise KeyError(code)

    def get(self, code: str, default: Any = None) -> Any:
        """Like dict.get(), ignoring case."""
        return super().get(code.upper(), default)

    def __contains__(self, code: object) -> bool:
        return super().__contains__(code.upper() if isinstance(code, str) else code)


class Moment(Struct, frozen=True):
    """One step of time: its start, the maximum depth of the queue, and the attempts that ended in it."""

    time: datetime
    depth: int | None = None
    succeeded: int = 0
    failed: int = 0

    @property
    def attempts(self) -> int:
        return self.succeeded + self.failed


class Figures(Struct, frozen=True, kw_only=True):
    """The figures of one queue. None means unknown, not 0."""

    created: int | None = None
    by_code: ByCode | None = None
    started: datetime | None = None
    finished: datetime | None = None
    peak_depth: int | None = None
    depth_before: int | None = None
    depth_after: int | None = None
    delays: Distribution | None = None
    moments: list[Moment] = []

    @property
    def attempts(self) -> int | None:
        return sum(self.by_code.values()) if self.by_code is not None else None

    @property
    def succeeded(self) -> int | None:
        return self.by_code.get(OK, 0) if self.by_code is not None else None

    @property
    def failed(self) -> int | None:
        if self.by_code is None:
            return None
        return sum(count for code, count in self.by_code.items() if code != OK)

    @property
    def gone_without_success(self) -> int | None:
        """Tasks that left the queue without success: given up, deleted or purged. At least 0."""
        if self.created is None or self.succeeded is None or self.depth_after is None:
            return None
        return max(0, (self.depth_before or 0) + self.created - self.depth_after - self.succeeded)

    @property
    def has_traces(self) -> bool:
        """Whether any metric has data about the queue."""
        return bool(self.created or self.by_code or self.moments or self.depth_after is not None)

    def delay(self, percent: int) -> timedelta | None:
        """The delay that this percentage of attempts did not exceed."""
        late_ms = self.delays.percentile(percent) if self.delays is not None else None
        return timedelta(milliseconds=min(late_ms, _LONGEST_MS)) if late_ms is not None else None


class Answers(Struct, frozen=True, kw_only=True):
    """The series of one queue for each question; None if the call failed."""

    attempts: list[Series] | None = None
    created: list[Series] | None = None
    depth: list[Series] | None = None
    depth_at: list[Series] | None = None
    delays: list[Series] | None = None


def reckoned(answers: Answers, since: datetime, as_of: datetime, step: timedelta) -> Figures:
    """The figures of a queue, from its series."""
    ended, depths = _by_period(answers.attempts), _levels(answers.depth)
    busy = sorted(end for end, counts in ended.items() if counts.total())
    edges = _levels(answers.depth_at) if answers.depth_at is not None else None
    after = [end for end in edges or () if end > since]
    return Figures(
        created=_total(answers.created),
        by_code=by_code(ended.values()) if answers.attempts is not None else None,
        started=busy[0] - step if busy else None,
        finished=busy[-1] - step if busy else None,
        peak_depth=max(depths.values(), default=None),
        depth_before=edges.get(since, 0) if edges else None,
        depth_after=edges[max(after)] if edges and after else _gone(edges, depths),
        delays=merged(held for one in answers.delays or () for held in one.distributions().values()),
        moments=moments(ended, depths, as_of, step),
    )


def by_code(counts: Iterable[Mapping[str, int]]) -> ByCode:
    """The sum of the counts, the most frequent first."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return ByCode({code: count for code, count in total.most_common() if count})


def moments_of(
    attempts: Iterable[Series], depth: Iterable[Series], as_of: datetime, step: timedelta
) -> list[Moment]:
    """One row for each step of time, from the series of attempts and depth."""
    return moments(_by_period(attempts), _levels(depth), as_of, step)


def moments(
    ended: Mapping[datetime, Counter[str]], depths: Mapping[datetime, int], as_of: datetime, step: timedelta
) -> list[Moment]:
    """One row for each step, from the first with data to the one that contains `as_of`."""
    known = sorted({*ended, *depths})
    if not known:
        return []
    found, end, last = [], known[0], known[-1]
    while end <= last or end - step < as_of:  # include the step that contains `as_of`
        counts = ended.get(end, Counter())
        ok = counts.get(OK, 0)
        found.append(Moment(end - step, depths.get(end), ok, counts.total() - ok))
        end += step
    return found


def _by_period(series: Iterable[Series] | None) -> dict[datetime, Counter[str]]:
    """Attempts by code, for each period, keyed by its end."""
    found: dict[datetime, Counter[str]] = {}
    for one in series or ():
        for end, value in one.numbers().items():
            if value > 0:
                found.setdefault(end, Counter())[one.code or "UNKNOWN"] += round(value)
    return found


def _levels(series: Iterable[Series] | None) -> dict[datetime, int]:
    """Depths, keyed by the end of the period, summed over the series."""
    found: dict[datetime, int] = {}
    for one in series or ():
        for end, value in one.numbers().items():
            found[end] = found.get(end, 0) + max(0, round(value))
    return found


def _gone(edges: Mapping[datetime, int] | None, depths: Mapping[datetime, int]) -> int | None:
    """The final depth of a queue without a value there: 0 if it had a value before, because it was deleted."""
    return 0 if edges is not None and (edges or depths) else None


def _total(series: Iterable[Series] | None) -> int | None:
    if series is None:
        return None
    return round(sum(value for one in series for value in one.numbers().values()))
