"""The command line: `python -m cloudtasks_nb emulator --port 8123`, `python -m cloudtasks_nb exec -- npm test`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from . import __version__
from .command_line import EmulatorArguments, Parser
from .emulator.server import run
from .emulator.server.options import Options
from .errors import CloudTasksError

_PORT = 8123
_INTERRUPTED = 130
_WATCH = "watch"


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [_WATCH]:
        from .watch_command import watch

        return watch(words[1:])
    parser = Parser(prog="python -m cloudtasks_nb")
    parser.add_argument("--version", action="version", version=f"cloudtasks_nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command", dest="command")
    emulator = commands.add_parser("emulator", help="serve the Cloud Tasks API on this machine")
    commands.add_parser(
        _WATCH, help="save copies of tasks that are close to their last attempt", add_help=False
    )
    usage = "%(prog)s [options of the emulator] -- COMMAND [ARGUMENT ...]"
    execution = commands.add_parser(
        "exec", help="run a command with a new emulator on a free port", usage=usage
    )
    serving, executing = EmulatorArguments(emulator, _PORT), EmulatorArguments(execution, 0)
    own, command = _split(words) if words[:1] == ["exec"] else (words, [])
    chosen = parser.parse_args(own)
    try:
        if chosen.command == "emulator":
            said = serving.from_environment(os.environ) + own[1:]
            options = serving.read(emulator.parse_args(said))
            run(options, _restore(options) if options.restores else None)
            return 0
        if not command:
            execution.error("the command is missing; put it after --, as in: exec [options] -- npm test")
        said = executing.from_environment(os.environ) + own[1:]
        executing.read(execution.parse_args(said))
        from .emulator.execute import execute

        return execute(said, command)
    except CloudTasksError as error:
        hint = f" Next: {error.hint}" if error.hint else ""
        print(f"cloudtasks_nb {chosen.command}: {error.message}{hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before our signal handler was installed
        return _INTERRUPTED


def _restore(options: Options) -> Callable[[str], None]:
    from .emulator.restoring import restore  # only --restore needs the client

    return partial(restore, options.restores, options.project)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words before and after the first "--"."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


if __name__ == "__main__":
    sys.exit(main())
