"""The RPCs: the REST methods for which the installed google-cloud-tasks has messages."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf.message import Message
from msgspec import Struct

from ....model.methods import Method, methods_of
from ....model.versions import VERSIONS, Version
from ..calls.refusals import rpc_name

_CLOUD_TASKS = "google.cloud.tasks.{}.CloudTasks"
LATEST: Version = VERSIONS[-1]
"""The version of services that all clients call by the same name."""
SERVICES: dict[str, Version] = {
    **{_CLOUD_TASKS.format(version): version for version in VERSIONS},
    "google.cloud.location.Locations": LATEST,
    "google.longrunning.Operations": LATEST,
}
"""The services by full name, with their version."""
_SHARED = (
    "google.iam.v1.iam_policy_pb2",
    "google.iam.v1.policy_pb2",
    "google.longrunning.operations_pb2",
    "google.cloud.location.locations_pb2",
    "google.protobuf.empty_pb2",
)


class Rpc(Struct, frozen=True):
    """An RPC: its method and its messages."""

    method: Method
    request: type[Message]
    response: type[Message]


@cache
def rpcs_of(service: str) -> dict[str, Rpc]:
    """The RPCs of a service by name. The first call imports the messages of its version."""
    version = SERVICES[service]
    found = {}
    for method in methods_of(version).values():
        of, _, name = rpc_name(method).rpartition(".")
        request = _message(version, f"{name}Request")
        response = _message(version, method.response.__name__)
        if of == service and request is not None and response is not None:
            found[name] = Rpc(method, request, response)
    return found


def _message(version: Version, name: str) -> type[Message] | None:
    """The class with this name, or None: older packages may lack it."""
    import_module("google.rpc.error_details_pb2")  # needed to pack error details
    wrapped: Any = getattr(import_module(f"google.cloud.tasks_{version}.types"), name, None)
    if wrapped is not None:
        kind: type[Message] = wrapped.pb()
        return kind
    modules = (import_module(module) for module in _SHARED)
    return next((getattr(module, name) for module in modules if hasattr(module, name)), None)
