"""The command `python -m cloudtasks_nb watch emails failed.parquet`."""

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
    """Watch until SIGINT or SIGTERM. Returns the exit code."""
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
    """Print each change until the watch ends. Returns 0 after a signal, 1 if the watch could not continue."""
    said: list[tuple[int, str]] = []

    def tell() -> None:
        now = (running.kept, running.problem)
        if said[-1:] == [now]:
            return
        said.append(now)
        if running.problem:
            _complain(running.problem)
        else:
            print(f"{running.queue.name}: {running.kept:,} saved in {running.path}", flush=True)

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
        description="Save a copy of each task that is near its last attempt to a file, until interrupted.",
    )
    parser.add_argument("queue", help="the queue: its id, location/id, or full name")
    parser.add_argument("file", help="a Parquet file for queue.restore(); an existing file is extended")
    parser.add_argument("--every", default="1min", help="the time between two polls (default: %(default)s)")
    parser.add_argument(
        "--attempts-left",
        type=int,
        default=3,
        help="save tasks with at most this many attempts left (default: %(default)s)",
    )
    parser.add_argument(
        "--within",
        default="1h",
        help="save tasks whose retry duration ends, or that expire, within this time (default: %(default)s)",
    )
    parser.add_argument("--project", help="the project id (default: the project of the credentials)")
    parser.add_argument("--location", help="the location of the queue, as in ct.connect()")
    parser.add_argument("--endpoint", help="another service URL, such as that of an emulator")
    return parser
