"""A client of a server with responses in the form of Monitoring and Logging, at 23:30."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cloudtasks_nb as ct
from tests.gone import QUEUE, Gone, at, gone


@pytest.fixture
def server() -> Iterator[Gone]:
    with gone() as served:
        yield served


@pytest.fixture
def client(server: Gone) -> Iterator[ct.Client]:
    with ct.connect(
        project="p", location="us-central1", endpoint=server.url, retry=ct.Retry(initial_s=0.001)
    ) as made:
        made._session.moved_to = at("23:30")
        yield made


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.queue(QUEUE, read=False)
