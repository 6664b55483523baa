"""Request and response bodies that are not resources."""

from __future__ import annotations

from typing import Any

from .json import Duration, Int32, Message, Time
from .location import Location
from .policy import Policy
from .queue import Queue
from .task import Task


class Empty(Message):
    """No content."""


class ListLocationsResponse(Message):
    locations: list[Location] = []
    next_page_token: str = ""


class ListQueuesResponse(Message):
    queues: list[Queue] = []
    next_page_token: str = ""


class ListTasksResponse(Message):
    tasks: list[Task] = []
    next_page_token: str = ""


class CreateTaskRequest(Message):
    task: Task | None = None
    response_view: str = ""
    parent: str = ""


class RunTaskRequest(Message):
    response_view: str = ""


class LeaseTasksRequest(Message):
    max_tasks: Int32 | None = None
    lease_duration: Duration | None = None
    filter: str = ""
    response_view: str = ""


class LeaseTasksResponse(Message):
    tasks: list[Task] = []


class AcknowledgeTaskRequest(Message):
    schedule_time: Time | None = None


class RenewLeaseRequest(Message):
    schedule_time: Time | None = None
    lease_duration: Duration | None = None
    response_view: str = ""


class CancelLeaseRequest(Message):
    schedule_time: Time | None = None
    response_view: str = ""


class BatchCreateTasksRequest(Message):
    requests: list[CreateTaskRequest] = []
    request_id: str = ""


class BatchDeleteTasksRequest(Message):
    names: list[str] = []
    request_id: str = ""


class HttpBody(Message):
    content_type: str = ""
    data: bytes | None = None
    extensions: list[dict[str, Any]] = []


class BufferTaskRequest(Message):
    body: HttpBody | None = None


class BufferTaskResponse(Message):
    task: Task | None = None


class GetPolicyOptions(Message):
    requested_policy_version: Int32 = 0


class GetIamPolicyRequest(Message):
    options: GetPolicyOptions | None = None


class SetIamPolicyRequest(Message):
    policy: Policy | None = None


class TestIamPermissionsRequest(Message):
    __test__ = False  # tells pytest that this is not a test class

    permissions: list[str] = []


class TestIamPermissionsResponse(Message):
    __test__ = False

    permissions: list[str] = []
