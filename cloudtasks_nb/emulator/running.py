"""An emulator as a process of its own: started, heard of, and ended."""

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
"""How the variables begin that stand for options of the command line."""
_READY = "cloudtasks emulator ready on "
_COMMAND_SAYS = re.compile(r"^(cloudtasks_nb emulator|python -m cloudtasks_nb( emulator)?: error): ")
_START_S = 30.0
_STOP_S = 10.0


def start(options: Sequence[str]) -> tuple[subprocess.Popen[str], str]:
    """An emulator on a free port with these options of the command line, and its URL. It ends with this process.

    Variables that stand for options do not count. Errors: ConfigError when it does not start; MissingExtra.
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
    """An emulator, and its URL: empty where it ended instead, and said why in `complaints`, or on our own stderr."""
    if find_spec("aiohttp") is None:
        raise MissingExtra("The emulator", "local")
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "cloudtasks_nb", "emulator", "--lifeline", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        env=environment,
        # "Interrupt the kernel" signals the kernel's whole process group: a cell stops, the emulator must not.
        **apart(),
    )
    try:
        url = _ready_line(process, patience_s).partition(_READY)[2].strip()
    except BaseException:  # Ctrl-C: an emulator that nobody knows of would hold its file for ever
        stop(process)
        raise
    if not url:
        stop(process)
    return process, url


def stop(process: subprocess.Popen[str]) -> None:
    """End the process and its pipes; harmless when it has ended already."""
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
    """Why the emulator did not start: what its command line said last."""
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
