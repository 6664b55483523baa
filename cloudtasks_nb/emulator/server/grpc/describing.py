"""gRPC health and reflection, if their packages are installed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default

from .rpcs import SERVICES, rpcs_of

_API = "google.cloud.tasks."


async def add_health(server: grpc.aio.Server) -> Callable[[], Awaitable[None]] | None:
    """Reports all services as healthy; call the result at shutdown."""
    if find_spec("grpc_health") is None:
        return None
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    servicer = health.aio.HealthServicer()
    for service in SERVICES:
        await servicer.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    end: Callable[[], Awaitable[None]] = servicer.enter_graceful_shutdown
    return end


def add_reflection(server: grpc.aio.Server) -> None:
    """Lists the services, RPCs and messages (reflection)."""
    if find_spec("grpc_reflection") is not None:
        from grpc_reflection.v1alpha import reflection

        names = [*SERVICES, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, server, _Described())


class _Described:
    """All descriptors, including services: Google's packages register only messages.

    Filled on first use, because that imports the messages of all versions.
    """

    def __getattr__(self, name: str) -> Any:
        for service in SERVICES:
            if service.startswith(_API):
                _describe(service)
        return getattr(Default(), name)


def _describe(service: str) -> None:
    pool, (package, _, name) = Default(), service.rpartition(".")
    try:
        pool.FindServiceByName(service)
    except KeyError:
        file = FileDescriptorProto(name=f"cloudtasks_nb/{service}.proto", package=package, syntax="proto3")
        described = file.service.add(name=name)
        used = set()
        for rpc_name, rpc in rpcs_of(service).items():
            asked, answered = rpc.request.DESCRIPTOR, rpc.response.DESCRIPTOR
            types = {"input_type": f".{asked.full_name}", "output_type": f".{answered.full_name}"}
            described.method.add(name=rpc_name, **types)
            used |= {asked.file.name, answered.file.name}
        file.dependency.extend(sorted(used))
        pool.AddSerializedFile(file.SerializeToString())
