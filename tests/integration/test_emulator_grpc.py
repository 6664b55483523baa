"""gRPC on the port of REST: the same rules, and nothing of gRPC is loaded before the first gRPC call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from google.api_core import exceptions
from google.cloud import tasks_v2, tasks_v2beta2
from google.cloud.tasks_v2.services.cloud_tasks.transports import (
    CloudTasksGrpcAsyncIOTransport,
    CloudTasksGrpcTransport,
)
from google.cloud.tasks_v2beta2.services.cloud_tasks.transports import (
    CloudTasksGrpcTransport as EarlierTransport,
)

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.grpc import entrance
from cloudtasks_nb.emulator.server.http.connections import Connections
from cloudtasks_nb.installation import install_command
from tests.emulator_process import EmulatorProcess
from tests.integration.filling import new_id

PARENT = "projects/local/locations/us-central1"
CREATE = "/google.cloud.tasks.v2.CloudTasks/CreateTask"


def host(url: str) -> str:
    return url.removeprefix("http://")


@contextmanager
def google(url: str) -> Iterator[tasks_v2.CloudTasksClient]:
    """Google's client, on a channel that the test creates."""
    with (
        grpc.insecure_channel(host(url)) as channel,
        tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel)) as client,
    ):
        yield client


@pytest.fixture
def official(emulator: str) -> Iterator[tasks_v2.CloudTasksClient]:
    with google(emulator) as client:
        yield client


def http_task(**request: Any) -> dict[str, Any]:
    return {"http_request": {"url": "https://example.com/work", **request}}


def details_of(error: pytest.ExceptionInfo[Any]) -> list[str]:
    return [type(detail).__name__ for detail in error.value.details]


# Refusals


def test_a_refusal_brings_its_details(official: tasks_v2.CloudTasksClient, queue: ct.Queue) -> None:
    with pytest.raises(exceptions.InvalidArgument, match='Queue ID "a_b" can contain only') as refused:
        official.create_queue(parent=PARENT, queue={"name": f"{PARENT}/queues/a_b"})
    assert details_of(refused) == ["Help"]
    task = {**http_task(), "name": f"{queue.name}/tasks/a.b"}
    with pytest.raises(exceptions.InvalidArgument, match=r'Task ID "a\.b" can contain only') as refused:
        official.create_task(parent=queue.name, task=task)
    assert refused.value.details[0].links[0].description == "Definition of task ID"


def test_a_foreign_project_is_refused_as_it_was_recorded() -> None:
    with (
        EmulatorProcess("--no-dispatch", "--project", "mine") as process,
        google(process.url) as official,
        pytest.raises(exceptions.PermissionDenied, match="on resource project other") as refused,
    ):
        official.create_queue(parent="projects/other/locations/us-central1", queue={"name": "x"})
    assert details_of(refused) == ["ErrorInfo", "LocalizedMessage", "Help"]
    assert (refused.value.reason, refused.value.domain) == ("CONSUMER_INVALID", "googleapis.com")


def test_a_deadline_beyond_30_s_is_refused(official: tasks_v2.CloudTasksClient, queue: ct.Queue) -> None:
    assert official.get_queue(name=queue.name, timeout=29).name == queue.name
    assert official.get_queue(name=queue.name, timeout=None).name == queue.name
    with pytest.raises(
        exceptions.InvalidArgument,
        match=r"deadline is 20\d\d-.*-0[78]:00\. The deadline cannot be more than 30s in the future\.$",
    ):
        official.get_queue(name=queue.name, timeout=52)


def test_what_cannot_be_read_is_refused_not_broken(emulator: str) -> None:
    with grpc.insecure_channel(host(emulator)) as channel:
        for path, code in (
            (CREATE, "INVALID_ARGUMENT"),
            ("/google.cloud.tasks.v2.CloudTasks/CreateTaks", "UNIMPLEMENTED"),
            ("/google.cloud.tasks.v2beta1.CloudTasks/CreateTask", "UNIMPLEMENTED"),
            ("/google.longrunning.Operations/CancelOperation", "UNIMPLEMENTED"),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                channel.unary_unary(path)(b"\xff\xff\xff", timeout=20)
            assert refused.value.code().name == code, refused.value
            assert "Traceback" not in refused.value.details()


def test_fields_that_are_asked_for_are_all_that_is_answered(emulator: str, queue: ct.Queue) -> None:
    with google(emulator) as official:
        metadata = [("x-goog-fieldmask", "name,state")]
        shown = official.get_queue(name=queue.name, metadata=metadata)
    assert (shown.name, shown.state.name) == (queue.name, "RUNNING")
    assert not shown.rate_limits.max_burst_size


# Features of the whole emulator, over gRPC too


def test_identity_comes_from_metadata() -> None:
    ada = [("authorization", "Bearer ada@example.com")]
    grants = [f"--grant={role}=ada@example.com" for role in ("roles/cloudtasks.viewer",)]
    with EmulatorProcess("--enforce-iam", *grants) as process, google(process.url) as official:
        with pytest.raises(exceptions.Unauthenticated, match="missing required authentication") as refused:
            official.list_queues(parent=PARENT)
        assert refused.value.reason == "CREDENTIALS_MISSING"
        assert refused.value.metadata["method"] == "google.cloud.tasks.v2.CloudTasks.ListQueues"
        assert list(official.list_queues(parent=PARENT, metadata=ada)) == []
        with pytest.raises(exceptions.PermissionDenied, match=r"cloudtasks\.queues\.create"):
            official.create_queue(parent=PARENT, queue={"name": f"{PARENT}/queues/q"}, metadata=ada)
        with pytest.raises(exceptions.Unauthenticated, match="invalid authentication"):
            official.list_queues(parent=PARENT, metadata=[("authorization", "Basic eA==")])


def test_faults_meet_grpc_calls_too() -> None:
    with (
        EmulatorProcess("--no-dispatch") as process,
        ct.connect(project="local", location="us-central1", endpoint=process.url) as client,
        google(process.url) as official,
    ):
        queue = client.create_queue("faulty")
        client.emulator.faults(cut_after=1, methods="queues.tasks.create")
        with pytest.raises(exceptions.ServiceUnavailable):
            official.create_task(parent=queue.name, task=http_task())
        client.emulator.faults(cut_before=1, methods="queues.tasks.create")
        with pytest.raises(exceptions.ServiceUnavailable):
            official.create_task(parent=queue.name, task=http_task())
        assert client.emulator.fault_report().counts.cut_before == 1
        client.emulator.faults(exhausted=1, methods="queues.tasks.create")
        with pytest.raises(exceptions.ResourceExhausted):
            official.create_task(parent=queue.name, task=http_task())
        client.emulator.faults(unavailable=0.5, seed=3)
        for _ in range(10):  # each repeated by Google's client until it succeeds
            assert official.get_queue(name=queue.name).name == queue.name
        assert client.emulator.fault_report().counts.unavailable > 0
        client.emulator.faults()
        assert len(list(official.list_tasks(parent=queue.name))) == 1  # the one whose response was lost


def test_a_task_that_was_created_over_grpc_is_sent_when_time_is_moved() -> None:
    with ct.local(clock="manual") as client, google(client.endpoint) as official:
        queue, inbox = client.create_queue("later"), client.emulator.inbox()
        due = client.emulator.refresh().info.time.timestamp() + 3600
        task = http_task(url=inbox.url_for("/work"), body=b"\x00hello")
        official.create_task(
            parent=queue.name,
            task={**task, "schedule_time": {"seconds": int(due)}, "name": f"{queue.name}/tasks/t"},
        )
        client.emulator.advance("59min")
        assert inbox.received == 0
        client.emulator.advance("2min")
        (request,) = inbox.requests
        assert (request.path, request.payload, request.task) == (
            "/work",
            b"\x00hello",
            "t",
        )
        with pytest.raises(exceptions.NotFound, match="The task no longer exists, though"):
            official.get_task(name=f"{queue.name}/tasks/t")


def test_a_reset_and_a_loaded_snapshot_hold_for_both() -> None:
    with ct.local(dispatch=False) as client, google(client.endpoint) as official:
        queue = official.create_queue(parent=PARENT, queue={"name": f"{PARENT}/queues/world"})
        official.create_task(parent=queue.name, task=http_task())
        client.emulator.save("before")
        client.emulator.reset()
        assert list(official.list_queues(parent=PARENT)) == []
        client.emulator.load("before")
        assert len(list(official.list_tasks(parent=queue.name))) == 1


# The channel of client.emulator


def test_a_channel_calls_as_its_client_does() -> None:
    with ct.local(enforce_iam=True, dispatch=False) as client:
        queue = client.create_queue("guarded")
        channel = client.emulator.grpc_channel()
        official = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        assert official.get_queue(name=queue.name).name == queue.name
        as_ada = [("authorization", "Bearer ada@example.com")]
        with pytest.raises(exceptions.PermissionDenied):
            official.get_queue(name=queue.name, metadata=as_ada)

        async def names() -> list[str]:
            async with client.emulator.grpc_channel(asyncio=True) as channel:
                transport = CloudTasksGrpcAsyncIOTransport(channel=channel)
                found = await tasks_v2.CloudTasksAsyncClient(transport=transport).list_queues(parent=PARENT)
                return [queue.name async for queue in found]

        assert asyncio.run(names()) == [queue.name]


def test_a_channel_takes_large_answers_ignores_proxies_and_ends_with_its_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with ct.local(dispatch=False) as client:
        queue = client.create_queue("large").pause()
        official = tasks_v2.CloudTasksClient(
            transport=CloudTasksGrpcTransport(channel=client.emulator.grpc_channel())
        )
        request = {"parent": queue.name, "task": http_task(body=b"x" * 900_000), "response_view": "FULL"}
        operation = official.batch_create_tasks(parent=queue.name, requests=[request] * 6)
        assert sum(len(task.http_request.body) for task in operation.result().tasks) == 5_400_000
    with pytest.raises(ValueError, match="closed channel"):
        official.get_queue(name=queue.name)


def test_a_channel_of_a_client_that_only_reads_is_refused(emulator: str) -> None:
    with (
        ct.connect(project="local", location="us-central1", endpoint=emulator, read_only=True) as client,
        pytest.raises(ct.ReadOnly),
    ):
        client.emulator.grpc_channel()


# Sizes


def test_pages_and_leases_fit_into_the_channel_that_one_makes_by_hand(emulator: str) -> None:
    """Such a channel accepts 4 MB: a larger response would fail in the client, which would lose leased tasks."""
    payload = b"x" * 700_000
    with (
        grpc.insecure_channel(host(emulator)) as channel,
        tasks_v2beta2.CloudTasksClient(transport=EarlierTransport(channel=channel)) as official,
    ):
        name = f"{PARENT}/queues/{new_id()}"
        official.create_queue(parent=PARENT, queue={"name": name, "pull_target": {}})
        for _ in range(9):
            official.create_task(parent=name, task={"pull_message": {"payload": payload}})
        listed = list(official.list_tasks({"parent": name, "response_view": "FULL"}))
        assert [len(task.pull_message.payload) for task in listed] == [700_000] * 9
        leased: list[str] = []
        while tasks := official.lease_tasks(
            {"parent": name, "max_tasks": 100, "lease_duration": {"seconds": 600}, "response_view": "FULL"}
        ).tasks:
            assert all(task.pull_message.payload == payload for task in tasks)
            leased += [task.name for task in tasks]
        assert sorted(leased) == sorted(task.name for task in listed)


def test_a_large_request_is_read_and_a_large_task_refused_by_the_service(
    official: tasks_v2.CloudTasksClient, queue: ct.Queue
) -> None:
    task = {"parent": queue.name, "task": http_task(body=b"x" * 900_000)}
    operation = official.batch_create_tasks(parent=queue.name, requests=[task] * 8)
    assert operation.metadata.state.name == "SUCCEEDED"
    with pytest.raises(exceptions.InvalidArgument, match="Task size too large"):
        official.create_task(parent=queue.name, task=http_task(body=b"x" * 5_000_000))


# One address, and nothing of gRPC before the first gRPC call


def loaded(process: EmulatorProcess) -> bool:
    return "cygrpc" in Path(f"/proc/{process.popen.pid}/maps").read_text()


def test_nothing_of_grpc_is_loaded_before_the_first_call(session: requests.Session) -> None:
    with EmulatorProcess("--no-dispatch") as process:
        assert session.get(f"{process.url}/v2/{PARENT}/queues").status_code == 200
        assert not loaded(process)
        with google(process.url) as official:
            assert list(official.list_queues(parent=PARENT)) == []
        assert loaded(process)
        assert session.get(f"{process.url}/v2/{PARENT}/queues").status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"garbage" * 9,
        b"PRI * HTTP/1.1\r\n\r\n",
        b"PRI",
        b"P",
        b"\x00\x01",
    ],
)
def test_who_speaks_something_else_harms_nobody(emulator: str, queue: ct.Queue, said: bytes) -> None:
    name, _, port = host(emulator).partition(":")
    for _ in range(20):
        with socket.create_connection((name, int(port)), timeout=60) as connection:
            connection.sendall(said)
    with socket.create_connection((name, int(port)), timeout=60) as connection:  # a request in small pieces
        for sign in b"POST /v2/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n":
            connection.sendall(bytes((sign,)))
        assert connection.recv(12) == b"HTTP/1.1 404"
    with google(emulator) as official:
        assert official.get_queue(name=queue.name).name == queue.name


def test_an_emulator_ends_while_channels_are_open() -> None:
    with EmulatorProcess("--no-dispatch") as process, google(process.url) as official:
        official.get_location({"name": PARENT})
        printed, complaints = process.stop()
        assert (printed, complaints) == ("", "")
        assert process.popen.returncode == 0
        with pytest.raises(exceptions.ServiceUnavailable):
            official.get_location({"name": PARENT}, retry=None)


def test_without_the_packages_a_client_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(entrance, "_PACKAGES", ("no_such_package.at_all",))

    async def main() -> list[exceptions.GoogleAPICallError]:
        made = entrance.Entrance(None, None, None)  # type: ignore[arg-type] # nothing is asked of them
        connections = Connections(None, http_2=made.connection)  # type: ignore[arg-type]
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        refusals = await asyncio.to_thread(ask, f"http://127.0.0.1:{listening.getsockname()[1]}")
        await connections.close()
        await made.close()
        return refusals

    def ask(url: str) -> list[exceptions.GoogleAPICallError]:
        refusals = []
        with google(url) as official:
            for body in (b"", b"x" * 3_000_000):
                with pytest.raises(exceptions.GoogleAPICallError) as refused:
                    official.create_task(parent=f"{PARENT}/queues/q", task=http_task(body=body))
                refusals.append(refused.value)
        return refusals

    for refused in asyncio.run(main()):
        assert isinstance(refused, exceptions.FailedPrecondition)
        assert install_command("grpc") in refused.message
    [complaint] = capsys.readouterr().err.splitlines()
    assert "a gRPC client connected" in complaint
    assert install_command("grpc") in complaint


def test_the_owner_is_told_of_clients_that_speak_tls() -> None:
    """As Google's clients connect if they get only the address."""
    from google.auth.credentials import AnonymousCredentials

    with EmulatorProcess("--no-dispatch") as process:
        for _ in range(2):
            options = {"api_endpoint": host(process.url)}
            with (
                tasks_v2.CloudTasksClient(
                    credentials=AnonymousCredentials(), client_options=options
                ) as official,
                pytest.raises(exceptions.ServiceUnavailable),
            ):
                official.list_queues(parent=PARENT, retry=None, timeout=20)
        _, complaints = process.stop()
    assert complaints.count("a client tried to connect with TLS") == 1
    assert "insecure channel" in complaints


# Health and reflection


def test_health_and_reflection(emulator: str) -> None:
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    with grpc.insecure_channel(host(emulator)) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "google.cloud.tasks.v2.CloudTasks"):
            checked = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
            assert checked.status == health_pb2.HealthCheckResponse.SERVING
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {f"google.cloud.tasks.{version}.CloudTasks" for version in ("v2", "v2beta3", "v2beta2")} < set(
            database.get_services()
        )
        described = DescriptorPool(database).FindServiceByName("google.cloud.tasks.v2beta2.CloudTasks")
        assert "LeaseTasks" in described.methods_by_name
        request = described.methods_by_name["CreateTask"].input_type
        assert [field.name for field in request.fields] == ["parent", "task", "response_view"]
