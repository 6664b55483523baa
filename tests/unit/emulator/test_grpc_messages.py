"""Which RPCs exist, and that protocol buffers and proto JSON have the same content."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

import pytest
from google.cloud import tasks_v2, tasks_v2beta2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp

from cloudtasks_nb.emulator.server.grpc.messages import decoded, encoded, parameters
from cloudtasks_nb.emulator.server.grpc.rpcs import SERVICES, Rpc, rpcs_of
from cloudtasks_nb.emulator.server.grpc.server import status_of
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model.versions import VERSIONS
from tests.unit.emulator.conftest import QUEUE

RPCS = [(service, name, rpc) for service in SERVICES for name, rpc in rpcs_of(service).items()]
NOT_KEPT = {"SetIamPolicyRequest.update_mask"}
"""Fields of requests that REST does not have, and that have no effect here."""


def rpc_of(name: str, version: str = "v2") -> Rpc:
    return rpcs_of(f"google.cloud.tasks.{version}.CloudTasks")[name]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_googles_clients_call_is_there(version: str) -> None:
    transport = import_module(f"google.cloud.tasks_{version}.services.cloud_tasks.transports.grpc")
    called = set(re.findall(r'"/(google[\w.]+/\w+)"', inspect.getsource(transport)))
    called -= {f"google.longrunning.Operations/{verb}Operation" for verb in ("Delete", "Cancel", "Wait")}
    called.discard("google.longrunning.Operations/ListOperations")
    assert len(called) > 20
    served = {f"{service}/{name}" for service in SERVICES for name in rpcs_of(service)}
    assert called - served == set()


def named(rpc: Rpc) -> Any:
    """A request with only a valid name."""
    request = rpc.request()
    for variable, form in rpc.method.forms.items():
        held_in = {"queues.patch": "queue", "updateCmekConfig": "cmek_config"}
        holder = held_in.get(rpc.method.id.removeprefix("projects.locations."))
        setattr(getattr(request, holder) if holder else request, variable, form.replace("*", "x"))
    return request


@pytest.mark.parametrize(("service", "name", "rpc"), RPCS, ids=[f"{one[0]}.{one[1]}" for one in RPCS])
def test_every_field_of_a_request_is_read(service: str, name: str, rpc: Rpc) -> None:
    """Each field in turn, with a value: the reader must accept it, or name it in an error."""
    for field in rpc.request.DESCRIPTOR.fields:
        request = named(rpc)
        if f"{rpc.request.DESCRIPTOR.name}.{field.name}" in NOT_KEPT or field.name in rpc.method.variables:
            continue
        value: Any = getattr(request, field.name)
        if field.is_repeated:
            value.append("x") if field.message_type is None else value.add()
        elif field.message_type is not None:
            value.SetInParent()
        else:
            setattr(request, field.name, {int: 1, str: "x"}[type(value)])
        assert isinstance(parameters(rpc.method, request), dict)


def test_a_mask_is_read_in_both_spellings() -> None:
    for path in ("rate_limits.max_burst_size", "rateLimits.maxBurstSize"):
        request = rpc_of("UpdateQueue").request(queue={"name": QUEUE}, update_mask={"paths": [path]})
        assert parameters(rpc_of("UpdateQueue").method, request)["update_mask"] == path


@pytest.mark.parametrize(
    ("rpc", "values"),
    [
        ("GetQueue", {"name": "nonsense"}),
        ("GetQueue", {}),
        ("GetTask", {"name": f"{QUEUE}/tasks/"}),
        ("ListTasks", {"parent": f"{QUEUE}/tasks/t"}),
        ("UpdateQueue", {"queue": {"name": "q"}}),
        ("GetCmekConfig", {"name": "projects/p"}),
        ("CreateTask", {"parent": QUEUE, "task": {"schedule_time": Timestamp(seconds=10**14)}}),
        ("CreateTask", {"parent": QUEUE, "task": {"dispatch_deadline": Duration(seconds=10**14)}}),
        ("CreateTask", {"parent": QUEUE, "response_view": 77}),
        ("ListTasks", {"parent": QUEUE, "response_view": 77}),
        (
            "CreateQueue",
            {"parent": QUEUE[:30], "queue": {"rate_limits": {"max_dispatches_per_second": float("nan")}}},
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(rpc: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        parameters(rpc_of(rpc).method, rpc_of(rpc).request(**values))


def test_bytes_that_are_no_message_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="CreateTaskRequest"):
        decoded(rpc_of("CreateTask").request, b"\xff\xff\xff")


TASK = {
    "name": f"{QUEUE}/tasks/t",
    "httpRequest": {"url": "https://example.com", "httpMethod": "PUT", "headers": {"A": "b"}, "body": "AP/+"},
    "scheduleTime": "2026-03-01T12:00:00.250001Z",
    "createTime": "1969-12-31T23:59:59Z",
    "dispatchDeadline": "15.250s",
    "dispatchCount": 3,
    "firstAttempt": {"dispatchTime": "0001-01-01T00:00:00Z", "responseStatus": {"code": 5, "message": "é"}},
    "view": "FULL",
    "later": {"than": "these packages"},
}
QUEUES = {
    "queues": [
        {"name": QUEUE, "rateLimits": {"maxDispatchesPerSecond": 0.5}, "state": "PAUSED"},
        {
            "retryConfig": {"maxAttempts": -1, "maxRetryDuration": "-1.5s"},
            "httpTarget": {"headerOverrides": [{"header": {"key": "A", "value": "b"}}], "oidcToken": {}},
            "stats": {"tasksCount": "9007199254740993"},
        },
    ],
    "nextPageToken": "x",
}
OPERATION = {
    "name": "projects/p/locations/us-central1/operations/o",
    "done": True,
    "metadata": {
        "@type": "type.googleapis.com/google.cloud.tasks.v2.BatchCreateTasksMetadata",
        "failedRequests": {"1": {"code": 3, "message": "no"}},
    },
    "response": {
        "@type": "type.googleapis.com/google.cloud.tasks.v2.BatchCreateTasksResponse",
        "tasks": [TASK],
    },
}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (tasks_v2.Task.pb(), TASK),
        (tasks_v2beta2.ListQueuesResponse.pb(), QUEUES),
        (rpc_of("BatchCreateTasks").response, OPERATION),
        (
            rpc_of("GetIamPolicy").response,
            {"etag": "AAE=", "bindings": [{"role": "r", "condition": {"title": "t"}}]},
        ),
        (rpc_of("DeleteTask").response, {}),
    ],
    ids=["task", "queues", "operation", "policy", "empty"],
)
def test_answers_are_those_of_protobufs_own_reader(kind: Any, values: dict[str, Any]) -> None:
    assert kind.FromString(encoded(kind, values)) == ParseDict(values, kind(), ignore_unknown_fields=True)


def test_a_refusal_fits_into_the_metadata_that_clients_take() -> None:
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": "x" * 9000}],
    }
    status = status_of(InvalidArgument("é" * 9000, details=[detail]))
    assert len(status.SerializeToString()) < 8000
    small = status_of(InvalidArgument("no", details=[{**detail, "fieldViolations": [{"field": "task"}]}]))
    assert small.details[0].type_url == "type.googleapis.com/google.rpc.BadRequest"
