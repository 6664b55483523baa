"""No change is lost after its response: after kill -9, twenty times in a row, and on a full disk."""

from __future__ import annotations

import base64
import http.client
import json
import resource
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.emulator_process import EmulatorProcess
from tests.waiting import PATIENCE_S

PARENT = "projects/p/locations/us-central1"
PULL, PUSH = f"{PARENT}/queues/pull", f"{PARENT}/queues/push"
CYCLES = 20
ANSWERS_PER_CYCLE = 120


class Killed(Exception):
    """The emulator was killed: the outcome of the last call is unknown."""


class Caller:
    """One keep-alive connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def __call__(self, verb: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        try:
            self._connection.request(verb, f"/v2beta2/{path}", None if body is None else json.dumps(body))
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Killed from error

    def listed(self, queue: str) -> dict[str, dict[str, Any]]:
        """All tasks by name."""
        found: dict[str, dict[str, Any]] = {}
        token = ""
        while True:
            _, page = self("GET", f"{queue}/tasks?pageToken={token}")
            found |= {task["name"]: task for task in page.get("tasks", [])}
            token = page.get("nextPageToken", "")
            if not token:
                return found


class Ledger:
    """The calls and their responses, as the callers recorded them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.worked = threading.Condition(self.lock)
        self.answers = 0
        self.numbers = count()
        self.created: set[str] = set()
        self.ended: set[str] = set()
        self.unsure: set[str] = set()  # a deletion that was requested, without a response
        self.held: dict[str, str] = {}  # task → the schedule time that proves its lease
        self.wrong: list[str] = []
        self.delivered: Counter[str] = Counter()

    def note(self, change: Callable[[], object]) -> None:
        with self.worked:
            change()
            self.answers += 1
            self.worked.notify_all()

    def wait_for(self, more: int) -> None:
        with self.worked:
            goal = self.answers + more
            assert self.worked.wait_for(lambda: self.answers >= goal or self.wrong, PATIENCE_S)


class World:
    """Threads that create and lease tasks, and a target, around one emulator after another."""

    def __init__(self, target_port: int) -> None:
        self.ledger = Ledger()
        self._target = f"http://127.0.0.1:{target_port}"

    def create(self, call: Caller) -> None:
        number = next(self.ledger.numbers)
        self._create(call, PULL if number % 3 else PUSH, number)

    def _create(self, call: Caller, queue: str, number: int, **task: str) -> str:
        name = f"{queue}/tasks/t{number}"
        kind = {"pullMessage": {}} if queue == PULL else {"httpRequest": {"url": f"{self._target}/{number}"}}
        status, answer = call("POST", f"{queue}/tasks", {"task": {"name": name, **kind, **task}})
        assert status == 200, answer
        self.ledger.note(lambda: self.ledger.created.add(name))
        return name

    def delete(self, call: Caller) -> None:
        """Create tasks that nobody leases, because they are not due."""
        later = (datetime.now(UTC) + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = self._create(call, PULL, next(self.ledger.numbers), scheduleTime=later)
        with self.ledger.lock:
            self.ledger.unsure.add(name)
        status, answer = call("DELETE", name)
        assert status == 200, answer
        self.ledger.note(lambda: self._ends(name))

    def lease(self, call: Caller) -> None:
        body = {"maxTasks": 3, "leaseDuration": "36000s"}
        status, answer = call("POST", f"{PULL}/tasks:lease", body)
        assert status in (200, 429), answer
        for task in answer.get("tasks", []):
            self._take(task)
            if task["name"][-1] in "02468":
                self._acknowledge(call, task["name"], task["scheduleTime"])
        self.create(call)

    def _take(self, task: dict[str, Any]) -> None:
        with self.ledger.lock:
            if task["name"] in self.ledger.held:
                self.ledger.wrong.append(f"held by two: {task}")
            if task["name"] in self.ledger.ended:
                self.ledger.wrong.append(f"came back: {task}")
            self.ledger.held[task["name"]] = task["scheduleTime"]

    def _acknowledge(self, call: Caller, name: str, schedule_time: str) -> None:
        with self.ledger.lock:
            self.ledger.unsure.add(name)
        status, answer = call("POST", f"{name}:acknowledge", {"scheduleTime": schedule_time})
        assert status == 200, answer
        self.ledger.note(lambda: self._ends(name))

    def _ends(self, name: str) -> None:
        self.ledger.ended.add(name)
        self.ledger.unsure.discard(name)
        self.ledger.held.pop(name, None)

    def work(self, url: str, act: Callable[[Caller], None]) -> None:
        """Until the emulator is killed."""
        try:
            with Caller(url) as call:
                while True:
                    act(call)
        except Killed:
            pass
        except Exception as error:
            with self.ledger.worked:
                self.ledger.wrong.append(repr(error))
                self.ledger.worked.notify_all()

    def check(self, call: Caller) -> None:
        """Compare after a restart. Listings come first, because the target may still record more deliveries."""
        pull, push = call.listed(PULL), call.listed(PUSH)
        ledger = self.ledger
        assert not ledger.wrong
        with ledger.lock:
            gone = ledger.created - pull.keys() - push.keys()
            assert {name for name in gone if name.startswith(PULL)} <= ledger.ended | ledger.unsure
            assert {name for name in gone if name.startswith(PUSH)} <= ledger.delivered.keys()
            assert not ledger.ended & pull.keys()
            for name, schedule_time in ledger.held.items():
                if name not in ledger.unsure:
                    assert pull[name]["scheduleTime"] == schedule_time
                    assert pull[name]["status"] == {"attemptDispatchCount": 1}
        _, stats = call("GET", f"{PULL}?readMask=stats")
        assert int(stats["stats"].get("tasksCount", 0)) == len(pull)


def target(world: list[World]) -> type[BaseHTTPRequestHandler]:
    class Target(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            ledger, name = world[0].ledger, f"{PUSH}/tasks/t{self.path[1:]}"
            attempt = int(self.headers["X-CloudTasks-TaskRetryCount"]) + 1
            with ledger.lock:
                ledger.delivered[name] += 1
                if ledger.delivered[name] > attempt:
                    ledger.wrong.append(f"{name}: attempt {attempt} is delivery {ledger.delivered[name]}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    return Target


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    worlds: list[World] = []
    data = tmp_path / "queues.db"
    with ThreadingHTTPServer(("127.0.0.1", 0), target(worlds)) as server, ThreadPoolExecutor(8) as threads:
        threads.submit(server.serve_forever, 0.05)
        world = World(server.server_port)
        worlds.append(world)
        try:
            for cycle in range(CYCLES):
                with EmulatorProcess(data=data) as process, Caller(process.url) as call:
                    if cycle == 0:
                        call("POST", f"{PARENT}/queues", {"name": PULL, "pullTarget": {}})
                        call("POST", f"{PARENT}/queues", {"name": PUSH})
                    world.check(call)
                    acts = (world.create, world.create, world.delete, world.lease, world.lease)
                    working = [threads.submit(world.work, process.url, act) for act in acts]
                    world.ledger.wait_for(ANSWERS_PER_CYCLE)
                    process.popen.kill()
                    for one in working:
                        one.result(PATIENCE_S)
                    process.popen.wait(PATIENCE_S)
            with EmulatorProcess("--no-dispatch", data=data) as process, Caller(process.url) as call:
                world.check(call)
                _, stats = call("GET", f"{PUSH}?readMask=stats")
                assert int(stats["stats"].get("tasksCount", 0)) == len(call.listed(PUSH))
        finally:
            server.shutdown()
    assert not world.ledger.wrong
    assert len(world.ledger.created) > CYCLES * ANSWERS_PER_CYCLE / 4
    assert world.ledger.ended
    assert world.ledger.held
    assert world.ledger.delivered


def test_a_full_disk_is_said_at_once_and_takes_nothing_that_was_answered(tmp_path: Path) -> None:
    data = tmp_path / "queues.db"
    with EmulatorProcess(data=data) as process, Caller(process.url) as call:
        call("POST", f"{PARENT}/queues", {"name": PULL, "pullTarget": {}})
        kept = _create_until_refused(call, data, process.popen.pid)
        status, answer = call("GET", f"{PULL}/tasks")
        assert (status, {task["name"] for task in answer["tasks"]}) == (200, kept)  # reading still works
        resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, _UNLIMITED)
        name = f"{PULL}/tasks/after"
        assert call("POST", f"{PULL}/tasks", {"task": {"name": name, "pullMessage": {}}})[0] == 200
        process.wait_for_complaint("database failed")
        process.popen.kill()
        process.popen.wait(PATIENCE_S)
    with EmulatorProcess(data=data) as process, Caller(process.url) as call:
        assert call.listed(PULL).keys() == kept | {name}


_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def _create_until_refused(call: Caller, data: Path, pid: int) -> set[str]:
    """On a disk with only a few hundred kilobytes left."""
    log_bytes = data.with_name(f"{data.name}-wal").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (log_bytes + 300_000, resource.RLIM_INFINITY))
    kept: set[str] = set()
    for number in range(1000):
        name = f"{PULL}/tasks/t{number}"
        payload = base64.b64encode(bytes(20_000)).decode()
        status, answer = call(
            "POST", f"{PULL}/tasks", {"task": {"name": name, "pullMessage": {"payload": payload}}}
        )
        if status != 200:
            assert (status, answer["error"]["status"]) == (500, "INTERNAL")
            assert "this call was rolled back" in answer["error"]["message"]
            assert kept
            return kept
        kept.add(name)
    raise AssertionError("the disk was never full")
