"""The guided sign-in: the browser is redirected to this machine, or its address is pasted."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.oauth import signing_in as walking
from cloudtasks_nb.oauth.loopback import Loopback
from tests.scripted import answer, scripted

from .conftest import BACK, CLIENT, CODE, GIVEN, REFRESH, SECRET, form


def person(answers: dict[str, str], visited: list[int]) -> Any:
    """A browser that agrees at once, after an unrelated request."""

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
    with pytest.raises(ct.AuthError, match="was not redirected") as caught:
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
    with Loopback("right") as server:
        url = server.url
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
    with pytest.raises(ct.AuthError, match="was not redirected"):
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
