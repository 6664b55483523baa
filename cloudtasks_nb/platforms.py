"""Differences between platforms: signals, the end of the parent process, separate processes, open files.

Every function takes `windows`, so that tests on one platform can run both branches.
"""

from __future__ import annotations

import contextlib
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
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

WINDOWS = os.name == "nt"
ENDING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that end a program from outside: an interrupt, a request to end, and a terminal that closes."""
_PARENT_POLL_S = 0.5
_NEW_GROUP = 0x200  # subprocess.CREATE_NEW_PROCESS_GROUP, defined only on Windows
_CHUNK_BYTES = 65_536


def apart(*, windows: bool = WINDOWS) -> dict[str, Any]:
    """Popen options for a process in its own group, so that Ctrl-C and "Interrupt the kernel" do not reach it."""
    return {"creationflags": _NEW_GROUP} if windows else {"start_new_session": True}


def ask_to_end(process: subprocess.Popen[Any], *, windows: bool = WINDOWS) -> None:
    """Ask a process that watches its standard input to end. Does nothing if it has already ended."""
    if not windows:
        process.terminate()
    elif process.stdin is not None:
        # On Windows terminate() kills; closing its standard input asks.
        with contextlib.suppress(OSError):
            process.stdin.close()
    else:
        process.terminate()


def on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *, windows: bool = WINDOWS) -> None:
    """Call `stop` on the loop when the process receives SIGTERM or an interrupt."""
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        if windows:  # event loops there do not support signals
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


def on_owner_end(
    loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *, windows: bool = WINDOWS
) -> Callable[[], object]:
    """Call `stop` on the loop when the parent process ends, for any reason. Returns a function that stops watching.

    The signs are: our standard input closes, and (not on Windows) our parent process changes.
    """
    descriptor = _stdin()
    if windows:
        if descriptor is not None and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            reading = threading.Thread(target=_read, args=(descriptor, loop, stop), daemon=True)
            reading.start()
        return lambda: None
    with contextlib.suppress(OSError):  # a file cannot be watched; the other sign remains
        if descriptor is not None:
            loop.add_reader(descriptor, _read_some, descriptor, loop, stop)
    watching = loop.create_task(_watch(os.getppid(), stop))
    return lambda: bool(watching.cancel())


def _stdin() -> int | None:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # no standard input
        return None


async def _watch(parent: int, stop: Callable[[], None]) -> None:
    import asyncio  # imported late: clients need this file, but no event loop

    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_POLL_S)
    stop()


def _read_some(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    if not os.read(descriptor, _CHUNK_BYTES):
        loop.remove_reader(descriptor)
        stop()


def _read(descriptor: int, loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):  # a broken pipe is an end, too
        while os.read(descriptor, _CHUNK_BYTES):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has already ended
        loop.call_soon_threadsafe(stop)


def allow_many_files() -> None:
    """Raise the limit of open connections to the system's maximum; the usual 1,024 is too low. Windows has no limit."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def claimed(path: Path, *, windows: bool = WINDOWS) -> IO[bytes] | None:
    """Open and lock a file until it is closed; None if another process holds the lock. Errors: OSError."""
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
    """Whether this is root: some programs then require an extra option. False on Windows."""
    effective = getattr(os, "geteuid", None)
    return effective is not None and effective() == 0


def belongs_to_another(found: os.stat_result) -> bool:
    """Whether a file belongs to another user. False on Windows, where a file has no such number."""
    effective = getattr(os, "geteuid", None)
    return effective is not None and found.st_uid != effective()


def owner_of_new_files(folder: Path) -> int:
    """The owner of a new file in a folder: some mounts set another one than the user. Errors: OSError."""
    import tempfile  # imported late: hardly anybody needs it

    with tempfile.TemporaryFile(dir=folder) as new:
        return os.fstat(new.fileno()).st_uid


def found_command(command: Sequence[str], *, windows: bool = WINDOWS) -> list[str]:
    """A command for Popen: Windows finds `npm` (npm.cmd there) only by its full name."""
    return [(shutil.which(command[0]) if windows else None) or command[0], *command[1:]]


@contextlib.contextmanager
def passing_signals(*, windows: bool = WINDOWS) -> Iterator[Callable[[subprocess.Popen[Any]], None]]:
    """Within the block, forward signals to a child process instead of ending. Yields a function that sets the child.

    Signals from the terminal, such as Ctrl-C, are not forwarded: the terminal sends them to the child itself.
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
        with contextlib.suppress(OSError, ValueError):  # it has already ended
            process.send_signal(number)


def _has_terminal(*, windows: bool) -> bool:
    """Whether a terminal sends its signals to this process, and so to its child processes."""
    if windows:  # a console signals all its processes
        return True
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # no terminal
        return False
