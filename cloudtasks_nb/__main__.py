"""The command line: `python -m cloudtasks_nb emulator --port 8123`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .emulator.server import run
from .emulator.server.front.fault_injection import read_faults
from .emulator.server.options import Options, clock, grant, oauth_client, region
from .emulator.server.rules.locations import APP_ENGINE_LOCATION
from .emulator.server.rules.targets import app_engine
from .errors import CloudTasksError

T = TypeVar("T")
WATCH = "watch"


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [WATCH]:
        from .watch_command import watch  # an emulator needs no client

        return watch(words[1:])
    chosen = _options(_parser(), words)
    try:
        run(chosen)
    except CloudTasksError as error:
        following = f" Next: {error.hint}" if error.hint else ""
        print(f"cloudtasks_nb emulator: {error.message}{following}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the server took over the signal
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cloudtasks_nb")
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser(WATCH, help="keep copies of tasks near their last attempt", add_help=False)
    emulator = commands.add_parser(
        "emulator", help="serve the Cloud Tasks API on this machine (127.0.0.1 only)"
    )
    emulator.add_argument(
        "--port", type=_port, default=8123, help="0 picks a free one (default: %(default)s)"
    )
    emulator.add_argument("--data", type=Path, metavar="FILE", help="keep queues and tasks in this file")
    emulator.add_argument("--demo", action="store_true", help="start with example queues and tasks, if empty")
    emulator.add_argument(
        "--clock",
        nargs="+",
        metavar=("system|manual", "START"),
        default=["system"],
        help="'manual' stands still (at START, by default now) until POST /emulator/v1/clock:advance moves it",
    )
    _delivery_arguments(emulator)
    _keeping_arguments(emulator)
    _identity_arguments(emulator)
    emulator.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="let calls fail on purpose: exhausted, unavailable, cut_before and cut_after are shares of all calls "
        "(0.1), latency is in seconds; methods=queues.tasks.* and seed=1 narrow them down; may be repeated",
    )
    emulator.add_argument("--lifeline", action="store_true", help="stop when stdin closes or the parent ends")
    return parser


def _delivery_arguments(emulator: argparse.ArgumentParser) -> None:
    emulator.add_argument(
        "--app-engine",
        action="append",
        default=[],
        metavar="[service=NAME,]URL",
        help="send App Engine tasks to this application, all of them or those of one service; may be repeated",
    )
    emulator.add_argument(
        "--app-engine-location",
        type=_said(region),
        default=APP_ENGINE_LOCATION,
        metavar="LOCATION",
        help="where App Engine is in every project, and an uploaded queue.yaml goes (default: %(default)s)",
    )
    emulator.add_argument(
        "--allow-target",
        action="append",
        default=[],
        metavar="PATTERN",
        help="let deliveries leave this machine for such a target: example.com, *.example.com, "
        "https://example.com/hooks/*; may be repeated",
    )
    emulator.add_argument(
        "--no-dispatch",
        dest="dispatch",
        action="store_false",
        help="send nothing by itself: push tasks stay until somebody calls tasks.run",
    )


def _keeping_arguments(emulator: argparse.ArgumentParser) -> None:
    emulator.add_argument(
        "--dead-letter",
        action="store_true",
        help="keep the tasks that are given up after their last attempt: queue.given_up() lists them",
    )


def _identity_arguments(emulator: argparse.ArgumentParser) -> None:
    emulator.add_argument(
        "--project",
        action="append",
        default=[],
        metavar="ID",
        help="a project that exists: calls of others are refused, as of a foreign project; may be repeated (default: "
        "every project exists)",
    )
    emulator.add_argument(
        "--enforce-iam",
        action="store_true",
        help="refuse callers who may not do what they ask for; a token is an e-mail address, a JWT or one of /token",
    )
    emulator.add_argument(
        "--grant",
        type=_said(grant),
        action="append",
        default=[],
        metavar="ROLE=MEMBER",
        help="with --enforce-iam: who holds a role in every project, as roles/owner=ada@example.com; may be repeated",
    )
    emulator.add_argument(
        "--oauth-client",
        type=_said(oauth_client),
        action="append",
        default=[],
        metavar="ID=SECRET",
        help="an application that may sign people in; by default any may; may be repeated",
    )


def _options(parser: argparse.ArgumentParser, arguments: list[str] | None) -> Options:
    chosen = parser.parse_args(arguments)

    def together(option: str, read: Callable[[list[str]], T], words: list[str]) -> T:
        """What makes sense only as a whole."""
        try:
            return read(words)
        except ValueError as error:
            parser.error(f"{option}: {error}")

    manual_clock, start = together("--clock", clock, chosen.clock)
    return Options(
        port=chosen.port,
        data=chosen.data,
        with_demo=chosen.demo,
        lifeline=chosen.lifeline,
        dispatch=chosen.dispatch,
        dead_letter=chosen.dead_letter,
        manual_clock=manual_clock,
        clock_start=start,
        allow_targets=tuple(chosen.allow_target),
        app_engine=together("--app-engine", app_engine, chosen.app_engine),
        app_engine_location=chosen.app_engine_location,
        enforce_iam=chosen.enforce_iam,
        projects=tuple(chosen.project),
        grants=tuple(chosen.grant),
        oauth_clients=tuple(chosen.oauth_client),
        faults=together("--fault", read_faults, chosen.fault),
    )


def _said(read: Callable[[str], T]) -> Callable[[str], T]:
    """A reader whose complaints argparse shows."""

    def shown(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return shown


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
