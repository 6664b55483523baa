"""Hints of errors: permissions and roles, similar names, times, alternatives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.errors import BY_STATUS
from cloudtasks_nb.model.roles import ROLES
from cloudtasks_nb.rest import nearby
from cloudtasks_nb.rest.hints import hint_for
from tests.scripted import answer, refusal, scripted

PLACE = "projects/p/locations/us-central1"
QUEUE = f"{PLACE}/queues/emials"
LACKS = (
    'The principal (user or service account) lacks IAM permission "{}" for the resource "{}" '
    "(or the resource may not exist)."
)
GONE = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)

EXCEEDED = (
    "Quota exceeded for quota metric '{}' and limit '{}' of service 'cloudtasks.googleapis.com' "
    "for consumer 'project_number:1'."
)
GENERIC = "Resource has been exhausted (e.g. check quota)."
QUEUES = "projects.locations.queues"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearby, "LOOK_S", 60.0)  # a busy machine is slow
    monkeypatch.setattr(nearby, "_FRESH_S", 60.0)


def advice(status: str, message: str = "", method: str = "", **detail: Any) -> str:
    return hint_for(status, message, [detail] if detail else [], method=method, resource=QUEUE) or ""


@pytest.mark.parametrize("permission", sorted({one for held in ROLES.values() for one in held if "." in one}))
def test_a_missing_permission_names_every_role_that_holds_it(permission: str) -> None:
    hint = advice("PERMISSION_DENIED", LACKS.format(permission, QUEUE))
    if permission.startswith("cloudtasks."):
        holders = [role for role, held in ROLES.items() if permission in held]
        assert all(role in hint for role in holders)
        assert not any(role in hint.replace(",", " ").split() for role in set(ROLES) - set(holders))
    assert permission in hint


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (advice("INVALID_ARGUMENT", "The page token has expired."), "list again from the first page"),
        (advice("INVALID_ARGUMENT", "Invalid value at 'page_token'"), "list again from the first page"),
        (advice("PERMISSION_DENIED", LACKS.format("cloudtasks.tasks.fullView", QUEUE)), 'view="BASIC"'),
        (
            advice("PERMISSION_DENIED", LACKS.format("iam.serviceAccounts.actAs", "a@p.iam")),
            "roles/iam.serviceAccountUser",
        ),
        (advice("PERMISSION_DENIED", "no", "projects.locations.queues.pause"), "cloudtasks.queues.pause"),
        (advice("PERMISSION_DENIED", "Permission denied on resource project other-p."), "'other-p'"),
        (
            advice(
                "PERMISSION_DENIED", "off", reason="SERVICE_DISABLED", metadata={"consumer": "projects/12"}
            ),
            "gcloud services enable cloudtasks.googleapis.com --project=12",
        ),
        (advice("FAILED_PRECONDITION", "because a queue with this name existed too recently."), "3 days"),
        (advice("ALREADY_EXISTS", "because a task with this name existed too recently."), "tombstone_ttl"),
        (advice("ALREADY_EXISTS", "Requested entity already exists", "x.tasks.create"), "name is in use"),
        (advice("FAILED_PRECONDITION", "no", "projects.locations.queues.tasks.renewLease"), "lease again"),
        (advice("FAILED_PRECONDITION", "no", "projects.locations.queues.tasks.lease"), "queue.resume()"),
        (advice("ABORTED", "There were concurrent policy changes."), "change_iam_policy"),
        (
            advice("INVALID_ARGUMENT", "Location must equal europe-west1 because …"),
            'location="europe-west1"',
        ),
        (advice("UNAUTHENTICATED", "no"), "gcloud auth"),
        (
            advice("RESOURCE_EXHAUSTED", EXCEEDED.format("Gets", "Get requests per minute")),
            "'Get requests per minute'",
        ),
        (
            advice("RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Gets'."),
            "quota 'Gets' is used up: wait a minute",
        ),
        (
            advice("RESOURCE_EXHAUSTED", "no", metadata={"quota_limit": "RunPerDay"}),
            "'RunPerDay' is used up: wait until",
        ),
        (advice("RESOURCE_EXHAUSTED", EXCEEDED.format("Q", "Queues per region")), "waiting does not help"),
        (advice("RESOURCE_EXHAUSTED", "no", violations=[{"description": "too\nmany"}]), "'too many'"),
        (
            advice("RESOURCE_EXHAUSTED", GENERIC, f"{QUEUES}.list"),
            "probably the project's quota of 600 list calls per minute is used up: wait",
        ),
        (advice("RESOURCE_EXHAUSTED", GENERIC, f"{QUEUES}.tasks.run"), "the project's quota of 60 run calls"),
        (
            advice("RESOURCE_EXHAUSTED", GENERIC, f"{QUEUES}.tasks.lease"),
            "probably the queue's quota of 10 lease calls per second is used up: wait a second",
        ),
        (
            advice("RESOURCE_EXHAUSTED", EXCEEDED.format("Leases", "Leases per second"), f"{QUEUES}.list"),
            "'Leases per second' is used up: wait a second",
        ),
        (
            advice("RESOURCE_EXHAUSTED", GENERIC, f"{QUEUES}.get"),
            "probably a quota on the calls of this project",
        ),
        (advice("INTERNAL", "Internal error encountered."), ""),
    ],
)
def test_advice_says_what_to_do(hint: str, words: str) -> None:
    assert words in hint


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=2)
)
DETAILS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"reason": st.just("SERVICE_DISABLED") | JSON, "metadata": JSON | st.just({"consumer": 7})},
    ),
    max_size=3,
)


@given(st.sampled_from(sorted(BY_STATUS)), st.text(), DETAILS, st.text(max_size=20))
def test_whatever_a_service_says_advice_is_one_line_or_none(
    status: str, message: str, details: list[dict[str, Any]], method: str
) -> None:
    hint = hint_for(status, message, details, method=method, resource=message)
    assert hint is None or (hint and "\n" not in hint)


def names(*ids: str) -> bytes:
    return answer(200, {"queues": [{"name": f"{PLACE}/queues/{one}"} for one in ids]})


def asked(*script: bytes) -> tuple[str, int]:
    """The hint for a missing queue, and the number of requests."""
    with (
        scripted(refusal(404, "NOT_FOUND", GONE), *script) as server,
        ct.connect("p", "us-central1", endpoint=server.url, retry=ct.Retry(max_tries=1)) as client,
    ):
        with pytest.raises(ct.NotFound) as caught:
            client.queue("emials")
        return caught.value.hint or "", len(server.requests)


@pytest.mark.parametrize("verb", ["get", "delete", "run", "renewLease", "cancelLease"])
def test_a_task_that_is_gone_leads_to_its_story(verb: str) -> None:
    said = "Requested entity was not found."
    task = hint_for("NOT_FOUND", said, [], method=f"{QUEUES}.tasks.{verb}", resource=f"{QUEUE}/tasks/t") or ""
    assert "task.history()" in task and "queue.tasks()" in task
    assert hint_for("NOT_FOUND", said, [], method=f"{QUEUES}.{verb}", resource=QUEUE) is None


def test_a_queue_whose_name_is_close_is_named() -> None:
    hint, requests = asked(names("emails", "reports", "Email-2"))
    assert hint.startswith('did you mean "emails"')
    assert "client.create_queue()" in hint
    assert requests == 2
    assert '"Emials"' in asked(names("Emials"))[0]


def test_without_a_close_name_the_few_there_are_named() -> None:
    assert "the queues in us-central1 are orders, reports" in asked(names("orders", "reports"))[0]
    assert "there are no queues in us-central1" in asked(names())[0]
    assert "orders" not in asked(names(*(f"orders-{n}" for n in range(60))))[0]


@pytest.mark.parametrize(
    "broken",
    [
        refusal(403, "PERMISSION_DENIED"),
        refusal(503, "UNAVAILABLE"),
        b"",
        answer(200, b"<", content_type="text/html"),
        answer(200, []),
    ],
)
def test_a_look_around_that_fails_says_nothing_of_it_and_is_not_repeated(broken: bytes) -> None:
    hint, requests = asked(broken)
    assert hint == "list the existing queues with client.queues(), or create it with client.create_queue()"
    assert requests == 2


def test_one_look_serves_many_misses() -> None:
    gone = refusal(404, "NOT_FOUND", GONE)
    with (
        scripted(gone, names("emails"), gone) as server,
        ct.connect("p", "us-central1", endpoint=server.url) as client,
    ):
        for missed in ("emials", "emailz", "mails"):
            with pytest.raises(ct.NotFound, match="did you mean"):
                client.api.projects.locations.queues.get(f"{PLACE}/queues/{missed}")
        assert len(server.requests) == 4


def test_a_name_that_exists_is_not_suggested_for_itself() -> None:
    gone = refusal(404, "NOT_FOUND", GONE)
    with (
        scripted(gone, names("emails", "email")) as server,
        ct.connect("p", "us-central1", endpoint=server.url) as client,
        pytest.raises(ct.NotFound) as caught,
    ):
        client.api.projects.locations.queues.get(f"{PLACE}/queues/emails")
    assert "did you mean" not in str(caught.value)


def test_what_was_just_created_is_known_at_once() -> None:
    gone = refusal(404, "NOT_FOUND", GONE)
    made = answer(200, {"name": f"{PLACE}/queues/emails"})
    with (
        scripted(gone, names("reports"), made, gone, names("emails", "reports")) as server,
        ct.connect("p", "us-central1", endpoint=server.url) as client,
    ):
        with pytest.raises(ct.NotFound, match="the queues in us-central1 are reports"):
            client.queue("emials")
        client.create_queue("emails")
        with pytest.raises(ct.NotFound, match='did you mean "emails"'):
            client.queue("emials")


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("API keys are not supported by this API. Expected OAuth2 access token", "access_token="),
        ("Request is missing required authentication credential. Expected OAuth 2", "credentials="),
        ("Request had invalid authentication credentials. Expected OAuth 2", "sign in again"),
    ],
)
def test_without_a_name_the_ways_in_are_named(message: str, advice: str) -> None:
    assert advice in (hint_for("UNAUTHENTICATED", message, []) or "")


def test_a_look_that_fails_serves_many_misses_too() -> None:
    gone = refusal(404, "NOT_FOUND", GONE)
    with (
        scripted(gone, refusal(403, "PERMISSION_DENIED"), gone) as server,
        ct.connect("p", "us-central1", endpoint=server.url) as client,
    ):
        for missed in ("emials", "emailz", "mails"):
            with pytest.raises(ct.NotFound, match="list the existing queues"):
                client.api.projects.locations.queues.get(f"{PLACE}/queues/{missed}")
        assert len(server.requests) == 4


def test_a_location_whose_name_is_close_is_named() -> None:
    bad = refusal(
        400, "INVALID_ARGUMENT", "Location 'us-centrall' is not a valid location. Use ListLocations to list."
    )
    there = answer(
        200, {"locations": [{"name": f"projects/p/locations/{one}"} for one in ("us-central1", "us-east1")]}
    )
    with (
        scripted(bad, there) as server,
        ct.connect("p", endpoint=server.url) as client,
        pytest.raises(ct.InvalidArgument, match='did you mean "us-central1"'),
    ):
        client.queues("us-centrall")
