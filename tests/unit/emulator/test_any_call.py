"""Random requests to every method: never an internal error or a traceback, and no change after an error."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.access.authorization import OAuth
from cloudtasks_nb.emulator.server.access.gate import Gate
from cloudtasks_nb.emulator.server.access.sign_in_pages import SignIn
from cloudtasks_nb.emulator.server.calls.request import Request, Response
from cloudtasks_nb.emulator.server.front.front import Front
from cloudtasks_nb.emulator.server.http.batch_endpoint import batch_reply, read_batch
from cloudtasks_nb.emulator.server.http.rest import Rest
from cloudtasks_nb.emulator.server.rules.identity import caller_in
from cloudtasks_nb.emulator.server.store.commits import Commits
from cloudtasks_nb.errors import ApiError
from cloudtasks_nb.model import HttpRequest, HttpTarget, PullMessage, PullTarget, Queue, Task, UriOverride
from cloudtasks_nb.model.messages import CreateTaskRequest
from cloudtasks_nb.model.methods import METHODS, Method
from tests.examples import examples
from tests.unit.emulator.anything import HEADERS, PULL, SPOILED, TEXTS, calls
from tests.unit.emulator.conftest import PARENT, QUEUE, Emulator

EXAMPLES = settings(
    max_examples=examples(30),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class World:
    """An emulator with a queue of each kind and a task in each; it is created again after each change."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.emulator = self._made()

    def close(self) -> None:
        self.emulator.store.close()
        self.loop.close()

    def _made(self) -> Emulator:
        made = Emulator()
        target = HttpTarget(uri_override=UriOverride(host="example.com"))
        made.queue(http_target=target)
        made("queues.create", parent=PARENT, body=Queue(name=PULL, pull_target=PullTarget()))
        task = Task(name=f"{QUEUE}/tasks/t", http_request=HttpRequest(url="https://example.com"))
        made("queues.tasks.create", parent=QUEUE, body=CreateTaskRequest(task=task))
        task = Task(name=f"{PULL}/tasks/t", pull_message=PullMessage(tag="a"))
        made("queues.tasks.create", parent=PULL, body=CreateTaskRequest(task=task))
        self.commits = Commits(made.store)
        self.front = Rest(Front(made.service, self.commits))
        gate = Gate(made.service.context, [("roles/owner", "user:ada@example.com")])
        self.guarded = Rest(Front(made.service, self.commits, gate))
        self.sign_in = SignIn(OAuth(made.service.context), self.commits)
        return made

    def held(self) -> str:
        return "\n".join(self.emulator.store._db.iterdump())

    def renew(self) -> None:
        self.emulator.store.close()
        self.emulator = self._made()

    def answer(self, front: Rest, call: Request) -> Response:
        return self.loop.run_until_complete(front.answer(call))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@contextmanager
def unchanged_by_refusal(world: World) -> Iterator[list[Any]]:
    """Send the JSON of the response to the test."""
    before, answers = world.held(), []
    yield answers
    after = world.held()
    if "error" in answers[0] and "done" not in answers[0]:  # an operation keeps the error of its items
        assert after == before
    elif after != before:
        world.renew()


def checked(reply: Response) -> Any:
    """The JSON of a response, after the checks that apply to every response."""
    assert reply.status < 500, reply.body
    text = reply.body.decode()
    assert "Traceback" not in text
    if reply.content_type.startswith("text/javascript"):
        assert reply.status == 200
        assert text.startswith("// API callback\n")
        match = re.fullmatch(r"// API callback\n[A-Za-z0-9_$.\[\]]+\((\{.*)\);", text, re.DOTALL)
        text = match[1] if match else '{"error": {}}'  # an invalid name, which is rejected
    content = json.loads(text)
    assert isinstance(content, dict)
    if reply.status >= 400:
        error = content["error"]
        assert error["code"] == reply.status
        assert error["message"]
        assert error["status"]
    return content


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.id)
@EXAMPLES
@given(data=st.data())
def test_any_call(world: World, method: Method, data: st.DataObject) -> None:
    call = data.draw(calls(method))
    front = data.draw(st.sampled_from([world.front, world.front, world.guarded]))
    with unchanged_by_refusal(world) as answers:
        answers.append(checked(world.answer(front, call)))


@EXAMPLES
@given(
    path=st.text(max_size=60),
    http=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "HEAD", "é"]),
    headers=HEADERS,
)
def test_any_path(world: World, path: str, http: str, headers: dict[str, str]) -> None:
    checked(world.answer(world.front, Request(http, f"/v2beta2/{path}", (), headers)))


_LINES = st.one_of(
    st.sampled_from(
        [b"--b", b"--b--", b"", b"Content-ID: <a+1>", b"Content-ID: \xff", b"GET /v2beta2/x HTTP/1.1", b"GET", b"{}",
         f"GET /v2beta2/{QUEUE} HTTP/1.1".encode(), b"POST http://[ HTTP/1.1", b" folded", b"Authorization: Bearer x"]
    ),
    st.binary(max_size=20),
)  # fmt: skip


@EXAMPLES
@given(
    lines=st.lists(_LINES, max_size=20),
    end=st.sampled_from([b"\r\n", b"\n"]),
    boundary=st.sampled_from(["b", "é", '"b"']),
)
def test_any_batch(world: World, lines: list[bytes], end: bytes, boundary: str) -> None:
    raw = end.join([b"--b", *lines, b"--b--", b""])
    try:
        parts = read_batch(raw, {"Content-Type": f"multipart/mixed; boundary={boundary}"})
    except ApiError as refused:
        assert refused.code == 400
        return
    whole = [part.call for part in parts if isinstance(part.call, Request)]
    for call in whole:
        checked(world.answer(world.front, call))
    reply = batch_reply([(part, Response(b"{}")) for part in parts], "x")
    assert reply.body.count(b"HTTP/1.1 200 OK") == len(parts)


_FORMS = st.dictionaries(
    st.sampled_from(
        ["grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "refresh_token", "scope",
         "assertion", "response_type", "state", "code_challenge", "code_challenge_method", "approve", "email",
         "decision",
         "token", "access_type", "login_hint"]
    ),
    st.one_of(
        TEXTS,
        st.sampled_from(["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", "S256",
                         "e30.e30.e30", "4/x", "1", "allow", "http://localhost/", "http://[", "a@b.c", "code"]),
    ),
)  # fmt: skip


@EXAMPLES
@given(form=_FORMS, body=SPOILED, headers=HEADERS, data=st.data())
def test_any_sign_in(
    world: World, form: dict[str, str], body: bytes, headers: dict[str, str], data: Any
) -> None:
    verb, path, handler = data.draw(st.sampled_from(world.sign_in.routes()))
    if data.draw(st.booleans()):
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form, errors="replace").encode()
    call = Request(verb, path, tuple(form.items()), headers, body)
    reply = world.loop.run_until_complete(handler(call))
    assert reply.status < 500
    assert b"Traceback" not in reply.body


@given(st.text(max_size=40) | TEXTS)
def test_any_token_is_somebody_or_nobody(token: str) -> None:
    found = caller_in(token)
    assert found is None or "@" in found.member
