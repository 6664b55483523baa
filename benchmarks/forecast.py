"""Compare forecasts with the truth: how often is the true time in the interval, and how wide is it?

    python benchmarks/forecast.py [--settings 20] [--seeds 10]

An emulator with a manual clock runs each setting once for each seed. Its target fails at random: the emulator makes up
the responses, because requests to a real target would take most of the time. The times at which half, 90 % and all
tasks are done are compared with the forecast at the start, and with a naive one: tasks ÷ rate.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from math import ceil, inf
from random import Random
from statistics import median
from typing import NamedTuple

from yarl import URL

import cloudtasks_nb as ct
from cloudtasks_nb.__main__ import main as command_line
from cloudtasks_nb.diagnosis.forecast import Forecast
from cloudtasks_nb.emulator.server.delivery.deliver import Deliverer
from cloudtasks_nb.emulator.server.delivery.outgoing import Request
from cloudtasks_nb.emulator.server.rules.attempts import Outcome, answered

SHARES = {"half": 0.5, "most": 0.9, "all": 1.0}
_GIVE_UP = 20  # times the latest time
_PATIENCE = "5min"  # of real time, for the way of a queue to its end


class Setting(NamedTuple):
    """A queue, a target, and waiting tasks. `later_s`: the span of their schedule times."""

    tasks: int
    rate: float
    concurrency: int = 1000
    latency_s: float = 0.0
    failure: float = 0.0
    backoff: tuple[float, float] = (1, 60)
    attempts: int = -1
    later_s: float = 0.0


SETTINGS = [
    Setting(400, 10),
    Setting(1500, 100),
    Setting(400, 20, failure=0.1),
    Setting(1000, 50, failure=0.3, backoff=(0.1, 10)),
    Setting(200, 5, failure=0.5, backoff=(2, 30)),
    Setting(300, 10, failure=0.2, attempts=3),
    Setting(300, 10, failure=0.5, attempts=4, backoff=(5, 20)),
    Setting(50, 1, failure=0.1, backoff=(10, 100)),
    Setting(800, 400, failure=0.2, backoff=(0.1, 3600)),
    Setting(300, 10, later_s=60),
    Setting(300, 10, later_s=20, failure=0.2),
    Setting(300, 100, concurrency=10, latency_s=1),
    Setting(200, 100, concurrency=5, latency_s=0.5, failure=0.2),
    Setting(400, 20, concurrency=200, latency_s=2, failure=0.1),
    Setting(150, 100, concurrency=20, latency_s=5),
    Setting(100, 50, concurrency=1, latency_s=0.2),
    Setting(500, 50, concurrency=30, latency_s=1, failure=0.3, backoff=(1, 8)),
    Setting(60, 2, latency_s=10, failure=0.1, backoff=(5, 60)),
    Setting(12, 1, latency_s=3, failure=0.3),
    Setting(250, 10, concurrency=12, latency_s=1, later_s=15),
]


class Run(NamedTuple):
    """The forecast and the true times, in seconds, by share."""

    forecast: dict[str, tuple[float, float]]
    happened: dict[str, float]
    naive: dict[str, float]

    def holds(self, share: str) -> bool:
        """Whether the true time lies in the interval."""
        earliest, latest = self.forecast[share]
        return earliest <= self.happened[share] <= latest

    def width(self, share: str) -> float:
        """The width of the interval, relative to the true time."""
        earliest, latest = self.forecast[share]
        return (latest - earliest) / max(self.happened[share], 1e-3)


def emulate() -> None:
    """Run an emulator that makes up the responses of targets, without a network: `?failure=0.3&seed=1` in the URL."""
    chances: dict[str, Random] = {}

    async def exchange(deliverer: Deliverer, request: Request, url: URL) -> Outcome:
        chance = chances.setdefault(str(url), Random(url.query["seed"]))  # noqa: S311 - to be repeated
        return answered(500 if chance.random() < float(url.query["failure"]) else 200)

    Deliverer._exchange = exchange  # type: ignore[method-assign]
    command_line(["emulator", "--port", "0", "--clock", "manual"])


@contextmanager
def emulator() -> Iterator[ct.Client]:
    """A client of such an emulator, in a process of its own."""
    with subprocess.Popen(
        [sys.executable, __file__, "--emulate"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            endpoint = f"http://127.0.0.1:{int(process.stdout.readline().rpartition(':')[2])}"
            with ct.connect("local", "us-central1", endpoint=endpoint) as client:
                client.emulator.refresh()  # from now on, schedule times refer to the manual clock
                yield client
        finally:
            process.terminate()


def run(client: ct.Client, setting: Setting, seed: int) -> Run:
    """Fill a queue, forecast, and move the clock until the queue is empty."""
    least, longest = setting.backoff
    limited = {"max_attempts": setting.attempts} if setting.attempts > 0 else {"unlimited_attempts": True}
    client.emulator.faults(target_latency=setting.latency_s)
    queue = client.create_queue(
        f"q-{hash(setting) & 0xFFFFFF:x}-{seed}",
        rate_limits={
            "max_tasks_dispatched_per_second": setting.rate,
            "max_concurrent_tasks": setting.concurrency,
            "max_burst_size": max(1, int(setting.rate / 5)),
        },
        retry_config={"min_backoff": least, "max_backoff": longest, "max_doublings": 16, **limited},
    ).pause()
    url = f"http://127.0.0.1:9/{queue.id}?failure={setting.failure}&seed={seed}"
    chance = Random(seed)  # noqa: S311 - to be repeated
    rows = [
        {"payload": str(n), "url": url, "schedule": chance.uniform(0, setting.later_s)}
        for n in range(setting.tasks)
    ]
    queue.create_tasks(rows, progress=False).raise_for_errors()
    queue.resume()
    made = queue.forecast(latency=setting.latency_s, failure=setting.failure)
    intervals = {name: tuple(end.total_seconds() for end in getattr(made, name) or ()) for name in SHARES}
    happened = drained(client, queue, setting.tasks, made)
    queue.delete()
    naive = {name: share * setting.tasks / setting.rate for name, share in SHARES.items()}
    return Run(intervals, happened, naive)  # type: ignore[arg-type]


def drained(client: ct.Client, queue: ct.Queue, tasks: int, made: Forecast) -> dict[str, float]:
    """When half, 90 % and all tasks were done, in seconds from now: moves the clock, then reads each attempt's end."""
    assert made.all is not None
    began = client.emulator.advance(0)
    client.emulator.advance(_GIVE_UP * made.all[1] + timedelta(seconds=10), patience=_PATIENCE)
    ends = sorted(
        (one.response_time - began).total_seconds()
        for one in client.emulator.history(queue)
        if one.outcome in ("SUCCEEDED", "GIVEN_UP") and one.response_time is not None
    )
    ends += [inf] * (tasks - len(ends))
    return {name: ends[ceil(share * tasks) - 1] for name, share in SHARES.items()}


def measure(settings: Sequence[Setting], seeds: Sequence[int]) -> dict[Setting, list[Run]]:
    """Every setting with every seed."""
    with emulator() as client:
        return {setting: [run(client, setting, seed) for seed in seeds] for setting in settings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--settings", type=int, default=len(SETTINGS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--emulate", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.emulate:
        emulate()
        return
    from compiled import run_compiled  # as a script; tests import this file

    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.diagnosis.forecast")
    found = measure(SETTINGS[: arguments.settings], range(arguments.seeds))
    for setting, runs in found.items():
        print(row(setting, runs))
    print(summary([run for runs in found.values() for run in runs]))


def row(setting: Setting, runs: Sequence[Run]) -> str:
    """A line of the table in docs/how-to/forecast.md."""
    ends = (f"{end:,.3g}" for end in runs[0].forecast["all"])
    happened = sorted(run.happened["all"] for run in runs)
    held = sum(run.holds(share) for run in runs for share in SHARES)
    words = [
        f"{setting.tasks:,}",
        f"{setting.rate:g}",
        f"{setting.concurrency:,}",
        f"{setting.latency_s:g}",
        f"{100 * setting.failure:g} %",
        " to ".join(ends),
        f"{happened[0]:,.3g} to {happened[-1]:,.3g}",
        f"{runs[0].naive['all']:,.3g}",
        f"{held} of {len(SHARES) * len(runs)}",
    ]
    return f"| {' | '.join(words)} |"


def summary(runs: Sequence[Run]) -> str:
    """The share of times in their interval, the median width, and the error of the naive forecast."""
    lines = []
    for share in SHARES:
        held = sum(run.holds(share) for run in runs) / len(runs)
        width = median(run.width(share) for run in runs)
        off = median(abs(run.naive[share] - run.happened[share]) / run.happened[share] for run in runs)
        near = sum(abs(run.naive[share] - run.happened[share]) <= 0.1 * run.happened[share] for run in runs)
        lines.append(
            f"{share}: {100 * held:.1f} % inside, median width {100 * width:.0f} % of the true time; "
            f"tasks ÷ rate: median error {100 * off:.0f} %, within 10 % in {100 * near / len(runs):.0f} %"
        )
    held = sum(run.holds(share) for run in runs for share in SHARES) / len(runs) / len(SHARES)
    return "\n".join([*lines, f"together: {100 * held:.1f} %"])


if __name__ == "__main__":
    main()
