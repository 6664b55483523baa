"""Each behaviour is driven through every client, in a location of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.contract.drivers import DRIVERS, Driver


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request: pytest.FixtureRequest, emulator: str) -> Iterator[Driver]:
    made = DRIVERS[request.param](emulator)
    yield made
    made.close()


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
