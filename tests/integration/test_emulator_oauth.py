"""The emulator's authorization server: consent, codes, tokens, and error messages."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport.requests import Request
from google.oauth2 import credentials as oauth_credentials
from google.oauth2 import service_account

from tests.emulator_process import EmulatorProcess
from tests.integration.test_enforced_iam import jwt

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
BACK = "http://localhost:8888/back?x=1"
QUEUES = "/v2beta2/projects/local/locations/us-central1/queues"
CLIENT = {"client_id": "app", "client_secret": "s3cret"}
ASKED = {"client_id": "app", "redirect_uri": BACK, "response_type": "code", "scope": SCOPE, "state": "st<1>"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    flags = (
        "--grant=roles/owner=ada@example.com",
        "--oauth-client=app=s3cret",
        "--oauth-client=other=s3cret",
    )
    with EmulatorProcess("--enforce-iam", *flags, "--clock", "manual") as process:
        yield process.url
        assert process.stop() == ("", "")


def authorize(server: str, **asked: str) -> dict[str, str]:
    """The parameters of the redirect after the person agreed."""
    parameters = {**ASKED, "approve": "1", "email": "ada@example.com", **asked}
    answer = requests.get(f"{server}/auth", params=parameters, allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == "http://localhost:8888/back"
    return dict(parse_qsl(target.query))


def token(server: str, status: int = 200, /, **form: str) -> dict[str, Any]:
    answer = requests.post(f"{server}/token", data={**CLIENT, **form}, timeout=30)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
    return dict(answer.json())


def redeem(server: str, code: str, status: int = 200, /, **form: str) -> dict[str, Any]:
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **form}
    return token(server, status, **asked)


def advance(server: str, by: str) -> None:
    requests.post(f"{server}/emulator/v1/clock:advance", json={"by": by}, timeout=30).raise_for_status()


def listing(server: str, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return requests.get(f"{server}{QUEUES}", headers=headers, timeout=30).status_code


def test_a_person_allows_and_the_token_is_theirs(server: str) -> None:
    page = requests.get(f"{server}/auth", params={**ASKED, "login_hint": "ada@example.com"}, timeout=30)
    assert page.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert (
        page.headers["Referrer-Policy"] == "same-origin"
    )  # a browser with a stricter policy sends "Origin: null"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    form = {name: html.unescape(value) for name, value in fields.items()}
    assert form["email"] == "ada@example.com"
    assert "st<1>" not in page.text
    answer = requests.post(
        f"{server}/auth", data={**form, "decision": "allow"}, allow_redirects=False, timeout=30
    )
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (back["x"], back["state"], back["scope"]) == ("1", "st<1>", SCOPE)
    given = redeem(server, back["code"])
    assert set(given) == {"access_token", "expires_in", "scope", "token_type"}
    assert (given["expires_in"], given["token_type"], given["scope"]) == (3599, "Bearer", SCOPE)
    assert listing(server, given["access_token"]) == 200
    advance(server, "3600s")
    assert listing(server, given["access_token"]) == 401


def test_a_person_denies(server: str) -> None:
    page = requests.post(
        f"{server}/auth", data={**ASKED, "decision": "deny"}, allow_redirects=False, timeout=30
    )
    assert dict(parse_qsl(urlsplit(page.headers["Location"]).query)) == {
        "x": "1",
        "state": "st<1>",
        "error": "access_denied",
    }
    assert authorize(server, approve="0")["error"] == "access_denied"


def test_offline_access_is_refreshed(server: str) -> None:
    given = redeem(server, authorize(server, access_type="offline")["code"])
    again = token(server, grant_type="refresh_token", refresh_token=given["refresh_token"])
    assert again["access_token"] != given["access_token"]
    assert "refresh_token" not in again
    assert listing(server, again["access_token"]) == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert token(server, 400, **refresh, scope="email")["error"] == "invalid_scope"
    assert token(server, 401, **refresh, client_id="other")["error"] == "unauthorized_client"
    requests.post(f"{server}/revoke", data={"token": given["refresh_token"]}, timeout=30).raise_for_status()
    assert token(server, 400, **refresh) == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    assert listing(server, again["access_token"]) == 401


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_a_code_belongs_to_who_asked_for_it(server: str, method: str) -> None:
    verifier = "v" * 43
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"code_challenge": digest if method == "S256" else verifier, "code_challenge_method": method}
    assert redeem(server, authorize(server, **asked)["code"], code_verifier=verifier)["access_token"]
    wrong = redeem(server, authorize(server, **asked)["code"], 400, code_verifier="w" * 43)
    assert wrong == {"error": "invalid_grant", "error_description": "Invalid code verifier."}
    missing = redeem(server, authorize(server, **asked)["code"], 400)
    assert missing == {"error": "invalid_grant", "error_description": "Missing code verifier."}


def test_a_code_is_good_once_and_for_ten_minutes(server: str) -> None:
    code = authorize(server)["code"]
    redeem(server, code)
    used = {"error": "invalid_grant", "error_description": "Bad Request"}
    assert redeem(server, code, 400) == used
    late = authorize(server)["code"]
    advance(server, "600s")
    assert redeem(server, late, 400) == used
    other = authorize(server)["code"]
    mismatch = redeem(server, other, 400, redirect_uri="http://localhost:1/")
    assert mismatch == {"error": "redirect_uri_mismatch", "error_description": "Bad Request"}
    assert redeem(server, other, 400) == used


@pytest.mark.parametrize(
    ("form", "status", "error", "description"),
    [
        ({"grant_type": "magic"}, 400, "unsupported_grant_type", "Invalid grant_type: magic"),
        ({}, 400, "invalid_request", "Required parameter is missing: grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant", "Malformed auth code."),
        ({"grant_type": "authorization_code", "code": "4/none"}, 400, "invalid_grant", "Bad Request"),
        (
            {"grant_type": "refresh_token", "client_id": "none"},
            401,
            "invalid_client",
            "The OAuth client was not found.",
        ),
        ({"grant_type": "refresh_token", "client_secret": "no"}, 401, "invalid_client", "Unauthorized"),
        (
            {"grant_type": "refresh_token", "client_secret": ""},
            400,
            "invalid_request",
            "client_secret is missing.",
        ),
        (
            {"grant_type": "refresh_token", "client_id": ""},
            400,
            "invalid_request",
            "Could not determine client ID",
        ),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant", "Token has been expired or revoked."),
    ],
)
def test_what_is_refused(
    server: str, form: dict[str, str], status: int, error: str, description: str
) -> None:
    answer = token(server, status, **form)
    assert answer["error"] == error
    assert answer["error_description"].startswith(description)


def test_an_application_may_name_itself_in_a_header(server: str) -> None:
    form = {"grant_type": "authorization_code", "code": authorize(server)["code"], "redirect_uri": BACK}
    answer = requests.post(f"{server}/token", data=form, auth=("app", "s3cret"), timeout=30)
    assert answer.json()["token_type"] == "Bearer"
    for header in ("Basic %%%", "Basic", "Basic eDp5"):
        wrong = requests.post(f"{server}/token", data=form, headers={"Authorization": header}, timeout=30)
        assert wrong.status_code in (400, 401)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://["}, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost.evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost@evil.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://evil.example\\@localhost/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost/\r\nSet-Cookie: x=1"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost/\x00", "approve": "1"}, "redirect_uri_mismatch"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"client_id": "<b>none"}, "invalid_client"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"approve": "1", "email": "nobody at all"}, "invalid_request"),
    ],
)
def test_requests_that_no_page_is_shown_for(server: str, asked: dict[str, str], error: str) -> None:
    answer = requests.get(f"{server}/auth", params={**ASKED, **asked}, allow_redirects=False, timeout=30)
    assert answer.status_code in (400, 401)
    assert f"Error {answer.status_code}: {error}" in answer.text
    assert "<b>none" not in answer.text


@pytest.mark.parametrize("state", ["a\r\nb", "\x00", "é&=", "x" * 5000])
def test_a_state_comes_back_whatever_it_holds(server: str, state: str) -> None:
    assert authorize(server, state=state)["state"] == state


def key_file(server: str) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "local",
        "private_key": pem.decode(),
        "client_email": "bot@local.iam.gserviceaccount.com",
        "token_uri": f"{server}/token",
    }


def test_googles_library_signs_in_with_a_key_file(emulator: str) -> None:
    credentials = service_account.Credentials.from_service_account_info(key_file(emulator), scopes=[SCOPE])
    credentials.refresh(Request())
    assert credentials.token.startswith("ya29.")
    assert credentials.valid


def test_googles_library_refreshes(emulator: str) -> None:
    answer = requests.get(
        f"{emulator}/auth",
        params={**ASKED, "access_type": "offline", "approve": "1"},
        allow_redirects=False,
        timeout=30,
    )
    code = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]
    given = redeem(emulator, code)
    credentials = oauth_credentials.Credentials(
        token=None, refresh_token=given["refresh_token"], token_uri=f"{emulator}/token", **CLIENT
    )
    credentials.refresh(Request())
    assert credentials.token.startswith("ya29.")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "nobody"}, "invalid_grant"),
        ({"iss": "ada@example.com"}, "invalid_grant"),
        ({"scope": ""}, "invalid_scope"),
        ({"exp": 5}, "invalid_grant"),
        ({"exp": 9_999_999_999}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
        ({"sub": "nobody"}, "invalid_grant"),
    ],
)
def test_assertions_that_are_refused(server: str, claims: dict[str, Any], error: str) -> None:
    now = requests.get(f"{server}/emulator/v1/info", timeout=30).json()["time"]
    at = int(datetime.fromisoformat(now).timestamp())
    good = {"iss": "bot@p.iam.gserviceaccount.com", "scope": SCOPE, "iat": at, "exp": at + 3600}
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert token(server, grant_type=grant, assertion=jwt(**good))["token_type"] == "Bearer"
    assert token(server, 400, grant_type=grant, assertion=jwt(**{**good, **claims}))["error"] == error
    assert token(server, 400, grant_type=grant, assertion="x.y.z")["error"] == "invalid_grant"


def test_tokens_survive_a_restart_as_digests_only(tmp_path: Any) -> None:
    file = tmp_path / "queues.db"
    with EmulatorProcess(data=file) as process:
        answer = requests.get(
            f"{process.url}/auth",
            params={**ASKED, "access_type": "offline", "approve": "1"},
            allow_redirects=False,
            timeout=30,
        )
        given = redeem(process.url, dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"])
        process.stop()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert given["access_token"].encode() not in held
    assert given["refresh_token"].encode() not in held
    with EmulatorProcess("--enforce-iam", "--grant=roles/owner=developer@example.com", data=file) as process:
        assert listing(process.url, given["access_token"]) == 200
        again = token(process.url, grant_type="refresh_token", refresh_token=given["refresh_token"])
        assert listing(process.url, again["access_token"]) == 200
