"""Google's own clients as drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from threading import Thread
from typing import Any, TypeVar

import google_auth_httplib2
import grpc
import httplib2
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.iam.v1 import policy_pb2
from google.protobuf import field_mask_pb2
from google.protobuf.json_format import MessageToDict, ParseDict
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.contract.driver import Json, Refused

F = TypeVar("F", bound=Callable[..., Any])


class CloudLibrary:
    """google-cloud-tasks, over its REST transport."""

    def __init__(self, url: str, version: str = "v2beta2") -> None:
        self._api: Any = import_module(f"google.cloud.tasks_{version}")
        self._client = self._connected(*url.split("://"))

    def _connected(self, scheme: str, host: str) -> Any:
        rest = self._api.CloudTasksClient.get_transport_class("rest")
        transport = rest(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
        return self._api.CloudTasksClient(transport=transport)

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


class CloudLibraryGrpc(CloudLibrary):
    """The same over gRPC, which is its default."""

    def _connected(self, scheme: str, host: str) -> Any:
        over_grpc = self._api.CloudTasksClient.get_transport_class("grpc")
        return self._api.CloudTasksClient(transport=over_grpc(channel=grpc.insecure_channel(host)))


class CloudLibraryAsyncio(CloudLibrary):
    """Its client for asyncio, on an event loop in a separate thread."""

    def _connected(self, scheme: str, host: str) -> Any:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._made = self._waited(self._connect(host))
        return _Waiting(self._made, self._waited)

    async def _connect(self, host: str) -> Any:
        over_grpc = self._api.CloudTasksAsyncClient.get_transport_class("grpc_asyncio")
        channel = grpc.aio.insecure_channel(host)
        return self._api.CloudTasksAsyncClient(transport=over_grpc(channel=channel))

    def _waited(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        self._waited(self._made.transport.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Waiting:
    """The methods of a client for asyncio; each call waits for its result. Listings read all pages."""

    def __init__(self, client: Any, waited: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._client = client
        self._waited = waited

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb = getattr(self._client, name)

        async def whole(*args: Any, **named: Any) -> Any:
            answer = await verb(*args, **named)
            return [item async for item in answer] if hasattr(answer, "__aiter__") else answer

        return lambda *args, **named: self._waited(whole(*args, **named))


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
