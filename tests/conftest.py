"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.emulator_process import EmulatorProcess

settings.register_profile("steady", deadline=None)  # how fast an example runs depends on what else runs
settings.load_profile("steady")


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Base URL of a fresh emulator that sends nothing by itself. Tests keep apart by the names of their queues."""
    with EmulatorProcess("--no-dispatch") as process:
        yield process.url
        assert process.stop() == ("", ""), "the emulator printed more than its ready line"
