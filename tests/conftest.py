"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.emulator_process import EmulatorProcess

settings.register_profile("steady", deadline=None)  # how fast an example runs depends on what else runs
settings.load_profile("steady")

LONGEST_FIRST = ["e2e", "integration", "contract", "unit"]
ONE_WORKER = ["e2e", "contract"]  # a folder whose tests share a browser, a JupyterLab or an emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Base URL of a fresh emulator that sends nothing by itself. Tests keep apart by the names of their queues."""
    with EmulatorProcess("--no-dispatch") as process:
        yield process.url
        assert process.stop() == ("", ""), "the emulator printed more than its ready line"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers (pytest -n) begin with the folders that take longest, so that they end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST_FIRST.index(folder_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Several workers share the tests by file; one worker takes a whole folder of ONE_WORKER."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = folder_of(nodeid)
            return folder if folder in ONE_WORKER else nodeid.partition("::")[0]

    config.option.loadscopereorder = False  # the order is that of LONGEST_FIRST
    return ByFile(config, log)


def folder_of(nodeid: str) -> str:
    """The folder of a test below tests: "unit" of "tests/unit/rest/test_retry.py::test_it"."""
    return Path(nodeid).parts[1]
