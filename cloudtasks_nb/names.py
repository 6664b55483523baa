"""Resource names: parse, build, check. Source: SPEC sections 2.1, 3.1 and 6.2."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

from .errors import InvalidArgument

PROJECT_ID = re.compile(r"(?!\.+$)[A-Za-z0-9:.-]+")  # clients and proxies resolve path segments of only dots
LOCATION_ID = re.compile(r"[A-Za-z0-9-]+")
QUEUE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")

QUEUE_FORMAT = "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>"
_DOTS = ("", ".", "..")  # clients and proxies resolve such path segments
TASK_FORMAT = f"{QUEUE_FORMAT}/tasks/<TASK_ID>"


class LocationName(Struct, frozen=True, order=True):
    """`projects/P/locations/L`."""

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


class QueueName(Struct, frozen=True, order=True):
    """`projects/P/locations/L/queues/Q`."""

    project: str
    location: str
    queue: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/queues/{self.queue}"

    @property
    def parent(self) -> LocationName:
        return LocationName(self.project, self.location)


class TaskName(Struct, frozen=True, order=True):
    """`projects/P/locations/L/queues/Q/tasks/T`."""

    project: str
    location: str
    queue: str
    task: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/queues/{self.queue}/tasks/{self.task}"

    @property
    def parent(self) -> QueueName:
        return QueueName(self.project, self.location, self.queue)


Named = str | Struct
"""A name as a string, or a resource that has the name."""


def name_of(given: Any) -> Any:
    """The name of a resource or of a parsed name; returns anything else unchanged."""
    if isinstance(given, str):
        return given
    if isinstance(given, LocationName | QueueName | TaskName):
        return str(given)
    return getattr(given, "name", given) if isinstance(given, Struct) else given


def parse_location(text: Named, project: str | None = None) -> LocationName:
    """Parse a location: an id (in `project`), a full name or a LocationName. Errors: InvalidArgument."""
    match _parts(text):
        case ["projects", project_id, "locations", location]:
            pass
        case [location] if project:
            project_id = project
        case _:
            raise _malformed("Location", text, "projects/<PROJECT_ID>/locations/<LOCATION_ID>")
    if not PROJECT_ID.fullmatch(project_id) or not LOCATION_ID.fullmatch(location):
        raise _malformed("Location", text, "projects/<PROJECT_ID>/locations/<LOCATION_ID>")
    return LocationName(project_id, location)


def parse_queue(text: Named, project: str | None = None, location: str | None = None) -> QueueName:
    """Parse a queue: `"emails"`, `"us-central1/emails"`, a full name or a QueueName. Errors: InvalidArgument.

    >>> str(parse_queue("us-central1/emails", project="p"))
    'projects/p/locations/us-central1/queues/emails'
    """
    match _parts(text):
        case ["projects", project_id, "locations", location_id, "queues", queue]:
            return _queue_in(project_id, location_id, queue)
        case [location_id, queue] if project:
            parent = parse_location(location_id, project)
        case [queue] if project and location:
            parent = parse_location(location, project)
        case [queue] if project and QUEUE_ID.fullmatch(queue):
            raise InvalidArgument(
                f'Queue "{queue}" needs a location.',
                resource=queue,
                hint=f'write "us-central1/{queue}", or connect with location="us-central1"',
            )
        case _:
            raise _malformed("Queue", text, QUEUE_FORMAT)
    return QueueName(parent.project, parent.location, check_queue_id(queue))


@lru_cache(maxsize=1024)  # few queues, and many calls about each
def _queue_named(name: str) -> QueueName:
    return parse_queue(name)


@lru_cache(maxsize=1024)
def _queue_in(project: str, location: str, queue: str) -> QueueName:
    parent = parse_location(f"projects/{project}/locations/{location}")
    return QueueName(parent.project, parent.location, check_queue_id(queue))


def parse_task(text: Named, project: str | None = None, location: str | None = None) -> TaskName:
    """Parse a task: a full name, "location/queue/id", "queue/id" or a TaskName. Errors: InvalidArgument."""
    name = name_of(text)
    if isinstance(name, str) and name.startswith("projects/") and "/tasks/" in name:
        head, _, task = name.rpartition("/tasks/")
        queue = _queue_named(head)
        return TaskName(queue.project, queue.location, queue.queue, check_task_id(task))
    match _parts(text):
        case [location_id, queue_id, task] if project:
            queue = parse_queue(f"{location_id}/{queue_id}", project)
        case [queue_id, task] if project and location:
            queue = parse_queue(queue_id, project, location)
        case _:
            raise _malformed("Task", text, TASK_FORMAT)
    return TaskName(queue.project, queue.location, queue.queue, check_task_id(task))


def task_in(queue: QueueName, task: Named) -> TaskName:
    """Parse a task of a queue: an id, or a name as in parse_task. Errors: InvalidArgument."""
    name = name_of(task)
    if isinstance(name, str) and "/" in name:
        return parse_task(name, queue.project, queue.location)
    return TaskName(queue.project, queue.location, queue.queue, check_task_id(name))


def check_operation(text: str) -> str:
    """Validate the full name of an operation, and return it. Errors: InvalidArgument."""
    match _parts(text):
        case ["projects", project_id, "locations", location, "operations", operation] if (
            operation not in _DOTS
        ):
            return f"{parse_location(f'projects/{project_id}/locations/{location}')}/operations/{operation}"
    raise _malformed(
        "Operation", text, "projects/<PROJECT_ID>/locations/<LOCATION_ID>/operations/<OPERATION_ID>"
    )


def check_queue_id(queue: str) -> str:
    """The id itself when it is one. Errors: InvalidArgument, with the service's own words."""
    if isinstance(queue, str) and QUEUE_ID.fullmatch(queue):
        return queue
    raise InvalidArgument(
        f'Queue ID "{queue}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-). '
        "Queue ID must be between 1 and 100 characters.",
        resource=str(queue),
    )


def check_task_id(task: str) -> str:
    """The id itself when it is one. Errors: InvalidArgument, with the service's own words."""
    if isinstance(task, str) and TASK_ID.fullmatch(task):
        return task
    raise InvalidArgument(
        f'Task ID "{task}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
        "or underscores (_). Task ID must between 1 and 500 characters.",
        resource=str(task),
    )


def _parts(given: Any) -> list[str]:
    """The parts of a name; empty if it is not a string (None, or a number from a table)."""
    name = name_of(given)
    return name.split("/") if isinstance(name, str) else []


_SUCH_AS = {
    "Location": '"us-central1" or location.name',
    "Queue": "queue.name or queue.id",
    "Task": "task.name",
    "Operation": "operation.name",
}


def _malformed(what: str, text: Any, pattern: str) -> InvalidArgument:
    stop = "" if what == "Task" else "."  # as in the service's messages
    return InvalidArgument(
        f'{what} name must be formatted: "{pattern}"{stop}',
        resource=text if isinstance(text, str) else repr(text),
        hint=None if isinstance(text, str) else f"pass a string, such as {_SUCH_AS[what]}",
    )
