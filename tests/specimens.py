"""A realistic example of each displayed object: the same in every run, displayed at one fixed time."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from msgspec.structs import replace

import cloudtasks_nb as ct
from cloudtasks_nb import model, render
from cloudtasks_nb.bulk.items import Item
from cloudtasks_nb.bulk.result import BulkResult
from cloudtasks_nb.bulk.verbs import CREATE
from cloudtasks_nb.resources import Permissions
from tests.past_specimens import past
from tests.running_specimens import running

NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)
PLACE = "projects/shop/locations/us-central1"


def specimens() -> dict[str, Any]:
    """Objects and shapes by name; their snapshots and pictures have the same names."""
    return {
        **_queues(),
        **_tasks(),
        **_settings(),
        **_errors(),
        **_bulk(),
        **past(NOW),
        **running(NOW),
        "client": ct.connect("shop", "us-central1", endpoint="http://127.0.0.1:8123"),
        "permissions": Permissions(
            ["cloudtasks.tasks.list"],
            ["cloudtasks.tasks.list", "cloudtasks.tasks.create"],
            f"{PLACE}/queues/emails",
        ),
        "location": ct.Location(
            name=PLACE,
            location_id="us-central1",
            display_name="Iowa",
            labels={"cloud.googleapis.com/region": "us-central1"},
        ),
        "locations": render.location_table(
            [
                ct.Location(name=f"projects/shop/locations/{id}", location_id=id, display_name=place)
                for id, place in (("europe-west1", "Belgium"), ("us-central1", "Iowa"))
            ],
            caption="locations of shop",
            footer="2 locations",
        ),
    }


def queue(id: str = "emails", **fields: Any) -> ct.Queue:
    """A queue as the service describes one."""
    return ct.Queue(
        name=f"{PLACE}/queues/{id}",
        **{
            "state": "RUNNING",
            "rate_limits": ct.RateLimits(
                max_tasks_dispatched_per_second=500.0, max_burst_size=100, max_concurrent_tasks=1000
            ),
            "retry_config": ct.RetryConfig(
                max_attempts=100, min_backoff=0.1, max_backoff=3600, max_doublings=16
            ),
            **fields,
        },
    )


def stats(count: int, oldest_min: float = 42, per_minute: int = 512) -> ct.QueueStats:
    """The service's estimates of a queue."""
    return ct.QueueStats(
        tasks_count=model.Int64(count),
        oldest_estimated_arrival_time=NOW - timedelta(minutes=oldest_min),
        executed_last_minute_count=model.Int64(per_minute),
        concurrent_dispatches_count=model.Int64(12),
        effective_execution_rate=8.5,
    )


def _queues() -> dict[str, Any]:
    emails = queue(stats=stats(18_234), purge_time=NOW - timedelta(days=3))
    slow = queue("thumbnails", state="PAUSED", stats=stats(940, 600, 0))
    pull = queue(
        "to-review",
        pull_target=ct.PullTarget(),
        rate_limits=ct.RateLimits(max_tasks_dispatched_per_second=500.0, max_concurrent_tasks=-1),
        retry_config=ct.RetryConfig(unlimited_attempts=True),
        stats=stats(7, 3, 2),
    )
    target = ct.HttpTarget(
        uri_override=ct.UriOverride(host="api.example.com", port=8443),
        header_overrides=[
            model.HeaderOverride(header=model.Header(key="Authorization", value="Bearer not-shown-42")),
            model.HeaderOverride(header=model.Header(key="X-Shop", value="7")),
        ],
        oidc_token=ct.OidcToken(service_account_email="sender@shop.example"),
    )
    return {
        "queue": emails,
        "queue-paused": queue("thumbnails", state="PAUSED", http_target=target),
        "queue-pull": pull,
        "queues": render.queue_table(
            [emails, slow, pull], caption="queues of us-central1", footer="3 queues", now=NOW
        ),
    }


def task(id: str, due_s: float = 192, attempts: int = 0, code: int = 0, **request: Any) -> ct.Task:
    """A task with so many attempts, of which the last ended with this code."""
    message = {14: "UNAVAILABLE(14): HTTP status code 503", 4: "The deadline of 10 s passed."}.get(code, "")
    ended = ct.AttemptStatus(
        schedule_time=NOW - timedelta(seconds=70),
        dispatch_time=NOW - timedelta(seconds=61.2),
        response_time=NOW - timedelta(seconds=60),
        response_status=ct.Status(code=code, message=message),
    )
    return ct.Task(
        name=f"{PLACE}/queues/emails/tasks/{id}",
        schedule_time=NOW + timedelta(seconds=due_s),
        create_time=NOW - timedelta(hours=2),
        status=ct.TaskStatus(
            attempt_dispatch_count=attempts,
            attempt_response_count=attempts,
            last_attempt_status=ended if attempts else None,
        ),
        **{"view": "FULL", **request},
    )


def http_request(payload: bytes, **headers: str) -> ct.HttpRequest:
    """The request of an HTTP task."""
    return ct.HttpRequest(
        url="https://shop.example/mail/send?lang=de&token=not-shown-42",
        http_method="POST",
        headers={"Content-Type": "application/json", **headers},
        body=payload,
        oidc_token=ct.OidcToken(service_account_email="sender@shop.example"),
    )


ORDER = {
    "order": 48_213,
    "to": "ada@example.com",
    "items": [{"sku": "A-113", "count": 2, "price": 9.5}, {"sku": "B-7", "count": 1, "price": None}],
    "gift": False,
    "api_key": "not-shown-42",
}


def png(width: int = 96, height: int = 48) -> bytes:
    """A small picture: a gradient."""
    rows = b"".join(
        b"\0" + b"".join(bytes((40 + 2 * x, 90 + 3 * y, 190)) for x in range(width)) for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def _tasks() -> dict[str, Any]:
    body = json.dumps(ORDER).encode()
    pushed = {"message": {"data": b64encode(b'{"to": "ada", "order": 48213}').decode(), "messageId": "11"}}
    failing = task("mail-48213", attempts=4, code=14, http_request=http_request(body, Authorization="x" * 20))
    return {
        "task": failing,
        "task-basic": task(
            "mail-48214", view="BASIC", http_request=ct.HttpRequest(url="https://shop.example/")
        ),
        "task-pubsub": task("push-1", http_request=http_request(json.dumps(pushed).encode())),
        "task-gzip": task("packed-1", http_request=http_request(gzip.compress(body, mtime=0))),
        "task-text": task(
            "note-1", http_request=http_request(b"Dear Ada,\n\nyour order left.\npassword: hunter2")
        ),
        "task-binary": task("bytes-1", http_request=http_request(bytes(range(256)) * 3)),
        "task-picture": task("photo-1", http_request=http_request(png())),
        "tasks": render.task_table(
            [
                failing,
                task("mail-48215", due_s=-30, http_request=http_request(b'{"to": "grace@example.com"}')),
                task(
                    "mail-48216", attempts=1, code=4, http_request=http_request(b'{"to": "alan@example.com"}')
                ),
            ],
            caption="tasks of us-central1/emails",
            footer="3 tasks loaded, more pages to come: iterate, or .to_dataframe()",
            now=NOW,
        ),
        "leases": render.lease_table(
            [
                task(
                    f"review-{n}",
                    due_s=55 - 25 * n,
                    attempts=1 + n,
                    pull_message=ct.PullMessage(payload=b"{}", tag="de"),
                )
                for n in range(3)
            ],
            caption="leased from us-central1/to-review",
            now=NOW,
        ),
    }


def _settings() -> dict[str, Any]:
    attempt = ct.AttemptStatus(
        dispatch_time=NOW - timedelta(seconds=61.2),
        response_time=NOW - timedelta(seconds=60),
        response_status=ct.Status(code=14, message="UNAVAILABLE(14): HTTP status code 503"),
    )
    return {
        "rate-limits": queue().rate_limits,
        "retry-config": queue().retry_config,
        "task-status": ct.TaskStatus(
            attempt_dispatch_count=4,
            attempt_response_count=3,
            first_attempt_status=attempt,
            last_attempt_status=attempt,
        ),
        "policy": ct.Policy(
            version=3,
            etag="BwYAtmZ0Ipo=",
            bindings=[
                ct.Binding(
                    role="roles/cloudtasks.viewer", members=["user:ada@example.com", "group:ops@example.com"]
                ),
                ct.Binding(
                    role="roles/cloudtasks.enqueuer",
                    members=["serviceAccount:shop@shop.example"],
                    condition=ct.Expr(title="office hours", expression="request.time.getHours() < 18"),
                ),
            ],
        ),
        "operation": ct.Operation(
            name=f"{PLACE}/operations/op-1",
            done=True,
            response={"created": 998, "failed": [{"index": 4, "code": 6}]},
        ),
        "retry": ct.Retry(),
    }


def _errors() -> dict[str, Any]:
    return {
        "error": ct.PermissionDenied(
            'The principal lacks IAM permission "cloudtasks.tasks.create".',
            method="projects.locations.queues.tasks.create",
            resource=f"{PLACE}/queues/emails",
            hint='ask for the role "Cloud Tasks Enqueuer" (roles/cloudtasks.enqueuer) on this queue',
            details=[
                {"reason": "IAM_PERMISSION_DENIED", "metadata": {"permission": "cloudtasks.tasks.create"}}
            ],
        ),
        "error-setup": ct.ConfigError(
            "No project is set.", hint='ct.connect(project="my-project"), or set GOOGLE_CLOUD_PROJECT'
        ),
    }


def due_times(count: int = 1_234) -> list[datetime]:
    """When tasks of a busy queue are due: some are late."""
    chance = Random(4)  # noqa: S311 - a picture, not a secret
    return [NOW + timedelta(seconds=chance.gauss(900, 900)) for _ in range(count)]


def attempts_of() -> list[tuple[int, int, int | None]]:
    """Attempts, responses and last code of the tasks of a queue whose target fails."""
    return [(0, 0, None)] * 30 + [(4, 4, 14)] * 12 + [(1, 1, 4)] * 9 + [(2, 1, None)] * 3 + [(3, 3, 7)] * 4


def busy_queues() -> list[ct.Queue]:
    """Queues with very different numbers of tasks, one of them paused."""
    return [
        queue("emails", stats=stats(18_234)),
        queue("thumbnails", state="PAUSED", stats=stats(9_400)),
        queue("nightly-reports-of-every-shop", stats=stats(300)),
        queue("to-review", stats=stats(7)),
    ]


def _bulk() -> dict[str, Any]:
    """A bulk call that succeeded, and one that was interrupted after some items had failed."""
    queue = f"{PLACE}/queues/orders"

    def items(count: int, error: ct.CloudTasksError | None = None) -> list[Item]:
        return [
            Item(index=at, name=f"{queue}/tasks/order-{at}", attempts=1 + at % 2, passed=1, error=error)
            for at in range(count)
        ]

    done, ended = BulkResult(CREATE, queue), BulkResult(CREATE, queue)
    done.add(items(3000))
    done.elapsed_s, done.repeated = 0.25, 0
    ended.add(
        [*items(98), *(replace(item, index=98 + item.index) for item in items(2, ct.AlreadyExists("There.")))]
    )
    ended.elapsed_s, ended.not_tried_count, ended.stopped_by = 0.125, 2900, "KeyboardInterrupt"
    rows = ct.InvalidRows(
        [(None, "column 'Url' is unknown; did you mean 'url'?"), (7, "it needs a url")], count=12
    )
    return {"bulk-result": done, "bulk-result-ended": ended, "error-rows": rows}
