"""Examples of running objects: an emulator, its history and inbox, a batch, a worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import cloudtasks_nb as ct
from cloudtasks_nb import model
from cloudtasks_nb.api.batch import BatchItem, BatchResult
from cloudtasks_nb.api.one_request import BatchPart
from cloudtasks_nb.emulator.client.history import History
from cloudtasks_nb.emulator.client.inbox import Inbox
from cloudtasks_nb.emulator.client.received import Received
from cloudtasks_nb.model.emulated import AttemptRecord, EmulatorInfo, FaultCounts, FaultReport, Faults
from cloudtasks_nb.rest.versioned import call_in
from cloudtasks_nb.worker import Tally, Worker, WorkerOptions
from cloudtasks_nb.worker.tally import Failure

EMAILS = "projects/shop/locations/us-central1/queues/emails"


def running(now: datetime) -> dict[str, Any]:
    """The examples by the names of their snapshots."""
    received = requests(now)
    return {
        "emulator": emulator(now),
        "faults": faults(),
        "history": history(now),
        "inbox": inbox(received),
        "received": received[-1],
        "batch": batch(),
        "worker": worker(),
    }


def emulator(now: datetime) -> Any:
    shown = ct.connect("shop", "us-central1", endpoint="http://127.0.0.1:8123").emulator
    shown.info = EmulatorInfo(
        version="1.0.0",
        api_versions=["v2", "v2beta3", "v2beta2"],
        clock="manual",
        time=now,
        data="queues.db",
        allowed_targets=["https://*.example.com"],
        app_engine={"": "http://localhost:8080"},
    )
    return shown


def faults() -> FaultReport:
    chosen = Faults(unavailable=0.2, cut_after=0.05, methods=["queues.tasks.*"], seed=7)
    return FaultReport(faults=chosen, counts=FaultCounts(unavailable=48, cut_after=11, none=181))


def history(now: datetime) -> History:
    failed = model.Status(code=14, message="UNAVAILABLE(14): HTTP status code 503")
    outcomes = (("RETRY", 503, failed), ("GIVEN_UP", None, model.Status(code=4)), ("SUCCEEDED", 200, None))
    return History(
        EMAILS,
        [
            AttemptRecord(
                task=f"{EMAILS}/tasks/mail-{4 + at}",
                attempt=1 + at,
                dispatch_time=now + timedelta(seconds=at),
                response_time=now + timedelta(seconds=at, milliseconds=12),
                took=model.Duration(milliseconds=12),
                code=code,
                status=status or model.Status(),
                answer='{"error": "too many", "token": "not-shown-43"}' if code == 503 else "",
                outcome=outcome,
            )
            for at, (outcome, code, status) in enumerate(outcomes)
        ],
        dropped=7,
    )


def requests(now: datetime) -> list[Received]:
    return [
        Received(
            number=1 + at,
            received=now + timedelta(seconds=at),
            method="POST",
            path="/send",
            query="team=mail",
            headers=model.Headers(
                {
                    "X-CloudTasks-TaskName": "mail-4",
                    "X-CloudTasks-TaskRetryCount": str(at),
                    "X-Api-Key": "not-shown-42",
                    "X-Team": "mail",
                }
            ),
            payload=b'{"to": "ada@example.com", "token": "not-shown-43"}',
            answer=answer,
            error=error,
        )
        for at, (answer, error) in enumerate(((500, ValueError("no template")), (200, None)))
    ]


def inbox(received: list[Received]) -> Inbox:
    shown = Inbox()
    shown.close()
    shown.closed, shown.url = (
        False,
        "http://127.0.0.1:8500",
    )  # like a listening inbox, but with a fixed address
    shown._requests.extend(received)
    shown._received = len(received)
    shown.on("/send")(lambda request: 200)
    return shown


def batch() -> BatchResult:
    def item(method: str, error: Exception | None = None) -> BatchItem[Any]:
        call = call_in("v2beta2", f"projects.locations.queues.{method}", path={"name": EMAILS}, query={})
        made: BatchItem[Any] = BatchItem(lambda: None, BatchPart(call, ct.Retry()))
        made.error, made.is_done = error, True
        return made

    gone = ct.NotFound("Requested entity was not found.", hint="see client.queues()")
    return BatchResult([item("pause"), item("tasks.delete", gone), item("resume")], requests=1)


def worker() -> Worker:
    pull = ct.Queue(name=EMAILS.replace("emails", "thumbnails"), pull_target=ct.PullTarget())
    shown = Worker(pull, print, WorkerOptions())
    failures = (Failure("photo-3", 1, "ValueError: the thumbnail service is away"),)
    shown.tally = Tally(leased=212, running=8, done=203, failed=1, elapsed_s=41.0, state="running")
    shown.tally.failures.extend(failures)
    return shown
