"""Deliveries to a real HTTP server on this machine: the requests, and the effect of the responses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import google.auth.transport.requests
import google.oauth2.id_token
import jwt
import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.model import Header, HeaderOverride
from tests.integration.filling import new_id
from tests.scripted import Scripted, answer, scripted

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEQUENCE = [503, 404, 429, 500, 302, 200]
ACCOUNT = "worker@local.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def still() -> Iterator[ct.Client]:
    """A client of an emulator whose time stands still."""
    with ct.local(clock=START, allow_targets=["*.example.com"]) as client:
        yield client


@pytest.fixture
def queue(still: ct.Client) -> ct.Queue:
    """A paused queue, so that attempts are made only when a test runs the task."""
    return still.create_queue(new_id()).pause()


def headers(request: str) -> dict[str, str]:
    lines = request.partition("\r\n\r\n")[0].split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def run_until_over(client: ct.Client, task: ct.Task, attempts: int) -> None:
    for _ in range(attempts):
        task.run()
        client.emulator.advance(0)


def test_the_measured_sequence_of_an_http_target(still: ct.Client, queue: ct.Queue) -> None:
    with scripted(*(answer(status) for status in SEQUENCE)) as target:
        task = queue.create_task("x", url=f"{target.url}/work", task_id="t", headers={"X-Mine": "1"})
        run_until_over(still, task, len(SEQUENCE))
        with pytest.raises(ct.NotFound, match="existed recently"):
            task.refresh()
    seen = [headers(request) for request in target.requests]
    assert [one["X-CloudTasks-TaskRetryCount"] for one in seen] == ["0", "1", "2", "3", "4", "5"]
    assert [one["X-CloudTasks-TaskExecutionCount"] for one in seen] == ["0", "0", "1", "2", "2", "3"]
    previous = [one.get("X-CloudTasks-TaskPreviousResponse") for one in seen]
    assert previous == [None, "503", "404", "429", "500", "302"]
    assert [one.get("X-CloudTasks-TaskRetryReason") for one in seen] == [None, "", "", "", "", ""]
    assert {one["User-Agent"] for one in seen} == {"Google-Cloud-Tasks"}
    assert {one["X-CloudTasks-QueueName"] for one in seen} == {queue.id}
    assert {one["X-CloudTasks-TaskName"] for one in seen} == {"t"}
    assert {one["X-Mine"] for one in seen} == {"1"}
    assert seen[0]["X-CloudTasks-TaskETA"] == str(int(still.emulator.advance(0).timestamp()))
    assert {request.split(" ", 2)[1] for request in target.requests} == {"/work"}, "a redirect was followed"


def test_the_measured_sequence_of_an_app_engine_application() -> None:
    with (
        scripted(*(answer(status) for status in SEQUENCE)) as application,
        scripted(answer(200)) as worker,
        ct.local(clock="manual", app_engine={"default": application.url, "worker": worker.url}) as client,
    ):
        queue = client.create_queue("ae", kind="app_engine").pause()
        task = queue.create_task(b"data", relative_url="/work?n=1")
        run_until_over(client, task, len(SEQUENCE))
        queue.create_task(None, relative_url="/", routing=ct.AppEngineRouting(service="worker")).run()
        client.emulator.advance(0)
    seen = [headers(request) for request in application.requests]
    assert [one["X-AppEngine-TaskRetryCount"] for one in seen] == ["0", "1", "2", "3", "4", "5"]
    assert [one["X-AppEngine-TaskExecutionCount"] for one in seen] == ["0", "1", "2", "3", "4", "5"]
    reasons = [one.get("X-AppEngine-TaskRetryReason") for one in seen]
    assert reasons == [None, *["App Error"] * 5]
    assert {one["User-Agent"] for one in seen} == {"AppEngine-Google; (+http://code.google.com/appengine)"}
    assert seen[0]["Content-Type"] == "application/octet-stream"
    assert application.requests[0].startswith("POST /work?n=1 HTTP/1.1\r\n")
    assert application.requests[0].endswith("\r\n\r\ndata")
    assert len(worker.requests) == 1


def last_message(task: ct.Task) -> str:
    status = task.refresh().last_status
    assert status is not None
    return status.message


def test_an_app_engine_task_without_an_application(still: ct.Client) -> None:
    queue = still.create_queue(new_id(), kind="app_engine").pause()
    task = queue.create_task(None, relative_url="/")
    run_until_over(still, task, 1)
    assert "--app-engine http://localhost:8080" in last_message(task)


def test_other_machines_only_when_allowed(still: ct.Client, queue: ct.Queue) -> None:
    refused = queue.create_task("x", url="https://production.example.org/send")
    allowed = queue.create_task("x", url="https://nowhere.example.com:1/send")
    for task in (refused, allowed):
        run_until_over(still, task, 1)
    assert last_message(refused).startswith("PERMISSION_DENIED(7)")
    assert "--allow-target production.example.org" in last_message(refused)
    assert last_message(allowed).startswith("UNAVAILABLE(14)")


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_a_lower_bound(still: ct.Client, queue: ct.Queue, form: str) -> None:
    asked = {"seconds": "120", "date": "Mon, 02 Mar 2026 12:02:00 GMT"}[form]
    reply = answer(429, Retry_After=asked, Date="Mon, 02 Mar 2026 12:00:00 GMT")
    with scripted(reply) as target:
        task = queue.create_task("x", url=target.url)
        run_until_over(still, task, 1)
    due = task.refresh().schedule_time
    assert due is not None
    assert due - still.emulator.advance(0) == timedelta(minutes=2)


def test_what_the_queue_overrides(still: ct.Client) -> None:
    with scripted(answer(200)) as target:
        target_port = int(target.url.rpartition(":")[2])
        over = ct.UriOverride(scheme="HTTP", host="localhost", port=target_port)  # type: ignore[arg-type]
        own = {"X-Kept": "queue", "Host": "elsewhere.example", "X-CloudTasks-TaskName": "forged"}
        overrides = [HeaderOverride(header=Header(key=key, value=value)) for key, value in own.items()]
        queue = still.create_queue(
            new_id(),
            http_target=ct.HttpTarget(uri_override=over, http_method="PUT", header_overrides=overrides),
        ).pause()
        queue.create_task(
            "x", url="https://example.com/a?b=c", headers={"x-kept": "task"}, task_id="real"
        ).run()
        still.emulator.advance(0)
    assert target.requests[0].startswith("PUT /a?b=c HTTP/1.1\r\n")
    seen = headers(target.requests[0])
    assert (seen["X-Kept"], seen["X-CloudTasks-TaskName"]) == ("queue", "real")
    assert seen["Host"] == f"localhost:{target_port}"


def delivered_token(client: ct.Client, queue: ct.Queue, target: Scripted, **token: object) -> str:
    """The token that a target on this machine received, although the task had its own Authorization header."""
    queue.create_task("x", url=f"{target.url}/hook", headers={"authorization": "mine"}, **token).run()
    client.emulator.advance(0)
    scheme, _, value = headers(target.requests[-1])["Authorization"].partition(" ")
    assert scheme == "Bearer"
    return value


def test_a_target_verifies_the_oidc_token(still: ct.Client, queue: ct.Queue) -> None:
    discovered = requests.get(f"{still.endpoint}/.well-known/openid-configuration", timeout=60).json()
    assert discovered["issuer"] == still.endpoint
    with scripted(answer(200)) as target:
        token = delivered_token(still, queue, target, oidc_token=ct.OidcToken(service_account_email=ACCOUNT))
        key = jwt.PyJWKClient(discovered["jwks_uri"]).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=f"{target.url}/hook", issuer=still.endpoint
        )
        with pytest.raises(jwt.InvalidAudienceError):
            jwt.decode(token, key, algorithms=["RS256"], audience="https://other.example.com")
    assert (claims["email"], claims["email_verified"]) == (ACCOUNT, True)
    assert claims["exp"] - claims["iat"] == 3600


def test_google_auth_verifies_it_too(still: ct.Client, queue: ct.Queue) -> None:
    asked = ct.OidcToken(service_account_email=ACCOUNT, audience="my-service")
    with scripted(answer(200)) as target:
        token = delivered_token(still, queue, target, oidc_token=asked)
    claims = google.oauth2.id_token.verify_token(
        token,
        google.auth.transport.requests.Request(),
        audience="my-service",
        certs_url=f"{still.endpoint}/emulator/v1/certs",
    )
    assert claims["email"] == ACCOUNT


def test_an_access_token_says_whose_it_is(still: ct.Client, queue: ct.Queue) -> None:
    scope = "https://www.googleapis.com/auth/devstorage.read_only"
    asked = ct.OAuthToken(service_account_email=ACCOUNT, scope=scope)
    with scripted(answer(200)) as target:
        token = delivered_token(still, queue, target, oauth_token=asked)
    info = f"{still.endpoint}/emulator/v1/tokeninfo"
    known = requests.get(info, params={"access_token": token}, timeout=60)
    assert (known.json()["email"], known.json()["scope"]) == (ACCOUNT, scope)
    assert requests.get(info, params={"access_token": token[:-4] + "AAAA"}, timeout=60).status_code == 400


def test_tokens_travel_in_the_clear_only_on_this_machine(queue: ct.Queue) -> None:
    with pytest.raises(ct.InvalidArgument, match="https://"):
        queue.create_task(
            "x", url="http://example.com/", oidc_token=ct.OidcToken(service_account_email=ACCOUNT)
        )


def test_the_history_of_a_queue(still: ct.Client, queue: ct.Queue) -> None:
    with scripted(answer(503), answer(200)) as target:
        run_until_over(still, queue.create_task("x", url=target.url, task_id="good"), 2)
        run_until_over(still, queue.create_task("x", url="http://10.0.0.1/", task_id="bad"), 1)
    history = still.emulator.history(queue)
    table = history.to_dataframe()
    assert table["task"].tolist() == ["good", "good", "bad"]
    assert table["attempt"].tolist() == [1, 2, 1]
    assert table["outcome"].tolist() == ["RETRY", "SUCCEEDED", "RETRY"]
    assert table["code"].fillna(0).tolist() == [503, 200, 0]
    assert table["status"].tolist() == ["UNAVAILABLE", "OK", "PERMISSION_DENIED"]
    assert (table["took_s"] > 0).all()
    assert str(table["sent"].dtype) == "datetime64[us, UTC]"
    assert len(still.emulator.history(queue.name, task="good")) == 2
    assert len(still.emulator.history(queue.id, task="good")) == 2
    shown = str(history)
    for words in ("3 attempts of 2 tasks", "503 → UNAVAILABLE", "200 OK", "due again", "succeeded"):
        assert words in shown
    assert still.emulator.history(still.create_queue(new_id())).to_dataframe().dtypes.equals(table.dtypes)


def test_the_card_says_where_deliveries_may_go(still: ct.Client) -> None:
    shown = str(still.emulator.refresh())
    assert "*.example.com" in shown
    assert "--app-engine" in shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allow_targets": ["not a host"]}, "--allow-target"),
        ({"allow_targets": "example.com"}, "must be a list of strings"),
        ({"app_engine": "localhost"}, "--app-engine"),
        ({"app_engine": {"worker": "http://localhost:1/path"}}, "--app-engine"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, object], words: str) -> None:
    with pytest.raises(ct.ConfigError, match=words):
        ct.local(**options)  # type: ignore[arg-type]
