"""The emulator compared with a small model, for random sequences of calls (hypothesis)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cloudtasks_nb.emulator.server.rules.attempts import answered
from cloudtasks_nb.emulator.server.rules.leases import CALLS_PER_SECOND
from cloudtasks_nb.errors import AlreadyExists, ApiError, FailedPrecondition, NotFound, ResourceExhausted
from cloudtasks_nb.model import Duration, HttpRequest, PullMessage, PullTarget, Queue, RetryConfig, Task
from cloudtasks_nb.model.messages import (
    AcknowledgeTaskRequest,
    CancelLeaseRequest,
    CreateTaskRequest,
    LeaseTasksRequest,
    RenewLeaseRequest,
)
from tests.examples import examples

from .conftest import NOW, PARENT, Emulator

TOMBSTONE = timedelta(hours=1)
TASK_TTL = timedelta(days=31)
NAME_BLOCKED = timedelta(days=3)
SHORT, SECOND, LEASE = timedelta(milliseconds=90), timedelta(seconds=1), timedelta(seconds=30)
MAX_ATTEMPTS = 2

QUEUES = st.sampled_from(["pull", "push"])
IDS = st.sampled_from(["t0", "t1", "t2"])
TAGS = st.sampled_from(["", "red"])


@dataclass
class ModelTask:
    due: datetime
    expires: datetime
    tag: str
    sent: int = 0


@dataclass
class ModelQueue:
    running: bool = True
    tasks: dict[str, ModelTask] = field(default_factory=dict)
    buried: dict[str, datetime] = field(default_factory=dict)
    lease_calls: list[datetime] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.emulator = Emulator()
        self.queues: dict[str, ModelQueue] = {}
        self.blocked: dict[str, datetime] = {}
        self.now_and_then: list[None] = []  # so that rare steps do not use up the steps of a run

    def teardown(self) -> None:
        self.emulator.store.close()

    @property
    def now(self) -> datetime:
        return self.emulator.clock.now()

    def expect(self, call: Callable[[], Any], refusal: type[ApiError] | None) -> Any:
        """Make a call, and compare its result with the model: success, or this error."""
        try:
            answer = call()
        except ApiError as error:
            assert type(error) is refusal, f"{error!r}, but the model expects {refusal}"
            return None
        assert refusal is None, f"{answer}, but the model expects {refusal}"
        return answer

    # Queues

    @initialize()
    def begin(self) -> None:
        self.create_queue("pull")
        self.create_queue("push")

    @rule(queue=QUEUES)
    def create_queue(self, queue: str) -> None:
        exists, blocked = queue in self.queues, self.blocked.get(queue, NOW) > self.now
        refusal = AlreadyExists if exists else FailedPrecondition if blocked else None
        body = Queue(name=f"{PARENT}/queues/{queue}", retry_config=RetryConfig(max_attempts=MAX_ATTEMPTS))
        body.pull_target = PullTarget() if queue != "push" else None
        self.expect(lambda: self.emulator("queues.create", parent=PARENT, body=body), refusal)
        if refusal is None:
            self.queues[queue] = ModelQueue()

    @rule(queue=QUEUES, verb=st.sampled_from(["pause", "pause", "resume", "resume", "purge"]))
    def change_queue(self, queue: str, verb: str) -> None:
        refusal = None if queue in self.queues else NotFound
        self.expect(lambda: self.emulator(f"queues.{verb}", name=f"{PARENT}/queues/{queue}"), refusal)
        if refusal is not None:
            return
        held = self.queues[queue]
        if verb == "purge":
            held.buried |= dict.fromkeys(held.tasks, self.now + TOMBSTONE)
            held.tasks.clear()
        else:
            held.running = verb == "resume"

    @precondition(lambda self: len(self.now_and_then) > 25)
    @rule(queue=QUEUES)
    def delete_queue(self, queue: str) -> None:
        self.now_and_then.clear()
        refusal = None if queue in self.queues else NotFound
        self.expect(lambda: self.emulator("queues.delete", name=f"{PARENT}/queues/{queue}"), refusal)
        if refusal is None:
            del self.queues[queue]
            self.blocked[queue] = self.now + NAME_BLOCKED

    @rule(limit=st.integers(1, 4))
    def clear_away(self, limit: int) -> None:
        """The sweeper's work in the background has no visible effect."""
        with self.emulator.store.transaction():
            self.emulator.store.tombstones.clear_away(limit, self.now)

    # Tasks

    @rule(queue=QUEUES, task_id=IDS, in_s=st.sampled_from([-5, 0, 0, 0, 1, 30]), tag=TAGS)
    def create_task(self, queue: str, task_id: str, in_s: int, tag: str) -> None:
        name = f"{PARENT}/queues/{queue}/tasks/{task_id}"
        asked = Task(name=name, schedule_time=self.now + timedelta(seconds=in_s))
        if queue == "push":
            asked.http_request = HttpRequest(url="http://localhost/")
        else:
            asked.pull_message = PullMessage(tag=tag)
        held = self.queues.get(queue)
        refusal: type[ApiError] | None = None
        if held is None:
            refusal = NotFound
        elif task_id in held.tasks or held.buried.get(task_id, NOW) > self.now:
            refusal = AlreadyExists
        body = CreateTaskRequest(task=asked)
        self.expect(
            lambda: self.emulator("queues.tasks.create", parent=f"{PARENT}/queues/{queue}", body=body),
            refusal,
        )
        if refusal is None and held is not None:
            due = self.now + timedelta(seconds=max(0, in_s))
            held.tasks[task_id] = ModelTask(due, self.now + TASK_TTL, tag if queue != "push" else "")

    @rule(queue=QUEUES, task_id=IDS)
    def delete_task(self, queue: str, task_id: str) -> None:
        held = self.queues.get(queue)
        refusal = None if held is not None and task_id in held.tasks else NotFound
        name = f"{PARENT}/queues/{queue}/tasks/{task_id}"
        self.expect(lambda: self.emulator("queues.tasks.delete", name=name), refusal)
        if refusal is None:
            self.end(queue, task_id)

    def end(self, queue: str, task_id: str) -> None:
        del self.queues[queue].tasks[task_id]
        self.queues[queue].buried[task_id] = self.now + TOMBSTONE

    @rule(task_id=IDS, code=st.sampled_from([200, 404, 500, 500]))
    def run_task(self, task_id: str, code: int) -> None:
        held = self.queues.get("push")
        refusal = None if held is not None and task_id in held.tasks else NotFound
        name = f"{PARENT}/queues/push/tasks/{task_id}"
        self.expect(lambda: self.emulator("queues.tasks.run", name=name), refusal)
        if refusal is not None or held is None:
            return
        self.emulator.service.attempts.finish(self.emulator.sent.pop(), answered(code))
        task = held.tasks[task_id]
        task.sent += 1
        if code == 200 or task.sent >= MAX_ATTEMPTS:
            self.end("push", task_id)
        else:
            task.due = self.now + timedelta(seconds=0.1) * 2 ** (task.sent - 1)

    # Leases

    @rule(
        queue=QUEUES,
        limit=st.integers(1, 4),
        duration_s=st.sampled_from([1, 30]),
        tag=st.sampled_from([None, None, None, "", "red"]),
    )
    def lease(self, queue: str, limit: int, duration_s: int, tag: str | None) -> None:
        held = self.queues.get(queue)
        if queue == "push":
            return
        recent = [at for at in held.lease_calls if at > self.now - timedelta(seconds=1)] if held else []
        refusal: type[ApiError] | None = None
        if held is None:
            refusal = NotFound
        elif not held.running:
            refusal = FailedPrecondition
        elif len(recent) >= CALLS_PER_SECOND:
            refusal = ResourceExhausted
        body = LeaseTasksRequest(
            max_tasks=limit,
            lease_duration=Duration(seconds=duration_s),
            filter="" if tag is None else f'tag="{tag}"',
        )
        answer = self.expect(
            lambda: self.emulator("queues.tasks.lease", parent=f"{PARENT}/queues/{queue}", body=body), refusal
        )
        if refusal is not None or held is None:
            return
        held.lease_calls.append(self.now)
        leased = [task["name"].rpartition("/")[2] for task in answer.get("tasks", [])]
        assert leased == self.choose(queue, limit, tag)
        for task_id in leased:
            held.tasks[task_id].due = self.now + timedelta(seconds=duration_s)
            held.tasks[task_id].sent += 1

    def choose(self, queue: str, limit: int, tag: str | None) -> list[str]:
        """Select the tasks of a lease, oldest first; tasks that used up their leases end."""
        held, chosen = self.queues[queue], []
        due = sorted(
            (task.due, task_id)
            for task_id, task in held.tasks.items()
            if task.due <= self.now and tag in (None, task.tag)
        )
        for _, task_id in due:
            if held.tasks[task_id].sent >= MAX_ATTEMPTS:
                self.end(queue, task_id)
                continue
            chosen.append(task_id)
            if len(chosen) == limit:
                break
        return chosen

    @precondition(lambda self: any(queue.tasks for queue in self.queues.values()))
    @rule(
        data=st.data(),
        verb=st.sampled_from(["acknowledge", "renewLease", "cancelLease"]),
        shown=st.sampled_from(["right", "right", "right", "stale"]),
        duration_s=st.sampled_from([1, 30]),
    )
    def use_lease(self, data: st.DataObject, verb: str, shown: str, duration_s: int) -> None:
        pool = [(queue, id) for queue, held in sorted(self.queues.items()) for id in sorted(held.tasks)]
        queue, task_id = data.draw(st.sampled_from(pool))
        if queue == "push":
            return
        held = self.queues[queue]
        task = held.tasks[task_id]
        over = task.due <= self.now
        refused = task.sent == 0 or shown == "stale" or (over and verb != "acknowledge")
        refused = refused or (verb == "renewLease" and not held.running)
        schedule_time = task.due if shown == "right" else task.due + timedelta(microseconds=1)
        bodies = {
            "acknowledge": AcknowledgeTaskRequest(schedule_time=schedule_time),
            "renewLease": RenewLeaseRequest(
                schedule_time=schedule_time, lease_duration=Duration(seconds=duration_s)
            ),
            "cancelLease": CancelLeaseRequest(schedule_time=schedule_time),
        }
        name = f"{PARENT}/queues/{queue}/tasks/{task_id}"
        call = lambda: self.emulator(f"queues.tasks.{verb}", name=name, body=bodies[verb])  # noqa: E731
        self.expect(call, FailedPrecondition if refused else None)
        if refused:
            return
        if verb == "acknowledge":
            self.end(queue, task_id)
        else:
            task.due = self.now + timedelta(seconds=duration_s if verb == "renewLease" else 0)

    # Time

    @rule(
        by=st.sampled_from(
            [SHORT, SHORT, SECOND, SECOND, LEASE, LEASE, TOMBSTONE - LEASE, TOMBSTONE, NAME_BLOCKED, TASK_TTL]
        )
    )
    def time_passes(self, by: timedelta) -> None:
        self.emulator.clock.advance(by)
        for held in self.queues.values():
            for task_id in [task_id for task_id, task in held.tasks.items() if task.expires <= self.now]:
                held.buried[task_id] = held.tasks.pop(task_id).expires + TOMBSTONE

    # Values on which both must agree after each step

    @invariant()
    def the_same_queues(self) -> None:
        self.now_and_then.append(None)
        shown = self.emulator("queues.list", parent=PARENT).get("queues", [])
        states = {queue["name"].rpartition("/")[2]: queue["state"] == "RUNNING" for queue in shown}
        assert states == {name: held.running for name, held in self.queues.items()}

    @invariant()
    def the_same_tasks(self) -> None:
        for name, held in self.queues.items():
            page = self.emulator("queues.tasks.list", parent=f"{PARENT}/queues/{name}")
            shown = {
                task["name"].rpartition("/")[2]: (
                    datetime.fromisoformat(task["scheduleTime"]),
                    task.get("status", {}).get("attemptDispatchCount", 0),
                )
                for task in page.get("tasks", [])
            }
            assert shown == {task_id: (task.due, task.sent) for task_id, task in held.tasks.items()}

    @invariant()
    def the_same_counts(self) -> None:
        for name, held in self.queues.items():
            stats = self.emulator("queues.get", name=f"{PARENT}/queues/{name}", read_mask="stats")["stats"]
            assert int(stats.get("tasksCount", 0)) == len(held.tasks)
            assert "concurrentDispatchesCount" not in stats


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=examples(75), stateful_step_count=60, deadline=None)
