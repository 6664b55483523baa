"""Compute when the tasks of a queue will be done, as intervals, from rates, latency, failures and backoff. Pure.

Times are seconds from now. Every uncertain number is a Range. The earliest time is computed from the better ends,
the latest time from the worse ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, islice
from statistics import NormalDist
from typing import Literal, NamedTuple

import msgspec

from ..model.queue import RetryConfig

End = Literal["good", "bad"]
Limit = Literal["rate", "effective rate", "concurrency", "target"]

LEAST_LIKELY = 0.05
"""The probability that a finishing time lies before an interval, and that it lies after it."""
SLACK = 0.03
"""How much an interval is widened at each end, for effects that the formulas do not cover."""
SLACK_S = 0.1
_Z = NormalDist().inv_cdf(1 - LEAST_LIKELY)
_THROTTLED = 0.9
_BESIDE = 0.5
_MOST_ROUNDS = 2_000
_EXACT_BELOW = 200


class Range(NamedTuple):
    """A number between two ends, the better one first."""

    good: float
    bad: float

    def at(self, end: End) -> float:
        """The number at this end."""
        return self.good if end == "good" else self.bad


class Load(msgspec.Struct, frozen=True):
    """The tasks that wait: how many, when they are due, and how many attempts they had.

    `dues_s`: when each task of a sample is due, in order; 0 for due now.
    """

    tasks: int
    dues_s: Sequence[float]
    tried: Range = Range(0, 0)


class Pace(msgspec.Struct, frozen=True):
    """The pace of a queue. `target` is the rate that the target handles; None if it is not the limit."""

    rate: float
    concurrency: float
    latency_s: Range
    failure: Range
    retries: RetryConfig
    burst: Range = Range(0, 0)
    effective_rate: float | None = None
    target: float | None = None
    arrivals: float = 0.0


class Times(NamedTuple):
    """When half, most and all of the tasks will be done: the earliest and the latest time of each."""

    half: tuple[float, float]
    most: tuple[float, float]
    all: tuple[float, float]


def terms(pace: Pace, end: End = "bad") -> dict[Limit, float]:
    """The limits, each as attempts per second. The smallest one binds."""
    latency_s = pace.latency_s.at(end)
    found: dict[Limit, float] = {"rate": pace.rate}
    if pace.effective_rate is not None and pace.effective_rate < _THROTTLED * pace.rate:
        found["effective rate"] = pace.effective_rate
    if latency_s > 0:
        found["concurrency"] = pace.concurrency / latency_s
    if pace.target is not None:
        found["target"] = pace.target
    return found


def binding(pace: Pace) -> Limit:
    """The limit that binds."""
    middle = _middle(pace)
    found = terms(middle)
    return min(found, key=lambda limit: found[limit])


def net_per_second(pace: Pace) -> float:
    """Tasks finished minus tasks that arrive, per second; negative if the queue grows."""
    middle = _middle(pace)
    most = most_attempts(pace.retries, middle.latency_s.bad)
    return min(terms(middle).values()) / attempts_each(middle.failure.bad, most) - pace.arrivals


def times(load: Load, pace: Pace) -> Times | None:
    """When the tasks will be done; None if more tasks arrive than are finished."""
    if net_per_second(pace) <= 0:
        return None
    if not load.tasks:
        return Times((0, 0), (0, 0), (0, 0))
    pairs = [_interval(load, pace, share) for share in (0.5, 0.9, 1.0)]
    for at in (1, 2):  # more tasks take longer
        pairs[at] = (max(pairs[at][0], pairs[at - 1][0]), max(pairs[at][1], pairs[at - 1][1]))
    return Times(*pairs)


def attempts_each(failure: float, most: float) -> float:
    """How many attempts a task needs on average, until it succeeds or is given up after the last of `most`."""
    if failure >= 1:
        return most
    tried_again = failure**most if most < math.inf else 0.0
    return float((1 - tried_again) / (1 - failure))


def lost(failure: float, most: float) -> float:
    """The share of tasks that are given up without success."""
    return float(failure**most) if most < math.inf else 0.0


def most_attempts(retries: RetryConfig, latency_s: float, late_s: float = 0.0) -> float:
    """The attempts after which a task is given up, if each takes this long and is sent so late; inf without a limit.

    A retry duration ends after some attempts, too: then the delays and latencies between them add up to it.
    """
    patience_s = retries.max_retry_duration.total_seconds() if retries.max_retry_duration else 0.0
    counted = retries.max_attempts is not None and not retries.unlimited_attempts
    least = float(retries.max_attempts or 1) if counted else 1.0
    if not patience_s:
        return least if counted else math.inf
    passed_s, delay_s = latency_s, 0.0
    for ended, delay in enumerate(islice(retries.backoff(), _MOST_ROUNDS), 1):
        if passed_s >= patience_s:
            return max(least, ended)
        delay_s = delay.total_seconds()
        passed_s += delay_s + latency_s + late_s
    step_s = delay_s + latency_s + late_s
    return max(least, _MOST_ROUNDS + 1 + math.ceil((patience_s - passed_s) / step_s)) if step_s else math.inf


def _most(load: Load, pace: Pace, end: End) -> float:
    """The attempts of a task at this end. A backlog delays retries, so a retry duration allows fewer of them."""
    if end == "bad":
        return most_attempts(pace.retries, pace.latency_s.good)
    late_s = load.tasks / min(terms(pace, "bad").values())
    return most_attempts(pace.retries, pace.latency_s.bad, late_s)


def _interval(load: Load, pace: Pace, share: float) -> tuple[float, float]:
    count = max(1, math.ceil(share * load.tasks - 1e-9))
    due = load.dues_s[_place(load, count)] if load.dues_s else 0.0
    early = max(_through_s(load, pace, count, "good"), _rounds_s(load, pace, count, "good"))
    through, waited = _through_s(load, pace, count, "bad") - due, _rounds_s(load, pace, count, "bad")
    # The last task may start last and also wait longest. Other tasks wait while more tasks are sent.
    late = max(through, waited) + min(through, waited) * (1 if count == load.tasks else _BESIDE)
    least = due if len(load.dues_s) >= load.tasks else 0.0  # no task is sent before it is due
    return max(least, due + (early - due) * (1 - SLACK) - SLACK_S), due + late * (1 + SLACK) + SLACK_S


def _through_s(load: Load, pace: Pace, count: int, end: End) -> float:
    """When this many tasks are done, without waiting for backoffs: by tokens and by free slots."""
    found: dict[Limit, float] = terms(pace, end)
    slots = found.pop("concurrency", math.inf)
    per_second = min(found.values())
    burst = pace.burst.at(end) if found["rate"] == per_second else 0.0
    if end == "bad" and pace.arrivals:  # new tasks are sent as well as those that wait
        taken = pace.arrivals * attempts_each(pace.failure.bad, _most(load, pace, end))
        per_second, slots = (max(one - taken, 1e-9) for one in (per_second, slots))
    attempts = _attempts(load, count, pace, end)
    dues = load.dues_s[: _place(load, count if end == "good" else math.ceil(attempts)) + 1] or [0.0]
    each = attempts / len(dues)
    sent = done = -math.inf
    for due in dues:
        sent = max(due - burst / per_second, sent) + each / per_second
        done = max(due, done) + each / slots
    done += _uneven_s(attempts, slots, end) - pace.latency_s.at(end)
    return max(sent, done, dues[-1]) + _last_response_s(load, pace, count, end)


def _place(load: Load, count: int) -> int:
    """The index in the sample of the last of this many tasks."""
    size = len(load.dues_s)
    return min(size - 1, max(0, math.ceil(count * size / load.tasks) - 1))


def _attempts(load: Load, count: int, pace: Pace, end: End) -> float:
    """The fewest or the most attempts, within chance, until this many tasks are done.

    If attempts are limited, every task is done by its last attempt at the latest.
    """
    tasks, failure, most = load.tasks, pace.failure.at(end), _most(load, pace, end)
    if failure >= 1:
        return count * most
    spread = _Z * math.sqrt(failure * count) / (1 - failure)
    if end == "good":
        return max(float(count), count * attempts_each(failure, most) - spread)
    before_last = tasks * (1 - failure ** (most - 1)) if most < math.inf else math.inf
    needed = min(count, before_last) / (1 - failure) + max(0.0, count - before_last)
    return min(tasks * most, needed + spread)


def _uneven_s(attempts: float, slots: float, end: End) -> float:
    """How much a sum of latencies varies, because latencies differ."""
    if slots == math.inf or not attempts:
        return 0.0
    spread = min(1.0, _Z / math.sqrt(attempts)) * attempts / slots
    return -spread if end == "good" else _Z / math.sqrt(attempts) * attempts / slots


def _last_response_s(load: Load, pace: Pace, count: int, end: End) -> float:
    """The latency of the last response. Latencies may be equal, or differ much.

    The worst case is exponentially distributed latencies: then the slowest of the concurrent attempts counts.
    """
    latency_s = pace.latency_s.at(end)
    if not latency_s:
        return 0.0
    beside = max(1, math.ceil(min(pace.concurrency, load.tasks, min(terms(pace, end).values()) * latency_s)))
    wanted = max(1, math.ceil(beside * count / load.tasks - 1e-9))
    low, high = 0.0, 60.0
    for _ in range(24):
        middle = (low + high) / 2
        enough = _at_least(wanted, beside, 1 - math.exp(-middle)) >= _likely(end)
        low, high = (low, middle) if enough else (middle, high)
    return latency_s * (min(1.0, low) if end == "good" else max(1.0, high))


def _rounds_s(load: Load, pace: Pace, count: int, end: End) -> float:
    """How long the tasks with the most failures wait for retries, until this many tasks are done.

    A task with many attempts waits longer for each retry, but has fewer attempts left. So both ends of `tried` count.
    """
    waits_s = [_waits_s(load, pace, count, end, int(tried)) for tried in load.tried]
    return min(waits_s) if end == "good" else max(waits_s)


def _waits_s(load: Load, pace: Pace, count: int, end: End, tried: int) -> float:
    failure, latency_s = pace.failure.at(end), pace.latency_s.at(end)
    most = max(1, min(_MOST_ROUNDS, _most(load, pace, end) - tried))
    rounds = _rounds(load.tasks, count, failure, int(most), end)
    delays_s = (delay.total_seconds() for delay in islice(pace.retries.backoff(), tried, tried + rounds - 1))
    spread = _Z * math.sqrt(rounds - 1)  # the attempts of one task may all be quick, or all be slow
    sums = rounds - 1 + spread if end == "bad" else max(0.0, rounds - 1 - spread)
    return sum(delays_s) + sums * latency_s


def _rounds(tasks: int, count: int, failure: float, most: int, end: End) -> int:
    """How many rounds of attempts this many tasks need, at the lucky or the unlucky end."""
    if failure <= 0:
        return 1
    for rounds, failing in enumerate(accumulate([failure] * most, lambda so_far, one: so_far * one), 1):
        if _at_least(count, tasks, 1 - failing) >= _likely(end):
            return rounds
    return most


def _likely(end: End) -> float:
    return LEAST_LIKELY if end == "good" else 1 - LEAST_LIKELY


def _at_least(count: int, tasks: int, chance: float) -> float:
    """The probability that at least `count` of the tasks are done, each with this chance."""
    if count == tasks:
        return math.exp(tasks * math.log(chance)) if chance > 0 else 0.0
    if tasks > _EXACT_BELOW:
        spread = math.sqrt(tasks * chance * (1 - chance))
        if spread == 0:
            return 1.0 if tasks * chance >= count else 0.0
        return 1 - NormalDist(tasks * chance, spread).cdf(count - 0.5)
    if chance >= 1:
        return 1.0
    odds = [
        math.comb(tasks, done) * chance**done * (1 - chance) ** (tasks - done)
        for done in range(count, tasks + 1)
    ]
    return min(1.0, sum(odds))


def _middle(pace: Pace) -> Pace:
    """The same pace with every Range at its middle; a Range that may be 0 becomes 0."""
    middle = {
        name: Range(*[sum(held) / 2 if held.good else 0.0] * 2)
        for name, held in (("latency_s", pace.latency_s), ("failure", pace.failure))
    }
    return msgspec.structs.replace(pace, **middle)
