"""What differs by platform, each with its way on Windows: signals, the end of an owner, processes apart, open files.

Every function takes `windows`, so that both ways can be tested wherever they run at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

WINDOWS = os.name == "nt"
_PARENT_POLL_S = 0.5
_NEW_GROUP = 0x200  # subprocess.CREATE_NEW_PROCESS_GROUP, which only Windows knows
_CHUNK_BYTES = 65_536


def apart(*, windows: bool = WINDOWS) -> dict[str, Any]:
    """What to tell Popen for a process that Ctrl-C and "Interrupt the kernel" do not reach: they mean a whole group."""
    return {"creationflags": _NEW_GROUP} if windows else {"start_new_session": True}


def ask_to_end(process: subprocess.Popen[Any], *, windows: bool = WINDOWS) -> None:
    """Asks a process that watches its standard input to end in its own time. Harmless when it has ended already."""
    if not windows:
        process.terminate()
    elif process.stdin is not None:
        # On Windows terminate() kills. The end of its standard input asks.
        with contextlib.suppress(OSError):
            process.stdin.close()
    else:
        process.terminate()


def on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *, windows: bool = WINDOWS) -> None:
    """Calls `stop` on the loop when the process is told to end, or interrupted."""
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        if windows:  # whose loops know no signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


def on_owner_end(
    loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *, windows: bool = WINDOWS
) -> Callable[[], object]:
    """Calls `stop` on the loop when whoever started this process ends, however that ends. Returns how to look no more.

    Its end of our standard input closes; and elsewhere than on Windows we are given another parent.
    """
    descriptor = _stdin()
    if windows:
        if descriptor is not None and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            reading = threading.Thread(target=_read, args=(descriptor, loop, stop), daemon=True)
            reading.start()
        return lambda: None
    with contextlib.suppress(OSError):  # a file cannot be watched, and leaves the other sign
        if descriptor is not None:
            loop.add_reader(descriptor, _read_some, descriptor, loop, stop)
    watching = loop.create_task(_watch(os.getppid(), stop))
    return lambda: bool(watching.cancel())


def _stdin() -> int | None:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none
        return None


async def _watch(parent: int, stop: Callable[[], None]) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_POLL_S)
    stop()


def _read_some(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    if not os.read(descriptor, _CHUNK_BYTES):
        loop.remove_reader(descriptor)
        stop()


def _read(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):  # a broken pipe is the end, too
        while os.read(descriptor, _CHUNK_BYTES):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has ended first
        loop.call_soon_threadsafe(stop)


def allow_many_files() -> None:
    """As many connections as the system allows: the usual 1,024 are soon used up. Windows has no such limit."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def claimed(path: Path, *, windows: bool = WINDOWS) -> IO[bytes] | None:
    """A file that this process holds alone until it closes it; None where another one does. Errors: OSError."""
    file = open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115 - held
    try:
        if windows:
            msvcrt: Any = importlib.import_module("msvcrt")
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def is_administrator() -> bool:
    """Whether this is root, for whom programs ask to be told that it is meant. Windows has no such user."""
    effective = getattr(os, "geteuid", None)
    return effective is not None and effective() == 0


def found_command(command: Sequence[str], *, windows: bool = WINDOWS) -> list[str]:
    """A command as Popen takes it: Windows finds `npm`, which is npm.cmd there, only by its whole name."""
    return [(shutil.which(command[0]) if windows else None) or command[0], *command[1:]]


@contextlib.contextmanager
def passing_signals(*, windows: bool = WINDOWS) -> Iterator[Callable[[subprocess.Popen[Any]], None]]:
    """Within the block this process does not end by signals, but passes them on to a process, once it is told which.

    What a terminal sends, as at Ctrl-C, that process gets from the terminal.
    """
    passed = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    receivers: list[subprocess.Popen[Any]] = []
    early: list[int] = []

    def came(number: int, _: object) -> None:
        if receivers:
            _pass_on(number, receivers[0], windows=windows)
        else:
            early.append(number)

    def pass_to(process: subprocess.Popen[Any]) -> None:
        receivers.append(process)
        for number in early:
            _pass_on(number, process, windows=windows)

    numbers = [getattr(signal, name) for name in passed if hasattr(signal, name)]
    kept = {number: signal.signal(number, came) for number in numbers}
    try:
        yield pass_to
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _pass_on(number: int, process: subprocess.Popen[Any], *, windows: bool) -> None:
    from_terminal = windows or number in (signal.SIGINT, getattr(signal, "SIGQUIT", None))
    if not (from_terminal and _has_terminal(windows=windows)):
        with contextlib.suppress(OSError, ValueError):  # it has just ended
            process.send_signal(number)


def _has_terminal(*, windows: bool) -> bool:
    """Whether a terminal sends its signals to this process, and so to a command that was started from it."""
    if windows:  # a console sends to all that share it
        return True
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # there is none
        return False


def names_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path ends as that of a folder does: "tasks/"."""
    return os.fspath(path).endswith(tuple(filter(None, (os.sep, os.altsep))))


def check_names_file(path: str | os.PathLike[str]) -> None:
    """Refuse the path of a folder where a file is to be written. Errors: IsADirectoryError."""
    if names_folder(path):
        raise IsADirectoryError(errno.EISDIR, "It names a folder: pass the name of a file", os.fspath(path))
