"""Calls of a session to a scripted server."""

from __future__ import annotations

from cloudtasks_nb.model import Queue
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import Scripted, answer

QUEUE = "projects/p/locations/us-central1/queues/emails"
EAGER = Retry(initial_s=0.001, maximum_s=0.01)
CUT_WHOLE = answer(200, {"name": QUEUE})[:-5]  # the connection ends before the response is complete


def session(server: Scripted, auth: Auth | None = None, **options: object) -> Session:
    """One version, so that no error causes a second call in another version."""
    usual = {"retry": EAGER, "api_version": "v2beta2"}
    return Session(server.url, auth or Auth(), **{**usual, **options})  # type: ignore[arg-type]


def get_queue(server: Scripted, **options: object) -> Queue:
    client = session(server, **options)
    try:
        return client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        client.close()
