"""Explanations of one task: why it has not run, or how it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import cloudtasks_nb as ct

from . import scenarios
from .scenarios import World, world

SLOW = {"min_backoff": 10, "max_doublings": 5}


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def here(shared: World) -> Iterator[World]:
    yield shared
    shared.client.emulator.faults()


def why(task: ct.Task) -> tuple[str, str]:
    """Cause and sentence, with instants and ports replaced."""
    explanation = task.explain()
    words = re.sub(r"(\d+ \w{3} )?\d\d:\d\d(:\d\d)? UTC", "T", explanation.sentence)
    return explanation.cause, re.sub(r"http://[\w.]+:\d+", "HOST", words)


def test_scheduled_paused_and_due(here: World) -> None:
    queue = here.queue()
    later = queue.create_task(b"", url=here.inbox.url_for("/"), schedule=600)
    assert why(later) == ("scheduled", "It is scheduled for T, in 10 min. task.run() runs it now.")
    queue.pause()
    cause, words = why(later)
    assert cause == "paused_with_backlog"
    assert words.startswith(
        "Its queue is PAUSED since T: no task is sent until queue.resume(). It is scheduled for T, in 10 min."
    )
    now = queue.create_task(b"", url=here.inbox.url_for("/"))
    assert why(now) == (
        "paused_with_backlog",
        "Its queue is PAUSED since T: no task is sent until queue.resume().",
    )
    queue.resume()
    assert why(now)[0] == "due"


def test_retrying_tells_the_past_and_the_future(here: World) -> None:
    queue = here.queue(retry_config=SLOW)
    task = queue.create_task(b"", url=here.inbox.url_for("/503?q=1"))
    here.pass_("35s")
    assert why(task) == (
        "retrying",
        "Attempt 3 of 100 ended with 503 from HOST. The next is in 35 s, then after 1 min 20 s, 2 min 40 s …. "
        "If all attempts fail, it is given up on T at the earliest.",
    )
    assert why(queue.pause().task(task.id))[1].count("Attempt 3 of 100 ended with 503") == 1


def test_the_last_attempt_is_told_as_such(here: World) -> None:
    queue = here.queue(retry_config={"max_attempts": 2, "min_backoff": 5})
    task = queue.create_task(b"", url=here.inbox.url_for("/500"))
    here.pass_("1s")
    assert why(task)[1].endswith(
        "The next is in 4 s. If all attempts fail, it is given up at T at the earliest."
    )
    here.pass_("10s")
    words = "It was given up at T after 2 attempts; the last one ended with 500. Cloud Tasks keeps no copy."
    assert why(task) == ("gone", words)


def test_a_refused_token_is_compared_with_what_the_target_expects(here: World) -> None:
    queue, url = here.queue(retry_config=SLOW), here.inbox.url_for("/401/send")
    token = {"service_account_email": "bot@p.iam.gserviceaccount.com"}
    signed = queue.create_task(b"", url=url, oidc_token=token)
    bare = queue.create_task(b"", url=url)
    here.pass_("1s")
    assert why(signed)[1].endswith(
        "The audience of its token is HOST/401/send; a target such as Cloud Run expects HOST."
    )
    assert why(bare)[1].endswith("The task sends no token; HOST expects one.")


def test_a_timeout_says_how_long_the_target_had(here: World) -> None:
    task = scenarios.times_out(here).tasks().first(1)[0]
    cause, words = why(task)
    assert cause == "retrying"
    assert words.startswith("Attempt 1 of 100 got no response from HOST within 20 s. The next is in 25 s")


def test_one_that_waits_for_its_turn_is_told_which_limit_holds_it(here: World) -> None:
    tasks = list(scenarios.too_few_at_a_time(here).tasks())
    running = [task for task in tasks if task.dispatch_count]
    assert why(running[0])[1].startswith(
        "Attempt 1 is in progress: it was sent 6 s ago, and its deadline is 10 min"
    )
    waiting = next(task for task in tasks if not task.dispatch_count)
    cause, words = why(waiting)
    assert cause == "concurrency_bound"
    assert words.startswith(
        "It has been due since T, and waits behind other tasks. In progress: 4 attempts of "
    )


def test_a_long_backlog_says_how_long_it_takes(here: World) -> None:
    queue = here.fill(here.queue(rate_limits={"max_tasks_dispatched_per_second": 0.1}), 100)
    words = why(queue.tasks().first(1)[0])[1]
    assert "sends at most 6/min: the 100 tasks in it take up to 16 min 40 s" in words


def test_no_task_of_a_paused_pull_queue_can_be_leased(here: World) -> None:
    pull = here.queue(kind="pull")
    leasable = pull.create_task(b"x")
    pull.pause()
    assert why(leasable) == (
        "paused_with_backlog",
        "Its queue is PAUSED since T: no task is leased until queue.resume().",
    )


def test_a_name_that_was_used_again_tells_of_its_last_task(here: World) -> None:
    queue = here.queue(stackdriver_logging_config={"sampling_ratio": 1.0})
    url = here.inbox.url_for("/200")
    queue.create_task(b"", url=url, task_id="again")
    here.pass_("26h")
    task = queue.create_task(b"", url=url, task_id="again", schedule=3600)
    here.pass_("1 min")
    assert task.history("3d").outcome == "waiting"
    task.delete()
    queue.delete()
    here.pass_("1 min")
    assert why(task)[1].startswith("It was deleted at "), "the log is read, though the queue is gone"


def test_what_is_gone_is_told_as_far_as_somebody_remembers(here: World) -> None:
    queue, url = here.queue(), here.inbox.url_for("/200")
    done = queue.create_task(b"", url=url, task_id="done")
    here.pass_("1s")
    assert why(done) == ("finished", "It finished at T after 1 attempt.")
    purged = queue.create_task(b"", url=url, schedule=3600)
    here.pass_("1s")
    queue.purge()
    assert why(purged) == ("gone", "The purge at T deleted it, or it ended before that.")
    deleted = queue.create_task(b"", url=url, schedule=3600)
    here.pass_("1s")
    deleted.delete()
    assert why(deleted)[0] == "gone"
    assert why(queue.task("never-there", read=False))[0] == "unknown"


def test_the_log_tells_what_nobody_else_remembers(here: World) -> None:
    queue = here.queue(stackdriver_logging_config={"sampling_ratio": 1.0})
    task = queue.create_task(b"", url=here.inbox.url_for("/200"), schedule=3600)
    here.pass_("1 min")
    task.delete()
    here.pass_("1s")  # a window ends before its last minute begins
    cause, words = why(task)
    assert cause == "gone"
    assert re.fullmatch(r"It was deleted at 20\d\d-\d\d-\d\d T after 0 attempts\.", words)


def test_a_name_that_was_refused_explains_itself_where_nobody_remembers_its_first_task(here: World) -> None:
    queue, url = here.queue(), here.inbox.url_for("/200")
    queue.create_task(b"", url=url, task_id="welcome", schedule=60).delete()
    with pytest.raises(ct.AlreadyExists):
        queue.create_task(b"", url=url, task_id="welcome")
    cause, words = why(queue.task("welcome", read=False))
    assert cause == "tombstone"
    assert words.startswith("It was never created: the service rejected the create at T")


def test_the_tasks_of_a_queue_that_is_gone(here: World) -> None:
    queue = here.queue()
    task = queue.create_task(b"", url=here.inbox.url_for("/"), schedule=60)
    queue.delete()
    assert why(task) == ("gone", "Its queue does not exist, so its tasks do not exist either.")


def test_pull_tasks(here: World) -> None:
    queue = here.queue(kind="pull")
    task = queue.create_task(b"x")
    assert why(task) == (
        "due",
        "It has been ready to lease since T (0 leases so far). The order of tasks is not guaranteed.",
    )
    queue.lease(max_tasks=1, lease_duration=60)
    assert why(task) == ("scheduled", "A worker holds it until T, in 60 s (1 lease so far).")


def test_an_explanation_shows_itself_with_its_evidence(here: World) -> None:
    queue = here.queue()
    explanation = queue.create_task(b"", url=here.inbox.url_for("/"), schedule=600).explain()
    assert explanation.calls == 2
    assert ("dispatch_count", "0", "tasks.get") in [
        (one.field, one.value, one.call) for one in explanation.evidence
    ]
    assert "why?  [scheduled]" in str(explanation)
    assert "evidence: scheduled" in str(explanation)
