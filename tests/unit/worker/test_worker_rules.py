"""The timing of lease calls, the backoff, and the valid options of workers."""

from __future__ import annotations

import math
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.render import text
from cloudtasks_nb.worker.hand import Haul
from cloudtasks_nb.worker.handling import handle, why
from cloudtasks_nb.worker.holding import backoff_s
from cloudtasks_nb.worker.options import WorkerOptions
from cloudtasks_nb.worker.refill import Patience, Portion, Turns
from cloudtasks_nb.worker.settling import Gathered, LeaseCall, Settling
from cloudtasks_nb.worker.tally import Tally
from tests.scripted import answer, refusal, scripted


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 0.3)), max_size=60))
def test_no_second_holds_more_than_ten_lease_calls_on_a_queue(asks: list[tuple[str, float]]) -> None:
    turns, now_s = Turns(), 100.0
    taken: dict[str, list[float]] = {"a": [], "b": []}
    for queue, later_s in asks:
        now_s += later_s
        turn_s = turns.take(queue, now_s)
        assert turn_s >= now_s
        assert turns.next_s(queue) >= turn_s
        taken[queue].append(turn_s)
    for moments in taken.values():
        assert all(sum(start <= moment < start + 1 for moment in moments) <= 10 for start in moments)


def test_a_second_lease_call_may_follow_at_once() -> None:
    turns = Turns()
    assert [turns.take("q", 100.0) for _ in range(4)] == [100.0, 100.0, 100.125, 100.25]
    assert [turns.take("q", 200.0) for _ in range(3)] == [200.0, 200.0, 200.125]


def test_a_lease_call_asks_for_as_many_tasks_as_come_in_time() -> None:
    portion = Portion()
    portion.complete(1000, 1.0, within_s=20)
    assert portion.most == 1000
    portion.cut_off(900)
    portion.complete(225, 9.0, within_s=20)  # twice as many might come too late
    portion.complete(224, 1.0, within_s=20)  # tells nothing about more
    assert portion.most == 225
    portion.complete(225, 1.0, within_s=20)
    assert portion.most == 450
    for _ in range(9):
        portion.cut_off(portion.most)
    assert portion.most == 1


@given(st.floats(0, 1))
def test_waits_grow_to_a_bound_and_begin_again(chance: float) -> None:
    patience = Patience(lambda: chance)
    waits = [patience.nothing_s() for _ in range(20)]
    assert waits == sorted(waits)
    assert 2.5 <= waits[-1] <= 5.0
    assert waits[0] <= 0.1
    patience.found()
    assert patience.nothing_s() == waits[0]
    assert max(patience.trouble_s() for _ in range(20)) <= 15


def test_a_failed_task_waits_longer_each_time() -> None:
    waits = [backoff_s(attempts) for attempts in range(1, 100)]
    assert waits[:5] == [0, 1, 2, 4, 8]
    assert waits == sorted(waits)
    assert waits[-1] == 60


def test_a_lease_is_renewed_after_two_thirds_and_counted_from_before_the_call() -> None:
    haul = Haul([[ct.Task(name="a")], [ct.Task(name="b")]], 10.0, 10.5, 60.0)
    assert (haul.renew_s, haul.ends_s) == (50.0, 70.0)
    assert not haul.is_due(49.9)
    assert haul.is_due(50.0)
    assert haul.is_over_s == 70.5, "by then, the service has certainly ended it"
    haul.renewing = True
    assert not haul.is_due(51.0)
    assert haul.is_over_s == 130.5, "the renewal may have arrived at its end"
    haul.renewed(51.0, 52.0)
    assert (haul.renew_s, haul.ends_s) == (91.0, 111.0)
    assert [hand.tasks[0].name for hand in haul.hands] == ["a", "b"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"concurrency": 0}, "concurrency must be a whole number of at least 1, not 0"),
        ({"concurrency": True}, "at least 1, not True"),
        ({"batch_size": 1001}, "the limit of a lease call"),
        ({"oldest_tag": True}, "a handler that takes a list"),
        ({"oldest_tag": True, "batch_size": 5, "tag": "a"}, "not both"),
        ({"on_error": "explode"}, "on_error='explode'"),
        ({"executor": "threads"}, "executor must be a concurrent.futures.Executor, not a str"),
        ({"executor": SimpleNamespace(submit=print)}, "executor must be a concurrent.futures.Executor"),
        ({"lease_duration": 0.5}, "between a second and a week"),
        ({"lease_duration": timedelta(days=8)}, "between a second and a week"),
        ({"attempts": 0}, "attempts must be a whole number"),
        ({"lease_duration": "soon"}, "between a second and a week, not 'soon'"),
        ({"handler_timeout": 0}, "handler_timeout must be a positive duration, not 0"),
        ({"handler_timeout": math.nan}, "handler_timeout must be a positive duration, not nan"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ct.ConfigError, match=words):
        WorkerOptions(**options).check()


def test_options_that_do() -> None:
    with ThreadPoolExecutor(1) as pool:
        WorkerOptions(executor=pool, lease_duration=timedelta(minutes=2), tag="a").check()
    assert WorkerOptions(lease_duration=90.7).lease_s == 90.0  # whole seconds, as the service counts
    with pytest.raises(TypeError):
        WorkerOptions(concurency=3)  # type: ignore[call-arg]


def test_why_a_task_failed_is_told_without_its_secrets() -> None:
    tally = Tally()
    tally.note("t", 1, why(ValueError("token=abc123hidden\nand more")))
    tally.note("t", 2, why(ValueError("refused: Bearer ya29.hidden-hidden")))
    assert [one.words for one in tally.failures] == [
        "ValueError: token=•••",
        "ValueError: refused: Bearer •••",
    ]


class Unspeakable(Exception):
    def __init__(self, raised: type[BaseException]) -> None:
        self.raised = raised

    def __str__(self) -> str:
        raise self.raised


@pytest.mark.parametrize("raised", [RuntimeError, SystemExit, KeyboardInterrupt])
def test_an_exception_that_cannot_be_read_is_a_failure_as_any_other(raised: type[BaseException]) -> None:
    assert why(Unspeakable(raised)) == "Unspeakable: its message cannot be read"


class Compiled(Coroutine[Any, Any, None]):
    """A coroutine of another type than those of Python, as functions have that Cython compiled."""

    def __init__(self) -> None:
        self.ran = False

    def send(self, value: Any) -> None:
        self.ran = True
        raise StopIteration

    def throw(self, *error: Any) -> None:
        raise error[0]

    def __await__(self) -> Any:
        return self


def test_a_coroutine_of_another_type_is_run() -> None:
    coroutine = Compiled()
    assert handle(lambda _: coroutine, [1], 1.0, "run").whys == [""]
    assert coroutine.ran


class Query:
    """It can be awaited, but is not a coroutine. Some database libraries return such objects."""

    def __init__(self) -> None:
        self.ran = False

    def __await__(self) -> Iterator[None]:
        self.ran = True
        return iter(())


def test_an_awaitable_is_awaited() -> None:
    query = Query()
    assert handle(lambda _: query, [1], 1.0, "run").whys == [""]
    assert query.ran


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (Future(), "returned a Future, whose work may not be done: wait for its result"),
        (map(print, [1]), "returned a map object, which does no work: use a for loop"),
        (filter(print, [1]), "returned a filter object, which does no work"),
    ],
)
def test_a_handler_that_returns_before_its_work_is_done_has_failed(returned: object, words: str) -> None:
    (why_failed,) = handle(lambda _: returned, [1], 1.0, "run").whys
    assert words in why_failed


def test_why_a_task_failed_includes_the_next_step() -> None:
    queue = ct.Queue(name="projects/my-project/locations/us-central1/queues/thumbnails")
    tally = Tally()
    with pytest.raises(ct.ConfigError) as caught:
        queue.lease()
    tally.note("t", 1, why(caught.value))
    assert tally.failures[0].words == (
        "ConfigError: This Queue has no client: it was constructed, copied or unpickled. "
        'next: connect again: ct.connect("my-project", "us-central1").queue("thumbnails")'
    )


NAME = "projects/local/locations/us-central1/queues/q/tasks/{}"


def settled(*script: bytes, verb: Any = "acknowledge", lasts_s: float = 60.0, count: int = 1) -> list[str]:
    """End leases against a server with scripted responses; returns the lost leases, and the calls."""
    with scripted(*script) as server, ct.connect(endpoint=server.url) as client:
        tasks = [
            ct.Task(name=NAME.format(at), pull_message=ct.PullMessage(), schedule_time=datetime.now(UTC))
            .bind(client._session)
            ._hold()
            for at in range(count)
        ]
        haul = Haul([[task] for task in tasks], monotonic(), monotonic(), lasts_s)
        calls = [LeaseCall(hand, hand.tasks[0], verb, haul.ends_s, lease_s=2) for hand in haul.hands]
        Settling(client._session).settle(calls)
        seen.clear()
        seen.extend(
            request.split(" HTTP")[0].rpartition("/")[2].partition("?")[0] for request in server.requests
        )
        return [call.lost for call in calls]


seen: list[str] = []
DONE, GONE = answer(200, {}), refusal(404, "NOT_FOUND", "gone")
LATER = refusal(503, "UNAVAILABLE", "later")


@pytest.mark.parametrize("lost", [b"", LATER, refusal(504, "DEADLINE_EXCEEDED", "slow")])
def test_a_task_that_is_gone_after_a_lost_answer_was_acknowledged(lost: bytes) -> None:
    assert settled(lost, GONE) == [""]
    assert len(seen) == 2


@pytest.mark.parametrize("refused", [[], [refusal(429, "RESOURCE_EXHAUSTED", "quota")]])
def test_a_task_that_is_gone_otherwise_was_handled_for_nothing(refused: list[bytes]) -> None:
    assert settled(*refused, GONE) == ["the task was gone: gone"]


def test_a_lease_that_was_given_back_and_is_gone_is_lost() -> None:
    assert settled(LATER, GONE, verb="cancelLease") == ["the task was gone: gone"]


def test_a_lease_that_is_no_longer_held_after_a_lost_answer_was_given_back() -> None:
    assert settled(LATER, OTHERS, verb="cancelLease") == [""]
    assert settled(OTHERS, verb="cancelLease") == ["the lease was lost: schedule_time has changed"]
    assert seen == ["0:cancelLease"]


def shown(leases: int) -> bytes:
    """The response that reads a task after so many leases."""
    task = {
        "name": NAME.format(0),
        "scheduleTime": "2099-01-01T00:00:00Z",
        "status": {"attemptDispatchCount": leases},
        "pullMessage": {},
    }
    return answer(200, task)


OTHERS = refusal(400, "FAILED_PRECONDITION", "schedule_time has changed")


def test_a_renewal_whose_response_was_lost_is_found_again() -> None:
    assert settled(LATER, OTHERS, shown(leases=0), verb="renewLease") == [""]
    assert seen[:3] == ["0:renewLease", "0:renewLease", "0"]


@pytest.mark.parametrize("read", [shown(leases=1), GONE, refusal(403, "PERMISSION_DENIED", "no tasks.get")])
def test_a_lease_of_another_worker_is_not_taken_for_a_renewal(read: bytes) -> None:
    assert settled(LATER, OTHERS, read, verb="renewLease") == [
        "the lease was lost: schedule_time has changed"
    ]
    assert settled(OTHERS, verb="renewLease") == ["the lease was lost: schedule_time has changed"]
    assert seen == ["0:renewLease"], "no response was lost"


def test_a_refusal_for_good_is_not_tried_again() -> None:
    assert settled(refusal(400, "FAILED_PRECONDITION", "schedule_time has changed"), DONE) == [
        "the lease was lost: schedule_time has changed"
    ]
    assert seen == ["0:acknowledge"]


def test_what_may_pass_is_tried_again_and_not_once_the_lease_is_over() -> None:
    assert settled(LATER, DONE) == [""]
    assert seen == ["0:acknowledge"] * 2
    assert settled(LATER, DONE, verb="cancelLease", lasts_s=0.0) == ["the lease was lost: later"]
    assert seen == ["0:cancelLease"]


@pytest.mark.parametrize("lost", [b"", LATER])
@pytest.mark.parametrize(
    ("last", "outcome"), [(GONE, ""), (DONE, ""), (OTHERS, "the lease was lost: schedule_time")]
)
def test_a_last_acknowledgement_without_a_response_is_asked_for_once_more(
    lost: bytes, last: bytes, outcome: str
) -> None:
    (told,) = settled(lost, last, lasts_s=0.0)
    assert told.startswith(outcome) and bool(told) is bool(outcome)
    assert seen == ["0:acknowledge"] * 2


def test_an_acknowledgement_that_never_has_a_response_is_asked_for_once_more_only() -> None:
    assert settled(LATER, lasts_s=0.0) == ["it is unknown whether the task was acknowledged: later"]
    assert seen == ["0:acknowledge"] * 2
    quota = refusal(429, "RESOURCE_EXHAUSTED", "quota")
    assert settled(quota, DONE, lasts_s=0.0) == ["the lease was lost: quota"], "nothing was acknowledged"
    assert seen == ["0:acknowledge"]


def test_no_try_comes_earlier_than_the_service_asked() -> None:
    busy = refusal(503, "UNAVAILABLE", "busy", Retry_After="0.4")
    began_s = monotonic()
    assert settled(busy, DONE) == [""]
    assert monotonic() - began_s >= 0.4
    assert settled(busy, DONE, verb="cancelLease", lasts_s=0.3) == ["the lease was lost: busy"]
    much = refusal(503, "UNAVAILABLE", "busy", Retry_After="30")
    assert settled(much, DONE, lasts_s=0.3) == ["it is unknown whether the task was acknowledged: busy"]


def test_where_no_batches_are_taken_calls_go_one_by_one() -> None:
    assert settled(refusal(404, "NOT_FOUND", "no /batch here"), DONE, count=3) == [""] * 3
    assert seen == ["batch", "0:acknowledge", "1:acknowledge", "2:acknowledge"]


def test_calls_leave_when_they_fill_a_request_or_after_a_moment() -> None:
    haul = Haul([[ct.Task(name=str(at))] for at in range(150)], 0.0, 0.0, 60.0)
    calls = [LeaseCall(hand, hand.tasks[0], "acknowledge", 60.0) for hand in haul.hands]
    gathered = Gathered()
    assert gathered.due_s(100) == math.inf
    gathered.add(calls[:99], now_s=10.0)
    assert gathered.take(100, now_s=10.01) == []
    gathered.add(calls[99:], now_s=10.01)
    assert gathered.take(100, now_s=10.01) == calls[:100]
    assert gathered.take(100, now_s=10.02) == []
    assert gathered.take(100, now_s=gathered.due_s(100)) == calls[100:]
    assert gathered.due_s(100) == math.inf


def test_no_lease_is_asked_for_earlier_than_the_service_asked() -> None:
    exhausted = refusal(429, "RESOURCE_EXHAUSTED", "quota", Retry_After="0.6")
    with scripted(exhausted, answer(200, {})) as server, ct.connect(endpoint=server.url) as client:
        name = "projects/local/locations/us-central1/queues/q"
        queue = ct.Queue(name=name, pull_target=ct.PullTarget()).bind(client._session)
        worker = queue.worker(print).run(until_empty=True)
        assert len(server.requests) == 2
    assert worker.tally.elapsed_s >= 0.6


def test_an_empty_answer_ends_trouble() -> None:
    patience = Patience(lambda: 1.0)
    waits = [patience.trouble_s(), patience.trouble_s(), patience.nothing_s(), patience.trouble_s()]
    assert waits == [0.25, 0.5, 0.1, 0.25]


def test_the_card_of_batches_counts_tasks_so_that_it_adds_up() -> None:
    shown = text(Tally(leased=52, waiting=10, running=2, in_hand=30, acknowledging=7, done=5).card("work"))
    assert " ".join(("acknowledging", "7")) in " ".join(shown.split())
    assert "2 with 30 tasks" in shown
    assert "4 with" not in text(Tally(running=4, in_hand=4).card("work"))


def test_a_short_run_says_parts_of_a_second() -> None:
    shown = [text(Tally(done=46, elapsed_s=elapsed_s).card("work")) for elapsed_s in (0.34, 12.3)]
    assert "135/s over 0.3 s" in shown[0]
    assert "over 12 s" in shown[1]
