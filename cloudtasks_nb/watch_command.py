"""`python -m cloudtasks_nb watch emails failed.parquet`: a watch as a job of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence

from .connecting import connect
from .diagnosis.watch import Watch
from .errors import CloudTasksError

PROGRAM = "python -m cloudtasks_nb watch"


def watch(words: Sequence[str]) -> int:
    """Watch until an interrupt or a termination; returns the exit code."""
    chosen = _parser().parse_args(words)
    warnings.showwarning = lambda message, *_: _complain(str(message))
    try:
        with connect(chosen.project, chosen.location, endpoint=chosen.endpoint) as client:
            how = {"attempts_left": chosen.attempts_left, "within": chosen.within}
            return _follow(client.queue(chosen.queue).watch(chosen.file, chosen.every, **how))
    except CloudTasksError as error:
        _complain(f"{error.message}{f' Next: {error.hint}' if error.hint else ''}")
        return 1


def _follow(running: Watch) -> int:
    """Say what changes until it ends: 0 where somebody ended it, 1 where it could not go on."""
    said: list[tuple[int, str]] = []

    def tell() -> None:
        now = (running.kept, running.problem)
        if said[-1:] == [now]:
            return
        said.append(now)
        if running.problem:
            _complain(running.problem)
        else:
            print(f"{running.queue.name}: {running.kept:,} kept in {running.path}", flush=True)

    asked: list[int] = []

    def end(number: int, _: object) -> None:
        asked.append(number)
        running.stop(wait=False)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    running.on_change(tell)
    tell()
    running.wait(interruptible=False)
    return 0 if asked else 1


def _complain(words: str) -> None:
    print(f"cloudtasks_nb watch: {words}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Keep a copy of each task that comes near its last attempt, until interrupted.",
    )
    parser.add_argument("queue", help="an id, location/id, or a full name")
    parser.add_argument("file", help="the copies, for queue.restore(); a file that is there is continued")
    parser.add_argument("--every", default="1min", help="the time between two looks (default: %(default)s)")
    parser.add_argument(
        "--attempts-left",
        type=int,
        default=3,
        help="how many attempts count as near the last one (default: 3)",
    )
    parser.add_argument(
        "--within", default="1h", help="how near the end of a retry duration, or expiry, counts (default: 1h)"
    )
    parser.add_argument("--project", help="as in ct.connect(): by default that of the credentials")
    parser.add_argument("--location", help="as in ct.connect()")
    parser.add_argument("--endpoint", help="as in ct.connect(): another service, such as an emulator's URL")
    return parser
