"""Rules are pure functions from any facts to a finding or None; thresholds are arguments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.diagnosis.attempts import cause_of, deadline_of, effective_url, timed_out
from cloudtasks_nb.diagnosis.deep.answers import Deep, PolicyOf, RoleBinding, Service
from cloudtasks_nb.diagnosis.diagnosis import Diagnosis
from cloudtasks_nb.diagnosis.facts import GET, LIST, THE_TASKS, Facts, Measured, Unseen
from cloudtasks_nb.diagnosis.finding import SEVERITIES
from cloudtasks_nb.diagnosis.fortune import fortune
from cloudtasks_nb.diagnosis.rules import RULES, judge
from cloudtasks_nb.diagnosis.rules.clients import sequential_names
from cloudtasks_nb.diagnosis.rules.failing import failing, failure_share
from cloudtasks_nb.diagnosis.rules.lost import dup_risk, near_exhaustion
from cloudtasks_nb.diagnosis.rules.pace import beyond_500, idle_with_due, throttled
from cloudtasks_nb.diagnosis.rules.service import ingress_closed, what_is_left, wrong_audience
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    AttemptStatus,
    HttpRequest,
    HttpTarget,
    OidcToken,
    PullTarget,
    Queue,
    QueueStats,
    RateLimits,
    RetryConfig,
    Status,
    Task,
    TaskStatus,
    UriOverride,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "projects/p/locations/us-central1/queues/q"
HOST = "send-123456789012.europe-west1.run.app"
BOT = "bot@p.iam.gserviceaccount.com"


def failed(code: int = 14, http: int | None = 503, sent: int = 1, took_s: float = 1, **more: Any) -> Task:
    """A task whose last attempt failed."""
    at = NOW - timedelta(minutes=5)
    words = f"X({code}): HTTP status code {http}" if http else f"X({code}): no response"
    return Task(
        name=f"{NAME}/tasks/t",
        create_time=at,
        schedule_time=NOW + timedelta(minutes=5),
        http_request=HttpRequest(url=more.pop("url", f"https://{HOST}/send?token=hunter2"), **more),
        status=TaskStatus(
            attempt_dispatch_count=sent,
            attempt_response_count=sent if http else 0,
            first_attempt_status=AttemptStatus(dispatch_time=at),
            last_attempt_status=AttemptStatus(
                dispatch_time=at,
                response_time=at + timedelta(seconds=took_s),
                response_status=Status(code=code, message=words),
            ),
        ),
    )


def facts(*tasks: Task, **more: Any) -> Facts:
    queue = Queue(
        name=NAME, state="RUNNING", rate_limits=RateLimits(), retry_config=RetryConfig(max_attempts=100)
    )
    return Facts(queue=more.pop("queue", queue), now=NOW, tasks=tasks, **more)


def test_the_fairest_source_decides_which_share_fails() -> None:
    listed = facts(*[failed() for _ in range(10)])
    found = failure_share(listed)
    assert found is not None
    assert (found.value, found.fair) == (1.0, False)
    listed.measured = Measured(minutes=10, attempts={"ok": 990, "UNAVAILABLE": 10})
    found = failure_share(listed)
    assert found is not None
    assert (found.value, found.fair) == (0.01, True)
    assert failing(listed) is None
    assert failing(listed, share=0.005, at_least=1).severity == "slows"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rule", "given", "fires"),
    [
        (near_exhaustion, {"attempts_left": 98}, False),
        (near_exhaustion, {"attempts_left": 99}, True),
        (dup_risk, {"at_least": 1}, False),
        (dup_risk, {"at_least": 1, "share": 0.001}, True),
        (sequential_names, {"at_least": 2}, False),
    ],
)
def test_thresholds_are_arguments(rule: Any, given: dict[str, Any], fires: bool) -> None:
    assert (rule(facts(failed()), **given) is not None) == fires


def test_creating_too_fast_is_measured_where_it_can_be() -> None:
    assert beyond_500(facts(measured=Measured(minutes=10, created=301_000))) is not None
    assert beyond_500(facts(measured=Measured(minutes=10, created=299_000))) is None
    tasks = [Task(name=f"{NAME}/tasks/{n}", create_time=NOW + timedelta(milliseconds=n)) for n in range(3000)]
    assert beyond_500(facts(*tasks)) is not None
    assert beyond_500(facts(*tasks[:1000])) is None, "one second does not show a rate"


def test_an_unanswered_attempt_is_a_timeout_once_its_deadline_is_over() -> None:
    task = failed(code=4, http=None)
    assert timed_out(task, NOW)
    assert not timed_out(failed(code=14, http=None), NOW)
    task.status.last_attempt_status.response_status = None  # type: ignore[union-attr]
    task.status.last_attempt_status.response_time = None  # type: ignore[union-attr]
    assert not timed_out(task, NOW)
    assert timed_out(task, NOW + timedelta(minutes=6))


def test_failures_are_grouped_by_where_they_really_went_without_secrets() -> None:
    queue = Queue(name=NAME, http_target=HttpTarget(uri_override=UriOverride(host="real.example.com")))
    task = failed(url="https://user:secret@old.example.com/a?token=hunter2")
    cause = cause_of(task, queue)
    assert cause is not None
    assert cause.words == "503 from https://real.example.com"
    assert cause_of(task, Queue(name=NAME)).host == "https://old.example.com"  # type: ignore[union-attr]
    assert effective_url(task, queue).startswith("https://user:secret@real.example.com/a")


def on_run(http: int, **service: Any) -> Facts:
    """Six tasks that Cloud Run rejects with this status, and a service whose other settings are correct."""
    known = Service(
        name=f"projects/1/locations/europe-west1/services/{service.pop('id', 'send')}",
        urls=[f"https://{HOST}"],
        **{"ingress": "INGRESS_TRAFFIC_ALL", **service},
    )
    policy = PolicyOf(bindings=[RoleBinding(role="roles/run.invoker", members=[f"serviceAccount:{BOT}"])])
    token = OidcToken(service_account_email=BOT, audience=f"https://{HOST}")
    tasks = [failed(code=7 if http == 403 else 16, http=http, oidc_token=token) for _ in range(6)]
    deep = Deep(service=known, policies=[policy], account=BOT, audience=f"https://{HOST}", is_run=True)
    return facts(*tasks, deep=deep, is_deep=True)


def test_internal_ingress_is_told_where_it_refuses() -> None:
    assert ingress_closed(on_run(403, ingress="INGRESS_TRAFFIC_INTERNAL_ONLY")) is not None
    assert ingress_closed(on_run(503, ingress="INGRESS_TRAFFIC_INTERNAL_ONLY")) is None
    assert ingress_closed(on_run(403)) is None


def test_what_cannot_be_read_is_named_where_all_else_is_fine() -> None:
    left = what_is_left(on_run(403))
    assert left is not None
    assert "VPC Service Controls" in left.sentence
    proxied = what_is_left(on_run(403, iap_enabled=True))
    assert proxied is not None
    assert "Identity-Aware Proxy" in proxied.sentence
    assert what_is_left(on_run(401)) is None


def test_a_wrong_audience_blocks_where_it_is_refused() -> None:
    refused = on_run(401)
    assert refused.deep is not None
    refused.deep.audience = f"https://{HOST}/send"
    finding = wrong_audience(refused)
    assert finding is not None
    assert finding.severity == "blocks"


AGES = st.integers(-10_000, 100_000).map(lambda seconds: NOW - timedelta(seconds=seconds))
STATUSES = st.builds(
    Status, code=st.sampled_from([0, 2, 4, 7, 14, 16]), message=st.sampled_from(["", "HTTP status code 503"])
)
ATTEMPTS = st.builds(
    AttemptStatus,
    dispatch_time=st.none() | AGES,
    response_time=st.none() | AGES,
    response_status=st.none() | STATUSES,
)
TASKS = st.builds(
    Task,
    name=st.integers(0, 99).map(lambda number: f"{NAME}/tasks/t-{number}"),
    schedule_time=st.none() | AGES,
    create_time=st.none() | AGES,
    http_request=st.none()
    | st.builds(HttpRequest, url=st.sampled_from(["", "https://x/", "http://[::1]:8/"])),
    status=st.none()
    | st.builds(
        TaskStatus,
        attempt_dispatch_count=st.integers(0, 200),
        attempt_response_count=st.integers(0, 200),
        first_attempt_status=st.none() | ATTEMPTS,
        last_attempt_status=st.none() | ATTEMPTS,
    ),
)
QUEUES = st.builds(
    Queue,
    name=st.just(NAME),
    state=st.sampled_from(["", "RUNNING", "PAUSED", "DISABLED"]),
    rate_limits=st.none() | st.builds(RateLimits, max_concurrent_tasks=st.none() | st.integers(1, 9)),
    retry_config=st.none()
    | st.builds(
        RetryConfig,
        max_attempts=st.none() | st.integers(1, 9),
        unlimited_attempts=st.booleans(),
        max_retry_duration=st.none() | st.integers(0, 3600),
        min_backoff=st.none() | st.floats(0, 60),
    ),
    pull_target=st.none() | st.just(PullTarget()),
    stats=st.none()
    | st.builds(QueueStats, tasks_count=st.integers(0, 5000), executed_last_minute_count=st.integers(0, 50)),
    purge_time=st.none() | AGES,
)


MEASURED = st.none() | st.builds(
    Measured,
    minutes=st.just(10.0),
    attempts=st.dictionaries(st.sampled_from(["ok", "OK", "internal", ""]), st.integers(0, 50)),
)


@given(queue=QUEUES, tasks=st.lists(TASKS, max_size=30), complete=st.booleans(), measured=MEASURED)
def test_whatever_the_facts_are_they_are_judged(
    queue: Queue, tasks: list[Task], complete: bool, measured: Measured | None
) -> None:
    found = judge(Facts(queue=queue, now=NOW, tasks=tasks, complete=complete, measured=measured))
    order = [SEVERITIES.index(finding.severity) for finding in found]
    assert order == sorted(order)
    assert {finding.rule for finding in found} <= {rule.__name__ for rule in RULES}
    for finding in found:
        assert finding.sentence.endswith(".")
        assert finding.evidence
        assert finding.cure
        assert finding.source


def test_the_scaling_of_app_engine_decides_its_deadline() -> None:
    """From ten minutes to a day. Source: SPEC section 3.2."""
    sent = AttemptStatus(dispatch_time=NOW - timedelta(minutes=20))
    task = Task(
        name=f"{NAME}/tasks/t",
        app_engine_http_request=AppEngineHttpRequest(relative_url="/x"),
        status=TaskStatus(attempt_dispatch_count=1, last_attempt_status=sent),
    )
    assert not timed_out(task, NOW)
    assert timed_out(task, NOW + timedelta(days=1))
    sent.response_time, sent.response_status = NOW - timedelta(minutes=10), Status(code=4, message="late")
    assert deadline_of(task) == timedelta(minutes=10), "the attempt met it"


@pytest.mark.parametrize("url", ["http://[::1/", "http://h:99999/", "", "javascript:alert(1)"])
def test_a_url_that_is_none_breaks_nothing(url: str) -> None:
    wrong = failed(url=url)
    override = HttpTarget(uri_override=UriOverride(host="example.com"))
    for queue in (Queue(name=NAME, state="RUNNING"), Queue(name=NAME, state="RUNNING", http_target=override)):
        assert judge(facts(*[wrong] * 5, queue=queue))
        assert fortune(wrong, facts(wrong, queue=queue)).sentence


def test_a_pull_task_whose_leases_are_nearly_used_up_is_told() -> None:
    queue = Queue(
        name=NAME, state="RUNNING", pull_target=PullTarget(), retry_config=RetryConfig(max_attempts=3)
    )
    leased = TaskStatus(attempt_dispatch_count=2)
    ended = Task(name=f"{NAME}/tasks/t", schedule_time=NOW - timedelta(seconds=1), status=leased)
    held = Task(name=f"{NAME}/tasks/t", schedule_time=NOW + timedelta(seconds=30), status=leased)
    assert near_exhaustion(facts(held, queue=queue)) is None
    finding = near_exhaustion(facts(ended, held, queue=queue))
    assert finding is not None
    assert "1 of 2 sampled tasks has at most 3 attempts left (the fewest: 1)" in finding.sentence


def test_without_statistics_the_metrics_tell_that_nothing_is_sent() -> None:
    due = Task(name=f"{NAME}/tasks/t", schedule_time=NOW - timedelta(hours=1))
    assert idle_with_due(facts(due)) is None, "unknown"
    assert idle_with_due(facts(due, measured=Measured(minutes=10, attempts={"ok": 1}))) is None
    finding = idle_with_due(facts(due, measured=Measured(minutes=10)))
    assert finding is not None
    assert ("attempts in ten minutes", "0") in [(one.field, one.value) for one in finding.evidence]
    lately = Task(name=f"{NAME}/tasks/t", schedule_time=NOW - timedelta(minutes=8))
    assert idle_with_due(facts(lately, measured=Measured(minutes=10))) is None, "metrics come late"


def test_a_listing_that_was_read_in_part_is_not_healthy() -> None:
    whole = facts(read_at={GET: NOW, LIST: NOW})
    assert Diagnosis(whole, []).healthy
    part = facts(read_at={GET: NOW, LIST: NOW}, unseen=[Unseen(THE_TASKS, "page 2 was refused")])
    assert not Diagnosis(part, []).healthy
    assert "could not be read" in Diagnosis(part, []).sentence


def test_a_rate_that_is_not_told_throttles_nothing() -> None:
    due = Task(name=f"{NAME}/tasks/t", schedule_time=NOW)
    busy = QueueStats(tasks_count=1, executed_last_minute_count=600)
    assert throttled(facts(due, queue=Queue(name=NAME, state="RUNNING", stats=busy))) is None
    still = QueueStats(tasks_count=1)
    assert throttled(facts(due, queue=Queue(name=NAME, state="RUNNING", stats=still))) is not None


def test_evidence_hides_secrets() -> None:
    wrong = failed()
    assert wrong.last_status is not None
    wrong.last_status.message = "UNAVAILABLE(14): HTTP status code 503 from https://me:hunter2@example.com"
    said = fortune(wrong, facts(wrong))
    assert "HTTP status code 503" in str(said.evidence)
    assert "hunter2" not in str(said.evidence)


def test_a_queue_that_was_not_read_is_not_said_to_run() -> None:
    due = Task(name=f"{NAME}/tasks/t", schedule_time=NOW - timedelta(minutes=1))
    unread = Facts(queue=Queue(name=NAME), now=NOW, tasks=[due], complete=False)
    assert "Whether its queue runs is unknown." in fortune(due, unread).sentence
    waits = failed()
    assert (
        " then after " not in fortune(waits, Facts(queue=Queue(name=NAME), now=NOW, tasks=[waits])).sentence
    )


@given(queue=QUEUES, task=TASKS)
def test_whatever_a_task_is_it_is_explained(queue: Queue, task: Task) -> None:
    said = fortune(task, Facts(queue=queue, now=NOW, tasks=[task], complete=False))
    assert said.cause
    assert said.sentence.endswith(".")
