"""An inbox: received requests, and handlers in cells."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.client import Inbox, Received
from tests.integration.filling import new_id
from tests.ports import free_port
from tests.waiting import PATIENCE_S


@pytest.fixture
def inbox(client: ct.Client) -> Iterator[Inbox]:
    made = client.emulator.inbox()
    yield made
    made.close()


def test_a_whole_round_trip(queue: ct.Queue, inbox: Inbox) -> None:
    task = queue.pause().create_task(
        {"to": "ada"}, url=inbox.url_for("/send?n=1"), headers={"X-Mine": "yes", "X-Name": "Zoë"}
    )

    @inbox.on("/send")
    def send(request: Received) -> Any:
        return 503 if request.attempt == 1 else {"sent": request.json()["to"]}

    for attempt in (1, 2):
        task.run()
        got = inbox.wait(attempt, timeout=PATIENCE_S)[-1]
        assert (got.method, got.path, got.query, got.attempt) == ("POST", "/send", "n=1", attempt)
        assert (got.task, got.queue) == (task.id, queue.id)
        assert got.json() == {"to": "ada"}
        assert got.headers["X-Mine"] == "yes"
        assert got.headers["X-Name"] == "Zoë"
    assert [one.answer for one in inbox.requests] == [503, 200]
    shown = str(inbox)
    for words in ("/send?n=1", task.id, '{"to":"ada"}', "X-Mine: yes", "503", "LISTENING"):
        assert words in shown
    assert '"to": "ada"' in str(inbox.requests[-1])


@pytest.mark.parametrize(
    ("returned", "status", "body", "kind"),
    [
        (None, 200, b"", None),
        (503, 503, b"", None),
        ("done", 200, b"done", "text/plain; charset=utf-8"),
        (b"\x00\x01", 200, b"\x00\x01", "application/octet-stream"),
        ({"a": [1]}, 200, b'{"a":[1]}', "application/json"),
        ([1, 2], 200, b"[1,2]", "application/json"),
        ((429, "slow down", {"Retry-After": 3}), 429, b"slow down", "text/plain; charset=utf-8"),
        (
            (201, {"id": 1}, {"Content-Type": "application/vnd.x+json"}),
            201,
            b'{"id":1}',
            "application/vnd.x+json",
        ),
    ],
)
def test_what_a_handler_may_return(
    inbox: Inbox, returned: Any, status: int, body: bytes, kind: str | None
) -> None:
    inbox.on("/x")(lambda request: returned)
    answer = requests.post(inbox.url_for("x"), timeout=20)
    assert (answer.status_code, answer.content, answer.headers.get("Content-Type")) == (status, body, kind)


@pytest.mark.parametrize("returned", [True, 99, object(), (200, "a", {}, "b"), (200,), ("a", "b"), float])
def test_what_a_handler_may_not_return(inbox: Inbox, returned: Any) -> None:
    inbox.on()(lambda request: returned)
    assert requests.get(inbox.url, timeout=20).status_code == 500
    (got,) = inbox.requests
    assert isinstance(got.error, TypeError | ValueError)
    assert "(status, body)" in str(got.error)


@pytest.mark.parametrize(
    "headers", [{"X-Arrow": "→"}, {"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"": "a"}, {"X-A": "\x00"}]
)
def test_a_header_that_cannot_be_sent_is_an_error_of_the_handler(
    inbox: Inbox, headers: dict[str, str]
) -> None:
    inbox.on()(lambda request: (200, "x", headers))
    answer = requests.get(inbox.url, timeout=20)
    assert answer.status_code == 500
    assert "X-B" not in answer.headers
    assert "cannot be sent" in inbox.requests[0].error_words()


def test_what_a_handler_raises_is_shown_and_answered_with_500(inbox: Inbox) -> None:
    @inbox.on("/boom")
    def boom(request: Received) -> None:
        raise RuntimeError("no room for Bearer ya29.abcdefghijk")

    assert requests.post(inbox.url_for("/boom"), timeout=20).status_code == 500
    assert "RuntimeError: no room for Bearer •••" in " ".join(inbox._repr_html_().split())
    assert "ya29.abc" not in str(inbox)
    assert inbox.to_dataframe()["error"].tolist() == ["RuntimeError: no room for Bearer •••"]
    assert isinstance(inbox.requests[0].error, RuntimeError)
    boom_again = inbox.on("/boom")(lambda request: 204)
    assert requests.post(inbox.url_for("/boom"), timeout=20).status_code == boom_again(inbox.requests[0])


def test_other_paths_and_their_handler(inbox: Inbox) -> None:
    inbox.on("/one")(lambda request: 201)
    assert requests.delete(inbox.url_for("/two"), timeout=20).status_code == 200
    inbox.on("*")(lambda request: 404)
    assert requests.put(inbox.url_for("/two"), timeout=20).status_code == 404
    assert requests.head(inbox.url_for("/one"), timeout=20).status_code == 201
    with pytest.raises(ct.InvalidArgument, match="is not a path"):
        inbox.on("two")


def test_secrets_are_not_shown(inbox: Inbox) -> None:
    secret = "Bearer ya29.very-secret-indeed"
    requests.post(
        inbox.url_for("/?token=hunter2"), headers={"authorization": secret, "X-Api-Key": "k3y"}, timeout=20
    )
    (got,) = inbox.requests
    for shown in (str(inbox), inbox._repr_html_(), str(got), got._repr_html_(), repr(got), repr(got.headers)):
        assert "very-secret" not in shown
        assert "k3y" not in shown
        assert "hunter2" not in shown
    (headers,) = inbox.to_dataframe()["headers"]
    assert headers["authorization"] == "•••"
    assert got.headers["authorization"] == secret, "a handler sees what was sent"


def test_waiting_ends_with_the_last_request_that_is_waited_for(inbox: Inbox) -> None:
    sender = threading.Timer(0.05, lambda: [requests.get(inbox.url, timeout=20) for _ in range(3)])
    sender.start()
    assert len(inbox.wait(3, timeout=20)) == 3
    sender.join()
    with pytest.raises(ct.Timeout, match="3 of 4 requests"):
        inbox.wait(4, timeout=0)
    inbox.clear()
    assert inbox.requests == []
    with pytest.raises(ct.Timeout, match="0 of 1 request arrived"):
        inbox.wait(timeout=0)


def test_the_table_has_the_same_columns_with_and_without_requests(inbox: Inbox) -> None:
    empty = inbox.to_dataframe().dtypes
    requests.post(inbox.url_for("/a"), data=b"\xff", timeout=20)
    frame = inbox.to_dataframe()
    assert frame.dtypes.equals(empty)
    assert (str(empty["number"]), str(empty["payload"])) == ("Int64", "binary[pyarrow]")
    assert isinstance(frame.loc[0, "headers"], dict)
    assert frame.loc[0, "payload"] == b"\xff"
    assert frame.loc[0, "path"] == "/a"
    assert frame["attempt"].isna().all()


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "http://localhost:3000"}],
)
def test_pages_of_other_origins_do_not_reach_a_cell(inbox: Inbox, headers: dict[str, str]) -> None:
    assert requests.post(inbox.url, headers=headers, timeout=20).status_code == 403
    assert inbox.requests == []


def test_closing(client: ct.Client) -> None:
    inbox = client.emulator.inbox()
    requests.get(inbox.url, timeout=20)
    with pytest.raises(ct.ConfigError, match="Port"):
        client.emulator.inbox(port=int(inbox.url.rpartition(":")[2]))
    with pytest.raises(ct.ConfigError, match="port must be an integer"):
        client.emulator.inbox(port="x")  # type: ignore[arg-type]
    inbox.close()
    inbox.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(inbox.url, timeout=20)
    assert "CLOSED" in str(inbox)
    assert len(inbox.requests) == 1


def test_a_closed_inbox_says_so_at_once_and_wakes_who_waits(client: ct.Client) -> None:
    inbox = client.emulator.inbox()
    refused: list[ct.CloudTasksError] = []

    def wait() -> None:
        try:
            inbox.wait(2, timeout="10m")
        except ct.CloudTasksError as error:
            refused.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    requests.get(inbox.url, timeout=20)
    inbox.wait(1)
    inbox.close()
    waiting.join(20)
    [error] = refused
    assert isinstance(error, ct.ConfigError)
    assert "This inbox is closed; 1 of 2 requests arrived before." in str(error)
    assert len(inbox.wait(1)) == 1  # these arrived
    with pytest.raises(ct.ConfigError, match="closed"):
        inbox.wait(2)


def test_it_iterates_and_its_headers_ignore_case(inbox: Inbox) -> None:
    for number in range(3):
        requests.post(inbox.url, headers={"X-Shop": str(number)}, timeout=20)
    assert [one.headers["x-shop"] for one in inbox] == ["0", "1", "2"]
    headers = next(iter(inbox)).headers
    assert (headers.get("X-SHOP"), headers.get("x-none"), headers.get("x-none", "-")) == ("0", None, "-")
    assert ("x-shop" in headers, "x-none" in headers) == (True, False)
    with pytest.raises(KeyError, match="x-none"):
        headers["x-none"]
    assert "X-Shop" in list(headers)  # they are shown in order of arrival


def test_waiting_takes_durations_as_text(inbox: Inbox) -> None:
    with pytest.raises(ct.Timeout, match=r"0 of 1 request arrived within 0\.05 s"):
        inbox.wait(timeout="50ms")


def test_the_history_is_that_of_a_queue_and_a_task_however_they_are_named(
    client: ct.Client, queue: ct.Queue, inbox: Inbox
) -> None:
    task = queue.create_task("x", url=inbox.url).run()
    inbox.wait(timeout=PATIENCE_S)
    for queue_named in (queue, queue.id, queue.name):
        for task_named in (task, task.id, task.name):
            [attempt] = client.emulator.history(queue_named, task_named)
            assert attempt.task == task.name


@pytest.mark.parametrize("share", [float("nan"), float("inf"), -0.1, 1.5])
def test_a_share_of_calls_is_from_0_to_1(client: ct.Client, share: float) -> None:
    with pytest.raises(ct.InvalidArgument, match=r"exhausted( must be a number|=.* must be a share of)"):
        client.emulator.faults(exhausted=share)


def test_the_client_closes_its_inboxes(emulator: str) -> None:
    with ct.connect(endpoint=emulator) as client:
        inbox = client.emulator.inbox()
    with pytest.raises(requests.ConnectionError):
        requests.get(inbox.url, timeout=20)


def test_an_open_inbox_does_not_keep_python_alive(emulator: str) -> None:
    code = (
        f"import cloudtasks_nb as ct, http.client\ninbox = ct.connect(endpoint={emulator!r}).emulator.inbox()\n"
        "held = http.client.HTTPConnection(inbox.url.removeprefix('http://'))\nheld.request('GET', '/')\nprint('end')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "end\n"


def test_many_requests_are_kept_up_to_a_number(inbox: Inbox) -> None:
    with requests.Session() as http:
        for _ in range(1005):
            http.post(inbox.url, timeout=20)
    kept = inbox.requests
    assert (len(kept), kept[0].number, kept[-1].number) == (1000, 6, 1005)
    assert "950 more rows" in str(inbox)


def test_an_app_engine_application_in_a_cell() -> None:
    port = free_port()
    with ct.local(app_engine=f"http://localhost:{port}") as client:
        inbox = client.emulator.inbox(port=port)
        queue = client.create_queue(new_id(), kind="app_engine").pause()
        queue.create_task("x", relative_url="/tasks/one").run()
        (got,) = inbox.wait(timeout=PATIENCE_S)
    assert (got.path, got.attempt, got.queue) == ("/tasks/one", 1, queue.id)


def test_it_answers_while_a_cell_keeps_the_kernel_busy(queue: ct.Queue, inbox: Inbox) -> None:
    inbox.on()(lambda request: 204)
    queue.create_task("x", url=inbox.url).run()  # the emulator of the tests dispatches nothing automatically
    deadline = time.monotonic() + 60
    while not any(one.answer for one in inbox.requests) and time.monotonic() < deadline:
        sum(range(1000))  # a cell that computes, and never waits
    assert [one.answer for one in inbox.requests] == [204]
