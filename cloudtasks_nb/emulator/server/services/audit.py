"""Which calls are counted and audited; the content of audit entries. Pure. Source: Cloud Audit Logs for Cloud Tasks."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec.structs import replace

from ....errors import ApiError
from ....model import Policy, Queue, encode
from ....model.schema import camel
from ....model.versions import Version
from ..calls.refusals import rpc_verb
from ..clock import rfc3339

SERVICE = "cloudtasks.googleapis.com"
ANONYMOUS = "anonymous"
_QUEUES = "projects.locations.queues."
_AUDITED = {
    f"{_QUEUES}create": "queues.create",
    f"{_QUEUES}patch": "queues.update",
    f"{_QUEUES}delete": "queues.delete",
    f"{_QUEUES}pause": "queues.pause",
    f"{_QUEUES}resume": "queues.resume",
    f"{_QUEUES}purge": "queues.purge",
    f"{_QUEUES}setIamPolicy": "queues.setIamPolicy",
    "projects.locations.updateCmekConfig": "cmekConfig.update",
    "api.queue.update": "queues.update",
}


def is_audited(method: str) -> bool:
    """Whether calls of this method are always audited."""
    return method in _AUDITED


@cache
def verb(method: str) -> str:
    """The name of a method in metrics: "CreateTask"."""
    *_, noun, said = method.split(".")
    return rpc_verb(noun, said)


def queue_of(parameters: dict[str, Any]) -> str:
    """The full name of a call's queue; empty if it has none."""
    body = parameters.get("body")
    for name in ("name", "parent", "resource", "queue"):
        parts = str(parameters.get(name, "")).split("/")
        if len(parts) >= 6 and parts[4] == "queues":
            return "/".join(parts[:6])
    return body.name if isinstance(body, Queue) and body.name.count("/") == 5 else ""


def entry(
    method: str, version: Version, parameters: dict[str, Any], who: str, error: ApiError | None, now_us: int
) -> bytes:
    """The audit entry of a call as JSON, without its log name and resource."""
    resource = resource_of(parameters)
    name = f"google.cloud.tasks.{version}.CloudTasks.{verb(method)}"
    permission = f"cloudtasks.{_AUDITED[method]}"
    granted = error is None or error.status != "PERMISSION_DENIED"
    payload: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": SERVICE,
        "methodName": name,
        "resourceName": resource,
        "authenticationInfo": {"principalEmail": who},
        "requestMetadata": {"callerIp": "127.0.0.1"},
        "authorizationInfo": [
            {"resource": resource, "permission": permission, "granted": granted}
            if granted
            else {"resource": resource, "permission": permission}
        ],
        "request": _request(name, parameters),
        "status": {} if error is None else {"code": error.rpc_code, "message": error.message},
    }
    moment = rfc3339(now_us)
    made: dict[str, Any] = {
        "protoPayload": payload,
        "timestamp": moment,
        "receiveTimestamp": moment,
        "severity": "NOTICE" if error is None else "ERROR",
    }
    return msgspec.json.encode(made)


def resource_of(parameters: dict[str, Any]) -> str:
    """The full name of the resource that a call changes: a queue, a location, a project."""
    if queue := queue_of(parameters):
        return queue
    for name in ("name", "parent", "resource"):
        if name in parameters:
            return str(parameters[name])
    return f"projects/{parameters.get('app_id', '')}"


def _request(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The request in the entry: names, masks, rates and policies, but no targets, whose headers may contain secrets."""
    body = parameters.get("body")
    said: dict[str, Any] = {
        camel(name): value for name, value in parameters.items() if isinstance(value, str) and value
    }
    if isinstance(body, Queue):
        queue = replace(body, http_target=None, app_engine_http_target=None)
        said["queue"] = msgspec.json.decode(encode(queue))
    policy = getattr(body, "policy", None)
    if isinstance(policy, Policy):
        said["policy"] = msgspec.json.decode(encode(policy))
    return {"@type": f"type.googleapis.com/{method.replace('CloudTasks.', '')}Request", **said}
