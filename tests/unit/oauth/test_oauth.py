"""The authorization-code flow: what a person is asked, what comes back, what is refused, what stays secret."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import pickle
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from google.oauth2.credentials import Credentials

import cloudtasks_nb as ct
from cloudtasks_nb.oauth import signing_in as walking
from cloudtasks_nb.oauth.loopback import Loopback
from tests.scripted import Scripted, answer, scripted

BACK = "http://localhost:8085/"
CLIENT = "1234.apps.googleusercontent.com"
SECRET, CODE, REFRESH = "client-secret-of-mine", "4/0Acode-of-mine", "1//0refresh-of-mine"
GIVEN = {
    "access_token": "ya29.given",
    "expires_in": 3599,
    "token_type": "Bearer",
    "scope": "a b",
    "refresh_token": REFRESH,
}
EMAIL_SCOPE = "https://www.googleapis.com/auth/userinfo.email"


def form(server: Scripted, at: int = -1) -> dict[str, str]:
    head, _, body = server.requests[at].partition("\r\n\r\n")
    assert head.startswith("POST /token HTTP/1.1")
    assert "application/x-www-form-urlencoded" in head
    return {name: values[0] for name, values in parse_qs(body).items()}


def refused(error: str, description: str = "", status: int = 400) -> bytes:
    return answer(status, {"error": error, "error_description": description})


def asked(**options: Any) -> tuple[ct.oauth.Authorization, dict[str, str]]:
    made = ct.oauth.authorization_url(CLIENT, BACK, **options)
    return made, {name: values[0] for name, values in parse_qs(urlsplit(made.url).query).items()}


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
        scopes=["openid", EMAIL_SCOPE], state="mine", pkce=False, offline=False, login_hint="ada@example.com"
    )
    assert (made.state, made.code_verifier) == ("mine", "")
    assert (query["scope"], query["state"], query["login_hint"]) == (
        f"openid {EMAIL_SCOPE}",
        "mine",
        "ada@example.com",
    )
    assert not {"code_challenge", "access_type", "prompt"} & set(query)


@pytest.mark.parametrize(
    ("client", "back", "options", "match"),
    [
        ("", BACK, {}, "client_id is missing"),
        (CLIENT, "urn:ietf:wg:oauth:2.0:oob", {}, "cannot be come back to"),
        (CLIENT, "http://example.com/back", {}, "in the clear"),
        (CLIENT, f"{BACK}?state=1", {}, "state"),
        (CLIENT, f"{BACK}#x", {}, "cannot be come back to"),
        (CLIENT, None, {}, "cannot be come back to"),
        (CLIENT, BACK, {"auth_uri": "accounts.google.com"}, "not the http"),
        (CLIENT, BACK, {"token_uri": "http://example.com/token"}, "plain-http"),
        (CLIENT, BACK, {"scopes": 5}, "scopes=5"),
        (CLIENT, BACK, {"scopes": ["openid", 5]}, "neither text nor a list"),
        (CLIENT, BACK, {"state": ""}, "state is not a text"),
        (CLIENT, "http://[::1", {}, "cannot be come back to"),
    ],
)
def test_what_cannot_work_is_refused_at_once(client: str, back: str, options: Any, match: str) -> None:
    with pytest.raises(ct.ConfigError, match=match):
        ct.oauth.authorization_url(client, back, **options)


@pytest.mark.parametrize("code", [None, "", " ", 5])
def test_without_a_code_or_a_refresh_token_nothing_is_asked(code: Any) -> None:
    with scripted(answer(200, GIVEN)) as server:
        at = f"{server.url}/token"
        with pytest.raises(ct.ConfigError, match="no code"):
            ct.oauth.exchange_code(code, client_id=CLIENT, redirect_uri=BACK, token_uri=at)
        with pytest.raises(ct.ConfigError, match="no refresh token"):
            ct.oauth.refresh(5, client_id=CLIENT, token_uri=at)  # type: ignore[arg-type]
        with pytest.raises(ct.ConfigError, match="scopes="):
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


def test_credentials_of_a_token_refresh_themselves_when_a_call_is_refused() -> None:
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
            client_secret=SECRET,
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
    assert "used up" in (caught.value.hint or "")


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
        ("{back}?state=other&code=4/x", "another question"),
        ("{back}?code=4/x", "no state"),
        ("4/0Acode", "no state"),
        ("", "no state"),
        ("{back}?state={state}", "no code"),
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


def person(answers: dict[str, str], visited: list[int]) -> Any:
    """A browser whose person agrees at once, after a stranger knocked."""

    def visit(url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = query["redirect_uri"]
        for given in ({}, {"state": "guessed", "code": "4/evil"}, {"state": query["state"], **answers}):
            visited.append(requests.get(back, params=given, timeout=20).status_code)

    return visit


def test_signing_in_comes_back_to_this_machine(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with scripted(answer(200, GIVEN)) as server:
        file = tmp_path / "client.json"
        installed = {"client_id": CLIENT, "client_secret": SECRET, "token_uri": f"{server.url}/token"}
        file.write_text(json.dumps({"installed": installed}))
        visited: list[int] = []
        token = ct.oauth.sign_in(
            file, open_browser=person({"code": CODE}, visited), loopback=True, timeout=20
        )
        sent = form(server)
    assert token.access_token == "ya29.given"
    assert visited == [400, 400, 200]
    assert (sent["code"], sent["client_secret"]) == (CODE, SECRET)
    assert sent["redirect_uri"].startswith("http://127.0.0.1:")
    printed = capsys.readouterr().out
    assert "https://accounts.google.com/o/oauth2/v2/auth?" in printed
    assert not any(secret in printed for secret in (CODE, SECRET, sent["code_verifier"], "ya29"))


def test_a_person_who_says_no_or_stays_away_is_an_auth_error() -> None:
    with pytest.raises(ct.AuthError, match="access_denied"):
        ct.oauth.sign_in(
            CLIENT, open_browser=person({"error": "access_denied"}, []), loopback=True, timeout=20
        )
    with pytest.raises(ct.AuthError, match="Nobody came back") as caught:
        ct.oauth.sign_in(CLIENT, open_browser=lambda url: None, loopback=True, timeout=0.01)
    assert "loopback=False" in (caught.value.hint or "")


def test_where_the_browser_is_elsewhere_the_address_is_pasted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")

    def paste(prompt: str) -> str:
        url = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("https://"))
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return f"{query['redirect_uri']}?{urlencode({'state': query['state'], 'code': CODE})}"

    monkeypatch.setattr("getpass.getpass", paste)
    with scripted(answer(200, GIVEN)) as server:
        token = ct.oauth.sign_in(CLIENT, SECRET, token_uri=f"{server.url}/token")
        assert form(server)["redirect_uri"] == "http://localhost:8085/"
    assert token.refresh_token == REFRESH


@pytest.mark.parametrize("given", [{"type": "service_account"}, {}, Path("no-such.json"), "no-such.json"])
def test_what_is_no_oauth_client_is_said(given: Any) -> None:
    with pytest.raises(ct.ConfigError):
        walking.client_file(given)


def test_only_one_answer_is_taken_and_the_port_is_free_again() -> None:
    with Loopback() as server:
        url = server.url
        server.expect("right")
        threads = [
            threading.Thread(
                target=requests.get, args=(f"{url}?state=right&code={n}",), kwargs={"timeout": 20}
            )
            for n in range(3)
        ]
        for thread in threads:
            thread.start()
        first = server.wait(20)
        for thread in threads:
            thread.join()
        assert server.wait(20) == first
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_signing_in_asks_as_the_address_does() -> None:
    seen: list[str] = []
    with pytest.raises(ct.AuthError, match="Nobody came back"):
        ct.oauth.sign_in(
            CLIENT, open_browser=seen.append, loopback=True, timeout=0.01, login_hint="ada@example.com",
            auth_uri="https://login.example.com/auth", offline=False,
        )  # fmt: skip
    parts = urlsplit(seen[0])
    query = parse_qs(parts.query)
    assert (parts.netloc, query["login_hint"], "access_type" in query) == (
        "login.example.com", ["ada@example.com"], False,
    )  # fmt: skip
    for ask in (ct.oauth.sign_in, lambda client, **how: ct.oauth.authorization_url(client, BACK, **how)):
        with pytest.raises(TypeError, match="unexpected keyword argument 'loginhint'"):
            ask(CLIENT, loginhint="ada@example.com")
