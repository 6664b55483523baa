"""One small interface over several clients, so that each behaviour is written once.

Resources go in and come out as the API's JSON (camelCase); refusals come out as `Refused`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import Any, Protocol, TypeVar

import google_auth_httplib2
import httplib2
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.iam.v1 import policy_pb2
from google.protobuf import field_mask_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

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
from cloudtasks_nb.model.versions import VERSIONS, Version
from tests.contract import spelling

Json = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class Refused(Exception):
    """The service said no: the HTTP status, and its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Driver(Protocol):
    """What a client of the API can do. Listings read every page."""

    def locations(self, project: str) -> list[Json]: ...
    def create_queue(self, parent: str, queue: Json) -> Json: ...
    def get_queue(self, name: str, read_mask: str = "") -> Json: ...
    def queues(self, parent: str, filter: str = "", page_size: int = 0) -> list[Json]: ...
    def patch_queue(self, queue: Json, update_mask: str = "") -> Json: ...
    def delete_queue(self, name: str) -> None: ...
    def pause(self, name: str) -> Json: ...
    def resume(self, name: str) -> Json: ...
    def purge(self, name: str) -> Json: ...
    def create_task(self, queue: str, task: Json, view: str = "BASIC") -> Json: ...
    def get_task(self, name: str, view: str = "BASIC") -> Json: ...
    def tasks(self, queue: str, view: str = "BASIC", page_size: int = 0) -> list[Json]: ...
    def delete_task(self, name: str) -> None: ...
    def run_task(self, name: str, view: str = "BASIC") -> Json: ...
    def lease(self, queue: str, **body: Any) -> list[Json]: ...
    def acknowledge(self, name: str, schedule_time: str) -> None: ...
    def renew_lease(self, name: str, schedule_time: str, duration: str, view: str = "BASIC") -> Json: ...
    def cancel_lease(self, name: str, schedule_time: str, view: str = "BASIC") -> Json: ...
    def get_policy(self, queue: str) -> Json: ...
    def set_policy(self, queue: str, policy: Json) -> Json: ...
    def held_permissions(self, queue: str, permissions: list[str]) -> list[str]: ...


class CloudLibrary:
    """google-cloud-tasks, over its REST transport."""

    def __init__(self, url: str, version: str = "v2beta2") -> None:
        self._api = import_module(f"google.cloud.tasks_{version}")
        scheme, _, host = url.partition("://")
        rest = self._api.CloudTasksClient.get_transport_class("rest")
        transport = rest(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
        self._client = self._api.CloudTasksClient(transport=transport)

    def close(self) -> None:
        self._client.transport.close()

    def locations(self, project: str) -> list[Json]:
        with _library_refusals():
            answer = self._client.list_locations({"name": f"projects/{project}"})
            return [MessageToDict(location) for location in answer.locations]

    def create_queue(self, parent: str, queue: Json) -> Json:
        with _library_refusals():
            return _json(self._client.create_queue(parent=parent, queue=_proto(self._api.Queue, queue)))

    def get_queue(self, name: str, read_mask: str = "") -> Json:
        mask = field_mask_pb2.FieldMask(paths=[path for path in read_mask.split(",") if path])
        with _library_refusals():
            return _json(self._client.get_queue({"name": name, **({"read_mask": mask} if read_mask else {})}))

    def queues(self, parent: str, filter: str = "", page_size: int = 0) -> list[Json]:
        request = {"parent": parent, "filter": filter, "page_size": page_size}
        with _library_refusals():
            return [_json(queue) for queue in self._client.list_queues(request)]

    def patch_queue(self, queue: Json, update_mask: str = "") -> Json:
        mask = field_mask_pb2.FieldMask(paths=update_mask.split(",")) if update_mask else None
        with _library_refusals():
            return _json(self._client.update_queue(queue=_proto(self._api.Queue, queue), update_mask=mask))

    def delete_queue(self, name: str) -> None:
        with _library_refusals():
            self._client.delete_queue(name=name)

    def pause(self, name: str) -> Json:
        with _library_refusals():
            return _json(self._client.pause_queue(name=name))

    def resume(self, name: str) -> Json:
        with _library_refusals():
            return _json(self._client.resume_queue(name=name))

    def purge(self, name: str) -> Json:
        with _library_refusals():
            return _json(self._client.purge_queue(name=name))

    def create_task(self, queue: str, task: Json, view: str = "BASIC") -> Json:
        request = {"parent": queue, "task": _proto(self._api.Task, task), "response_view": view}
        with _library_refusals():
            return _json(self._client.create_task(request))

    def get_task(self, name: str, view: str = "BASIC") -> Json:
        with _library_refusals():
            return _json(self._client.get_task({"name": name, "response_view": view}))

    def tasks(self, queue: str, view: str = "BASIC", page_size: int = 0) -> list[Json]:
        request = {"parent": queue, "response_view": view, "page_size": page_size}
        with _library_refusals():
            return [_json(task) for task in self._client.list_tasks(request)]

    def delete_task(self, name: str) -> None:
        with _library_refusals():
            self._client.delete_task(name=name)

    def run_task(self, name: str, view: str = "BASIC") -> Json:
        with _library_refusals():
            return _json(self._client.run_task({"name": name, "response_view": view}))

    def lease(self, queue: str, **body: Any) -> list[Json]:
        request = _proto(self._api.LeaseTasksRequest, {"parent": queue, **body})
        with _library_refusals():
            return [_json(task) for task in self._client.lease_tasks(request).tasks]

    def acknowledge(self, name: str, schedule_time: str) -> None:
        request = {"name": name, "scheduleTime": schedule_time}
        with _library_refusals():
            self._client.acknowledge_task(_proto(self._api.AcknowledgeTaskRequest, request))

    def renew_lease(self, name: str, schedule_time: str, duration: str, view: str = "BASIC") -> Json:
        request = {
            "name": name,
            "scheduleTime": schedule_time,
            "leaseDuration": duration,
            "responseView": view,
        }
        with _library_refusals():
            return _json(self._client.renew_lease(_proto(self._api.RenewLeaseRequest, request)))

    def cancel_lease(self, name: str, schedule_time: str, view: str = "BASIC") -> Json:
        request = {"name": name, "scheduleTime": schedule_time, "responseView": view}
        with _library_refusals():
            return _json(self._client.cancel_lease(_proto(self._api.CancelLeaseRequest, request)))

    def get_policy(self, queue: str) -> Json:
        with _library_refusals():
            return MessageToDict(self._client.get_iam_policy({"resource": queue}))

    def set_policy(self, queue: str, policy: Json) -> Json:
        request = {"resource": queue, "policy": ParseDict(policy, policy_pb2.Policy())}
        with _library_refusals():
            return MessageToDict(self._client.set_iam_policy(request))

    def held_permissions(self, queue: str, permissions: list[str]) -> list[str]:
        request = {"resource": queue, "permissions": permissions}
        with _library_refusals():
            return list(self._client.test_iam_permissions(request).permissions)


def _proto(kind: Any, values: Json) -> Any:
    return kind(ParseDict(values, kind.pb(kind())))


def _json(message: Any) -> Json:
    return MessageToDict(type(message).pb(message))


@contextmanager
def _library_refusals() -> Iterator[None]:
    try:
        yield
    except GoogleAPICallError as error:
        raise Refused(int(error.code or 0), error.message) from error


def _refusals(call: F) -> F:
    @wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except HttpError as error:
            raise Refused(error.resp.status, error.reason) from error

    return wrapped  # type: ignore[return-value]


class DiscoveryLibrary:
    """google-api-python-client, from its bundled documents."""

    def __init__(self, url: str, version: str = "v2beta2") -> None:
        self._http = google_auth_httplib2.AuthorizedHttp(AnonymousCredentials(), http=httplib2.Http())
        self._service = build(
            "cloudtasks",
            version,
            http=self._http,
            static_discovery=True,
            client_options=ClientOptions(api_endpoint=url),
        )
        self._locations = self._service.projects().locations()
        self._queues = self._locations.queues()
        self._tasks = self._queues.tasks()

    def close(self) -> None:
        self._service.close()
        self._http.close()

    @_refusals
    def locations(self, project: str) -> list[Json]:
        return list(self._locations.list(name=f"projects/{project}").execute().get("locations", []))

    @_refusals
    def create_queue(self, parent: str, queue: Json) -> Json:
        return dict(self._queues.create(parent=parent, body=queue).execute())

    @_refusals
    def get_queue(self, name: str, read_mask: str = "") -> Json:
        return dict(self._queues.get(name=name, **({"readMask": read_mask} if read_mask else {})).execute())

    @_refusals
    def queues(self, parent: str, filter: str = "", page_size: int = 0) -> list[Json]:
        request = self._queues.list(parent=parent, filter=filter or None, pageSize=page_size or None)
        return _all_pages(self._queues.list_next, request, "queues")

    @_refusals
    def patch_queue(self, queue: Json, update_mask: str = "") -> Json:
        request = self._queues.patch(name=queue["name"], body=queue, updateMask=update_mask or None)
        return dict(request.execute())

    @_refusals
    def delete_queue(self, name: str) -> None:
        self._queues.delete(name=name).execute()

    @_refusals
    def pause(self, name: str) -> Json:
        return dict(self._queues.pause(name=name, body={}).execute())

    @_refusals
    def resume(self, name: str) -> Json:
        return dict(self._queues.resume(name=name, body={}).execute())

    @_refusals
    def purge(self, name: str) -> Json:
        return dict(self._queues.purge(name=name, body={}).execute())

    @_refusals
    def create_task(self, queue: str, task: Json, view: str = "BASIC") -> Json:
        return dict(self._tasks.create(parent=queue, body={"task": task, "responseView": view}).execute())

    @_refusals
    def get_task(self, name: str, view: str = "BASIC") -> Json:
        return dict(self._tasks.get(name=name, responseView=view).execute())

    @_refusals
    def tasks(self, queue: str, view: str = "BASIC", page_size: int = 0) -> list[Json]:
        request = self._tasks.list(parent=queue, responseView=view, pageSize=page_size or None)
        return _all_pages(self._tasks.list_next, request, "tasks")

    @_refusals
    def delete_task(self, name: str) -> None:
        self._tasks.delete(name=name).execute()

    @_refusals
    def run_task(self, name: str, view: str = "BASIC") -> Json:
        return dict(self._tasks.run(name=name, body={"responseView": view}).execute())

    @_refusals
    def lease(self, queue: str, **body: Any) -> list[Json]:
        return list(self._tasks.lease(parent=queue, body=body).execute().get("tasks", []))

    @_refusals
    def acknowledge(self, name: str, schedule_time: str) -> None:
        self._tasks.acknowledge(name=name, body={"scheduleTime": schedule_time}).execute()

    @_refusals
    def renew_lease(self, name: str, schedule_time: str, duration: str, view: str = "BASIC") -> Json:
        body = {"scheduleTime": schedule_time, "leaseDuration": duration, "responseView": view}
        return dict(self._tasks.renewLease(name=name, body=body).execute())

    @_refusals
    def cancel_lease(self, name: str, schedule_time: str, view: str = "BASIC") -> Json:
        body = {"scheduleTime": schedule_time, "responseView": view}
        return dict(self._tasks.cancelLease(name=name, body=body).execute())

    @_refusals
    def get_policy(self, queue: str) -> Json:
        return dict(self._queues.getIamPolicy(resource=queue, body={}).execute())

    @_refusals
    def set_policy(self, queue: str, policy: Json) -> Json:
        return dict(self._queues.setIamPolicy(resource=queue, body={"policy": policy}).execute())

    @_refusals
    def held_permissions(self, queue: str, permissions: list[str]) -> list[str]:
        body = {"permissions": permissions}
        answer = self._queues.testIamPermissions(resource=queue, body=body).execute()
        return list(answer.get("permissions", []))


def _all_pages(next_request: Callable[..., Any], request: Any, member: str) -> list[Json]:
    found: list[Json] = []
    while request is not None:
        answer = request.execute()
        found += answer.get(member, [])
        request = next_request(request, answer)
    return found


class Ours:
    """This package: its verbs where it has them, its session for the rest. Its objects are the same in all versions."""

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


CLIENTS: dict[str, Callable[[str, Any], Any]] = {
    "google-cloud-tasks": CloudLibrary,
    "google-api-python-client": DiscoveryLibrary,
    "cloudtasks_nb": Ours,
}
DRIVERS = [(client, version) for version in VERSIONS for client in CLIENTS]


def driver_of(client: str, version: str, url: str) -> Any:
    """A client that speaks a version, and takes and gives JSON as v2beta2 spells it."""
    driver = CLIENTS[client](url, version)
    return driver if version == "v2beta2" else Spelled(driver, version, words=client == "cloudtasks_nb")


class Spelled:
    """A client of a later version, its JSON spelled as in v2beta2; or its words alone, in filters and refusals."""

    def __init__(self, driver: Any, version: str, *, words: bool) -> None:
        self._driver = driver
        self._version = version
        self._words = words

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._driver, name)

        def spelled(*args: Any, **options: Any) -> Any:
            try:
                answer = call(
                    *(self._later(value) for value in args),
                    **{key: self._later(value) for key, value in options.items()},
                )
            except Refused as refused:
                raise Refused(refused.code, spelling.earlier_text(refused.message)) from refused
            return answer if self._words else spelling.earlier(answer, self._version)

        return spelled

    def _later(self, value: Any) -> Any:
        is_mask = isinstance(value, str) and "." in value  # our own client names masks as the model does
        return (
            value
            if self._words and (is_mask or not isinstance(value, str))
            else spelling.later(value, self._version)
        )
