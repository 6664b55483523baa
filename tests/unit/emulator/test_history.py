"""The history of attempts keeps within its bounds and says what it forgot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloudtasks_nb.emulator.client.history import History
from cloudtasks_nb.emulator.server.delivery.attempt_log import (
    ANSWERS,
    ATTEMPTS_PER_TASK,
    FINISHED,
    KEPT_BYTES,
    AttemptLog,
)
from cloudtasks_nb.emulator.server.rules.attempts import Attempt, answered, timed_out
from cloudtasks_nb.emulator.server.rules.queues import new_queue
from cloudtasks_nb.model import HttpRequest, Queue, RetryConfig, Task, TaskStatus
from cloudtasks_nb.model.emulated import AttemptRecord
from cloudtasks_nb.names import parse_queue

from .conftest import NOW, QUEUE


def attempt(task: str, number: int = 1, retries: RetryConfig | None = None) -> Attempt:
    return Attempt(
        queue_row=1,
        task_row=1,
        queue=new_queue(Queue(retry_config=retries), parse_queue(QUEUE)),
        task=Task(
            name=f"{QUEUE}/tasks/{task}",
            http_request=HttpRequest(url="http://localhost"),
            schedule_time=NOW,
            status=TaskStatus(attempt_dispatch_count=number - 1),
        ),
        started=NOW,
        execution_count=0,
        previous_code=None,
    )


def told(history: AttemptLog) -> list[tuple[str, int, str]]:
    return [(one.task.rpartition("/")[2], one.attempt, one.outcome) for one in history.of(QUEUE)]


def go(history: AttemptLog, one: Attempt, code: int) -> None:
    history.began(one)
    history.ended(one, answered(code), NOW + timedelta(seconds=1), 0.25)


def test_what_becomes_of_an_attempt() -> None:
    history, twice = AttemptLog(), RetryConfig(max_attempts=2)
    go(history, attempt("t", 1, twice), 500)
    go(history, attempt("t", 2, twice), 500)
    go(history, attempt("u"), 204)
    history.began(attempt("v"))
    assert told(history) == [
        ("t", 1, "RETRY"),
        ("t", 2, "GIVEN_UP"),
        ("u", 1, "SUCCEEDED"),
        ("v", 1, "UNDER_WAY"),
    ]
    (answer,) = history.of(QUEUE, f"{QUEUE}/tasks/u")
    assert (answer.code, str(answer.took)) == (204, "0.250s")
    assert answer.response_time == NOW + timedelta(seconds=1)


def test_without_an_answer_there_is_no_code() -> None:
    history, one = AttemptLog(), attempt("t")
    history.began(one)
    history.ended(one, timed_out(), NOW, 600.0)
    assert history.of(QUEUE)[0].code is None


def test_finished_tasks_are_kept_up_to_a_number() -> None:
    history = AttemptLog()
    history.began(attempt("waiting"))
    for number in range(FINISHED + 10):
        go(history, attempt(f"t{number}"), 200)
    names = [name for name, _, _ in told(history)]
    assert len(names) == FINISHED + 1
    assert names[:2] == ["waiting", "t10"]
    assert history.dropped(QUEUE) == 0


def test_a_task_tried_without_end_keeps_its_first_and_its_last_attempts() -> None:
    history = AttemptLog()
    for number in range(1, ATTEMPTS_PER_TASK + 51):
        go(history, attempt("t", number, RetryConfig(unlimited_attempts=True)), 500)
    numbers = [number for _, number, _ in told(history)]
    assert len(numbers) == ATTEMPTS_PER_TASK
    assert (numbers[0], numbers[1], numbers[-1]) == (1, 52, 150)
    assert history.dropped(QUEUE) == 50


def test_the_tasks_that_were_not_tried_for_longest_are_forgotten_first() -> None:
    history = AttemptLog(attempts=10)
    for number in range(12):
        go(history, attempt(f"t{number}"), 503)
    go(history, attempt("t3", 2), 503)
    assert told(history)[0] == ("t3", 1, "RETRY")
    assert told(history)[-1] == ("t3", 2, "RETRY")
    assert len(told(history)) == 10
    assert history.dropped(QUEUE) == 3


def test_a_name_used_again_is_not_forgotten_with_its_first_bearer() -> None:
    history = AttemptLog()
    go(history, attempt("again"), 200)
    for number in range(FINISHED - 1):
        go(history, attempt(f"t{number}"), 200)
    go(history, attempt("again"), 200)
    go(history, attempt("one more"), 200)
    assert [name for name, _, _ in told(history)].count("again") == 2


def said(history: AttemptLog, one: Attempt, body: bytes) -> str:
    history.began(one)
    history.ended(one, answered(500, body=body), NOW, 0.1)
    return history.of(QUEUE, one.task.name)[-1].answer


def test_the_beginning_of_an_answer_is_kept_as_text() -> None:
    history = AttemptLog()
    assert said(history, attempt("t"), "Größe".encode()) == "Größe"
    assert said(history, attempt("u"), b"\xff\x00x") == "\ufffd\x00x"
    long = said(history, attempt("v"), ("x" * (KEPT_BYTES - 1) + "é" * 9).encode())
    assert long == "x" * (KEPT_BYTES - 1)  # no half of a character


def test_answers_have_a_bound_of_their_own() -> None:
    history, endless = AttemptLog(), RetryConfig(unlimited_attempts=True)
    tasks = ANSWERS // 50
    for number in range(1, 52):
        for task in range(tasks):
            said(history, attempt(f"t{task}", number, endless), b"no")
    answers = [one.answer for one in history.of(QUEUE)]
    assert answers.count("no") == ANSWERS
    assert answers[:tasks] == [""] * tasks


@pytest.mark.parametrize(
    "answer",
    [
        '{"api_key": "hunter2", "n": 1}',
        '{"a": {"token": "hunter2',
        "password=hunter2&n=1",
        '{"n":1,"secret":"\\"hunter2',
    ],
)
def test_secrets_of_an_answer_are_hidden_in_the_history(answer: str) -> None:
    record = AttemptRecord(task=f"{QUEUE}/tasks/t", attempt=1, answer=answer, outcome="RETRY")
    history = History(QUEUE, [record])
    for shown in (str(history), history._repr_html_(), history.to_dataframe().to_csv()):
        assert "hunter2" not in shown
        assert "•••" in shown
