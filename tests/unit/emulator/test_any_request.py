"""Random tasks and queues: each is rejected at creation, or sends one well-formed request."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.clock import Clock
from cloudtasks_nb.emulator.server.delivery.deliver import Deliverer, Targets
from cloudtasks_nb.emulator.server.delivery.tokens import Tokens
from cloudtasks_nb.emulator.server.delivery.under_way import UnderWay
from cloudtasks_nb.emulator.server.rules.attempts import Attempt, Outcome
from cloudtasks_nb.emulator.server.rules.targets import AppEngine
from cloudtasks_nb.emulator.server.rules.tasks import new_task
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    Header,
    HeaderOverride,
    HttpRequest,
    HttpTarget,
    OidcToken,
    PathOverride,
    QueryOverride,
    Queue,
    Task,
    UriOverride,
)
from cloudtasks_nb.model.json import Int64
from cloudtasks_nb.model.schema import ENUMS
from tests.examples import examples
from tests.waiting import PATIENCE_S

from .conftest import NOW, QUEUE, new_queue

REQUEST_LINE = re.compile(rb"(POST|GET|HEAD|PUT|DELETE|PATCH|OPTIONS) (/[\x21-\x7e]*) HTTP/1\.1")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")


class Listener:
    """A target that parses requests strictly, in a separate event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.requests: list[tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]] = []
        self._server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        line, fields = REQUEST_LINE.fullmatch(first), [HEADER_LINE.fullmatch(one) for one in lines]
        good = line is not None and all(fields)
        found = [(one[1].lower(), one[2]) for one in fields if one]
        body = await reader.readexactly(int(dict(found).get(b"content-length", b"0")))
        if line is not None:
            self.requests.append((line[1], line[2], found, body))
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (200 if good else 400)
        )
        await writer.drain()
        writer.close()

    def deliver(self, task: Task, queue: Queue) -> Outcome:
        """The outcome of one attempt."""
        self.requests.clear()
        return self.loop.run_until_complete(asyncio.wait_for(self._deliver(task, queue), PATIENCE_S))

    async def _deliver(self, task: Task, queue: Queue) -> Outcome:
        ended: asyncio.Future[Outcome] = self.loop.create_future()
        sender = Deliverer(
            lambda _, outcome: ended.set_result(outcome),
            Clock(),
            Targets(AppEngine({"": f"http://127.0.0.1:{self.port}"})),
            Tokens("http://issuer"),
            UnderWay(),
            PATIENCE_S,
        )
        known: dict[str, Any] = {"execution_count": 0, "previous_code": None}
        sender.send(Attempt(queue_row=1, task_row=1, queue=queue, task=task, started=NOW, **known))
        try:
            return await ended
        finally:
            await sender.close()

    def close(self) -> None:
        self._server.close()
        self.loop.run_until_complete(self._server.wait_closed())
        self.loop.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with closing(Listener()) as made:
        yield made


ODD = st.text(alphabet='aZ09-._~%/?#@:[]&=+ \t\r\n\0\x7f\x85é漢😀\\"<>;,', max_size=12)
HOP_BY_HOP = ["Transfer-Encoding", "Connection", "Expect", "Upgrade"]
REPLACED = ["Host", "Content-Length", "content-length", "User-Agent", "X-CloudTasks-TaskName"]
KEPT = ["Authorization", "Cookie", "Content-Encoding", "Content-Type", "Range"]
NAMES = ODD | st.sampled_from([*HOP_BY_HOP, *REPLACED, *KEPT])
VALUES = ODD | st.sampled_from(
    ["chunked", "gzip", "100-continue", "close", "7", "Basic eDp5", "é", "x" * 300]
)
METHODS = st.sampled_from(("", *ENUMS["http_method"]))
TOKENS = st.none() | st.just(OidcToken(service_account_email="a@b.c"))


def _user(text: str) -> str:
    return "".join(sign for sign in text if sign not in "/?#[]\\") + "@"


@st.composite
def pushes(draw: st.DrawFn) -> tuple[str, dict[str, Any], HttpTarget | None]:
    """User and rest of a URL, the request, and what the queue sets."""
    users = st.sampled_from(["", "u@", "u:p@", ":@", "é:ü@"]) | ODD.map(_user)
    user, rest = draw(users), draw(ODD)
    request = {
        "http_method": draw(METHODS),
        "headers": draw(st.dictionaries(NAMES, VALUES, max_size=4)),
        "body": draw(st.none() | st.binary(max_size=20)),
        "oidc_token": draw(TOKENS),
    }
    paths, queries = st.builds(PathOverride, path=ODD), st.builds(QueryOverride, query_params=ODD)
    target = HttpTarget(
        http_method=draw(METHODS),
        header_overrides=[
            HeaderOverride(header=Header(key=draw(NAMES), value=draw(VALUES)))
            for _ in range(draw(st.integers(0, 2)))
        ],
        uri_override=UriOverride(
            scheme="HTTP",
            path_override=draw(st.none() | paths),
            query_override=draw(st.none() | queries),
            uri_override_enforce_mode=draw(st.sampled_from(["", "IF_NOT_EXISTS", "ALWAYS"])),
        ),
    )
    return f"{user}127.0.0.1:PORT/{rest}", request, draw(st.none() | st.just(target))


@settings(max_examples=examples(200))
@example(("0#@127.0.0.1:PORT/", {"http_method": "", "headers": {}}, None))
@given(pushes())
def test_what_is_accepted_is_sent(
    listener: Listener, push: tuple[str, dict[str, Any], HttpTarget | None]
) -> None:
    where, request, target = push
    url = f"http://{where.replace('PORT', str(listener.port), 1)}"
    try:
        queue = new_queue(http_target=target)
        task = new_task(Task(http_request=HttpRequest(url=url, **request)), queue, NOW)
    except InvalidArgument:
        return
    task.name = f"{QUEUE}/tasks/t"
    # A character such as "#" before the @ ends the host: such a task has another target.
    assume(urlsplit(url).netloc.rpartition("@")[2] == f"127.0.0.1:{listener.port}")
    assert listener.deliver(task, queue).succeeded
    ((method, path, headers, body),) = listener.requests
    chosen = (target.http_method if target else "") or request["http_method"] or "POST"
    assert method.decode() == chosen
    assert body == ((request["body"] or b"") if chosen in ("POST", "PUT", "PATCH") else b"")
    names = [name for name, _ in headers]
    for once in (b"host", b"user-agent", b"content-length"):
        assert names.count(once) == (1 if once != b"content-length" or body else names.count(once) and 1)
    assert dict(headers)[b"host"] == f"127.0.0.1:{listener.port}".encode()
    assert not {b"transfer-encoding", b"expect", b"upgrade"} & {*names}
    assert b"#" not in path


@settings(max_examples=examples(100))
@given(ODD, st.dictionaries(NAMES, VALUES, max_size=3), st.binary(max_size=9), METHODS)
def test_what_is_accepted_for_app_engine_is_sent(
    listener: Listener, path: str, headers: dict[str, str], payload: bytes, method: str
) -> None:
    request = AppEngineHttpRequest(
        relative_url=f"/{path}", headers=headers, payload=payload, http_method=method
    )
    try:
        task = new_task(Task(app_engine_http_request=request), new_queue(), NOW)
    except InvalidArgument:
        return
    task.name = f"{QUEUE}/tasks/t"
    assert listener.deliver(task, new_queue()).succeeded
    ((_, sent, _, body),) = listener.requests
    assert body == payload
    assert b"#" not in sent


def test_a_user_in_the_url_signs_in_unless_somebody_else_does(listener: Listener) -> None:
    url = f"http://me:p%C3%A9@127.0.0.1:{listener.port}/x#part"
    basic = b"Basic " + base64.b64encode("me:pé".encode())
    token = OidcToken(service_account_email="a@b.c")
    for request, expected in (
        ({}, basic),
        ({"headers": {"authorization": "Own one"}}, b"Own one"),
        ({"oidc_token": token}, b"Bearer "),
    ):
        task = new_task(Task(http_request=HttpRequest(url=url, **request)), new_queue(), NOW)  # type: ignore[arg-type]
        task.name = f"{QUEUE}/tasks/t"
        assert listener.deliver(task, new_queue()).succeeded
        ((_, path, headers, _),) = listener.requests
        assert path == b"/x"
        (sent,) = [value for name, value in headers if name == b"authorization"]
        assert sent.startswith(expected)


def test_headers_beyond_ascii_travel_as_utf_8(listener: Listener) -> None:
    target = HttpTarget(header_overrides=[HeaderOverride(header=Header(key="X-Queue", value="Straße"))])
    url = f"http://127.0.0.1:{listener.port}"
    queue = new_queue(http_target=target)
    task = new_task(Task(http_request=HttpRequest(url=url, headers={"X-Task": "café 漢"})), queue, NOW)
    task.name = f"{QUEUE}/tasks/t"
    assert listener.deliver(task, queue).succeeded
    headers = dict(listener.requests[0][2])
    assert headers[b"x-task"].decode() == "café 漢"
    assert headers[b"x-queue"].decode() == "Straße"


@pytest.mark.parametrize(
    "url",
    [
        "http://h:0/",
        "http://h:65536/",
        "http://h:x/",
        "http://a b/",
        "http:///x",
        "http://[::1/",
        "http://%41/",
    ],
)
def test_urls_that_nothing_can_be_sent_to(url: str) -> None:
    with pytest.raises(InvalidArgument, match="not a valid URL"):
        new_task(Task(http_request=HttpRequest(url=url)), new_queue(), NOW)


@pytest.mark.parametrize(
    "target",
    [
        HttpTarget(uri_override=UriOverride(host="a b")),
        HttpTarget(uri_override=UriOverride(host="a/b")),
        HttpTarget(uri_override=UriOverride(host="u@a")),
        HttpTarget(uri_override=UriOverride(host="a:80")),
        HttpTarget(uri_override=UriOverride(port=Int64(65_536))),
        HttpTarget(uri_override=UriOverride(port=Int64(-1))),
        HttpTarget(header_overrides=[HeaderOverride(header=Header(key="a b", value="c"))]),
        HttpTarget(header_overrides=[HeaderOverride(header=Header(key="a", value="b\r\nc: d"))]),
        HttpTarget(header_overrides=[HeaderOverride(header=Header(key="a", value="b" * 90_000))]),
    ],
)
def test_overrides_that_nothing_can_be_sent_with(target: HttpTarget) -> None:
    with pytest.raises(InvalidArgument, match=r"uriOverride|HTTP header|headers"):
        new_queue(http_target=target)


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1", "::1", "my_service", "bücher.example", "10.0.0.1"]
)
def test_hosts_that_a_queue_may_set(host: str) -> None:
    made = new_queue(http_target=HttpTarget(uri_override=UriOverride(host=host)))
    assert made.http_target == HttpTarget(uri_override=UriOverride(host=host))
