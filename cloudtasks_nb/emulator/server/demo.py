"""Creates example queues and tasks: the same each time, with times relative to now.

Uses the services, with a manual clock, so the data is as consistent as real data.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from ...model import (
    AppEngineHttpRequest,
    AppEngineHttpTarget,
    AppEngineRouting,
    HttpRequest,
    PullMessage,
    PullTarget,
    Queue,
    RateLimits,
    RetryConfig,
    Task,
    decode,
)
from ...model.messages import Empty, RunTaskRequest
from .clock import ManualClock
from .delivery.demo_world import FAILING, FIRST_ORDER, webhook
from .rules.attempts import Attempt
from .services.context import Context
from .services.service import Service
from .store.store import Store

PROJECT = "local"
EVENTS = 5000
_MOMENT = timedelta(seconds=2)  # how long a task may have waited in a queue without backlog
_NAMES = ("ada", "alan", "barbara", "edsger", "frances", "grace", "john", "katherine", "ken", "margaret")

Tasks = Iterator[tuple[str, Task]]  # id (empty for a random one) and task


def fill(store: Store, now: datetime) -> None:
    """Fills an empty database."""
    _Demo(store, now).fill()


class _Demo:
    def __init__(self, store: Store, now: datetime) -> None:
        self._now = now
        self._clock = ManualClock(now)
        self._random = Random(2017)  # noqa: S311 - not a secret, a seed
        self._store = store
        self._sent: list[Attempt] = []
        self._service = Service(Context(store, self._clock, self._sent.append, self._random))

    def fill(self) -> None:
        """Ids of unnamed tasks come from the seeded generator, so this order is part of the demo."""
        self._queue("us-central1", Queue(name="emails"), self._emails())
        slowly = RateLimits(max_tasks_dispatched_per_second=1)  # explains why tasks wait there
        self._queue("us-central1", Queue(name="events", rate_limits=slowly), self._events())
        self._queue("us-central1", Queue(name="thumbnails", pull_target=PullTarget()), self._thumbnails())
        routing = AppEngineRouting(service="reports")
        reports = Queue(
            name="reports",
            app_engine_http_target=AppEngineHttpTarget(app_engine_routing_override=routing),
            rate_limits=RateLimits(max_tasks_dispatched_per_second=5, max_concurrent_tasks=2),
        )
        self._queue("us-central1", reports, self._reports())
        backoff = RetryConfig(max_attempts=12, min_backoff=10, max_backoff=300, max_doublings=3)
        webhooks = self._queue("europe-west1", Queue(name="webhooks", retry_config=backoff), self._webhooks())
        self._fail(webhooks)
        invoices = self._queue("europe-west1", Queue(name="invoices"), self._invoices())
        self._service.queues.pause(invoices, Empty())
        self._queue("asia-northeast1", Queue(name="translations"), self._translations())
        self._queue("asia-northeast1", Queue(name="archive", pull_target=PullTarget()), iter(()))

    def _queue(self, location: str, queue: Queue, tasks: Tasks) -> str:
        """Creates the queue and its tasks; returns the queue's name."""
        parent = f"projects/{PROJECT}/locations/{location}"
        queue.name = f"{parent}/queues/{queue.name}"
        self._at(timedelta(days=-20))
        self._service.queues.create(parent, queue)
        row = self._store.queue(queue.name)
        assert row is not None  # noqa: S101 - just created
        with self._store.transaction():
            for task_id, task in tasks:
                self._service.tasks.add(row, task, task_id)
        self._at(timedelta())
        return queue.name

    def _at(self, offset: timedelta) -> None:
        self._clock.advance(self._now + offset - self._clock.now())

    def _some_time_ago(self, longest: timedelta) -> None:
        self._at(-longest * self._random.random())

    def _emails(self) -> Tasks:
        choice, whole = self._random.choice, self._random.randint
        for number in range(120):
            if number % 4 == 0:
                self._some_time_ago(timedelta(hours=3))
                template, due = "newsletter", self._now + timedelta(hours=whole(1, 60))
            elif number % 10 == 1:
                self._some_time_ago(_MOMENT)
                template, due = choice(("welcome", "receipt", "password-reset")), None
            else:
                self._some_time_ago(timedelta(hours=3))
                template = choice(("cart-reminder", "review-request", "trial-ends"))
                due = self._now + timedelta(seconds=whole(60, 6 * 3600))
            request = _json(
                "https://mail.example.com/v1/send",
                to=f"{choice(_NAMES)}@example.com",
                template=template,
                locale=choice(("en", "de", "fr", "ja")),
                order=whole(10_000, 99_999),
            )
            name = f"{template}-{number:04}" if number % 3 == 0 else ""
            yield name, Task(http_request=request, schedule_time=due)

    def _events(self) -> Tasks:
        for number in range(EVENTS):
            self._some_time_ago(timedelta(minutes=80))
            request = _json(
                "https://collector.example.com/events",
                event=self._random.choice(("page_view", "add_to_cart", "checkout", "search", "sign_in")),
                user=self._random.randint(1, 900),
                session=f"{self._random.getrandbits(64):016x}",
                path=f"/products/{self._random.randint(1, 400)}",
                value=round(self._random.random() * 200, 2),
                sequence=number,
            )
            yield "", Task(http_request=request)

    def _thumbnails(self) -> Tasks:
        for number in range(60):
            self._some_time_ago(timedelta(hours=1))
            tag = self._random.choice(("cats", "landscapes", "portraits", "receipts", ""))
            later = self._now + timedelta(minutes=self._random.randint(5, 90)) if number % 6 == 0 else None
            message = PullMessage(payload=_png(self._random), tag=tag)
            yield f"image-{number:03}", Task(pull_message=message, schedule_time=later)

    def _reports(self) -> Tasks:
        self._at(timedelta(minutes=-20))
        for day in range(14):
            date = (self._now - timedelta(days=day)).date()
            request = AppEngineHttpRequest(http_method="GET", relative_url=f"/reports/daily?date={date}")
            due = self._now + timedelta(hours=1, minutes=10 * day)
            yield f"daily-{date}", Task(app_engine_http_request=request, schedule_time=due)
        for month in range(1, 11):
            revenue = "".join(
                f"{region},{self._random.randint(1000, 90_000)}\n" for region in ("emea", "amer", "apac")
            )
            request = AppEngineHttpRequest(
                relative_url=f"/reports/monthly/{month}",
                headers={"Content-Type": "text/csv"},
                payload=f"region,revenue\n{revenue}".encode(),
            )
            due = self._now + timedelta(minutes=6 * month)
            yield "", Task(app_engine_http_request=request, schedule_time=due)

    def _webhooks(self) -> Tasks:
        for number in range(40):
            self._some_time_ago(timedelta(minutes=30) if number < FAILING else _MOMENT)
            content = {
                "hook": "order.updated",
                "order": 4000 + number,
                "status": "shipped",
                "attempts_left": None,
            }
            request = _json(f"https://hooks.example.net/shop/{number % 5}", **content)
            request.headers["X-Signature"] = f"sha256={self._random.getrandbits(128):032x}"
            yield f"order-{4000 + number}", Task(http_request=request)

    def _fail(self, queue: str) -> None:
        """Sends most webhooks at each time they were due until now, and lets their targets fail."""
        for number in range(FAILING):
            name = f"{queue}/tasks/order-{FIRST_ORDER + number}"
            get = self._service.tasks.get
            while (due := decode(get(name), Task).schedule_time or self._now) < self._now:
                self._at(due - self._now)
                self._service.attempts.run(name, RunTaskRequest())
                self._clock.advance(timedelta(milliseconds=self._random.randint(20, 900)))
                attempt = self._sent.pop()
                self._service.attempts.finish(attempt, webhook(attempt.task.id))
        self._at(timedelta())

    def _invoices(self) -> Tasks:
        for number in range(45):
            self._some_time_ago(timedelta(days=2))
            number += 1000
            cents, customer = self._random.randint(500, 250_000), self._random.choice(_NAMES)
            url = f"https://billing.example.com/invoices/{number}"
            request = _json(url, invoice=f"2026-{number}", customer=customer, cents=cents)
            request.http_method = "PUT"
            yield f"invoice-{number}", Task(http_request=request)

    def _translations(self) -> Tasks:
        texts = (
            "ご注文ありがとうございます。",
            "Vielen Dank für Ihre Bestellung.",
            "Merci pour votre commande.",
        )
        for number in range(15):
            self._some_time_ago(_MOMENT)
            request = HttpRequest(
                url=f"https://translate.example.com/texts/{number}?to=en",
                headers={"Content-Type": "text/plain; charset=utf-8"},
                body=texts[number % 3].encode(),
            )
            due = self._now + timedelta(minutes=8 * number + self._random.randint(1, 8))
            yield "", Task(http_request=request, schedule_time=due)


def _json(url: str, **content: object) -> HttpRequest:
    headers = {"Content-Type": "application/json"}
    return HttpRequest(url=url, headers=headers, body=json.dumps(content).encode())


def _png(random: Random) -> bytes:
    """A PNG of 8 by 8 pixels in one colour."""
    pixels = (b"\0" + random.randbytes(3) * 8) * 8

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
