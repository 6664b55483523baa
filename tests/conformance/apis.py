"""Makes calls over REST and over gRPC, and reads their responses, without this project's client."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Protocol

import grpc
import requests
from google.auth.exceptions import GoogleAuthError
from google.iam.v1 import iam_policy_pb2
from google.protobuf import json_format
from google.rpc import code_pb2, error_details_pb2  # noqa: F401 - details of these types can be read
from grpc_status import rpc_status

from .recording import Answer, Json, Unusable

SERVICE = "https://cloudtasks.googleapis.com"
_TIMEOUT_S = 20  # the service rejects a deadline above 30 s
_FIELD = re.compile(r"\{([\w.]+)\}")
_ALL = "*"
_REST = {  # google.api.http of each RPC: verb, path, and the field that is the body
    "ListQueues": ("GET", "{parent}/queues", ""),
    "GetQueue": ("GET", "{name}", ""),
    "CreateQueue": ("POST", "{parent}/queues", "queue"),
    "UpdateQueue": ("PATCH", "{queue.name}", "queue"),
    "DeleteQueue": ("DELETE", "{name}", ""),
    "PurgeQueue": ("POST", "{name}:purge", _ALL),
    "PauseQueue": ("POST", "{name}:pause", _ALL),
    "ResumeQueue": ("POST", "{name}:resume", _ALL),
    "GetIamPolicy": ("POST", "{resource}:getIamPolicy", _ALL),
    "SetIamPolicy": ("POST", "{resource}:setIamPolicy", _ALL),
    "TestIamPermissions": ("POST", "{resource}:testIamPermissions", _ALL),
    "ListTasks": ("GET", "{parent}/tasks", ""),
    "GetTask": ("GET", "{name}", ""),
    "CreateTask": ("POST", "{parent}/tasks", _ALL),
    "DeleteTask": ("DELETE", "{name}", ""),
    "RunTask": ("POST", "{name}:run", _ALL),
    "LeaseTasks": ("POST", "{parent}/tasks:lease", _ALL),
    "AcknowledgeTask": ("POST", "{name}:acknowledge", _ALL),
    "RenewLease": ("POST", "{name}:renewLease", _ALL),
    "CancelLease": ("POST", "{name}:cancelLease", _ALL),
}
RPCS = frozenset(_REST)


class Api(Protocol):
    """A protocol to make calls with. `over` is its name."""

    over: str

    def answer(self, rpc: str, request: Json) -> Answer: ...


class Rest:
    """REST. A session can add the credentials of a caller."""

    over = "REST"

    def __init__(self, url: str, version: str, session: requests.Session) -> None:
        self._url = f"{url.rstrip('/')}/{version}/"
        self._session = session

    def answer(self, rpc: str, request: Json) -> Answer:
        """The response to a call. Errors: Unusable without a response, or if it is not from the API."""
        verb, template, held_as = _REST[rpc]
        left = dict(request)
        path = _FIELD.sub(lambda match: _taken(left, match[1]), template)
        body = left if held_as == _ALL else left.pop(held_as, {}) if held_as else None
        query = left if held_as != _ALL else None
        try:
            got = self._session.request(verb, self._url + path, params=query, json=body, timeout=_TIMEOUT_S)
        except (requests.RequestException, GoogleAuthError) as error:
            raise Unusable(f"{rpc}: {error}") from error
        try:
            return _of_rest(got.ok, got.json())
        except (ValueError, LookupError, TypeError):
            raise Unusable(f"{rpc}: HTTP {got.status_code} is not from the API: {got.text[:200]!r}") from None


def _of_rest(ok: bool, said: Json) -> Answer:
    if ok:
        return Answer(response=said)
    error = said["error"]
    return Answer(code=error["status"], message=error["message"], details=error.get("details", []))


def _taken(request: Json, field: str) -> str:
    """The value of a path parameter; it stays in the body only for a patch."""
    first, _, inner = field.partition(".")
    return str(request[first][inner]) if inner else str(request.pop(first))


class Grpc:
    """gRPC, with the messages of google-cloud-tasks; for emulators."""

    over = "gRPC"

    def __init__(self, version: str, channel: grpc.Channel) -> None:
        self._library: Any = import_module(f"google.cloud.tasks_{version}")
        self._calls = self._library.CloudTasksClient.get_transport_class("grpc")(channel=channel)

    def answer(self, rpc: str, request: Json) -> Answer:
        """The response to a call. Errors: Unusable for a request that does not fit its message."""
        kind = getattr(self._library, f"{rpc}Request", None)
        empty = kind.pb(kind()) if kind else getattr(iam_policy_pb2, f"{rpc}Request")()
        try:
            sent = json_format.ParseDict(request, empty)
        except json_format.ParseError as error:
            raise Unusable(f"{rpc}: the request does not fit {empty.DESCRIPTOR.full_name}: {error}") from None
        method = getattr(self._calls, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", rpc).lower())
        try:
            got = method(sent, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return _refusal(error)
        response = type(got).pb(got) if hasattr(type(got), "pb") else got
        return Answer(response=json_format.MessageToDict(response))


def _refusal(error: Any) -> Answer:
    status = rpc_status.from_call(error)
    details = [json_format.MessageToDict(detail) for detail in status.details] if status else []
    return Answer(code=error.code().name, message=error.details() or "", details=details)
