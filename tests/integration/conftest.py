"""Fixtures: a client of the real emulator, a separate queue for every test, and a list of its requests."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.rest import session as wire
from tests.integration.filling import new_id


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(project="local", location="us-central1", endpoint=emulator) as client:
        yield client


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.create_queue(new_id())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request of the client, as "GET path", without the version."""
    seen: list[str] = []
    send = wire.exchange
    # An export that an earlier test abandoned may still fetch one page.
    earlier = {one for one in threading.enumerate() if one.name.startswith("cloudtasks-")}

    def counted(http, verb, url, **rest):  # type: ignore[no-untyped-def]
        if threading.current_thread() not in earlier:
            seen.append(f"{verb} {re.split('/v2(?:beta[23])?/', url)[-1]}")
        return send(http, verb, url, **rest)

    monkeypatch.setattr(wire, "exchange", counted)
    return seen


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session for plain HTTP, without the proxies of the environment."""
    with requests.Session() as made:
        made.trust_env = False
        yield made
