"""Fixtures: servers of other notebooks. Browser and emulator come from the other browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import browser, chromium, kept, page, pictures, service
from tests.e2e.lab import Lab, running_lab
from tests.e2e.service import Service

from .pinned import python_packages

PATIENCE_MS = 200_000
__all__ = ["browser", "chromium", "kept", "page", "pictures", "service"]


@pytest.fixture(scope="package")
def environment(service: Service) -> dict[str, str]:
    """The environment of a notebook server: the pinned packages and the emulator."""
    place = python_packages()
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(place), os.environ.get("PYTHONPATH")))),
        "JUPYTER_PATH": str(place / "share/jupyter"),
        "JUPYTER_CONFIG_PATH": str(place / "etc/jupyter"),
        "CLOUD_TASKS_EMULATOR_HOST": service.url.removeprefix("http://"),
    }


@pytest.fixture(scope="package")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A Jupyter server with kernels and the Voila extension."""
    with running_lab(tmp_path_factory.mktemp("server"), environment, app="server") as running:
        yield running


@pytest.fixture(autouse=True)
def _patient(page: Page) -> None:
    """Long timeouts, because a busy machine is slow."""
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def queue_id(service: Service) -> str:
    """A queue with 30 tasks: more than one page of a panel."""
    queue_id = f"hosted-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(30):
        service.create_task(queue_id, f"t-{number:02}", b'{"to":"ada"}')
    return queue_id
