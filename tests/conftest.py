"""Fixtures and the distribution of tests to workers, for all tests."""

from __future__ import annotations

import gc
import inspect
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from cloudtasks_nb.emulator.client.emulator import Emulator
from cloudtasks_nb.emulator.client.inbox import Inbox
from tests.emulator_process import EmulatorProcess
from tests.examples import examples
from tests.waiting import PATIENCE_S

# The speed of an example depends on the load of the machine, so it has no deadline.
settings.register_profile("steady", deadline=None, max_examples=examples(100))
settings.load_profile("steady")

# By default, these verbs stop waiting for deliveries after ten seconds, which a busy machine may need.
inspect.unwrap(Emulator.advance).__kwdefaults__["patience"] = PATIENCE_S
inspect.unwrap(Emulator.wait).__kwdefaults__["timeout"] = PATIENCE_S
inspect.unwrap(Inbox.wait).__defaults__ = (1, PATIENCE_S)

# A shell's background jobs ignore Ctrl-C, and so do the processes that they start. Tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST_FIRST = ["e2e", "integration", "contract", "unit"]
ONE_WORKER = ["e2e", "contract"]  # a folder whose tests share a browser, a JupyterLab or an emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The base URL of a new emulator that dispatches nothing automatically. Tests use different queue names."""
    with EmulatorProcess("--no-dispatch") as process:
        yield process.url
        assert process.stop() == ("", ""), "the emulator printed more than its ready line"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, which later ignores what exists now: modules and tests stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers (pytest -n) begin with the slowest folders, so that they end at about the same time."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST_FIRST.index(folder_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each of several workers takes whole files; one worker takes a whole folder of ONE_WORKER."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = folder_of(nodeid)
            return folder if folder in ONE_WORKER else nodeid.partition("::")[0]

    config.option.loadscopereorder = False  # in the order of LONGEST_FIRST
    return ByFile(config, log)


def folder_of(nodeid: str) -> str:
    """The folder of a test below tests: "unit" of "tests/unit/rest/test_retry.py::test_it"."""
    return Path(nodeid).parts[1]
