"""The number of tries in an error, and which events count as a try."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace

import pytest
from google.auth.credentials import Credentials
from google.auth.exceptions import TransportError

from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.messages import CreateTaskRequest
from cloudtasks_nb.model.task import Task
from cloudtasks_nb.rest import deadline
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, refusal, scripted
from tests.waiting import passing

from .conftest import Dripping

QUEUE = "projects/p/locations/us-central1/queues/emails"
EAGER = Retry(initial_s=0.001, maximum_s=0.01)


def get_queue(session: Session) -> Queue:
    try:
        return session.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        session.close()


def test_a_call_that_ran_out_of_time_names_all_of_it_and_how_often_it_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unavailable = refusal(503, "UNAVAILABLE")
    passed = passing(monkeypatch, deadline)
    with (
        closing(Dripping(unavailable, unavailable, drop=b"H", passed=passed)) as server,
        pytest.raises(errors.Timeout) as caught,
    ):
        get_queue(Session(server.url, Auth(), timeout_s=22.5, retry=EAGER))
    error = caught.value
    assert error.message == f"{server.url} did not respond completely within 22.5 s."
    assert error.tries == 3
    assert "\n  tries: 3\n  next: " in str(error)
    assert ">tries<" in error._repr_html_()


def test_a_refusal_that_outlasted_its_repeats_says_how_many_there_were() -> None:
    with (
        scripted(refusal(503, "UNAVAILABLE", "later")) as server,
        pytest.raises(errors.Unavailable) as caught,
    ):
        get_queue(Session(server.url, Auth(), retry=Retry(initial_s=0.001, maximum_s=0.001, max_tries=4)))
    assert len(server.requests) == caught.value.tries == 4
    assert str(caught.value).splitlines()[-2] == "  tries: 4"
    with scripted(refusal(404, "NOT_FOUND")) as server, pytest.raises(errors.NotFound) as missing:
        get_queue(Session(server.url, Auth(), retry=EAGER))
    assert "tries" not in str(missing.value)


class Signing(Credentials):  # type: ignore[misc]
    """Credentials whose sign-in server is not reached at first, or is slow."""

    def __init__(self, *, failures: int = 0, takes_s: float = 0.0, now_s: list[float] | None = None) -> None:
        super().__init__()
        self.failures, self.takes_s, self.now_s = failures, takes_s, now_s or [0.0]

    def refresh(self, request: object) -> None:
        self.now_s[0] += self.takes_s
        if self.failures:
            self.failures -= 1
            raise TransportError("no route to the sign-in server")
        self.token = "ya29.fresh"


def test_signing_in_that_takes_all_the_time_leaves_nothing_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now_s[0])
    monkeypatch.setattr("cloudtasks_nb.rest.deadline.time", clock)
    with scripted(answer(200, {})) as server:
        session = Session(server.url, Auth(Signing(takes_s=25, now_s=now_s)), timeout_s=20)
        with pytest.raises(
            errors.Timeout, match="deadline of 20 s passed before this call was sent"
        ) as caught:
            session.call("projects.locations.queues.purge", Queue, path={"name": QUEUE})
        session.close()
    assert server.requests == []
    assert not caught.value.reached


def test_a_call_that_was_never_sent_cannot_have_been_done() -> None:
    task = CreateTaskRequest(task=Task(name=f"{QUEUE}/tasks/one"))
    with scripted(refusal(409, "ALREADY_EXISTS")) as server:
        session = Session(server.url, Auth(Signing(failures=1)), retry=EAGER)
        create = "projects.locations.queues.tasks.create"
        with pytest.raises(errors.TransportError, match="sign-in server was not reached") as caught:
            session.fetch(create, path={"parent": QUEUE}, body=task)
        assert not caught.value.reached
        with pytest.raises(errors.AlreadyExists):
            session.fetch(create, path={"parent": QUEUE}, body=task)
        session.close()
