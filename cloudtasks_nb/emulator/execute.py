"""Runs a command with a new emulator: `python -m cloudtasks_nb exec -- npm test`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from ..connecting import EMULATOR_VARIABLES
from ..interrupts import wait_in_steps
from ..platforms import found_command, passing_signals
from .running import VARIABLES, started, stop

GCLOUD = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS"
_NOT_FOUND, _NOT_EXECUTABLE, _KILLED = 127, 126, 128  # exit codes of shells
_EVERYWHERE = {"//0.0.0.0:": "//127.0.0.1:", "//[::]:": "//[::1]:"}


def execute(options: Sequence[str], command: Sequence[str]) -> int:
    """Runs the command while an emulator with these options runs, and returns its exit code.

    Passes signals on to the command. The emulator ends with the command, or when this process ends in any way.

    Errors: MissingExtra.
    """
    here = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    process, url = started(["--port=0", *options], here, None, patience_s=None)
    if not url:
        return 1  # it has printed the reason
    try:
        code = _run(command, url)
        if process.poll() is not None:
            print("cloudtasks_nb exec: the emulator ended before the command did.", file=sys.stderr)
        return code
    finally:
        stop(process)


def _run(command: Sequence[str], url: str) -> int:
    with passing_signals() as pass_to:
        try:
            running = subprocess.Popen(  # noqa: S603 - the command that was asked for
                found_command(command), env={**os.environ, **variables(url)}
            )
        except OSError as error:
            print(f"cloudtasks_nb exec: {command[0]}: {error.strerror}", file=sys.stderr)
            return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        pass_to(running)
        code = _exit_code(running)
    return _KILLED - code if code < 0 else code


def _exit_code(running: subprocess.Popen[bytes]) -> int:
    """Waits for the command. A thread makes the system call: in the main thread, a signal that arrives just before the
    call would not end it, and would be passed on only after the end of the command."""
    waiting = threading.Thread(target=running.wait, daemon=True)
    waiting.start()

    def has_ended(within_s: float) -> bool:
        waiting.join(within_s)
        return not waiting.is_alive()

    wait_in_steps(has_ended)
    return running.wait()


def variables(url: str) -> dict[str, str]:
    """The environment variables that point all kinds of clients to the emulator."""
    for everywhere, here in _EVERYWHERE.items():
        url = url.replace(everywhere, here)
    host = url.partition("://")[2]
    return {**dict.fromkeys(EMULATOR_VARIABLES, host), GCLOUD: f"{url}/"}
