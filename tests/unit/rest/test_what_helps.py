"""Hints that fit the case: these credentials, this file, this batch, these fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.oauth.signing_in import client_file
from cloudtasks_nb.rest.hints import hint_for
from tests.scripted import answer, refusal, scripted

REFUSED = refusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
NAME = "projects/p/locations/us-central1/queues/emails"


def test_a_bad_access_token_is_no_matter_of_gcloud() -> None:
    with scripted(REFUSED) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url, access_token="t")
        with client, pytest.raises(ct.Unauthenticated) as caught:
            client.queue("emails")
    assert "pass a new one, ct.connect(access_token=...)" in str(caught.value.hint)
    assert "gcloud" not in str(caught.value)
    with (
        scripted(REFUSED) as server,
        ct.connect("p", endpoint=server.url) as client,
        pytest.raises(ct.Unauthenticated) as caught,
    ):
        client.api.projects.locations.queues.get(NAME, access_token="t")
    assert "token of this call" in str(caught.value.hint)


def test_the_same_is_said_of_a_call_in_a_batch() -> None:
    body = b'{"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "no"}}'
    part = (
        b"--sep\r\nContent-Type: application/http\r\nContent-ID: <response-x + 0>\r\n\r\nHTTP/1.1 401 X\r\n"
        b"Content-Type: application/json\r\n\r\n" + body + b"\r\n--sep--\r\n"
    )
    multipart = answer(200, part, content_type="multipart/mixed; boundary=sep")
    with scripted(multipart) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url, access_token="t")
        with client, client.batch() as batch:
            item = batch.add(client.queue, "emails")
    assert "pass a new one" in str(getattr(item.error, "hint", ""))


@pytest.mark.parametrize(
    ("info", "lacks", "advice"),
    [
        ({"type": "authorized_user", "client_id": "c"}, "client_secret, refresh_token", "sign in again"),
        (
            {"type": "authorized_user"},
            "client_id, client_secret, refresh_token",
            "sign in again",
        ),
        ({"type": "service_account", "client_email": "a@b"}, "private_key", "download the key again"),
    ],
)
def test_credentials_that_are_not_whole_say_what_they_lack(
    info: dict[str, Any], lacks: str, advice: str
) -> None:
    with pytest.raises(ct.AuthError, match=f"lacks {lacks}") as caught:
        ct.connect("p", credentials=info)
    assert advice in str(caught.value.hint)


@pytest.mark.parametrize("held", [[], [{}], 7, "text", None, {"type": 7}, {"type": []}, {}])
def test_an_adc_file_that_holds_something_else_is_an_error_that_says_so(
    held: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "adc.json"
    path.write_text(json.dumps(held))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(ct.AuthError) as caught:
        ct.connect("p")
    assert "credentials" in caught.value.message and "gcloud auth application-default login" in str(
        caught.value.hint
    )


@pytest.mark.parametrize("kind", ["service_account", "authorized_user", "external_account"])
def test_signing_in_with_credentials_instead_of_a_client_is_refused_in_words(
    kind: str, tmp_path: Path
) -> None:
    info = {"type": kind, "client_id": "1", "private_key": "SECRET"}
    (tmp_path / "key.json").write_text(json.dumps(info))
    for given in (info, tmp_path / "key.json", str(tmp_path / "key.json")):
        with pytest.raises(ct.ConfigError, match=f"holds credentials .*{kind}") as caught:
            ct.oauth.sign_in(given)
        assert "ct.connect(credentials=path)" in str(caught.value.hint) and "SECRET" not in str(caught.value)
    assert client_file({"installed": {"client_id": "c", "type": "x"}})["client_id"] == "c"


def test_a_batch_whose_block_raised_says_that_it_never_will_be_sent() -> None:
    with scripted(answer(200, {"name": NAME})) as server, ct.connect("p", endpoint=server.url) as client:
        queue = client.queue(NAME)
        batch = client.batch()
        item = batch.add(queue.pause)
        with pytest.raises(ct.ConfigError, match="not sent yet"):
            item.result()
        with pytest.raises(ZeroDivisionError), batch:
            _ = 1 / 0
        for ask in (lambda: batch.results, item.result):
            with pytest.raises(ct.ConfigError, match="with block raised an error") as caught:
                ask()
            assert "another batch" in str(caught.value.hint)


def test_the_useful_sentence_is_not_left_in_the_details() -> None:
    words = "Error expanding 'fields' parameter. Cannot find matching fields for path 'nme'."
    details = [{"fieldViolations": [{"field": "nme", "description": words}]}]
    hint = hint_for(
        "INVALID_ARGUMENT", "Request contains an invalid argument.", details, method="projects.locations.get"
    )
    assert hint == f'{words} client.api.describe("projects.locations.get") lists the fields'
    assert hint_for("INVALID_ARGUMENT", f"Invalid: {words}", details) is None
    strange: list[dict[str, Any]] = [{"fieldViolations": None}, {"fieldViolations": ["x", {}]}, {}]
    assert hint_for("INVALID_ARGUMENT", "no", strange) is None


def test_what_is_passed_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-environment")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    from cloudtasks_nb.rest.key_files import impersonated

    acting = impersonated(
        ct.oauth.Token(access_token="t").credentials(), "bot@of-the-account.iam.gserviceaccount.com"
    )
    with ct.connect(credentials=acting) as client:
        assert client.project == "of-the-account"
    with ct.connect(access_token="t") as client:
        assert client.project == "of-the-environment"
    with ct.connect("said", credentials=acting) as client:
        assert client.project == "said"
    with pytest.raises(ct.ConfigError, match="only one of"):
        ct.connect(credentials=acting, api_key="k")
