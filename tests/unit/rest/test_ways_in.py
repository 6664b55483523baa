"""Credentials: files, dicts, tokens, other accounts; errors do not show the rejected value."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import cloudtasks_nb as ct
from cloudtasks_nb.rest.auth import bare_token, credentials_auth
from cloudtasks_nb.rest.key_files import impersonated, project_of, to_credentials
from tests.scripted import answer, scripted

WORKER = "worker@my-project.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def info(key: str, token_uri: str) -> dict[str, str]:
    return {
        "type": "service_account",
        "project_id": "my-project",
        "client_email": WORKER,
        "private_key_id": "1",
        "private_key": key,
        "token_uri": token_uri,
    }


@pytest.mark.parametrize("as_file", [True, False])
def test_a_service_accounts_key_signs_in(key: str, tmp_path: Path, as_file: bool) -> None:
    given = {"access_token": "ya29.worker", "expires_in": 3599}
    with scripted(answer(200, given)) as endpoint, scripted(answer(200, {})) as service:
        held: Any = info(key, f"{endpoint.url}/token")
        if as_file:
            (tmp_path / "key.json").write_text(json.dumps(held))
            held = tmp_path / "key.json"
        # For the real service, a self-signed token is enough; here, the scope causes a request for a token.
        with ct.connect(endpoint=service.url, credentials=held) as client:
            assert (client.project, client.identity) == ("my-project", WORKER)
            client.locations()
        assert "assertion=" in endpoint.requests[0]
        assert "authorization: Bearer ya29.worker" in service.requests[0]
    assert key[40:80] not in repr(client) + str(client)


def test_application_default_credentials_name_who_calls_and_the_project(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.json").write_text(json.dumps(info(key, "https://oauth2.example.com/token")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.delenv("CLOUD_TASKS_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("CLOUDTASKS_EMULATOR_HOST", raising=False)
    with ct.connect(location="us-central1", quota_project="who-pays") as client:
        assert (client.project, client.identity) == ("my-project", WORKER)
        assert client.endpoint == "https://cloudtasks.googleapis.com"
    with ct.connect(impersonate="other@p2.iam.gserviceaccount.com") as client:
        assert (client.project, client.identity) == ("my-project", "other@p2.iam.gserviceaccount.com")


def test_whose_quota_is_used_is_sent_along() -> None:
    with scripted(answer(200, {})) as service:
        with ct.connect(
            "p", endpoint=service.url, access_token="ya29.mine", quota_project="who-pays"
        ) as client:
            client.locations()
        assert "X-Goog-User-Project: who-pays" in service.requests[0]
        with ct.connect("p", endpoint=service.url, api_key="AIza-mine") as client:
            client.locations()
        assert "X-Goog-Api-Key: AIza-mine" in service.requests[1]
        assert "AIza-mine" not in service.requests[1].partition("\r\n")[0]


def test_gclouds_own_file_signs_in() -> None:
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "1//0r"}
    credentials = to_credentials(user)
    assert credentials.refresh_token == "1//0r"
    assert project_of(credentials) is None


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ("ya29.not-a-path", "cannot be read"),
        ("{}", "cannot be read"),
        ({"type": "external_account"}, "not a file, a URL or AWS"),
        ({"type": "gdch_service_account"}, "of type 'gdch_service_account'"),
        ({"type": "secret value"}, "without a type"),
        ({}, "without a type"),
        ({"installed": {"client_id": "c"}}, "OAuth client"),
        ({"type": "service_account", "token_uri": "http://example.com/token"}, "plain-http"),
        (7, "must be google-auth credentials"),
    ],
)
def test_what_holds_no_credentials_is_refused_unseen(given: Any, match: str) -> None:
    with pytest.raises(ct.ConfigError, match=match) as caught:
        ct.connect("p", credentials=given)
    assert caught.value.hint
    assert "ya29" not in str(caught.value)
    assert "secret value" not in str(caught.value)


def test_a_broken_key_is_an_auth_error_that_shows_nothing_of_it() -> None:
    broken = info(
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LXN0dWZm\n-----END PRIVATE KEY-----", "https://x.example/token"
    )
    for held in (broken, {"type": "authorized_user", "client_secret": "c2VjcmV0LXN0dWZm"}):
        with pytest.raises(ct.AuthError, match=r"is not valid|lacks") as caught:
            ct.connect("p", credentials=held)
        assert "c2VjcmV0" not in str(caught.value)


def test_another_account_is_acted_for() -> None:
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"accessToken": "ya29.worker", "expireTime": expires}
    with scripted(answer(200, given)) as iam:
        source = bare_token("ya29.mine")
        auth = credentials_auth(
            impersonated(source, ["step@p.iam.gserviceaccount.com", WORKER], iam_endpoint=iam.url)
        )
        assert (
            auth.headers("GET", "https://cloudtasks.googleapis.com/")["authorization"] == "Bearer ya29.worker"
        )
        assert auth.identity == WORKER
        head, _, body = iam.requests[0].partition("\r\n\r\n")
    assert "Bearer ya29.mine" in head
    assert json.loads(body)["delegates"] == ["projects/-/serviceAccounts/step@p.iam.gserviceaccount.com"]


def test_whoever_is_acted_for_names_the_project() -> None:
    client = ct.connect(access_token="ya29.mine", impersonate=WORKER)
    assert (client.project, client.identity) == ("my-project", WORKER)
    client.close()


@pytest.mark.parametrize("account", ["worker", "", [], [WORKER, 7], 7, b"a@b"])
def test_what_is_no_account_is_refused(account: Any) -> None:
    with pytest.raises(
        ct.ConfigError, match=r"is not a service account|impersonate must be a string or a list of strings"
    ):
        ct.connect("p", access_token="ya29.mine", impersonate=account)
    with pytest.raises(ct.ConfigError, match="API key"):
        ct.connect("p", api_key="k", impersonate=WORKER)


def test_without_an_account_colab_is_told_its_own_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    with pytest.raises(ct.AuthError) as caught:
        ct.connect("p")
    assert "from google.colab import auth; auth.authenticate_user()" in (caught.value.hint or "")
