"""Queues with problems: each scenario brings a queue of an emulator with a manual clock into a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import cloudtasks_nb as ct

Scenario = Callable[["World"], ct.Queue]


class World:
    """An emulator, and a target whose path selects its response: /200, /503, …"""

    def __init__(self, client: ct.Client) -> None:
        self.client = client
        self.inbox = client.emulator.inbox()
        self.inbox.on()(self._answer)

    def _answer(self, request: Any) -> int:
        said = request.path.strip("/").partition("/")[0]
        if said == "checked":  # a target that expects a token for its own address
            return 200 if "Bearer" in request.headers.get("Authorization", "") else 401
        return int(said) if said.isdecimal() else 200

    def queue(self, **settings: Any) -> ct.Queue:
        return self.client.create_queue(f"q-{uuid4().hex[:12]}", **settings)

    def fill(self, queue: ct.Queue, count: int, path: str = "/200", **more: Any) -> ct.Queue:
        """So many tasks, with random names."""
        rows = [{"url": self.inbox.url_for(path), "task_id": uuid4().hex, **more} for _ in range(count)]
        queue.create_tasks(rows, progress=False).raise_for_errors()
        return queue

    def pass_(self, by: str) -> None:
        self.client.emulator.advance(by, patience=60)


@contextmanager
def world(**how: Any) -> Iterator[World]:
    """A separate emulator, because its clock and its faults affect all queues."""
    with ct.local(clock="manual", **how) as client:
        yield World(client)


def drained(world: World) -> ct.Queue:
    queue = world.fill(world.queue(), 30)
    world.pass_("1 min")
    return queue


def just_filled(world: World) -> ct.Queue:
    return world.fill(world.queue(), 100)


def a_few_fail_once(world: World) -> ct.Queue:
    """Most succeed, and three wait for their second attempt among others that are due later."""
    queue = world.queue(retry_config={"min_backoff": 30})
    world.fill(queue, 200)
    world.fill(queue, 3, "/503")
    world.fill(queue, 20, schedule=3600)
    world.pass_("10s")
    return queue


def paused(world: World) -> ct.Queue:
    return world.fill(world.queue().pause(), 10)


def disabled(world: World) -> ct.Queue:
    """A queue.yaml without the queue disables it."""
    world.client.upload_queue_yaml("queue:\n- name: default\n  rate: 5/s\n- name: left-out\n  rate: 5/s\n")
    place = world.client.emulator.refresh().info.app_engine_location
    queue = world.client.queue(f"{place}/left-out").pause()
    world.fill(queue.resume(), 5, schedule=3600)
    world.client.upload_queue_yaml("queue:\n- name: default\n  rate: 5/s\n")
    return queue.refresh()


def all_later(world: World) -> ct.Queue:
    return world.fill(world.queue(), 10, schedule=7200)


def answers_503(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 40, "/503")
    world.pass_("5s")
    return queue


def half_fail(world: World) -> ct.Queue:
    """Long enough that the last minute shows both: ten succeed per minute, and ten fail."""
    queue = world.queue(retry_config={"min_backoff": 3600})
    world.fill(queue, 20, "/503")
    world.fill(queue, 20)
    world.pass_("10s")
    return queue


def wants_a_token(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 12, "/checked")
    world.pass_("5s")
    return queue


def forbidden(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 12, "/403")
    world.pass_("5s")
    return queue


def not_found(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 12, "/404")
    world.pass_("5s")
    return queue


def redirected(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 12, "/301")
    world.pass_("5s")
    return queue


def crashes(world: World) -> ct.Queue:
    queue = world.fill(world.queue(retry_config={"min_backoff": 10}), 12, "/500")
    world.pass_("5s")
    return queue


def unreachable(world: World) -> ct.Queue:
    """No server listens at the port."""
    queue = world.queue(retry_config={"min_backoff": 10})
    with ct.local() as gone:
        address = gone.endpoint
    rows = [{"url": f"{address}/{n}", "task_id": uuid4().hex} for n in range(12)]
    queue.create_tasks(rows, progress=False)
    world.pass_("5s")
    return queue


def mixed_failures(world: World) -> ct.Queue:
    """No single cause explains most of them."""
    queue = world.queue(retry_config={"min_backoff": 30})
    for path in ("/500", "/503", "/404"):
        world.fill(queue, 8, path)
    world.pass_("5s")
    return queue


def times_out(world: World) -> ct.Queue:
    queue = world.queue(retry_config={"min_backoff": 30})
    world.client.emulator.faults(target_latency="1h")
    world.fill(queue, 12, dispatch_deadline=20)
    world.pass_("25s")
    return queue


def close_to_the_deadline(world: World) -> ct.Queue:
    """Failed responses arrive just before the deadline."""
    queue = world.queue(retry_config={"min_backoff": 30, "max_attempts": 100})
    world.client.emulator.faults(target_latency="19s")
    world.fill(queue, 3, "/500", dispatch_deadline=20)
    world.fill(queue, 6, "/404", dispatch_deadline=20)
    world.pass_("20s")
    return queue


def nearly_given_up(world: World) -> ct.Queue:
    """One task in a hundred has one attempt left."""
    queue = world.queue(retry_config={"min_backoff": 60, "max_attempts": 2})
    world.fill(queue, 1, "/500")
    world.fill(queue, 99, schedule=3600)
    world.pass_("5s")
    return queue


def too_few_at_a_time(world: World) -> ct.Queue:
    queue = world.queue(rate_limits={"max_concurrent_tasks": 4})
    world.client.emulator.faults(target_latency="8s")
    world.fill(queue, 100)
    world.pass_("30s")
    return queue


def too_slow_a_rate(world: World) -> ct.Queue:
    limits = {"max_tasks_dispatched_per_second": 2, "max_burst_size": 1}
    queue = world.fill(world.queue(rate_limits=limits), 400)
    world.pass_("65s")
    return queue


def throttled(world: World) -> ct.Queue:
    world.client.emulator.faults(throttled_rate=1)
    queue = world.fill(world.queue(), 700)
    world.pass_("30s")
    return queue


def too_many_come(world: World) -> ct.Queue:
    """Ten tasks per second arrive for five minutes, and two per second are sent."""
    limits = {"max_tasks_dispatched_per_second": 2, "max_burst_size": 1}
    queue = world.queue(rate_limits=limits)
    for _ in range(30):
        world.fill(queue, 100)
        world.pass_("10s")
    return queue


def takes_hours(world: World) -> ct.Queue:
    """A rate of six per minute, for a thousand tasks that were created at once."""
    limits = {"max_tasks_dispatched_per_second": 0.1, "max_burst_size": 1}
    return world.fill(world.queue(rate_limits=limits), 1000)


def retries_only(world: World) -> ct.Queue:
    """Fewer than five failures: too few for a failure rate, but all existing tasks wait for a retry."""
    queue = world.fill(world.queue(retry_config={"min_backoff": 60}), 3, "/503")
    world.pass_("5s")
    return queue


def counted_names(world: World) -> ct.Queue:
    queue = world.queue()
    rows = [
        {"url": world.inbox.url_for("/"), "task_id": f"order-{n:06}", "schedule": 3600} for n in range(50)
    ]
    queue.create_tasks(rows, progress=False)
    return queue


def wrong_clock(world: World) -> ct.Queue:
    """Another client moved the emulator's clock, and this client did not read it since."""
    queue = world.fill(world.queue(), 5, schedule=7200)
    world.pass_("1h")
    other = ct.connect(project="local", location="us-central1", endpoint=world.client.endpoint)
    return other.queue(queue.id)


def used_name(world: World) -> ct.Queue:
    queue = world.queue()
    url = world.inbox.url_for("/")
    queue.create_task(b"", url=url, task_id="welcome")
    world.pass_("1s")
    try:
        queue.create_task(b"", url=url, task_id="welcome")
    except ct.AlreadyExists:
        return queue
    raise AssertionError("the name was free")


def purged(world: World) -> ct.Queue:
    queue = world.fill(world.queue(), 5, schedule=3600)
    world.pass_("1 min")
    queue.purge()
    world.pass_("2h")
    return queue


def nobody_leases(world: World) -> ct.Queue:
    queue = world.queue(kind="pull")
    queue.create_tasks([{"payload": b"x"} for _ in range(10)], progress=False)
    world.pass_("5 min")
    return queue


def leases_ended(world: World) -> ct.Queue:
    """Workers leased all tasks, and stopped without an acknowledgement."""
    queue = world.queue(kind="pull")
    queue.create_tasks([{"payload": b"x"} for _ in range(10)], progress=False)
    queue.lease(max_tasks=10, lease_duration=30)
    world.pass_("5 min")
    return queue


def gives_up_at_once(world: World) -> ct.Queue:
    """Every attempt fails, and no listing shows it: each task had one attempt."""
    queue = world.queue(retry_config={"max_attempts": 1})
    world.fill(queue, 20, "/503")
    world.pass_("2 min")
    return queue


def held_and_failing(world: World) -> ct.Queue:
    """Two causes at once: attempts failed, and then the queue was paused."""
    return answers_503(world).pause()


def nothing_is_sent(world: World) -> ct.Queue:
    """In an emulator that dispatches nothing."""
    queue = world.fill(world.queue(), 10)
    world.pass_("5 min")
    return queue


HEALTHY: tuple[Scenario, ...] = (
    drained,
    just_filled,
    a_few_fail_once,
    all_later,
    purged,
    used_name,
    takes_hours,
)

FIRST: dict[Scenario, tuple[str, str]] = {
    paused: ("paused_with_backlog", "blocks"),
    disabled: ("paused_with_backlog", "blocks"),
    all_later: ("all_future", "info"),
    answers_503: ("failing", "blocks"),
    half_fail: ("failing", "slows"),
    wants_a_token: ("failing", "blocks"),
    forbidden: ("failing", "blocks"),
    not_found: ("failing", "blocks"),
    redirected: ("failing", "blocks"),
    crashes: ("failing", "blocks"),
    unreachable: ("failing", "blocks"),
    mixed_failures: ("failing", "blocks"),
    times_out: ("timeouts", "slows"),
    close_to_the_deadline: ("failing", "blocks"),
    nearly_given_up: ("near_exhaustion", "warns"),
    too_few_at_a_time: ("concurrency_bound", "slows"),
    too_slow_a_rate: ("rate_bound", "slows"),
    throttled: ("throttled", "slows"),
    too_many_come: ("rate_bound", "slows"),
    takes_hours: ("drain_long", "info"),
    retries_only: ("retry_wait", "slows"),
    counted_names: ("sequential_names", "warns"),
    wrong_clock: ("clock_skew", "warns"),
    used_name: ("tombstone", "info"),
    purged: ("purged_lately", "info"),
    nobody_leases: ("idle_with_due", "blocks"),
    leases_ended: ("idle_with_due", "blocks"),
    gives_up_at_once: ("failing", "blocks"),
    held_and_failing: ("paused_with_backlog", "blocks"),
}
"""The first rule of each scenario, and its severity."""
