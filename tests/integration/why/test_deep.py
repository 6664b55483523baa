"""deep=True, against a server with responses in the form of Google's other APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import cloudtasks_nb as ct

from .google import BOT, HOST, KEY, OLD_HOST, SERVICE, Google, google

APIS = (
    "RUN",
    "IAM",
    "SERVICEUSAGE",
    "CLOUDBILLING",
    "CLOUDKMS",
    "CLOUDRESOURCEMANAGER",
    "APPENGINE",
    "LOGGING",
)
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def local() -> Iterator[ct.Client]:
    with ct.local(dispatch=False) as client:
        yield client


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    with google() as server:
        for api in APIS:
            monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}", f"{server.url}/")
        yield server


def filled(
    client: ct.Client, url: str = f"https://{HOST}/send", token: Any = ..., **settings: Any
) -> ct.Queue:
    queue = client.create_queue(f"q-{uuid4().hex[:12]}", **settings)
    token = {"service_account_email": BOT, "audience": f"https://{HOST}"} if token is ... else token
    queue.create_task(b"", url=url, schedule=3600, oidc_token=token)
    return queue


def rules(diagnosis: Any) -> list[str]:
    return [finding.rule for finding in diagnosis if finding.severity != "info"]


def test_what_is_set_up_well_has_nothing_that_hurts(local: ct.Client, there: Google) -> None:
    diagnosis = filled(local).diagnose(deep=True)
    assert rules(diagnosis) == []
    assert diagnosis.unseen == []
    assert diagnosis.calls == len(there.asked) + 3  # the queue, its tasks, the key of the location
    assert "the project, its accounts and the target" in str(diagnosis)


def test_nothing_but_reading_is_asked(local: ct.Client, there: Google) -> None:
    filled(local).diagnose(deep=True)
    posted = [path for verb, path in there.asked if verb == "POST"]
    assert [path.rpartition(":")[2] for path in posted] == ["getIamPolicy", "list", "testIamPermissions"]


def service(**members: Any) -> Change:
    return lambda answers: answers[f"/v2/{SERVICE}"].update(members)


def put(path: str, answer: Any) -> Change:
    return lambda answers: answers.__setitem__(path, answer)


INVOKER = f"/v2/{SERVICE}:getIamPolicy"
ACCOUNT = f"/v1/projects/local/serviceAccounts/{BOT}"
CASES: dict[str, tuple[Change, str, str]] = {
    "api off": (
        put("/v1/projects/local/services/cloudtasks.googleapis.com", {"state": "DISABLED"}),
        "api_disabled",
        "blocks",
    ),
    "billing off": (put("/v1/projects/local/billingInfo", {"projectId": "local"}), "billing_off", "blocks"),
    "service gone": (put(f"/v2/{SERVICE}", (404, "NOT_FOUND")), "target_missing", "blocks"),
    "not ready": (
        service(terminalCondition={"state": "CONDITION_FAILED", "message": "The image is not there"}),
        "target_not_ready",
        "blocks",
    ),
    "URL off": (service(defaultUriDisabled=True), "url_off", "blocks"),
    "no ingress": (service(ingress="INGRESS_TRAFFIC_NONE"), "ingress_closed", "blocks"),
    "no invoker": (put(INVOKER, {"etag": "BwY="}), "no_invoker", "blocks"),
    "another invoker": (
        put(INVOKER, {"bindings": [{"role": "roles/run.invoker", "members": ["user:ada@example.com"]}]}),
        "no_invoker",
        "blocks",
    ),
    "other audiences": (
        service(urls=["https://other.run.app"], uri="https://other.run.app"),
        "wrong_audience",
        "warns",
    ),
    "account gone": (put(ACCOUNT, (404, "NOT_FOUND")), "account_unfit", "blocks"),
    "account off": (put(ACCOUNT, {"projectId": "local", "disabled": True}), "account_unfit", "blocks"),
    "account elsewhere": (put(ACCOUNT, {"projectId": "other"}), "account_unfit", "blocks"),
    "agent": (put("/v3/projects/local:getIamPolicy", {"bindings": []}), "agent_lost", "blocks"),
    "long requests": (
        service(template={"timeout": "3600s", "scaling": {"maxInstanceCount": 100}}),
        "deadline_mismatch",
        "warns",
    ),
    "few instances": (
        service(
            template={
                "timeout": "300s",
                "maxInstanceRequestConcurrency": 1,
                "scaling": {"maxInstanceCount": 5},
            }
        ),
        "capacity_gap",
        "warns",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_checklist_of_cloud_run(local: ct.Client, there: Google, case: str) -> None:
    change, rule, severity = CASES[case]
    change(there.answers)
    diagnosis = filled(local).diagnose(deep=True)
    assert (diagnosis[0].rule, diagnosis[0].severity) == (rule, severity), str(diagnosis)
    assert diagnosis[0].evidence
    assert diagnosis[0].source.startswith("https://")


def test_without_a_token_only_a_public_service_lets_tasks_in(local: ct.Client, there: Google) -> None:
    queue = filled(local, token=None)
    assert rules(queue.diagnose(deep=True)) == ["no_token"]
    there.answers[INVOKER] = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    assert rules(queue.diagnose(deep=True)) == []
    there.answers[INVOKER] = {}
    there.answers[f"/v2/{SERVICE}"]["invokerIamDisabled"] = True
    assert rules(queue.diagnose(deep=True)) == []


def test_the_audience_is_the_whole_url_where_nothing_else_is_said(local: ct.Client, there: Google) -> None:
    queue = filled(local, token={"service_account_email": BOT})
    (finding,) = [one for one in queue.diagnose(deep=True) if one.rule == "wrong_audience"]
    assert f"The audience of the token is https://{HOST}/send" in finding.sentence
    assert f'"audience": "https://{OLD_HOST}"' in finding.cure
    there.answers[f"/v2/{SERVICE}"]["customAudiences"] = [f"https://{HOST}/send"]
    assert rules(queue.diagnose(deep=True)) == []


def test_the_url_of_the_queue_counts_and_older_hosts_are_looked_up(local: ct.Client, there: Google) -> None:
    queue = filled(local, url="https://example.com/send")
    assert [one.what for one in queue.diagnose(deep=True).unseen] == ["the target https://example.com"]
    queue.update(http_target={"uri_override": {"host": OLD_HOST}})
    diagnosis = queue.diagnose(deep=True)
    assert ("GET", "/v2/projects/local/locations/-/services") in there.asked
    assert rules(diagnosis) == []
    there.answers["/v2/projects/local/locations/-/services"] = {}
    assert rules(queue.diagnose(deep=True)) == ["target_missing"]


def test_an_invoker_of_the_project_counts_and_a_condition_is_said(local: ct.Client, there: Google) -> None:
    queue, member = filled(local), f"serviceAccount:{BOT}"
    there.answers[INVOKER] = {}
    there.answers["/v3/projects/local:getIamPolicy"]["bindings"].append(
        {"role": "roles/run.invoker", "members": [member]}
    )
    assert rules(queue.diagnose(deep=True)) == []
    there.answers["/v3/projects/local:getIamPolicy"]["bindings"][-1]["condition"] = {"expression": "false"}
    (finding,) = [one for one in queue.diagnose(deep=True) if one.rule == "no_invoker"]
    assert (finding.severity, "under an IAM condition" in finding.sentence) == ("info", True)


def test_a_grant_that_is_young_is_said(local: ct.Client, there: Google) -> None:
    changed = f"{datetime.now(UTC) - timedelta(minutes=2):%Y-%m-%dT%H:%M:%SZ}"
    there.answers["/v2/entries:list"] = {"entries": [{"timestamp": changed, "insertId": "1"}]}
    (finding,) = [one for one in filled(local).diagnose(deep=True) if one.rule == "young_grant"]
    assert (finding.severity, "was changed 2 min ago" in finding.sentence) == ("info", True)


def test_a_key_that_is_off(local: ct.Client, there: Google) -> None:
    queue = filled(local)
    place = local.location("us-central1")
    place.update_cmek(KEY)
    try:
        assert rules(queue.diagnose(deep=True)) == []
        there.answers[f"/v1/{KEY}"]["primary"]["state"] = "DISABLED"
        assert rules(queue.diagnose(deep=True)) == ["key_disabled"]
    finally:
        place.update_cmek("")


def test_app_engine(local: ct.Client, there: Google) -> None:
    queue = local.create_queue(f"q-{uuid4().hex[:12]}", kind="app_engine")
    queue.create_task(b"", relative_url="/send", schedule=3600)
    assert rules(queue.diagnose(deep=True)) == []
    there.answers["/v1/apps/local/firewall/ingressRules"]["ingressRules"].insert(
        0, {"priority": 10, "action": "DENY", "sourceRange": "0.1.0.0/16"}
    )
    assert rules(queue.diagnose(deep=True)) == ["firewall_denies"]
    there.answers["/v1/apps/local"]["servingStatus"] = "USER_DISABLED"
    assert "application_down" in rules(queue.diagnose(deep=True))
    there.answers["/v1/apps/local"] = (404, "NOT_FOUND")
    assert rules(queue.diagnose(deep=True)) == ["application_down"]


def test_what_may_not_be_read_is_said_with_its_permission(local: ct.Client, there: Google) -> None:
    queue = filled(local)
    there.answers = dict.fromkeys(there.answers, (403, "PERMISSION_DENIED"))
    diagnosis = queue.diagnose(deep=True)
    assert rules(diagnosis) == []
    said = "\n".join(f"{one.what}: {one.why}" for one in diagnosis.unseen)
    for permission in ("run.services.get", "iam.serviceAccounts.get", "serviceusage.services.get"):
        assert f"it needs {permission}" in said
    assert "could not read" in str(diagnosis)


def test_an_answer_of_another_shape_is_nothing_that_is_fine(local: ct.Client, there: Google) -> None:
    queue = filled(local)
    there.answers[f"/v2/{SERVICE}"] = {"name": 5}
    (unseen,) = [one for one in queue.diagnose(deep=True).unseen if one.what == "the Cloud Run service"]
    assert "could not be decoded" in unseen.why


def test_an_emulator_has_nothing_beyond_and_no_credentials_leave_it(local: ct.Client) -> None:
    diagnosis = filled(local).diagnose(deep=True)
    assert {one.why for one in diagnosis.unseen} == {"not available on an emulator"}
    assert diagnosis.calls == 3
