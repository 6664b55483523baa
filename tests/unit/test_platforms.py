"""Differences between platforms: the code for each platform runs here."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloudtasks_nb import platforms
from cloudtasks_nb.platforms import (
    apart,
    ask_to_end,
    claimed,
    found_command,
    is_administrator,
    on_owner_end,
    on_stop,
    passing_signals,
)

# Ends with 7 when its standard input ends, or by a signal.
READS = "import sys; print('ready', flush=True); sys.stdin.read(); sys.exit(7)"


@pytest.fixture
def reader() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", READS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


@pytest.fixture
def handlers() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)


def test_a_process_apart() -> None:
    assert apart(windows=True) == {"creationflags": 0x200}
    assert apart(windows=False) == {"start_new_session": True}


@pytest.mark.parametrize(("windows", "code"), [(True, 7), (False, -signal.SIGTERM)])
def test_a_process_is_asked_to_end(reader: subprocess.Popen[str], windows: bool, code: int) -> None:
    ask_to_end(reader, windows=windows)
    assert reader.wait(20) == code
    ask_to_end(reader, windows=windows)  # harmless


def test_a_process_without_an_input_is_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        ask_to_end(process, windows=True)
        assert process.wait(20) != 0


@pytest.mark.parametrize("windows", [True, False])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_loop(handlers: None, windows: bool, number: signal.Signals) -> None:
    async def waits() -> None:
        stop = asyncio.Event()
        on_stop(asyncio.get_running_loop(), stop.set, windows=windows)
        signal.raise_signal(number)
        assert await asyncio.wait_for(stop.wait(), 20)

    asyncio.run(waits())


@pytest.mark.parametrize("windows", [True, False])
def test_the_end_of_the_input_is_the_end_of_the_owner(monkeypatch: pytest.MonkeyPatch, windows: bool) -> None:
    reading, writing = os.pipe()

    async def waits() -> None:
        stop = asyncio.Event()
        leave = on_owner_end(asyncio.get_running_loop(), stop.set, windows=windows)
        os.write(writing, b"chatter is read and dropped")
        await asyncio.sleep(0)
        assert not stop.is_set()
        os.close(writing)
        assert await asyncio.wait_for(stop.wait(), 20)
        leave()

    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        asyncio.run(waits())


@pytest.mark.parametrize("windows", [True, False])
@pytest.mark.parametrize("stdin", ["null", "none"])
def test_without_an_input_there_is_no_such_sign(
    monkeypatch: pytest.MonkeyPatch, windows: bool, stdin: str
) -> None:
    async def waits() -> None:
        stop = asyncio.Event()
        leave = on_owner_end(asyncio.get_running_loop(), stop.set, windows=windows)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not stop.is_set()
        leave()

    with Path(os.devnull).open() as null:
        monkeypatch.setattr(sys, "stdin", null if stdin == "null" else None)
        asyncio.run(waits())


def test_another_parent_is_the_end_of_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms, "_PARENT_POLL_S", 0)
    parents = iter([5, 5, 5, 1])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(sys, "stdin", None)

    async def waits() -> None:
        stop = asyncio.Event()
        on_owner_end(asyncio.get_running_loop(), stop.set, windows=False)
        assert await asyncio.wait_for(stop.wait(), 20)

    asyncio.run(waits())


def test_a_command_is_found_by_its_whole_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platforms.shutil, "which", lambda name: {"npm": r"C:\node\npm.cmd"}.get(name))
    assert found_command(["npm", "test"], windows=True) == [r"C:\node\npm.cmd", "test"]
    assert found_command(["none"], windows=True) == ["none"]
    assert found_command(["npm", "test"], windows=False) == ["npm", "test"]


class Receiver:
    """A fake for the registration of signal handlers."""

    def __init__(self) -> None:
        self.got: list[int] = []

    def send_signal(self, number: int) -> None:
        self.got.append(number)
        if number == signal.SIGTERM:
            raise ProcessLookupError  # it has just ended


@pytest.mark.parametrize(
    ("windows", "terminal", "passed"),
    [
        (False, False, [signal.SIGINT, signal.SIGTERM, signal.SIGINT]),
        (False, True, [signal.SIGTERM]),  # the terminal has sent SIGINT to both
        (True, True, []),  # the console has
    ],
)
def test_signals_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, handlers: None, windows: bool, terminal: bool, passed: list[int]
) -> None:
    monkeypatch.setattr(platforms, "_has_terminal", lambda *, windows: terminal)
    receiver, before = Receiver(), signal.getsignal(signal.SIGINT)
    with passing_signals(windows=windows) as pass_to:
        signal.raise_signal(signal.SIGINT)  # before the child process exists
        pass_to(receiver)  # type: ignore[arg-type]
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert receiver.got == passed
    assert signal.getsignal(signal.SIGINT) is before


def test_a_file_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "held"
    held = claimed(path)
    assert held is not None
    assert claimed(path) is None
    held.close()
    again = claimed(path)
    assert again is not None
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_is_held_by_one_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def locking(descriptor: int, mode: int, count: int) -> None:
        asked.append((mode, count))
        if len(asked) == 2:
            raise PermissionError

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    held = claimed(tmp_path / "held", windows=True)
    assert held is not None
    assert claimed(tmp_path / "held", windows=True) is None
    held.close()
    assert asked == [(2, 1), (2, 1)]


def test_who_is_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert is_administrator()
    monkeypatch.delattr(os, "geteuid")  # as on Windows
    assert not is_administrator()
    assert not platforms.belongs_to_another(Path(__file__).stat())


def test_a_new_file_usually_belongs_to_its_user(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert platforms.owner_of_new_files(tmp_path) == (tmp_path / "file").stat().st_uid
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_where_files_are_not_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    platforms.allow_many_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_no_other_file_asks_for_what_windows_lacks() -> None:
    """Only platforms.py uses names that are missing on Windows."""
    house = Path(platforms.__file__).parent
    lacking = (
        "import resource",
        "import fcntl",
        "os.getppid",
        "os.geteuid",
        "add_signal_handler",
        "os.killpg",
        "start_new_session",
        "SIGKILL",
        "SIGHUP",
        "add_reader",
        "import pwd",
    )
    files = [*house.rglob("*.py"), *(house.parent / "notebooks").glob("*.py")]
    found = [
        (path.name, name)
        for path in files
        for name in lacking
        if path.name != "platforms.py" and name in path.read_text()
    ]
    assert len(files) > 200
    assert found == []
