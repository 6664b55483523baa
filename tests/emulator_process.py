"""Starts the emulator for tests: the real command, in a separate process."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .waiting import PATIENCE_S, wait_until

_READY = re.compile(r"cloudtasks emulator ready on (http://127\.0\.0\.1:\d+)\n")


class EmulatorProcess:
    """A running emulator. `url` is its base URL; the end of the with block ends it."""

    def __init__(self, *arguments: str, data: Path | None = None) -> None:
        options = ["--port", "0", *arguments, *(["--data", str(data)] if data is not None else [])]
        # A file, because nobody reads a pipe while tests run, and a full pipe would block the emulator.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "cloudtasks_nb", "emulator", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        line = self.stdout.readline()
        match = _READY.fullmatch(line)
        if match is None:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"not a ready line: {line!r}, {self.complaints()}")
        self.url = match[1]

    @property
    def stdout(self) -> IO[str]:
        assert self.popen.stdout is not None
        return self.popen.stdout

    def stop(self) -> tuple[str, str]:
        """End it with SIGINT; returns its output after the ready line, and its stderr."""
        self.popen.terminate()
        printed, _ = self.popen.communicate(timeout=PATIENCE_S)
        return printed, self.complaints()

    def complaints(self) -> str:
        """Its stderr so far. While the emulator runs, a message may still be on its way: see `wait_for_complaint`."""
        descriptor = self._complaints.fileno()
        length = os.fstat(descriptor).st_size
        return os.pread(descriptor, length, 0).decode()  # a seek would move the emulator, too

    def wait_for_complaint(self, text: str) -> None:
        """The emulator responds before a message is on stderr, because a thread of its own writes messages."""
        wait_until(lambda: text in self.complaints(), f"the emulator did not say {text!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.popen.poll() is None:
            self.stop()
        for pipe in (self.popen.stdin, self.popen.stdout, self._complaints):
            if pipe is not None:
                pipe.close()


@contextmanager
def kept_port() -> Iterator[int]:
    """A port for an emulator that is started again. No other program gets it in between."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so that the emulator can listen there
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
