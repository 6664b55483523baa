"""When workers ask, how patient they are, and which options make sense."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.render import text
from cloudtasks_nb.worker.options import WorkerOptions
from cloudtasks_nb.worker.refill import Patience, Turns, backoff_s
from cloudtasks_nb.worker.settling import Hand, Settled, settle
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
        assert turns.next_s(queue) > turn_s
        taken[queue].append(turn_s)
    for moments in taken.values():
        assert all(sum(start <= moment < start + 1 for moment in moments) <= 10 for start in moments)


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
    hand = Hand.of([], 10.0, 60.0)
    assert (hand.renew_s, hand.ends_s) == (50.0, 70.0)
    assert not hand.is_over(69.9)
    assert hand.is_over(70.0)
    hand.renewed(51.0, [])
    assert (hand.renew_s, hand.ends_s) == (91.0, 111.0)
    hand.lost()
    assert hand.renew_s > 1e9, "there is nothing left to be renewed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"concurrency": 0}, "concurrency=0"),
        ({"concurrency": True}, "concurrency=True"),
        ({"batch_size": 1001}, "more than one lease call gives"),
        ({"oldest_tag": True}, "handlers that take a list"),
        ({"oldest_tag": True, "batch_size": 5, "tag": "a"}, "not both"),
        ({"on_error": "explode"}, "on_error='explode'"),
        ({"executor": "threads"}, "executor is a str"),
        ({"lease_duration": 0.5}, "between a second and a week"),
        ({"lease_duration": timedelta(days=8)}, "between a second and a week"),
        ({"attempts": 0}, "attempts=0"),
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
    tally.note("t", 1, ValueError("token=abc123hidden\nand more"))
    tally.note("t", 2, ValueError("refused: Bearer ya29.hidden-hidden"))
    assert [one.words for one in tally.failures] == [
        "ValueError: token=•••",
        "ValueError: refused: Bearer •••",
    ]


def test_a_task_that_is_gone_after_a_lost_answer_was_acknowledged() -> None:
    def settled(*refusals: ct.CloudTasksError) -> Settled:
        tries = iter(refusals)

        class Acknowledging(ct.Task):
            def acknowledge(self) -> None:
                raise next(tries)

        return settle(
            Hand.of([Acknowledging(name="t")], monotonic(), 60), given_back=False, on_error="cancel"
        )

    for lost in (ct.TransportError("cut off"), ct.Unavailable("later"), ct.DeadlineExceeded("slow")):
        assert settled(lost, ct.NotFound("gone")).done == 1
    refused = ct.ResourceExhausted("quota"), ct.TransportError("nobody there", reached=False)
    for alone in (settled(ct.NotFound("gone")), *(settled(one, ct.NotFound("gone")) for one in refused)):
        assert (alone.done, alone.lost[0][1]) == (0, "the task was gone: gone")


class Leased(ct.Task):
    """A leased task whose calls are noted, and refused as long as there are refusals."""

    def noted(self, call: str) -> None:
        calls.append(call)
        if refusals:
            raise refusals.pop(0)

    def acknowledge(self) -> None:
        self.noted("acknowledge")

    def renew_lease(self, lease_duration: float = 0) -> Any:
        self.noted(f"renew for {lease_duration} s")

    def cancel_lease(self) -> Any:
        self.noted("cancel")


calls: list[str] = []
refusals: list[ct.CloudTasksError] = []


def leased(attempts: int = 1) -> Leased:
    calls.clear()
    refusals.clear()
    return Leased(name="t", status=ct.TaskStatus(attempt_dispatch_count=attempts))


def test_a_refusal_for_good_is_not_tried_again() -> None:
    task = leased()
    refusals[:] = [ct.FailedPrecondition("schedule_time has changed")] * 2
    settled = settle(Hand.of([task], monotonic(), 60), given_back=False, on_error="cancel")
    assert settled.lost == [(task, "the lease was lost: schedule_time has changed")]
    assert calls == ["acknowledge"]


def test_what_may_pass_is_tried_again_and_not_once_the_lease_is_over() -> None:
    task = leased()
    refusals[:] = [ct.Unavailable("later")]
    assert settle(Hand.of([task], monotonic(), 60), given_back=False, on_error="cancel").done == 1
    assert calls == ["acknowledge"] * 2
    refusals[:] = [ct.Unavailable("later")] * 2
    over = settle(Hand.of([task], monotonic() - 60, 60), given_back=False, on_error="cancel")
    assert (over.done, over.lost) == (0, [(task, "the lease was lost: later")])
    assert calls == ["acknowledge"] * 3


def test_no_try_comes_earlier_than_the_service_asked() -> None:
    task, busy = leased(), ct.Unavailable("busy")
    busy.retry_after_s = 0.4
    refusals[:] = [busy]
    began_s = monotonic()
    assert settle(Hand.of([task], began_s, 60), given_back=False, on_error="cancel").done == 1
    assert monotonic() - began_s >= 0.4
    refusals[:] = [busy]
    soon_over = Hand.of([task], monotonic(), 0.3)
    assert settle(soon_over, given_back=False, on_error="cancel").lost == [(task, "the lease was lost: busy")]


def test_no_lease_is_asked_for_earlier_than_the_service_asked() -> None:
    exhausted = refusal(429, "RESOURCE_EXHAUSTED", "quota", Retry_After="0.6")
    with (
        scripted(exhausted, answer(200, {})) as server,
        ct.connect(endpoint=server.url, timeout=0.3) as client,
    ):
        name = "projects/local/locations/us-central1/queues/q"
        queue = ct.Queue(name=name, pull_target=ct.PullTarget()).bind(client._session)
        worker = queue.worker(print).run(until_empty=True)
        assert len(server.requests) == 2
    assert worker.tally.elapsed_s >= 0.6


@pytest.mark.parametrize(
    ("attempts", "on_error", "called"),
    [
        (1, "cancel", ["cancel"]),
        (3, "cancel", ["renew for 2 s"]),
        (3, "leave", []),
    ],
)
def test_what_failed_is_offered_again_after_a_while_or_left(
    attempts: int, on_error: str, called: list[str]
) -> None:
    task = leased(attempts)
    hand = Hand.of([task], monotonic(), 60)
    ((again, due_s),) = settle(hand, given_back=True, on_error=on_error).due_again
    assert (again, calls) == (task, called)
    assert (due_s == hand.ends_s) is (on_error == "leave")


def test_an_empty_answer_ends_trouble() -> None:
    patience = Patience(lambda: 1.0)
    waits = [patience.trouble_s(), patience.trouble_s(), patience.nothing_s(), patience.trouble_s()]
    assert waits == [0.25, 0.5, 0.1, 0.25]


def test_a_short_run_says_parts_of_a_second() -> None:
    shown = [text(Tally(done=46, elapsed_s=elapsed_s).card("work")) for elapsed_s in (0.34, 12.3)]
    assert "135/s over 0.3 s" in shown[0]
    assert "over 12 s" in shown[1]
