"""Fixtures: a queue of the emulator for each test, and a page that sends clicks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets import sharing
from cloudtasks_nb.widgets.clickable import Clickable

from .page import FakePage


@pytest.fixture(autouse=True)
def _own_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All panels of a project share a budget of reads. Earlier tests could use it up, and it refills slowly."""
    monkeypatch.setattr(sharing, "_budgets", {})


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(endpoint=emulator) as client:
        yield client


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    """A queue with three tasks that are not due for an hour."""
    queue = client.create_queue(f"q-{uuid4().hex[:8]}")
    for number in range(3):
        queue.create_task(
            {"number": number}, url="https://example.com/", schedule=3600, task_id=f"t-{number}"
        )
    return queue


@pytest.fixture
def clicking() -> Iterator[Callable[[Clickable], FakePage]]:
    """Open a page on a panel; panels are closed after the test."""
    pages: list[FakePage] = []

    def click(panel: Clickable) -> FakePage:
        pages.append(FakePage(panel))
        return pages[-1]

    yield click
    for page in pages:
        page.panel.close()
