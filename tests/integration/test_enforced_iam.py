"""With --enforce-iam, policies and grants decide what each caller may do."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.__main__ import main
from cloudtasks_nb.errors import PermissionDenied, Unauthenticated
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.model.roles import PERMISSIONS, ROLES
from tests.emulator_process import EmulatorProcess
from tests.integration.filling import new_id

LOCATION = "projects/local/locations/us-central1"
OWNER = "owner@example.com"
GRANTS = (
    f"roles/owner={OWNER}",
    f"roles/iam.serviceAccountUser={OWNER}",
    "roles/cloudtasks.viewer=domain:viewers.example.com",
)


@pytest.fixture(scope="module")
def enforcing() -> Iterator[str]:
    with EmulatorProcess("--enforce-iam", *(f"--grant={grant}" for grant in GRANTS)) as process:
        yield process.url
        assert process.stop() == ("", "")


def ask(
    url: str, token: str | None, verb: str, path: str, body: Any = None, **rest: Any
) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(verb, f"{url}/v2beta2/{path}", json=body, headers=headers, timeout=30, **rest)


LACKS_ACT_AS = (
    'The principal (user or service account) lacks IAM permission "iam.serviceAccounts.actAs" for the resource '
    '"bot@local.iam.gserviceaccount.com" (or the resource may not exist).'
)


@pytest.fixture
def queue(enforcing: str) -> str:
    """A queue with one task, made by the owner."""
    name = f"{LOCATION}/queues/{new_id()}"
    assert ask(enforcing, OWNER, "POST", f"{LOCATION}/queues", {"name": name}).status_code == 200
    task = {"name": f"{name}/tasks/t", "httpRequest": {"url": "https://example.com", "body": "aGk="}}
    assert ask(enforcing, OWNER, "POST", f"{name}/tasks", {"task": task}).status_code == 200
    return name


def grant(url: str, queue: str, role: str, member: str, **rest: Any) -> None:
    policy = {"bindings": [{"role": role, "members": [member], **rest}], "version": 3}
    assert ask(url, OWNER, "POST", f"{queue}:setIamPolicy", {"policy": policy}).status_code == 200


def refusal(answer: requests.Response, code: int) -> dict[str, Any]:
    assert answer.status_code == code
    return dict(answer.json()["error"])


def jwt(**claims: Any) -> str:
    parts = [{"alg": "none"}, claims]
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


def test_nobody_is_refused(enforcing: str, queue: str) -> None:
    answer = ask(enforcing, None, "GET", queue, params={"$.xgafv": "1"})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    error = refusal(answer, 401)
    assert error["message"].startswith(
        "Request is missing required authentication credential. Expected OAuth 2"
    )
    assert error["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CREDENTIALS_MISSING",
            "domain": "googleapis.com",
            "metadata": {
                "service": "cloudtasks.googleapis.com",
                "method": "google.cloud.tasks.v2beta2.CloudTasks.GetQueue",
            },
        }
    ]
    assert error["errors"] == [
        {
            "message": "Login Required.",
            "domain": "global",
            "reason": "required",
            "location": "Authorization",
            "locationType": "header",
        }
    ]
    key = refusal(ask(enforcing, None, "GET", queue, params={"key": "k"}), 401)
    assert key["message"].startswith("API keys are not supported by this API.")
    for version in ("v2", "v2beta3", "v2beta2"):
        url = f"{enforcing}/{version}/{queue}"
        key = refusal(requests.get(url, headers={"X-Goog-Api-Key": "k"}, timeout=30), 401)
        assert key["message"].startswith("API keys are not supported by this API.")
        said = f"google.cloud.tasks.{version}.CloudTasks.GetQueue"
        assert key["details"][0]["metadata"]["method"] == said


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "a.b.c",
        jwt(email=5),
        jwt(sub="nobody"),
        jwt(email=OWNER, exp=1_000_000_000),
        jwt(email=OWNER, exp=-(10**400)),
        "ya29.unknown",
        "é@é é",
    ],
)
def test_a_token_of_nobody_is_refused(enforcing: str, queue: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = requests.get(f"{enforcing}/v2beta2/{queue}?$.xgafv=1", headers=headers, timeout=30)
    error = refusal(answer, 401)
    assert error["message"].startswith("Request had invalid authentication credentials. Expected OAuth 2")
    assert (error["errors"][0]["message"], error["errors"][0]["reason"]) == (
        "Invalid Credentials",
        "authError",
    )


@pytest.mark.parametrize(
    "token",
    [
        OWNER,
        f"user:{OWNER}",
        jwt(email=OWNER, exp=4_000_000_000),
        jwt(email=OWNER, exp=10**400),
        jwt(iss="x", sub=OWNER),
    ],
)
def test_ways_to_say_who_calls(enforcing: str, queue: str, token: str) -> None:
    assert ask(enforcing, token, "GET", queue).status_code == 200
    for name in ("access_token", "oauth_token", "bearer_token", "$access_token"):
        assert ask(enforcing, None, "GET", queue, params={name: token}).status_code == 200


def test_other_credentials_are_refused(enforcing: str, queue: str) -> None:
    headers = {"Authorization": "Basic eDp5"}
    assert requests.get(f"{enforcing}/v2beta2/{queue}", headers=headers, timeout=30).status_code == 401


def test_a_token_of_another_scope_is_refused(enforcing: str, queue: str) -> None:
    token = jwt(email=OWNER, scope="https://www.googleapis.com/auth/drive")
    assert refusal(ask(enforcing, token, "GET", queue), 403)["message"] == (
        "Request had insufficient authentication scopes."
    )
    token = jwt(email=OWNER, scope="openid https://www.googleapis.com/auth/cloud-tasks")
    assert ask(enforcing, token, "GET", queue).status_code == 200


def test_credentials_come_after_the_format_and_before_the_rest(enforcing: str, queue: str) -> None:
    assert ask(enforcing, None, "GET", f"{queue}?$.xgafv=3").status_code == 400
    assert ask(enforcing, None, "GET", f"{queue}?alt=media").status_code == 400
    assert ask(enforcing, None, "GET", f"{queue}?pageSize=x&fields=colour").status_code == 401
    assert ask(enforcing, "ada@example.com", "GET", f"{queue}?fields=colour").status_code == 400


@pytest.mark.parametrize("role", [role for role in ROLES if role.startswith("roles/cloudtasks.")])
def test_a_role_on_a_queue_allows_what_it_holds(enforcing: str, queue: str, role: str) -> None:
    ada = "ada@example.com"
    grant(enforcing, queue, role, f"user:{ada}")
    calls = {
        "cloudtasks.queues.get": ("GET", queue, None),
        "cloudtasks.queues.update": ("PATCH", queue, {}),
        "cloudtasks.queues.pause": ("POST", f"{queue}:pause", {}),
        "cloudtasks.queues.getIamPolicy": ("POST", f"{queue}:getIamPolicy", {}),
        "cloudtasks.tasks.list": ("GET", f"{queue}/tasks", None),
        "cloudtasks.tasks.get": ("GET", f"{queue}/tasks/t", None),
        "cloudtasks.tasks.create": (
            "POST",
            f"{queue}/tasks",
            {"task": {"httpRequest": {"url": "https://x.example"}}},
        ),
        "cloudtasks.tasks.delete": ("DELETE", f"{queue}/tasks/t", None),
    }
    for permission, (verb, path, body) in calls.items():
        answer = ask(enforcing, ada, verb, path, body)
        if permission in ROLES[role]:
            assert answer.status_code == 200, permission
        else:
            assert refusal(answer, 403)["message"] == (
                f'The principal (user or service account) lacks IAM permission "{permission}" for the resource '
                f'"{path.partition(":")[0].removesuffix("/tasks")}" (or the resource may not exist).'
            )
    body = {"permissions": list(PERMISSIONS)}
    held = ask(enforcing, ada, "POST", f"{queue}:testIamPermissions", body).json().get("permissions", [])
    assert set(held) == ROLES[role] & set(PERMISSIONS)


def test_payloads_need_a_permission_of_their_own(enforcing: str, queue: str) -> None:
    viewer = "eve@viewers.example.com"
    assert ask(enforcing, viewer, "GET", f"{queue}/tasks/t").status_code == 200
    for path in (f"{queue}/tasks/t", f"{queue}/tasks"):
        error = refusal(ask(enforcing, viewer, "GET", path, params={"responseView": "FULL"}), 403)
        assert '"cloudtasks.tasks.fullView"' in error["message"]
    assert ask(enforcing, OWNER, "GET", f"{queue}/tasks/t?responseView=FULL").status_code == 200
    grant(enforcing, queue, "roles/cloudtasks.enqueuer", f"user:{viewer}")
    assert ask(enforcing, viewer, "GET", f"{queue}/tasks/t?responseView=FULL").status_code == 200


def test_grants_hold_everywhere_and_policies_on_their_queue(enforcing: str, queue: str) -> None:
    other = f"{LOCATION}/queues/{new_id()}"
    ask(enforcing, OWNER, "POST", f"{LOCATION}/queues", {"name": other}).raise_for_status()
    grant(enforcing, queue, "roles/cloudtasks.admin", "user:bob@example.com")
    assert ask(enforcing, "bob@example.com", "POST", f"{queue}:purge", {}).status_code == 200
    assert ask(enforcing, "bob@example.com", "POST", f"{other}:purge", {}).status_code == 403
    assert ask(enforcing, "bob@example.com", "GET", f"{LOCATION}/queues").status_code == 403
    assert ask(enforcing, "eve@viewers.example.com", "GET", f"{LOCATION}/queues").status_code == 200
    assert ask(enforcing, "eve@viewers.example.com", "GET", f"{LOCATION}/queues/none").status_code == 404
    assert ask(enforcing, "bob@example.com", "GET", f"{LOCATION}/queues/none").status_code == 403


@pytest.mark.parametrize(
    "member", ["allUsers", "allAuthenticatedUsers", "domain:EXAMPLE.org", "user:Kim@example.org"]
)
def test_members_that_include_the_caller(enforcing: str, queue: str, member: str) -> None:
    grant(enforcing, queue, "roles/cloudtasks.viewer", member)
    assert ask(enforcing, "kim@example.org", "GET", queue).status_code == 200


def test_what_holds_on_a_condition_does_not_hold_here(enforcing: str, queue: str) -> None:
    condition = {"title": "soon", "expression": "request.time < timestamp('2100-01-01T00:00:00Z')"}
    grant(enforcing, queue, "roles/cloudtasks.viewer", "user:kim@example.org", condition=condition)
    assert ask(enforcing, "kim@example.org", "GET", queue).status_code == 403
    shown = ask(enforcing, OWNER, "POST", f"{queue}:getIamPolicy", {}).json()
    assert shown["version"] == 1
    assert shown["bindings"][0]["role"].startswith("roles/cloudtasks.viewer_withcond_")
    full = {"options": {"requestedPolicyVersion": 3}}
    assert (
        ask(enforcing, OWNER, "POST", f"{queue}:getIamPolicy", full).json()["bindings"][0]["condition"]
        == condition
    )
    wrong = {"options": {"requestedPolicyVersion": 2}}
    assert ask(enforcing, OWNER, "POST", f"{queue}:getIamPolicy", wrong).status_code == 400


def test_sending_as_an_account_needs_act_as(enforcing: str, queue: str) -> None:
    grant(enforcing, queue, "roles/cloudtasks.admin", "user:bob@example.com")
    token = {"serviceAccountEmail": "bot@local.iam.gserviceaccount.com"}
    task = {"httpRequest": {"url": "https://example.com", "oidcToken": token}}
    error = refusal(ask(enforcing, "bob@example.com", "POST", f"{queue}/tasks", {"task": task}), 403)
    assert error["message"] == LACKS_ACT_AS
    assert ask(enforcing, OWNER, "POST", f"{queue}/tasks", {"task": task}).status_code == 200


def test_in_a_batch_only_the_item_is_refused_that_the_caller_may_not_send(enforcing: str, queue: str) -> None:
    grant(enforcing, queue, "roles/cloudtasks.enqueuer", "user:bob@example.com")
    plain = {"url": "https://example.com"}
    token = {"serviceAccountEmail": "bot@local.iam.gserviceaccount.com"}
    body = {
        "requests": [{"task": {"httpRequest": one}} for one in ({**plain, "oauthToken": token}, plain)],
        "requestId": new_id(),
    }
    path = f"{queue}/tasks:batchCreate"
    done = ask(enforcing, "bob@example.com", "POST", path, body).json()
    assert done["metadata"]["failedRequests"] == {"0": {"code": 7, "message": LACKS_ACT_AS}}
    assert len(done["response"]["tasks"]) == 1
    body["requestId"] = new_id()
    assert ask(enforcing, OWNER, "POST", path, body).json()["metadata"]["state"] == "SUCCEEDED"


def test_creating_through_a_patch_needs_more(enforcing: str, queue: str) -> None:
    missing = f"{LOCATION}/queues/{new_id()}"
    assert ask(enforcing, "eve@viewers.example.com", "PATCH", missing, {}).status_code == 403
    assert ask(enforcing, OWNER, "PATCH", missing, {}).status_code == 200


def test_every_method_that_has_a_permission_asks_for_it(enforcing: str, queue: str) -> None:
    """For any body, a caller without permissions is rejected before the call takes effect."""

    def held() -> tuple[str, str]:
        shown = ask(enforcing, OWNER, "GET", f"{queue}?readMask=stats,state").json()
        return shown["state"], shown["stats"]["tasksCount"]  # other counters change without calls

    before = held()
    values = {"name": f"{queue}/tasks/t", "parent": queue, "queue": queue, "resource": queue, "taskId": "t"}
    for method in METHODS.values():
        if method.permission is None:
            continue
        depth = method.path.partition("=")[2].partition("}")[0].count("/")
        path = method.url_path(
            "v2beta2",
            **{
                name: "/".join(values[name].split("/")[: depth + 1])
                for name in method.variables
                if name != "taskId"
            },
            taskId="t",
        )
        if "cmekConfig" in path or method.path.endswith("/cmekConfig}"):
            path = f"/v2beta2/{LOCATION}/cmekConfig"
        headers = {"Authorization": "Bearer nobody@example.com"}
        answer = requests.request(method.http, enforcing + path, json={}, headers=headers, timeout=30)
        assert refusal(answer, 403)["status"] == "PERMISSION_DENIED", method.id
        assert f'"cloudtasks.{method.permission}"' in answer.json()["error"]["message"]
    assert held() == before


def test_parts_of_a_batch_may_be_somebody_else(enforcing: str, queue: str) -> None:
    lines = [
        "--b", "Content-Type: application/http", "", f"GET /v2beta2/{queue} HTTP/1.1", "", "",
        "--b", "Content-Type: application/http", "", f"GET /v2beta2/{queue} HTTP/1.1",
        "authorization: Bearer nobody@example.com", "", "", "--b--",
    ]  # fmt: skip
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Authorization": f"Bearer {OWNER}"}
    answer = requests.post(f"{enforcing}/batch", data="\r\n".join(lines), headers=headers, timeout=30)
    assert [line for line in answer.text.split("\r\n") if line.startswith("HTTP/1.1 ")] == [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 403 Forbidden",
    ]


def test_a_local_client_is_the_owner_and_others_are_not() -> None:
    with ct.local(enforce_iam=True) as client:
        queue = client.create_queue("jobs")
        with ct.connect(
            project="local", location="us-central1", endpoint=client.endpoint, access_token="ada@example.com"
        ) as ada:
            assert (client.identity, ada.identity) == ("owner@example.com", "access token")
            with pytest.raises(PermissionDenied, match="roles/cloudtasks"):
                ada.queue("jobs")
            policy = queue.iam_policy().grant("roles/cloudtasks.viewer", "user:ada@example.com")
            queue.set_iam_policy(policy)
            assert ada.queue("jobs").state == "RUNNING"
        with (
            ct.connect(
                project="local", location="us-central1", endpoint=client.endpoint, access_token="nonsense"
            ) as nobody,
            pytest.raises(Unauthenticated),
        ):
            nobody.queue("jobs")


@pytest.mark.parametrize(
    "argument",
    ["--grant=roles/none=ada@example.com", "--grant=roles/owner=ada", "--grant=x", "--oauth-client=x"],
)
def test_flags_that_make_no_sense(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["emulator", argument])
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_a_queue_that_sends_in_another_name_needs_actas(enforcing: str, queue: str) -> None:
    grant(enforcing, queue, "roles/cloudtasks.queueAdmin", "user:admin@example.com")
    sends_as = {"httpTarget": {"oidcToken": {"serviceAccountEmail": "bot@local.iam.gserviceaccount.com"}}}

    def patched(caller: str) -> requests.Response:
        return ask(enforcing, caller, "PATCH", queue, sends_as, params={"updateMask": "httpTarget"})

    assert refusal(patched("admin@example.com"), 403)["message"] == LACKS_ACT_AS
    assert patched(OWNER).json()["httpTarget"] == sends_as["httpTarget"]


def test_a_foreign_project_is_refused_with_the_details_that_were_recorded() -> None:
    with EmulatorProcess("--project", "mine", "--project", "ours") as process:
        below = f"{process.url}/v2/projects/{{}}/locations/us-central1/queues"
        for known in ("mine", "ours"):
            assert requests.get(below.format(known), timeout=60).json() == {}
        refused = requests.post(below.format("theirs"), json={"name": "q"}, timeout=60).json()["error"]
        said = "Permission denied on resource project theirs."
        assert (refused["code"], refused["status"], refused["message"]) == (403, "PERMISSION_DENIED", said)
        info, localized, help_ = refused["details"]
        assert (info["reason"], info["domain"]) == ("CONSUMER_INVALID", "googleapis.com")
        assert info["metadata"]["consumer"] == "projects/theirs"
        assert (localized["locale"], localized["message"]) == ("en-US", said)
        assert help_["links"][0]["description"] == "Google developers console"
        with ct.connect("theirs", "us-central1", endpoint=process.url) as client:
            with pytest.raises(ct.PermissionDenied, match="theirs") as caught:
                client.queue("emails")
            assert caught.value.hint
            upload = requests.post(
                f"{process.url}/api/queue/update?appId=theirs", data=b"queue: []", timeout=60
            )
            assert upload.status_code == 403
