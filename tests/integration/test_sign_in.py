"""The whole sign-in against the emulator's authorization server: consent, tokens, calls, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import requests

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess

ADA, BOB = "ada@example.com", "bob@example.com"
CLIENT, SECRET = "app", "s3cret"
BACK = "http://localhost:8888/back"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with EmulatorProcess(
        "--enforce-iam",
        f"--grant=roles/owner={ADA}",
        f"--oauth-client={CLIENT}={SECRET}",
        "--clock",
        "manual",
    ) as process:
        yield process.url
        assert process.stop() == ("", "")


def agrees(email: str):  # type: ignore[no-untyped-def]
    """A browser that agrees at once, and follows the redirect to the application."""

    def visit(url: str) -> str:
        answer = requests.get(
            f"{url}&{urlencode({'approve': '1', 'email': email})}", timeout=30, allow_redirects=False
        )
        back = answer.headers["Location"]
        if "127.0.0.1" in back:
            assert requests.get(back, timeout=30).status_code == 200
        return back

    return visit


def sign_in(server: str, email: str = ADA) -> ct.oauth.Token:
    return ct.oauth.sign_in(
        CLIENT,
        SECRET,
        auth_uri=f"{server}/auth",
        token_uri=f"{server}/token",
        open_browser=agrees(email),
        loopback=True,
        timeout=30,
    )


def advance(server: str, by: str) -> None:
    requests.post(f"{server}/emulator/v1/clock:advance", json={"by": by}, timeout=30).raise_for_status()


def test_who_signed_in_may_call_and_stays_signed_in(server: str) -> None:
    token = sign_in(server)
    assert token.refresh_token
    assert token.scope == "https://www.googleapis.com/auth/cloud-platform"
    with ct.connect("local", "us-central1", endpoint=server, credentials=token) as client:
        queue = client.create_queue("mine")
        advance(server, "7200s")  # only the emulator knows that the access token has expired
        assert queue.refresh().id == "mine"
        with client.batch() as batch:
            batch.add(queue.pause)
        assert queue.state == "PAUSED"
    fresh = ct.oauth.refresh(token)
    assert fresh.access_token != token.access_token
    assert fresh.refresh_token == token.refresh_token


def test_who_may_not_is_told_what_to_ask_for(server: str) -> None:
    token = sign_in(server, BOB)
    with ct.connect("local", "us-central1", endpoint=server, credentials=token) as client:
        with pytest.raises(ct.PermissionDenied) as caught:
            client.create_queue("his")
        hint = caught.value.hint or ""
        assert "cloudtasks.queues.create" in hint
        for role in ("roles/cloudtasks.queueAdmin", "roles/cloudtasks.admin", "roles/owner"):
            assert role in hint


def test_a_policy_lets_somebody_in(server: str) -> None:
    with ct.connect("local", "us-central1", endpoint=server, credentials=sign_in(server)) as ada:
        queue = ada.create_queue("shared")
        queue.change_iam_policy(lambda policy: policy.grant("roles/cloudtasks.viewer", f"user:{BOB}"))
    with ct.connect("local", "us-central1", endpoint=server, credentials=sign_in(server, BOB)) as bob:
        theirs = bob.queue("shared")
        held = theirs.test_iam_permissions()
        assert "cloudtasks.queues.get" in held
        assert "cloudtasks.queues.purge" in held.missing
        with pytest.raises(ct.PermissionDenied, match=r"cloudtasks\.queues\.purge"):
            theirs.purge()


def test_a_token_of_the_calls_own_says_who_calls(server: str) -> None:
    token = sign_in(server)
    with ct.connect("local", "us-central1", endpoint=server) as anonymous:
        read = anonymous.api.projects.locations.queues.list
        with pytest.raises(ct.Unauthenticated):
            read("projects/local/locations/us-central1")
        for name in ("access_token", "oauth_token", "bearer_token"):
            assert isinstance(
                read("projects/local/locations/us-central1", **{name: token.access_token}), dict
            )


def test_every_refusal_says_what_to_do(server: str) -> None:
    asked = ct.oauth.authorization_url(CLIENT, BACK, auth_uri=f"{server}/auth", token_uri=f"{server}/token")
    code = asked.code_from(agrees(ADA)(asked.url))
    redeem = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uri": BACK,
        "token_uri": f"{server}/token",
    }
    with pytest.raises(ct.AuthError, match="invalid_grant"):
        ct.oauth.exchange_code(code, **redeem, code_verifier="of-somebody-else")
    with pytest.raises(ct.AuthError, match="invalid_grant"):  # it was used, even if the request failed
        ct.oauth.exchange_code(code, **redeem, code_verifier=asked.code_verifier)
    code = asked.code_from(agrees(ADA)(asked.url))
    with pytest.raises(ct.AuthError, match="redirect_uri_mismatch") as caught:
        ct.oauth.exchange_code(
            code, **(redeem | {"redirect_uri": f"{BACK}/"}), code_verifier=asked.code_verifier
        )
    assert "register exactly" in (caught.value.hint or "")
    with pytest.raises(ct.AuthError, match="invalid_client"):
        ct.oauth.exchange_code(code, **(redeem | {"client_secret": "wrong"}))
    with pytest.raises(ct.AuthError, match="invalid_grant"):
        ct.oauth.refresh(
            "1//0never-given", client_id=CLIENT, client_secret=SECRET, token_uri=f"{server}/token"
        )
