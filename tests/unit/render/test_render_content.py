"""The content of cards and tables of queues, tasks, policies and errors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloudtasks_nb import render
from cloudtasks_nb.errors import API_ERRORS, ConfigError, NotFound
from cloudtasks_nb.model import (
    AttemptStatus,
    Binding,
    HttpRequest,
    Int64,
    Policy,
    PullMessage,
    PullTarget,
    Queue,
    QueueStats,
    RateLimits,
    RetryConfig,
    Status,
    Task,
    TaskStatus,
)
from cloudtasks_nb.render import Json
from cloudtasks_nb.render.payload import payload_sections, preview
from cloudtasks_nb.render.queue import rate_words, retry_words
from cloudtasks_nb.render.status import attempt_words, status_badge
from cloudtasks_nb.render.values import duration, exact, size

from .conftest import NOW, QUEUE, queues, tasks

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.mark.parametrize(
    ("retry", "words"),
    [
        (RetryConfig(min_backoff=0.1, max_backoff=3600, max_doublings=16, max_attempts=100),
         "0.1 s, 0.2 s, 0.4 s … 1 h, 100 attempts"),
        (RetryConfig(min_backoff=10, max_backoff=300, max_doublings=3, max_attempts=1),
         "10 s, 20 s, 40 s … 5 min, 1 attempt"),
        (RetryConfig(min_backoff=2, max_backoff=100, max_doublings=2), "2 s, 4 s, 8 s … 1 min 40 s"),
        (RetryConfig(min_backoff=1, max_backoff=10, max_doublings=0), "1 s, 2 s, 3 s … 10 s"),
        (RetryConfig(min_backoff=5, max_backoff=5, max_doublings=16), "5 s each time"),
        (RetryConfig(min_backoff=4, max_backoff=6, max_doublings=16), "4 s, 6 s each time after"),
        (RetryConfig(min_backoff=4, max_backoff=9, max_doublings=16), "4 s, 8 s, 9 s each time after"),
        (RetryConfig(min_backoff=1, max_doublings=1), "1 s, 2 s, 4 s …"),
        (RetryConfig(unlimited_attempts=True), "unlimited attempts"),
        (RetryConfig(unlimited_attempts=True, max_retry_duration=86400), "unlimited attempts, retry duration 1 d"),
        (RetryConfig(max_attempts=5, max_retry_duration=7200), "5 attempts and at least 2 h"),
        (RetryConfig(max_attempts=2, max_retry_duration=60, min_backoff=10, max_backoff=10),
         "10 s each time, 2 attempts and at least 1 min, at most 7 attempts"),
        (RetryConfig(unlimited_attempts=True, max_retry_duration=60, min_backoff=10, max_backoff=10),
         "10 s each time, unlimited attempts, retry duration 1 min, at most 7 attempts"),
        (RetryConfig(max_attempts=2, max_retry_duration=3_600_000, min_backoff=10, max_backoff=10),
         "10 s each time, 2 attempts and at least 41 d 16 h"),
        (RetryConfig(), ""),
    ],
)  # fmt: skip
def test_retries_in_words(retry: RetryConfig, words: str) -> None:
    assert retry_words(retry) == words


def test_rates_in_words() -> None:
    limits = RateLimits(max_tasks_dispatched_per_second=0.5, max_burst_size=10, max_concurrent_tasks=1000)
    assert rate_words(limits) == "0.5/s, burst 10, 1,000 concurrent"
    assert rate_words(RateLimits(max_concurrent_tasks=-1)) == "unlimited concurrent"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.1, "0.1 s"), (59.5, "59.5 s"), (102.4, "1 min 42 s"), (-90, "-1 min 30 s"),
    ],
)  # fmt: skip
def test_durations_of_parts_of_a_second_and_below_zero(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_exact_instants_and_sizes() -> None:
    assert exact(NOW + timedelta(microseconds=250_000)) == "2026-07-31 12:00:00.25 UTC"
    assert [size(count) for count in (0, 999, 1_000, 4_213, 1_048_576)] == [
        "0 B",
        "999 B",
        "1 kB",
        "4.2 kB",
        "1 MB",
    ]


def test_queue_card() -> None:
    text = render.text(queues("")[0], NOW)
    assert text.startswith("emails  HTTP queue  [STATE_UNSPECIFIED]")
    for fact in ("tasks (estimate)", "18,234", "oldest due (estimate)", "42 min ago (2026-07-31 11:18:00 UTC)",
                 "500/s", "0.1 s, 0.2 s, 0.4 s … 1 h, 100 attempts", "3 d ago", "tasks 31 d",
                 "us-central1, project p"):  # fmt: skip
        assert fact in text


def test_a_queue_without_statistics_claims_none() -> None:
    assert "estimate" not in render.text(Queue(name=QUEUE), NOW)
    assert "est." not in render.text(render.queue_table([Queue(name=QUEUE)], caption="Queues", now=NOW))
    counted = Queue(name=QUEUE, stats=QueueStats(tasks_count=Int64(0)))
    assert ["tasks", "(estimate)", "0"] in [line.split() for line in render.text(counted, NOW).splitlines()]


def test_task_card() -> None:
    status = Status(code=14, message="UNAVAILABLE(14): HTTP status code 503")
    attempt = AttemptStatus(
        dispatch_time=NOW - timedelta(seconds=61.2),
        response_time=NOW - timedelta(minutes=1),
        response_status=status,
    )
    task = Task(
        name=f"{QUEUE}/tasks/t1",
        schedule_time=NOW + timedelta(minutes=3),
        http_request=HttpRequest(url="https://e.example/x", headers={"A": "b"}),
        status=TaskStatus(attempt_dispatch_count=4, attempt_response_count=3, last_attempt_status=attempt),
    )
    text = render.text(task, NOW)
    for fact in ("t1  HTTP task in emails", "POST https://e.example/x", "in 3 min (2026-07-31 12:03:00 UTC)",
                 "4 attempts, 3 responses", "503 → UNAVAILABLE · 60 s ago", "· after 1.2 s", "1 header"):  # fmt: skip
        assert fact in text


def test_a_lease_is_told_from_a_schedule() -> None:
    leased = Task(
        name=f"{QUEUE}/tasks/t1",
        pull_message=PullMessage(tag="a"),
        schedule_time=NOW + timedelta(seconds=55),
        status=TaskStatus(attempt_dispatch_count=1),
    )
    assert "lease ends  in 55 s" in render.text(leased, NOW)
    assert "lease ends" not in render.text(leased, NOW + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(), "OK"),
        (Status(code=14, message="HTTP status code 503"), "503 → UNAVAILABLE"),
        (Status(code=16, message="UNAUTHENTICATED(16): HTTP status code 401"), "401 → UNAUTHENTICATED"),
        (Status(code=4, message="deadline"), "DEADLINE_EXCEEDED"),
        (Status(code=99), "CODE_99"),
    ],
)
def test_statuses_in_words(status: Status, words: str) -> None:
    assert status_badge(status).text == words
    assert words in render.text(status)


def test_an_attempt_without_an_answer() -> None:
    assert attempt_words(AttemptStatus(dispatch_time=NOW), NOW)[0] == "sent"
    assert attempt_words(AttemptStatus(schedule_time=NOW), NOW)[0] == "not sent yet"


def test_json_payloads_are_indented_and_long_ones_folded() -> None:
    short = payload_sections('{"a":[1,"é"]}'.encode())[0]
    assert (short.summary, short.open) == ("payload: JSON, 14 B", True)
    assert isinstance(short.body, Json)
    assert short.body.text == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    long = payload_sections(b"[" + b"1," * 9_000 + b"1]")[0]
    assert not long.open
    assert long.summary == "payload: JSON, 18 kB, cut"
    assert isinstance(long.body, Json)
    assert long.body.text.splitlines()[-2:] == ["  … 8,602 more items", "]"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"hello", "text"), (b"{not json", "text"), ("grüß".encode(), "text"), (b"\xff\xfe\x00", "binary"),
        (b"\x00\x01\x02\x03", "binary"), (b"12", "text"), (b"[" * 100_000, "text"), (b"  \n", "text"),
        (b"null", "JSON"),
    ],
)  # fmt: skip
def test_payload_kinds(data: bytes, kind: str) -> None:
    assert payload_sections(data)[0].summary.startswith(f"payload: {kind}, ")
    assert "\n" not in preview(data)


def test_binary_payloads_are_dumped_and_cut() -> None:
    dumped = payload_sections(bytes(range(256)) * 4)[0]
    assert dumped.summary == "payload: binary, 1 kB, first 256 of 1,024 bytes"
    assert isinstance(dumped.body, str)
    assert dumped.body.splitlines()[4].endswith("@ABCDEFGHIJKLMNO")


def test_pictures_are_shown_as_pictures() -> None:
    task = Task(name=f"{QUEUE}/tasks/t", pull_message=PullMessage(payload=PNG), view="FULL")
    assert 'src="data:image/png;base64,iVBORw0KGgo' in render.html(task)
    assert "payload: image/png, 28 B" in render.text(task)
    assert preview(PNG) == "image/png 28 B"
    assert "<img" not in render.html(
        Task(pull_message=PullMessage(payload=b"<svg onload='x'/>"), view="FULL")
    )


def test_payloads_appear_only_where_they_were_asked_for() -> None:
    unread = Task(name=f"{QUEUE}/tasks/t", http_request=HttpRequest(url="https://e.example"), view="BASIC")
    assert "not read" in render.text(unread)
    assert "payload" not in render.text(render.task_table([unread], caption="Tasks", now=NOW))
    empty = Task(name=f"{QUEUE}/tasks/t", http_request=HttpRequest(url="https://e.example"), view="FULL")
    assert "payload: empty" in render.text(empty)


def test_task_tables_leave_out_columns_that_say_nothing() -> None:
    pull_only = [task for task in tasks() if task.kind == "pull"]
    assert render.task_table(pull_only, caption="", now=NOW).columns == [
        "task", "tag", "schedule", "created", "attempts", "last status", "payload",
    ]  # fmt: skip
    assert "kind" in render.task_table(tasks(), caption="", now=NOW).columns


def test_an_empty_listing_says_so() -> None:
    table = render.task_table([], caption="Tasks in emails", footer="no tasks", now=NOW)
    assert render.text(table) == "Tasks in emails\nno tasks"
    assert "<table" not in render.html(table)


def test_policy_lists_every_member() -> None:
    policy = Policy(bindings=[Binding(role="roles/viewer", members=["user:a@e.example", "user:b@e.example"])])
    text = render.text(policy)
    assert text.count("roles/viewer") == 2
    assert "user:b@e.example" in text
    assert "condition" not in text
    assert "none" in render.text(Policy())


def test_pull_queues_do_not_claim_a_concurrency() -> None:
    pull = Queue(name=QUEUE, pull_target=PullTarget(), rate_limits=RateLimits(max_concurrent_tasks=-1))
    assert "unlimited concurrent" in render.text(pull)
    assert "-1" not in render.text(render.queue_table([pull], caption="Queues", now=NOW))


@pytest.mark.parametrize("kind", API_ERRORS)
def test_errors_say_what_was_asked_answered_and_what_to_do_next(kind: type[NotFound]) -> None:
    error = kind(
        "It is gone.",
        method="queues.get",
        resource=QUEUE,
        hint="list the queues",
        details=[{"reason": "WHY"}],
    )
    text = render.text(error)
    for fact in (
        kind.__name__,
        f"{kind.http_status} {kind.rpc_status}",
        "It is gone.",
        f"queues.get of {QUEUE}",
        "list the queues",
        "WHY",
    ):
        assert fact in text
    assert "It is gone." in render.text(ConfigError("It is gone."))


def test_a_lease_batch_says_when_its_leases_end() -> None:
    def leased(id: str, ends_s: float) -> Task:
        return Task(
            name=f"{QUEUE}/tasks/{id}",
            pull_message=PullMessage(payload=b"{}", tag="de"),
            schedule_time=NOW + timedelta(seconds=ends_s),
            status=TaskStatus(attempt_dispatch_count=2),
        )

    text = render.text(
        render.lease_table([leased("a", 55), leased("b", 5), leased("c", -9)], caption="leased", now=NOW)
    )
    lines = [line.split("  ") for line in text.splitlines()]
    assert [line[-1] for line in lines[-1:]] == ["2 leases held, 1 ended, the first ends in 5 s"]
    for words in ("in 55 s", "in 5 s", "ended 9 s ago"):
        assert words in text
    assert render.text(render.lease_table([], caption="leased", now=NOW)) == "leased\nno task is available"


def test_relative_times_say_which_moment_they_are_seen_from() -> None:
    task = Task(name=f"{QUEUE}/tasks/a", schedule_time=NOW + timedelta(seconds=5))
    for words in (render.text(task, NOW), render.html(task, NOW)):
        assert "times as of 2026-07-31 12:00:00 UTC" in words
    assert "as of" not in render.text(Task(name=f"{QUEUE}/tasks/a"), NOW)
