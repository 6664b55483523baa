"""This package as a driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cloudtasks_nb as ct
from cloudtasks_nb import model
from cloudtasks_nb.model import from_dict, to_dict
from cloudtasks_nb.model.messages import (
    AcknowledgeTaskRequest,
    CancelLeaseRequest,
    CreateTaskRequest,
    Empty,
    LeaseTasksRequest,
    LeaseTasksResponse,
    RenewLeaseRequest,
    SetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from cloudtasks_nb.model.versions import Version
from tests.contract.driver import Json, Refused


class Ours:
    """This package: its verbs if they exist, else its session. Its objects are the same in all versions."""

    def __init__(self, url: str, version: Version = "v2beta2") -> None:
        self._client = ct.connect(project="contract", endpoint=url, api_version=version)
        self._session = self._client._session

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except ct.ApiError as error:
            raise Refused(error.code, error.message) from error

    def _call(self, method: str, kind: Any, path: Json, **rest: Any) -> Json:
        with self._refusals():
            return dict(
                to_dict(self._session.call(f"projects.locations.queues.{method}", kind, path=path, **rest))
            )

    def locations(self, project: str) -> list[Json]:
        with self._refusals(), ct.connect(project=project, endpoint=self._client.endpoint) as client:
            return [to_dict(location) for location in client.locations()]

    def create_queue(self, parent: str, queue: Json) -> Json:
        return self._call("create", model.Queue, {"parent": parent}, body=from_dict(queue, model.Queue))

    def get_queue(self, name: str, read_mask: str = "") -> Json:
        return self._call("get", model.Queue, {"name": name}, query={"readMask": read_mask})

    def queues(self, parent: str, filter: str = "", page_size: int = 0) -> list[Json]:
        place = ct.Location(name=parent).bind(self._session)
        with self._refusals():
            return [
                to_dict(queue) for queue in place.queues(filter=filter or None, page_size=page_size or None)
            ]

    def patch_queue(self, queue: Json, update_mask: str = "") -> Json:
        body, path = from_dict(queue, model.Queue), {"name": queue["name"]}
        return self._call("patch", model.Queue, path, body=body, query={"updateMask": update_mask})

    def delete_queue(self, name: str) -> None:
        self._call("delete", Empty, {"name": name})

    def pause(self, name: str) -> Json:
        return self._call("pause", model.Queue, {"name": name})

    def resume(self, name: str) -> Json:
        return self._call("resume", model.Queue, {"name": name})

    def purge(self, name: str) -> Json:
        return self._call("purge", model.Queue, {"name": name})

    def create_task(self, queue: str, task: Json, view: str = "BASIC") -> Json:
        body = CreateTaskRequest(task=from_dict(task, model.Task), response_view=view)
        return self._call("tasks.create", model.Task, {"parent": queue}, body=body)

    def get_task(self, name: str, view: str = "BASIC") -> Json:
        return self._call("tasks.get", model.Task, {"name": name}, query={"responseView": view})

    def tasks(self, queue: str, view: str = "BASIC", page_size: int = 0) -> list[Json]:
        with self._refusals():
            listing = ct.Queue(name=queue).bind(self._session).tasks(view=view, page_size=page_size or 1000)  # type: ignore[arg-type]
            return [to_dict(task) for task in listing]

    def delete_task(self, name: str) -> None:
        with self._refusals():
            ct.Task(name=name).bind(self._session).delete()

    def run_task(self, name: str, view: str = "BASIC") -> Json:
        with self._refusals():
            return dict(to_dict(ct.Task(name=name, view=view).bind(self._session).run()))

    def lease(self, queue: str, **body: Any) -> list[Json]:
        request = from_dict(body, LeaseTasksRequest)
        return list(
            self._call("tasks.lease", LeaseTasksResponse, {"parent": queue}, body=request).get("tasks", [])
        )

    def acknowledge(self, name: str, schedule_time: str) -> None:
        body = from_dict({"scheduleTime": schedule_time}, AcknowledgeTaskRequest)
        self._call("tasks.acknowledge", Empty, {"name": name}, body=body)

    def renew_lease(self, name: str, schedule_time: str, duration: str, view: str = "BASIC") -> Json:
        values = {"scheduleTime": schedule_time, "leaseDuration": duration, "responseView": view}
        body = from_dict(values, RenewLeaseRequest)
        return self._call("tasks.renewLease", model.Task, {"name": name}, body=body)

    def cancel_lease(self, name: str, schedule_time: str, view: str = "BASIC") -> Json:
        body = from_dict({"scheduleTime": schedule_time, "responseView": view}, CancelLeaseRequest)
        return self._call("tasks.cancelLease", model.Task, {"name": name}, body=body)

    def get_policy(self, queue: str) -> Json:
        return self._call("getIamPolicy", model.Policy, {"resource": queue})

    def set_policy(self, queue: str, policy: Json) -> Json:
        body = SetIamPolicyRequest(policy=from_dict(policy, model.Policy))
        return self._call("setIamPolicy", model.Policy, {"resource": queue}, body=body)

    def held_permissions(self, queue: str, permissions: list[str]) -> list[str]:
        body = TestIamPermissionsRequest(permissions=permissions)
        answer = self._call("testIamPermissions", TestIamPermissionsResponse, {"resource": queue}, body=body)
        return list(answer.get("permissions", []))
