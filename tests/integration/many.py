"""A project of several queues, and a record of their list calls, which can fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest import session as wire
from cloudtasks_nb.rest.exchange import Answer
from tests.integration.filling import fill, left_behind, new_id

PLACES = ("europe-west1", "us-central1", "us-central1", "europe-west1")
SIZES = (3, 0, 5, 1)


class Wire:
    """Records the calls of a client, and can reject or delay them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed: list[str] = []
        self.refused: dict[str, int] = {}
        self.answers: dict[str, tuple[int, str, float, bytes]] = {}
        self.refused_after: int | None = None
        self.interrupts = False
        self.together: threading.Barrier | None = None
        self._send = wire.exchange
        self._earlier = left_behind()
        monkeypatch.setattr(wire, "exchange", self)

    def __call__(self, http, verb, url, **rest):  # type: ignore[no-untyped-def]
        if threading.current_thread() in self._earlier:
            return self._send(http, verb, url, **rest)
        if url.partition("?")[0].endswith("/tasks") and verb == "GET":
            queue = url.partition("/tasks")[0].rpartition("/")[2]
            self.listed.append(queue)
            status = self.refused.get(queue)
            if status is None and self.refused_after is not None and len(self.listed) > self.refused_after:
                if self.interrupts:
                    raise KeyboardInterrupt
                status = 503
            if queue in self.answers:
                return Answer(*self.answers[queue])
            if status is not None:
                return Answer(status, "application/json", 0.0, b'{"error": {"code": %d}}' % status)
            if self.together is not None:
                self.together.wait(timeout=60)
        return self._send(http, verb, url, **rest)


@contextmanager
def project_of_queues(emulator: str) -> Iterator[ct.Client]:
    """A client of a separate project, without retries."""
    with ct.connect(new_id(), "us-central1", endpoint=emulator, retry=ct.Retry(max_tries=1)) as client:
        for at, (place, size) in enumerate(zip(PLACES, SIZES, strict=True)):
            fill(client.create_queue(f"{place}/q{at}"), size)
        yield client
