"""The authorization-code flow: the address, the redirect, errors, and hidden secrets."""

from __future__ import annotations

import base64
import copy
import hashlib
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from google.oauth2.credentials import Credentials

import cloudtasks_nb as ct
from tests.scripted import answer, scripted

from .conftest import BACK, CLIENT, CODE, EMAIL_SCOPE, GIVEN, REFRESH, SECRET, asked, form, refused


def test_the_address_asks_for_a_code_bound_to_this_program() -> None:
    made, query = asked()
    assert made.url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    digest = hashlib.sha256(made.code_verifier.encode()).digest()
    assert query == {
        "client_id": CLIENT,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "state": made.state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
    }
    assert 43 <= len(made.code_verifier) <= 128
    other, _ = asked()
    assert (made.state, made.code_verifier) != (other.state, other.code_verifier)
    assert made.code_verifier not in made.url + repr(made) + str(made) + made._repr_html_()
    assert made.code_verifier not in repr(list(made.__rich_repr__()))


def test_what_is_asked_is_its_address_as_text() -> None:
    made, query = asked()
    assert parse_qs(urlsplit(made).query) == {name: [value] for name, value in query.items()}
    assert f"{made}" == str(made) == made.url == made
    assert "address to open" in made._repr_mimebundle_()["text/plain"]  # in a cell it is a card
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own bytes
        assert (again, again.state, again.code_verifier) == (made, made.state, made.code_verifier)


def test_what_is_asked_for_can_be_chosen() -> None:
    made, query = asked(
        scopes=["openid", EMAIL_SCOPE], state="mine", offline=False, login_hint="ada@example.com"
    )
    assert made.state == "mine"
    assert (query["scope"], query["state"], query["login_hint"]) == (
        f"openid {EMAIL_SCOPE}",
        "mine",
        "ada@example.com",
    )
    assert not {"access_type", "prompt"} & set(query)


@pytest.mark.parametrize(
    ("client", "back", "options", "match"),
    [
        ("", BACK, {}, "client_id is missing"),
        (CLIENT, "urn:ietf:wg:oauth:2.0:oob", {}, "not a valid redirect address"),
        (CLIENT, "http://example.com/back", {}, "travel unencrypted"),
        (CLIENT, f"{BACK}?state=1", {}, "state"),
        (CLIENT, f"{BACK}#x", {}, "not a valid redirect address"),
        (CLIENT, None, {}, "redirect_uri must be a string"),
        (CLIENT, BACK, {"auth_uri": "accounts.google.com"}, "not the http"),
        (CLIENT, BACK, {"token_uri": "http://example.com/token"}, "plain-http"),
        (CLIENT, BACK, {"scopes": 5}, "scopes must be"),
        (CLIENT, BACK, {"scopes": ["openid", 5]}, "a list of strings"),
        (CLIENT, BACK, {"state": ""}, "state must be a string"),
        (CLIENT, "http://[::1", {}, "not a valid redirect address"),
    ],
)
def test_what_cannot_work_is_refused_at_once(client: str, back: str, options: Any, match: str) -> None:
    with pytest.raises(ct.ConfigError, match=match):
        ct.oauth.authorization_url(client, back, **options)


@pytest.mark.parametrize("code", [None, "", " ", 5])
def test_without_a_code_or_a_refresh_token_nothing_is_asked(code: Any) -> None:
    with scripted(answer(200, GIVEN)) as server:
        at = f"{server.url}/token"
        with pytest.raises(ct.ConfigError, match="code must be a string"):
            ct.oauth.exchange_code(code, client_id=CLIENT, redirect_uri=BACK, token_uri=at)
        with pytest.raises(ct.ConfigError, match="no refresh token"):
            ct.oauth.refresh(5, client_id=CLIENT, token_uri=at)  # type: ignore[arg-type]
        with pytest.raises(ct.ConfigError, match="scopes must be"):
            ct.oauth.refresh(REFRESH, client_id=CLIENT, scopes=5, token_uri=at)  # type: ignore[arg-type]
    assert server.requests == []


def test_a_code_becomes_tokens_that_stay_secret() -> None:
    with scripted(answer(200, GIVEN)) as server:
        made = ct.oauth.authorization_url(CLIENT, BACK, token_uri=f"{server.url}/token")
        back = f"{BACK}?{urlencode({'state': made.state, 'code': CODE, 'scope': 'a b'})}"
        before = datetime.now(UTC)
        token = made.exchange(back, SECRET)
        assert form(server) == {
            "grant_type": "authorization_code",
            "code": CODE,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uri": BACK,
            "code_verifier": made.code_verifier,
        }
    assert (token.access_token, token.refresh_token, token.token_type, token.scope) == (
        "ya29.given", REFRESH, "Bearer", "a b",
    )  # fmt: skip
    assert token.expiration is not None
    assert timedelta(0) <= token.expiration - before - timedelta(seconds=3599) < timedelta(seconds=30)
    assert not token.is_expired
    shown = repr(token) + str(token) + token._repr_html_() + repr([token]) + repr(list(token.__rich_repr__()))
    assert not any(secret in shown for secret in ("ya29.given", REFRESH, SECRET))


@pytest.mark.parametrize("secret", [SECRET, ""])
def test_credentials_of_a_token_refresh_themselves_when_a_call_is_refused(secret: str) -> None:
    queue = "projects/p/locations/us-central1/queues/q"
    again = {"access_token": "ya29.again", "expires_in": 3599}
    unauthenticated = answer(401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "no"}})
    with (
        scripted(answer(200, again)) as endpoint,
        scripted(unauthenticated, answer(200, {"name": queue})) as service,
    ):
        token = ct.oauth.Token(
            access_token="ya29.given",
            refresh_token=REFRESH,
            client_id=CLIENT,
            client_secret=secret,
            expiration=datetime.now(UTC) + timedelta(hours=1),
            token_uri=f"{endpoint.url}/token",
        )
        assert isinstance(token.credentials(), Credentials)
        with ct.connect("p", "us-central1", endpoint=service.url, credentials=token) as client:
            assert client.queue("q").id == "q"
        assert [
            line
            for request in service.requests
            for line in request.splitlines()
            if line.lower().startswith("auth")
        ] == ["authorization: Bearer ya29.given", "authorization: Bearer ya29.again"]
        assert form(endpoint)["refresh_token"] == REFRESH


def test_a_refresh_keeps_what_the_answer_leaves_out_and_outlasts_a_short_failure() -> None:
    again = {"access_token": "ya29.again", "expires_in": 60}
    with scripted(refused("internal_failure", status=500), b"", answer(200, again)) as server:
        token = ct.oauth.Token(
            refresh_token=REFRESH,
            scope="a b",
            client_id=CLIENT,
            client_secret=SECRET,
            token_uri=f"{server.url}/token",
        )
        fresh = ct.oauth.refresh(token)
        assert (fresh.access_token, fresh.refresh_token, fresh.scope) == ("ya29.again", REFRESH, "a b")
        assert form(server) == {
            "grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": CLIENT, "client_secret": SECRET,
        }  # fmt: skip
        assert len(server.requests) == 3
        ct.oauth.refresh(REFRESH, client_id="other", scopes=["a"], token_uri=f"{server.url}/token")
        assert form(server) == {
            "grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": "other", "scope": "a",
        }  # fmt: skip
    with scripted(answer(200, {"access_token": "ya29.again", "expires_in": 1e300})) as server:
        fresh = ct.oauth.refresh(REFRESH, client_id=CLIENT, token_uri=f"{server.url}/token")
        assert (fresh.access_token, fresh.expiration) == ("ya29.again", None)
    with pytest.raises(ct.ConfigError, match="no refresh token"):
        ct.oauth.refresh(ct.oauth.Token(access_token="ya29.given"))


@pytest.mark.parametrize(
    ("error", "description", "status", "words"),
    [
        ("invalid_grant", "Malformed auth code.", 400, "percent-encoded"),
        ("invalid_grant", "Bad Request", 400, "works once"),
        ("invalid_grant", "Token has been expired or revoked.", 400, "7 days"),
        ("redirect_uri_mismatch", "Bad Request", 400, "register exactly"),
        ("invalid_client", "Unauthorized", 401, "belong together"),
        ("unauthorized_client", "Unauthorized", 401, "another client_id"),
        ("invalid_scope", "Bad Request", 400, "in full"),
        ("unsupported_grant_type", "Invalid grant_type: x", 400, "token_uri"),
        ("something_new", "", 400, "sign_in"),
    ],
)
def test_every_refusal_is_an_auth_error_with_the_next_step(
    error: str, description: str, status: int, words: str
) -> None:
    said = f"{description} {CODE} {SECRET} verifier-of-mine"
    with scripted(refused(error, said, status)) as server:
        with pytest.raises(ct.AuthError) as caught:
            ct.oauth.exchange_code(
                CODE, client_id=CLIENT, client_secret=SECRET, redirect_uri=BACK, code_verifier="verifier-of-mine",
                token_uri=f"{server.url}/token",
            )  # fmt: skip
        assert len(server.requests) == 1
    assert error in caught.value.message
    assert words in (caught.value.hint or "")
    assert not any(secret in str(caught.value) for secret in (CODE, SECRET, "verifier-of-mine"))


def test_a_code_is_asked_for_once_even_when_the_answer_is_lost() -> None:
    with scripted(b"") as server:
        with pytest.raises(ct.TransportError) as caught:
            ct.oauth.exchange_code(CODE, client_id=CLIENT, redirect_uri=BACK, token_uri=f"{server.url}/token")
        assert len(server.requests) == 1
    assert "used already" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "page", [answer(200, b"<html>", content_type="text/html"), answer(200, {"token": 1})]
)
def test_an_answer_without_a_token_is_said(page: bytes) -> None:
    with scripted(page) as server, pytest.raises(ct.AuthError, match="without a token"):
        ct.oauth.exchange_code(CODE, client_id=CLIENT, redirect_uri=BACK, token_uri=f"{server.url}/token")


def test_secrets_do_not_follow_a_redirect_and_do_not_travel_in_the_clear() -> None:
    with scripted(answer(200, GIVEN)) as trap:
        away = answer(307, {}, Location=f"{trap.url}/token")
        with scripted(away) as server:
            with pytest.raises(ct.AuthError):
                ct.oauth.refresh(REFRESH, client_id=CLIENT, token_uri=f"{server.url}/token")
            token = ct.oauth.Token(
                refresh_token=REFRESH, client_id=CLIENT, client_secret=SECRET, token_uri=f"{server.url}/token"
            )
            with (
                pytest.raises(ct.CloudTasksError),
                ct.connect("p", endpoint=server.url, credentials=token) as client,
            ):
                client.locations()
        assert trap.requests == []
    for clear in ("http://example.com/token", "oauth2.googleapis.com"):
        with pytest.raises(ct.ConfigError):
            ct.oauth.exchange_code(CODE, client_id=CLIENT, redirect_uri=BACK, token_uri=clear)
        with pytest.raises(ct.ConfigError):
            ct.oauth.Token(refresh_token=REFRESH, token_uri=clear).credentials()


@pytest.mark.parametrize(
    ("address", "match"),
    [
        ("{back}?state=other&code=4/x", "another request"),
        ("{back}?code=4/x", "no state"),
        ("4/0Acode", "no state"),
        ("", "no state"),
        ("{back}?state={state}", "no code parameter"),
        ("{back}?state={state}&error=access_denied", "access_denied"),
        ("{back}?state={state}&error=admin_policy_enforced", "admin_policy_enforced"),
    ],
)
def test_an_address_that_does_not_answer_the_question_is_refused(address: str, match: str) -> None:
    made, _ = asked()
    with pytest.raises(ct.AuthError, match=match) as caught:
        made.code_from(address.format(back=BACK, state=made.state))
    assert caught.value.hint
    assert made.state not in str(caught.value)
    assert made.code_from(f" {BACK}?code=4%2F0A&state={made.state}\n") == "4/0A"


@pytest.mark.parametrize("down", [answer(503, b"", Retry_After="0"), refused("temporarily_unavailable")])
def test_a_sign_in_server_that_is_down_refuses_nobody(down: bytes) -> None:
    with scripted(down) as server:
        at = f"{server.url}/token"
        with pytest.raises(ct.Unavailable) as caught:
            ct.oauth.exchange_code(CODE, client_id=CLIENT, redirect_uri=BACK, token_uri=at)
        assert "used already" in (caught.value.hint or "")
        assert len(server.requests) == 1
        with pytest.raises(ct.Unavailable, match="sign-in server is unavailable") as caught:
            ct.oauth.refresh(REFRESH, client_id=CLIENT, token_uri=at)
        assert caught.value.tries == len(server.requests) - 1 == 3
