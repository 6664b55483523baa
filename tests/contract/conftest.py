"""Runs each behaviour through every client in every version, each in a separate location."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.contract.driver import Driver
from tests.contract.drivers import DRIVERS, driver_of
from tests.contract.google_clients import DiscoveryLibrary

LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="module", params=DRIVERS, ids="-".join)
def driver(request: pytest.FixtureRequest, emulator: str) -> Iterator[Driver]:
    made = driver_of(*request.param, emulator)
    yield made
    made.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects a behaviour in the versions that lack it: @pytest.mark.versions(...) names those that have it."""
    asked, left_out = [], []
    for item in items:
        (_, version) = (getattr(item, "callspec", None) and item.callspec.params.get("driver")) or ("", "")  # type: ignore[attr-defined]
        marks = [mark.args for mark in item.iter_markers("versions")]
        marks += [("v2beta2",)] if "pull_queue" in getattr(item, "fixturenames", ()) else []
        fits = not version or all(version in versions for versions in marks)
        (asked if fits else left_out).append(item)
    items[:] = asked
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if number := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{number} contract tests are deselected because their version of the API lacks the behaviour. Pull queues "
            "exist in v2beta2 only. For the others, @pytest.mark.versions names the versions."
        )


@pytest.fixture
def parent() -> str:
    """A location that no other test uses."""
    return f"projects/p-{uuid.uuid4().hex[:12]}/locations/us-central1"


@pytest.fixture
def queue(driver: Driver, parent: str) -> str:
    return str(driver.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"])


@pytest.fixture
def pull_queue(driver: Driver, parent: str) -> str:
    return str(driver.create_queue(parent, {"name": f"{parent}/queues/pull", "pullTarget": {}})["name"])


@pytest.fixture
def client(emulator: str) -> Iterator[DiscoveryLibrary]:
    """Google's discovery client, for features of v2beta2 only, and for tests of HTTP itself."""
    made = DiscoveryLibrary(emulator)
    yield made
    made.close()
