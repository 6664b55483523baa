"""Starts the emulator for tests: the real command, in a separate process."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_READY = re.compile(r"cloudtasks emulator ready on (http://127\.0\.0\.1:\d+)\n")


class EmulatorProcess:
    """A running emulator. `url` is its base URL; the end of the with block ends it."""

    def __init__(self, *arguments: str, data: Path | None = None) -> None:
        options = ["--port", "0", *arguments, *(["--data", str(data)] if data is not None else [])]
        # A file, because nobody reads a pipe while tests run, and a full pipe would block the emulator.
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
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
        printed, _ = self.popen.communicate(timeout=20)
        return printed, self.complaints()

    def complaints(self) -> str:
        """Its stderr so far."""
        self._complaints.seek(0)
        return self._complaints.read()

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
