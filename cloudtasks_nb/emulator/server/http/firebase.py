"""Firebase's protocol for emulators: paths without a version, and a queue for each function.

The SDKs send `POST /projects/P/locations/L/queues/FUNCTION/tasks` with {"task": ...}. An empty url means the function
itself. They expect {"task": ...} back, with a slash before the name: Firebase's emulator writes one, and the SDK for
Python removes the first character. Source: firebase-admin 7.7.0 for Python; firebase-admin-node pull request 2649.
Firebase's tools create a function's queue with `POST /projects/P/locations/L/queues/FUNCTION` and {"defaultUri": ...}.
Source: firebase-tools, src/emulator/tasksEmulator.ts and taskQueue.ts.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import Queue, decode, to_dict
from ..calls.request import Request, Response, Routes
from ..delivery.outgoing import own_url
from ..rules.queue_words import target_of
from .rest import Rest

_QUEUE = "/projects/{project}/locations/{location}/queues/{queue}"
_TASKS = f"{_QUEUE}/tasks"
# Where Firebase's own emulator serves a function. Source: https://firebase.google.com/docs/emulator-suite/connect_functions
_FUNCTION = "http://127.0.0.1:5001/{project}/{location}/{queue}"
_VERSION = "v2beta3"  # the version of queues and tasks here


class _Retries(Struct, rename="camel"):
    max_attempts: int = 3
    max_retry_seconds: float | None = None
    max_backoff_seconds: float = 3600.0
    max_doublings: int = 16
    min_backoff_seconds: float = 0.1


class _Rates(Struct, rename="camel"):
    max_concurrent_dispatches: int = 1000
    max_dispatches_per_second: float = 500.0


class _Config(Struct, rename="camel"):
    """The settings of a function's queue, with Firebase's names and defaults."""

    default_uri: str = ""
    retry_config: _Retries = msgspec.field(default_factory=_Retries)
    rate_limits: _Rates = msgspec.field(default_factory=_Rates)


def _queue(said: _Config) -> dict[str, Any]:
    """The same as a Queue of the API. Errors: ValueError."""
    retries = said.retry_config
    retry_config = {
        "maxAttempts": max(1, retries.max_attempts),
        "minBackoff": f"{retries.min_backoff_seconds:.3f}s",
        "maxBackoff": f"{retries.max_backoff_seconds:.3f}s",
        "maxDoublings": retries.max_doublings,
        "maxRetryDuration": f"{retries.max_retry_seconds or 0:.3f}s",
    }
    target = to_dict(target_of(said.default_uri)) if said.default_uri else {}
    rate_limits = msgspec.to_builtins(said.rate_limits)
    return {"httpTarget": target, "retryConfig": retry_config, "rateLimits": rate_limits}


class Firebase:
    """Translates requests to calls of the API. `makes_queues`: a function's first task creates its queue."""

    def __init__(self, rest: Rest, *, makes_queues: bool = False) -> None:
        self._rest = rest
        self._makes_queues = makes_queues

    def routes(self) -> Routes:
        return [
            ("POST", _QUEUE, self.have),
            ("POST", _TASKS, self.create),
            ("DELETE", f"{_TASKS}/{{task}}", self.delete),
        ]

    async def have(self, request: Request) -> Response:
        """Create or update the queue of a function: rates, retries, and target."""
        try:
            said = msgspec.json.decode(request.body, type=_Config)
            body = _queue(said)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise InvalidArgument(
                f"The body is not a valid configuration of a function's queue: {error}."
            ) from None
        answer = await self._ask(request, "PATCH", request.path, body)
        if answer.status != 200:
            return answer
        return replace(answer, body=msgspec.json.encode({"taskQueueConfig": said}))

    async def create(self, request: Request) -> Response:
        """Add a task. A task without a URL goes to the queue's http_target, or to Firebase's own emulator."""
        body = await self._with_url(request)
        answer = await self._rest.answer(replace(request, path=f"/{_VERSION}{request.path}", body=body))
        if answer.status != 200:
            return answer
        task = msgspec.json.decode(answer.body)
        task["name"] = f"/{task['name']}"
        return replace(answer, body=msgspec.json.encode({"task": task}))

    async def delete(self, request: Request) -> Response:
        """Delete a task."""
        return await self._rest.answer(replace(request, path=f"/{_VERSION}{request.path}"))

    async def _with_url(self, request: Request) -> bytes:
        try:
            values: Any = msgspec.json.decode(request.body)
            asked = values["task"]["httpRequest"]
            if asked.get("url"):
                return request.body
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError, RecursionError):
            return request.body  # the API reports the error
        queue = request.path.rpartition("/tasks")[0]
        found = await self._ask(request, "GET", queue)
        if found.status == 404 and self._makes_queues:
            found = await self._ask(request, "PATCH", queue, {"httpTarget": {}})
        if found.status == 200:
            held = decode(found.body, Queue)
            function = _FUNCTION.format(project=held.project, location=held.location, queue=held.id)
            asked["url"] = own_url(held.http_target) or function
        return msgspec.json.encode(values)

    async def _ask(self, request: Request, http: str, path: str, body: Any = None) -> Response:
        raw = b"" if body is None else msgspec.json.encode(body)
        return await self._rest.answer(replace(request, http=http, path=f"/{_VERSION}{path}", body=raw))
