"""Starts an emulator in its own process, waits until it is ready, and stops it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import IO

from ..errors import ConfigError, MissingExtra
from ..platforms import apart, ask_to_end

VARIABLES = "CLOUDTASKS_NB_"
"""The prefix of environment variables that set options of the command line."""
_READY = "cloudtasks emulator ready on "
_COMMAND_SAYS = re.compile(r"^(cloudtasks_nb emulator|python -m cloudtasks_nb( emulator)?: error): ")
_START_S = 30.0
_STOP_S = 10.0


def start(options: Sequence[str]) -> tuple[subprocess.Popen[str], str]:
    """Starts an emulator on a free port with these options and returns it with its URL. It ends with this process.

    Ignores environment variables that set options. Errors: ConfigError when it does not start; MissingExtra.
    """
    here = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    with tempfile.TemporaryFile("w+") as complaints:
        process, url = started(["--port=0", *options], here, complaints)
        if url:
            return process, url
        complaints.seek(0)
        raise _not_started(complaints.read())


def started(
    options: Sequence[str],
    environment: Mapping[str, str],
    complaints: IO[str] | None,
    patience_s: float | None = _START_S,
) -> tuple[subprocess.Popen[str], str]:
    """An emulator and its URL. If it failed to start, the URL is empty; `complaints` or stderr has the reason."""
    if find_spec("aiohttp") is None:
        raise MissingExtra("The emulator", "local")
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "cloudtasks_nb", "emulator", "--lifeline", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        env=environment,
        # "Interrupt the kernel" signals the kernel's whole process group. It must stop the cell, not the emulator.
        **apart(),
    )
    try:
        url = _ready_line(process, patience_s).partition(_READY)[2].strip()
    except BaseException:  # for example Ctrl-C: a lost emulator would lock its data file
        stop(process)
        raise
    if not url:
        stop(process)
    return process, url


def stop(process: subprocess.Popen[str]) -> None:
    """End the process and close its pipes. Idempotent."""
    ask_to_end(process)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _not_started(complaints: str) -> ConfigError:
    """The reason why the emulator did not start: the last line of its command line's output."""
    said = _COMMAND_SAYS.sub("", complaints.strip().rpartition("\n")[2])
    why, _, hint = said.partition(" Next: ")
    return ConfigError(f"The emulator did not start: {why or 'no reason was given.'}", hint=hint or None)


def _ready_line(process: subprocess.Popen[str], patience_s: float | None) -> str:
    assert process.stdout is not None  # noqa: S101 - Popen was asked for a pipe
    if patience_s is None:
        return process.stdout.readline()
    watchdog = threading.Timer(patience_s, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline()
    finally:
        watchdog.cancel()
