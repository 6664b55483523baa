"""The real problem of a queue is the first finding, and a healthy queue has no finding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import cloudtasks_nb as ct

from . import scenarios
from .scenarios import FIRST, HEALTHY, Scenario, World, world


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """One emulator: each scenario has a separate queue, and removes its faults."""
    with world() as made:
        yield made


@pytest.fixture
def here(shared: World) -> Iterator[World]:
    yield shared
    shared.client.emulator.faults()


@pytest.mark.parametrize("scenario", FIRST, ids=lambda scenario: scenario.__name__)
def test_the_right_finding_comes_first(here: World, scenario: Scenario) -> None:
    diagnosis = scenario(here).diagnose()
    assert (diagnosis[0].rule, diagnosis[0].severity) == FIRST[scenario], str(diagnosis)
    assert diagnosis.healthy == (FIRST[scenario][1] == "info")
    for finding in diagnosis:
        assert finding.sentence.endswith(".")
        assert finding.evidence
        assert finding.cure
        assert finding.source.startswith("https://")


@pytest.mark.parametrize("scenario", HEALTHY, ids=lambda scenario: scenario.__name__)
def test_a_healthy_queue_has_nothing_that_hurts(here: World, scenario: Scenario) -> None:
    diagnosis = scenario(here).diagnose()
    assert [finding.rule for finding in diagnosis if finding.severity != "info"] == []
    assert diagnosis.healthy


def test_a_queue_that_sends_nothing_although_it_could() -> None:
    with world(dispatch=False) as still:
        diagnosis = scenarios.nothing_is_sent(still).diagnose()
    assert (diagnosis[0].rule, diagnosis[0].severity) == ("idle_with_due", "blocks")


def test_a_queue_that_grows_says_by_how_much(here: World) -> None:
    (finding,) = [one for one in scenarios.too_many_come(here).diagnose() if one.rule == "drains_never"]
    assert finding.severity == "warns"
    assert finding.sentence.startswith(
        "The queue grows by 480 tasks per minute: 10/s arrive, at most 2/s are sent"
    )


def test_failures_are_told_by_their_cause_before_any_detail(here: World) -> None:
    failing, cause = scenarios.answers_503(here).diagnose()[:2]
    host = here.inbox.url_for("").rstrip("/")
    assert failing.sentence.startswith(f"40 of 40 sampled tasks: 503 from {host} since ")
    assert cause.rule == "one_cause"
    assert "overloaded or down" in cause.sentence


def test_a_refused_token_names_its_audience(here: World) -> None:
    queue = here.queue(retry_config={"min_backoff": 10})
    token = ct.OidcToken(service_account_email="bot@p.iam.gserviceaccount.com", audience="https://elsewhere")
    here.fill(queue, 6, "/401", oidc_token=token)
    here.pass_("2s")
    (cause,) = [finding for finding in queue.diagnose() if finding.rule == "one_cause"]
    assert "The audience of the token is https://elsewhere." in cause.sentence
    assert "roles" not in cause.sentence
    (cause,) = [one for one in scenarios.wants_a_token(here).diagnose() if one.rule == "one_cause"]
    assert "These tasks send no token." in cause.sentence


def test_several_causes_are_all_told(here: World) -> None:
    diagnosis = scenarios.mixed_failures(here).diagnose()
    assert [word in diagnosis[0].sentence for word in ("8 × 500", "8 × 503", "8 × 404")] == [True] * 3
    assert "one_cause" not in [finding.rule for finding in diagnosis]


def test_it_says_how_many_calls_it_made_and_makes_no_more(here: World, calls: list[str]) -> None:
    queue = scenarios.paused(here)
    calls.clear()
    assert queue.diagnose().calls == len(calls) == 3  # the queue, its tasks, and who paused it
    calls.clear()
    assert queue.resume().diagnose().calls == len(calls) - 1 == 2


def test_a_large_queue_is_sampled_and_says_so(here: World, calls: list[str]) -> None:
    queue = here.queue().pause()
    here.fill(queue, 3500)
    calls.clear()
    diagnosis = queue.diagnose()
    assert diagnosis.calls == len(calls) == 5
    assert "the first 3,000 of about 3,500 tasks" in str(diagnosis)
    assert "holds about 3,500 tasks" in diagnosis[0].sentence


@pytest.mark.parametrize(
    ("role", "unseen", "found"),
    [
        ("roles/cloudtasks.enqueuer", ["the queue and its statistics", "the tasks"], []),
        ("roles/cloudtasks.viewer", ["who paused it"], ["paused_with_backlog"]),
    ],
)
def test_what_may_not_be_read_is_said_and_never_fine(role: str, unseen: list[str], found: list[str]) -> None:
    with ct.local(enforce_iam=True) as owner:
        queue = owner.create_queue("secret").pause()
        queue.create_task(b"", url="http://127.0.0.1:9", schedule=3600)
        queue.change_iam_policy(lambda policy: policy.grant(role, "user:ada@example.com"))
        ada = ct.connect(project="local", endpoint=owner.endpoint, access_token="ada@example.com")
        with ada:
            diagnosis = ada.queue(queue.name, read=False).diagnose()
    assert [one.what for one in diagnosis.unseen] == unseen
    assert [finding.rule for finding in diagnosis if finding.severity != "info"] == found
    assert ("logging_off" in str(diagnosis)) == ("the queue and its statistics" not in unseen)
    assert not diagnosis.healthy
    assert all("cloudtasks." in one.why or "logging." in one.why for one in diagnosis.unseen)


def test_nothing_that_is_no_queue_is_diagnosed(here: World) -> None:
    with pytest.raises(ct.NotFound):
        here.client.queue("nowhere", read=False).diagnose()


def test_findings_are_a_table(here: World) -> None:
    frame = scenarios.held_and_failing(here).diagnose().to_dataframe()
    assert list(frame.columns) == ["severity", "rule", "sentence", "evidence", "cure", "source"]
    assert list(frame["rule"][:3]) == ["paused_with_backlog", "failing", "one_cause"]
    assert "state = PAUSED (queues.get)" in frame["evidence"][0]
