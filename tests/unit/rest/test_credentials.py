"""Credentials over a real socket: renewed once, sent only to safe endpoints, never shown."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import RefreshError

from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.rest import session as wire
from cloudtasks_nb.rest.auth import Auth, credentials_auth, token_auth
from cloudtasks_nb.rest.exchange import Answer, Bounds
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, refusal, scripted

from .conftest import QUEUE, get_queue


class Changing(Credentials):  # type: ignore[misc]
    """Credentials that hand out a new token at each refresh, or fail to."""

    def __init__(self, *tokens: str) -> None:
        super().__init__()
        self.tokens = list(tokens)

    def refresh(self, request: object) -> None:
        if not self.tokens:
            raise RefreshError(
                "invalid_grant: Token has been expired or revoked.", {"error": "secret-detail"}
            )
        self.token = self.tokens.pop(0)


def test_a_refused_token_is_renewed_once() -> None:
    with scripted(
        refusal(401, "UNAUTHENTICATED"), answer(200, {"name": QUEUE, "state": "RUNNING"})
    ) as server:
        auth = Auth(Changing("first", "second"))
        assert get_queue(server, auth=auth).state == "RUNNING"
    assert "Bearer first" in server.requests[0]
    assert "Bearer second" in server.requests[1]


def test_expired_credentials_say_how_to_sign_in_and_show_no_secret() -> None:
    with scripted(refusal(401, "UNAUTHENTICATED")) as server:
        with pytest.raises(errors.AuthError, match="expired") as caught:
            get_queue(server, auth=Auth(Changing("first")))
        assert "gcloud auth application-default login" in str(caught.value)
        assert "secret-detail" not in str(caught.value)
        with pytest.raises(errors.Unauthenticated) as refused:
            get_queue(server, auth=Auth(Changing("first", "second")))
        assert "gcloud" in (refused.value.hint or "")


def test_credentials_do_not_travel_in_the_clear() -> None:
    for auth in (token_auth("ya29.secret"), Auth(api_key="secret")):
        with pytest.raises(errors.ConfigError, match="plain-http") as caught:
            Session("http://tasks.example.com", auth)
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(auth)
        Session("http://localhost:1", auth).close()
        Session("http://LOCALHOST.:1", auth).close()  # a final dot makes a name absolute
        Session("https://tasks.example.com", auth).close()
    Session("http://tasks.example.com", credentials_auth(AnonymousCredentials())).close()


def test_a_token_as_a_command_prints_it_loses_its_newline() -> None:
    with scripted(answer(200, {"name": QUEUE})) as server:
        get_queue(server, auth=token_auth("ya29.token\n"))
    assert "Bearer ya29.token\r\n" in server.requests[0]


@pytest.mark.parametrize("secret", ["", " ", "two\r\nlines: 1", "h\u00e9", 5])
def test_a_credential_that_no_header_can_hold_is_refused_unseen(secret: str) -> None:
    for make in (token_auth, lambda key: Auth(api_key=key)):
        with pytest.raises(errors.ConfigError, match="plain text on one line") as caught:
            make(secret)
        assert "two" not in str(caught.value)


def test_a_bare_token_that_is_refused_says_what_the_service_said() -> None:
    with (
        scripted(refusal(401, "UNAUTHENTICATED", "invalid credentials")) as server,
        pytest.raises(errors.Unauthenticated, match="invalid credentials"),
    ):
        get_queue(server, auth=token_auth("ya29.old"))
    assert len(server.requests) == 1


def test_signing_in_counts_towards_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, given_s = [100.0], []

    class Slow(Changing):
        def refresh(self, request: object) -> None:
            now_s[0] += 5
            super().refresh(request)

    def answered(*_: object, bounds: Bounds, **__: object) -> Answer:
        given_s.append(bounds.deadline.left_s)
        return Answer(200, "application/json", 0.0, b'{"name": "%s"}' % QUEUE.encode())

    monkeypatch.setattr("cloudtasks_nb.rest.deadline.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    monkeypatch.setattr(wire, "exchange", answered)
    client = Session("http://localhost:1", Auth(Slow("t")), timeout_s=20)
    client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    client.close()
    assert given_s == [15]
