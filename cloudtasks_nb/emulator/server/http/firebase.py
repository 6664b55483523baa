"""How the Firebase Admin SDKs speak to an emulator: two paths without a version, and a queue for each function.

They send `POST /projects/P/locations/L/queues/FUNCTION/tasks` with {"task": ...}. Its url is empty where the task goes
to the function itself. They expect {"task": ...} back, with a slash before the name: Firebase's emulator writes one,
and the SDK for Python takes the first sign off. Source: firebase-admin 7.7.0 for Python; firebase-admin-node pull
request 2649.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from ....model import Queue, decode
from ..calls.request import Request, Response, Routes
from ..delivery.outgoing import own_url
from .rest import Rest

_TASKS = "/projects/{project}/locations/{location}/queues/{queue}/tasks"
# Where Firebase's own emulator serves a function. Source: https://firebase.google.com/docs/emulator-suite/connect_functions
_FUNCTION = "http://127.0.0.1:5001/{project}/{location}/{queue}"
_VERSION = "v2beta3"  # what a queue says of its target, and what a task may hold


class Firebase:
    """Answers both by asking what stands for them in the API."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def routes(self) -> Routes:
        return [("POST", _TASKS, self.create), ("DELETE", f"{_TASKS}/{{task}}", self.delete)]

    async def create(self, request: Request) -> Response:
        """Add a task; without a URL it goes where the queue's http_target says, or to Firebase's own emulator."""
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
            return request.body  # refused in the API's own words
        queue = request.path.rpartition("/tasks")[0]
        found = await self._rest.answer(replace(request, http="GET", path=f"/{_VERSION}{queue}", body=b""))
        if found.status == 200:
            held = decode(found.body, Queue)
            function = _FUNCTION.format(project=held.project, location=held.location, queue=held.id)
            asked["url"] = own_url(held.http_target) or function
        return msgspec.json.encode(values)
