"""Random requests to every RPC: a response of its type, or an error with a message; never an internal error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.front.fault_injection import FaultPlan
from cloudtasks_nb.emulator.server.front.front import Front
from cloudtasks_nb.emulator.server.grpc.rpcs import SERVICES, rpcs_of
from cloudtasks_nb.emulator.server.grpc.server import GrpcServer
from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.model import PullTarget, Queue
from cloudtasks_nb.model.emulated import Faults
from tests.examples import examples
from tests.unit.emulator.anything import FILTERS, MASKS, NAMES, PULL, TEXTS
from tests.unit.emulator.conftest import PARENT, Emulator, http

RPCS = [(service, name) for service in SERVICES for name in rpcs_of(service)]
EXAMPLES = settings(
    max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_WORDS = {"filter": FILTERS, "paths": MASKS, "name": NAMES, "parent": NAMES, "resource": NAMES}
_INT32 = st.sampled_from([0, 1, -1, 5, 99, 2**31 - 1, -(2**31)])
_INT64 = st.sampled_from([0, 1, -1, 60, 2**63 - 1, -(2**63), 253402300800, 315576000001])
_BY_TYPE: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: TEXTS.filter(lambda text: isinstance(text, str) and text.isprintable()),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=20),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_ENUM: st.integers(0, 9) | _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
}


class Refused(Exception):
    """The status that a call ended with."""


class Call:
    """The server's context of a call."""

    def time_remaining(self) -> float | None:
        return 20.0

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return [("user-agent", "test")]

    async def abort_with_status(self, status: Any) -> None:
        raise Refused(status)


class World:
    """A gRPC server that is called without a network, on an emulator with some data of each kind."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.emulator = Emulator()
        self.emulator.queue()
        self.emulator("queues.create", parent=PARENT, body=Queue(name=PULL, pull_target=PullTarget()))
        self.emulator.task(http("t"))
        self.server = self.loop.run_until_complete(self._made())

    async def _made(self) -> GrpcServer:
        front = Front(self.emulator.service, Commits(self.emulator.store))
        return GrpcServer(front, FaultPlan(Faults()), self.emulator.clock)

    def call(self, service: str, name: str, raw: bytes) -> bytes:
        answer = self.loop.run_until_complete(self.server._answer(service, name, raw, Call()))  # type: ignore[arg-type]
        assert answer is not None
        return answer

    def close(self) -> None:
        self.loop.run_until_complete(self.server.close())
        self.emulator.store.close()
        self.loop.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@st.composite
def messages(draw: st.DrawFn, kind: type[Message], depth: int = 0) -> Message:
    """A message with any fields, and anything in them."""
    made = kind()
    _fill(draw, made, kind.DESCRIPTOR, depth)
    return made


def _fill(draw: st.DrawFn, made: Any, kind: Descriptor, depth: int) -> None:
    for field in kind.fields:
        if not draw(st.booleans()) or depth > 4:
            continue
        for _ in range(draw(st.integers(1, 2)) if isinstance(field.default_value, list) else 1):
            _set(draw, made, field, depth)


def _set(draw: st.DrawFn, made: Any, field: FieldDescriptor, depth: int) -> None:
    repeated = isinstance(field.default_value, list)
    if field.message_type is None:
        value = draw(_WORDS.get(field.name, _BY_TYPE[field.type]))
        getattr(made, field.name).append(value) if repeated else setattr(made, field.name, value)
    elif field.message_type.GetOptions().map_entry:
        getattr(made, field.name)[draw(_BY_TYPE[FieldDescriptor.TYPE_STRING])] = "x"
    else:
        inner = getattr(made, field.name).add() if repeated else getattr(made, field.name)
        inner.SetInParent()
        _fill(draw, inner, field.message_type, depth + 1)


@pytest.mark.parametrize(("service", "name"), RPCS, ids=[".".join(one) for one in RPCS])
@EXAMPLES
@given(data=st.data())
def test_any_request(world: World, service: str, name: str, data: st.DataObject) -> None:
    rpc = rpcs_of(service)[name]
    request = data.draw(messages(rpc.request))
    for variable, form in rpc.method.forms.items():  # usually an existing resource
        if variable in rpc.request.DESCRIPTOR.fields_by_name and data.draw(st.booleans()):
            setattr(request, variable, form.replace("projects/*", "projects/p").replace("*", "q"))
    raw = request.SerializeToString()
    try:
        rpc.response.FromString(world.call(service, name, raw))
    except Refused as refused:
        status = refused.args[0]
        assert status.code not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN), status
        assert status.details


@EXAMPLES
@given(raw=st.binary(max_size=60), rpc=st.sampled_from(RPCS))
def test_any_bytes(world: World, raw: bytes, rpc: tuple[str, str]) -> None:
    try:
        world.call(*rpc, raw)
    except Refused as refused:
        assert refused.args[0].code not in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
