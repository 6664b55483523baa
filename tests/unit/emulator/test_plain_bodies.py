"""The fast reader of bodies agrees with the strict reader, and accepts the most common bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.bodies import parse
from cloudtasks_nb.emulator.server.calls.plain_bodies import plainly
from cloudtasks_nb.model import Message
from cloudtasks_nb.model.messages import BatchCreateTasksRequest, CreateTaskRequest, RunTaskRequest
from tests.examples import examples

_TEXTS = st.sampled_from(["", "x", "é", "a b", "POST", "BASIC", "aGk=", "aGk", "a-_b", "aGl=", "\x00"])
_ANY = st.one_of(
    _TEXTS, st.none(), st.integers(-1, 3), st.booleans(), st.just([]), st.just({}), st.just({"a": 1})
)


def _some_of(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


def _mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(right, right, right, right, right, _ANY)


_HEADERS = st.dictionaries(_TEXTS, _mostly(_TEXTS), max_size=2)
_HTTP = _some_of(url=_mostly(_TEXTS), body=_TEXTS, headers=_mostly(_HEADERS), oidcToken=_ANY,
                 httpMethod=st.sampled_from(["POST", "GET", "post", "HTTP_METHOD_UNSPECIFIED", "", 1]))  # fmt: skip
_TASK = _some_of(name=_mostly(_TEXTS), httpRequest=_mostly(_HTTP), http_request=_HTTP, scheduleTime=_ANY, view=_TEXTS,
                 pullMessage=_mostly(_some_of(payload=_mostly(_TEXTS), tag=_mostly(_TEXTS))))  # fmt: skip
_CREATE = _some_of(
    task=_mostly(_TASK), parent=_TEXTS, responseView=st.sampled_from(["BASIC", "FULL", "BOTH", "", 1])
)
_BATCH = _some_of(requests=_mostly(st.lists(_mostly(_CREATE), max_size=3)), requestId=_mostly(_TEXTS))


@settings(max_examples=examples(400))
@given(
    given=st.one_of(
        st.tuples(st.just(CreateTaskRequest), _CREATE), st.tuples(st.just(BatchCreateTasksRequest), _BATCH)
    )
)
def test_what_is_read_in_one_go_is_what_the_strict_reader_finds(
    given: tuple[type[Message], dict[str, Any]],
) -> None:
    kind, values = given
    raw = json.dumps(values).encode()
    plain = plainly(raw, kind)
    if plain is not None:
        assert plain == parse(raw, kind)


HTTP = {
    "httpRequest": {"url": "https://example.com/", "httpMethod": "PUT", "headers": {"A": "b"}, "body": "aGk="}
}
PULL = {"pullMessage": {"payload": "aGk=", "tag": "t"}}


@pytest.mark.parametrize(
    "task", [HTTP, PULL, {"name": "projects/p/locations/l/queues/q/tasks/t", **HTTP}, {}]
)
def test_tasks_of_the_commonest_shapes_are_read_in_one_go(task: dict[str, Any]) -> None:
    request = {"task": task, "responseView": "FULL", "parent": "projects/p/locations/l/queues/q"}
    raw, many = (
        json.dumps(request).encode(),
        json.dumps({"requests": [request] * 2, "requestId": "r"}).encode(),
    )
    assert plainly(raw, CreateTaskRequest) == parse(raw, CreateTaskRequest)
    assert plainly(many, BatchCreateTasksRequest) == parse(many, BatchCreateTasksRequest)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"{", b"\xff", b'{"task":null}', b'{"task":{"httpRequest":{},"pullMessage":{}}}',
            b'{"task":{"colour":1}}', b"[" * 100_000]
)  # fmt: skip
def test_everything_else_is_left_to_the_strict_reader(raw: bytes) -> None:
    assert plainly(raw, CreateTaskRequest) is None
    assert plainly(raw, RunTaskRequest) is None
