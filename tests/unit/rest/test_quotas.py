"""Exhausted quotas: one pause for all threads of a client, by project, location and kind of call."""

from __future__ import annotations

import heapq
import json
import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.messages import LeaseTasksRequest
from cloudtasks_nb.rest import deadline, quotas, session, trying
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.quotas import Pause, Pauses, quota_of
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, refusal, scripted
from tests.waiting import passing, waits_of

from .conftest import QUEUE

LIST, RUN, LEASE, GET = (
    f"projects.locations.queues.{verb}" for verb in ("list", "tasks.run", "tasks.lease", "get")
)
PLACE = "projects/p/locations/{}"
POLICY = Retry()


def refused(method: str, resource: str, message: str = "no", retry_after_s: float = 0.0) -> errors.ApiError:
    error = errors.ResourceExhausted(message, method=method, resource=resource)
    error.retry_after_s = retry_after_s
    return error


def note(pauses: Pauses, method: str, resource: str, message: str = "no") -> None:
    error = refused(method, resource, message)
    assert isinstance(error, errors.ResourceExhausted)
    pauses.refused(error, 0.0, POLICY, chance=0.5)


@pytest.mark.parametrize(
    ("method", "resource", "kind", "queue"),
    [
        (LIST, PLACE.format("a"), "list", ""),
        ("projects.locations.list", "projects/p", "list", ""),
        ("projects.locations.queues.tasks.list", QUEUE, "list", ""),
        (RUN, f"{QUEUE}/tasks/1", "run", ""),
        (LEASE, QUEUE, "lease", "emails"),
        (GET, QUEUE, "rest", ""),
        ("api.queue.update", "", "rest", ""),
        ("logging.entries.list", "", "logging.entries.list", ""),
    ],
)
def test_calls_share_a_quota_by_their_kind(method: str, resource: str, kind: str, queue: str) -> None:
    quota = quota_of(method, resource)
    assert (quota.kind, quota.queue) == (kind, queue)


def test_a_refusal_pauses_its_kind_of_calls_in_its_location_and_nothing_else() -> None:
    pauses = Pauses()
    note(pauses, LIST, PLACE.format("a"))
    assert pauses.of(LIST, PLACE.format("a"))
    others = [
        (LIST, PLACE.format("b")),
        (LIST, "projects/q/locations/a"),
        (GET, f"{PLACE.format('a')}/queues/x"),
    ]
    assert not any(pauses.of(method, resource) for method, resource in others)


def test_two_locations_that_are_refused_share_the_quota_unless_it_is_one_of_a_region() -> None:
    for words, shared in (("no", True), ("limit 'List requests per minute per region'", False)):
        pauses = Pauses()
        note(pauses, LIST, PLACE.format("a"), words)
        note(pauses, LIST, PLACE.format("b"), words)
        assert (pauses.of(LIST, PLACE.format("c")) is not None) is shared
        assert (pauses.of(LIST, PLACE.format("a")) is pauses.of(LIST, PLACE.format("b"))) is shared


def test_lease_calls_of_one_queue_stop_no_other_queue() -> None:
    pauses = Pauses()
    queues = [f"{PLACE.format(place)}/queues/{name}" for place, name in (("a", "x"), ("b", "x"), ("a", "y"))]
    note(pauses, LEASE, queues[0])
    note(pauses, LEASE, queues[1])
    assert pauses.of(LEASE, queues[0]) is not pauses.of(LEASE, queues[1])
    assert pauses.of(LEASE, queues[2]) is None


def test_refusals_of_calls_that_were_under_way_are_one() -> None:
    pause, quota = Pause("list"), errors.ResourceExhausted("no")
    for now_s in (10.0, 10.01, 10.02):
        pause.refused(quota, left_s=9.9, now_s=now_s, policy=POLICY, chance=1)
    assert pause.rounds == 1
    first_s = 10.02 + (pause.reserve(10.02, 0, within_s=20) or 0)
    second_s = first_s + (pause.reserve(first_s, 0, within_s=20) or 0)
    assert (first_s, second_s) == pytest.approx((10 + 1 / 9, 10 + 2 / 9))
    pause.refused(quota, left_s=first_s, now_s=first_s + 0.01, policy=POLICY, chance=1)
    assert pause.rounds == 2
    assert pause.reserve(first_s, 0, within_s=0.1) is None, "half as fast as before"


def test_a_proxy_that_asks_for_an_hour_stops_others_for_minutes_only() -> None:
    pause, quota = Pause("rest"), errors.ResourceExhausted("no")
    quota.retry_after_s = 3600
    pause.refused(quota, left_s=0, now_s=1, policy=POLICY, chance=1)
    assert pause.reserve(1, 0, within_s=1e6) == 150
    assert not pause.is_over(200)
    assert pause.is_over(300)


def simulated(
    *, jobs: int, threads: int, refill_per_s: float, most: float, took_s: float, unlucky: Iterable[bool] = ()
) -> tuple[int, float]:
    """Threads that share a pause, against a quota that refills: the number of calls, and the time of the last one.

    `unlucky`: whether each call is rejected although the quota is not exhausted.
    """
    luck = iter(unlucky)
    pause, error = Pause("list"), errors.ResourceExhausted("no")
    tokens, filled_s, sent, left, now_s = most, 0.0, 0, jobs, 0.0
    due: list[tuple[float, int, str, int, float]] = [
        (0.0, thread, "ask", 0, 0.0) for thread in range(threads)
    ]
    while due:
        now_s, thread, what, rounds, left_s = heapq.heappop(due)
        if what == "ask":
            if left == 0 and rounds == 0:
                continue
            wait_s = pause.reserve(now_s, 0, within_s=1e9) if pause.rounds else 0.0
            heapq.heappush(due, (now_s + (wait_s or 0.0), thread, "leave", pause.rounds, 0.0))
        elif what == "leave":
            if rounds != pause.rounds:
                heapq.heappush(due, (now_s, thread, "ask", 1, 0.0))
                continue
            if left == 0:
                continue
            left -= 1
            heapq.heappush(due, (now_s + took_s / 2, thread, "arrive", 0, now_s))
        elif what == "arrive":
            tokens, filled_s = min(most, tokens + (now_s - filled_s) * refill_per_s), now_s
            sent, is_taken = sent + 1, tokens >= 1 and not next(luck, False)
            tokens -= is_taken
            what = "answered" if is_taken else "refused"
            heapq.heappush(due, (now_s + took_s / 2, thread, what, 0, left_s))
        else:
            if what == "refused":
                left += 1
                pause.refused(error, left_s, now_s, POLICY, 0.5)
            elif pause.rounds:
                pause.passed(left_s)
            heapq.heappush(due, (now_s, thread, "ask", 0, 0.0))
    return sent, now_s


@pytest.mark.parametrize("took_s", [0.004, 0.05, 0.2])
def test_a_walk_through_forty_locations_takes_hardly_more_calls_than_there_are(took_s: float) -> None:
    sent, ended_s = simulated(jobs=41, threads=8, refill_per_s=10, most=10, took_s=took_s)
    assert sent <= 41 + 8 + 2  # calls in progress when the quota was exhausted
    assert ended_s <= 6


def test_others_that_use_the_quota_slow_it_down_and_it_recovers() -> None:
    sent, ended_s = simulated(jobs=200, threads=8, refill_per_s=3, most=3, took_s=0.01)
    assert sent <= 200 * 1.2
    assert ended_s <= 200 / 3 * 2.5


@pytest.mark.parametrize("seed", range(8))
def test_single_rejections_far_below_the_quota_do_not_slow_a_client_down(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a simulation
    unlucky = (chance.random() < 0.05 for _ in repeat(None))
    sent, ended_s = simulated(jobs=60, threads=1, refill_per_s=1e6, most=1e6, took_s=0.01, unlucky=unlucky)
    assert sent < 60 * 1.3
    assert ended_s < 12, "at the documented 9 calls per second, 60 calls take 6.7 s"


def test_a_round_of_rejections_soon_after_another_one_halves_the_rate() -> None:
    for accepted, wait_s in ((4, 1 / (9 / 2)), (5, 1 / 9)):
        pause, error = Pause("list"), errors.ResourceExhausted("no")
        pause.refused(error, left_s=0, now_s=0, policy=POLICY, chance=0)
        for at in range(accepted):
            pause.passed(left_s=1 + at / 9)
        pause.refused(error, left_s=2, now_s=2, policy=POLICY, chance=0)
        assert pause.reserve(2, 0, within_s=9) == pytest.approx(wait_s)


def test_a_rejected_lease_call_waits_until_ten_accepted_ones_are_a_second_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, pauses = [100.0], Pauses()
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])

    def accepted(queue: str, at_s: float) -> None:
        now_s[0] = at_s
        pauses.passed(LEASE, queue, at_s - 0.01)

    def rejected(queue: str, at_s: float, retry_after_s: float = 0) -> float | None:
        now_s[0] = at_s
        error = refused(LEASE, queue, retry_after_s=retry_after_s)
        assert isinstance(error, errors.ResourceExhausted)
        return pauses.reserve(pauses.refused(error, at_s - 0.01, POLICY, chance=0), within_s=9)

    queues = [f"projects/p/locations/a/queues/{name}" for name in "uvwx"]
    for call in range(12):  # the first two of them are too old to count
        accepted(queues[0], 100 + call / 10)
    for call in range(9):
        accepted(queues[1], 101 + call / 100)
    for queue in queues[2:]:
        for call in range(10):
            accepted(queue, 101.1 + call / 100)
    assert rejected(queues[0], 101.15) == pytest.approx(0.05)
    assert rejected(queues[1], 101.15) == pytest.approx(1 / 9), "others use this quota, too"
    assert rejected(queues[2], 101.2, retry_after_s=2) == pytest.approx(2)
    assert rejected(queues[3], 102.2) == pytest.approx(1 / 9), "its calls are older than a second"


class _Limited(BaseHTTPRequestHandler):
    """Lists three queues in each of twelve locations; from the seventh request on, the quota rejects eight calls."""

    protocol_version = "HTTP/1.1"
    seen = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            type(self).seen += 1
            late = 6 < self.seen <= 10
        path = self.path.partition("?")[0]
        if late:
            words = "Resource has been exhausted (e.g. check quota)."
            self._send(429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": words}})
        elif path.endswith("/locations"):
            places = [{"name": f"projects/p/locations/place-{n}"} for n in range(12)]
            self._send(200, {"locations": places})
        else:
            self._send(200, {"queues": [{"name": f"{path.split('/', 2)[2]}/a"}]})

    def _send(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def limited() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Limited) as server:
        _Limited.seen = 0
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_threads_of_a_client_wait_together() -> None:
    with limited() as url, ct.connect("p", endpoint=url) as client:
        assert len(list(client.queues("-"))) == 12
    assert _Limited.seen == 13 + 4


def test_a_wait_that_would_be_too_long_ends_in_what_the_service_said_and_nothing_is_sent() -> None:
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", "too many", Retry_After="120")) as server:
        client = Session(server.url, Auth(), api_version="v2beta2", timeout_s=60)
        for sent in (1, 1):
            with pytest.raises(errors.ResourceExhausted, match="too many") as caught:
                client.call(GET, Queue, path={"name": QUEUE})
            assert len(server.requests) == sent
        assert "nothing was sent, because another call was just rejected" in (caught.value.hint or "")
        assert (caught.value.method, caught.value.resource) == (GET, QUEUE)
        assert len(client.heard.refusals(QUEUE)) == 1, "only sent calls were rejected"
        client.close()


def test_a_call_whose_time_is_used_up_by_refusals_was_refused_and_did_not_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passing(monkeypatch, deadline, quotas, trying)
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", "too many")) as server:
        client = Session(server.url, Auth(), api_version="v2beta2", timeout_s=60, retry=Retry(max_tries=99))
        with pytest.raises(errors.ResourceExhausted, match="too many") as caught:
            client.call(LIST, Queue, path={"parent": PLACE.format("a")})
        client.close()
    assert caught.value.tries == len(server.requests) > 1


@pytest.mark.parametrize(
    ("method", "reached", "is_rejection"),
    [(GET, True, True), (LEASE, True, False), (LEASE, False, True)],  # a lease call may have leased tasks
)
def test_a_call_whose_time_is_used_up_by_a_pause_was_rejected_and_did_not_time_out(
    method: str, reached: bool, is_rejection: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waits_of(trying, monkeypatch)
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", "too many", Retry_After="60")) as server:
        client = Session(server.url, Auth(), api_version="v2beta2", timeout_s=100)
        place = {"name" if method == GET else "parent": QUEUE}
        with pytest.raises(errors.ResourceExhausted):
            client.once().fetch(method, path=place)

        def late(*args: Any, **rest: Any) -> Any:
            raise errors.Timeout("No response in time.", reached=reached)

        monkeypatch.setattr(session, "exchange", late)
        with pytest.raises(errors.ResourceExhausted if is_rejection else errors.Timeout) as caught:
            client.fetch(method, path=place)
        client.close()
    assert waits == [pytest.approx(60, abs=30)]
    assert ("left too little time" in (caught.value.hint or "")) == is_rejection


def test_who_tries_once_is_not_held_up_and_tells_the_others() -> None:
    lease = LeaseTasksRequest(max_tasks=1)
    with scripted(
        refusal(429, "RESOURCE_EXHAUSTED", "too many", Retry_After="120"), answer(200, {})
    ) as server:
        client = Session(server.url, Auth(), api_version="v2beta2", timeout_s=60)
        with pytest.raises(errors.ResourceExhausted):
            client.once().fetch(LEASE, path={"parent": QUEUE}, body=lease)
        with pytest.raises(errors.ResourceExhausted, match="too many"):
            client.fetch(LEASE, path={"parent": QUEUE}, body=lease)
        client.once().fetch(LEASE, path={"parent": QUEUE}, body=lease)
        client.fetch(LEASE, path={"parent": f"{PLACE.format('a')}/queues/other"}, body=lease)
        client.close()
    assert len(server.requests) == 3
