"""Calls over a real socket: what comes back well, what is refused, what breaks, and what is tried again."""

from __future__ import annotations

import gzip
import os
import threading
from types import SimpleNamespace

import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import RefreshError

from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.messages import CreateTaskRequest, Empty, ListTasksResponse
from cloudtasks_nb.model.task import Task
from cloudtasks_nb.names import parse_queue
from cloudtasks_nb.rest import session as wire
from cloudtasks_nb.rest.auth import Auth, credentials_auth, token_auth
from cloudtasks_nb.rest.deadline import Deadline
from cloudtasks_nb.rest.exchange import Answer
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import Scripted, answer, nobody, refusal, scripted

QUEUE = "projects/p/locations/us-central1/queues/emails"
EAGER = Retry(initial_s=0.001, maximum_s=0.01)


def session(server: Scripted, auth: Auth | None = None, **options: object) -> Session:
    return Session(server.url, auth or Auth(), **{"retry": EAGER, **options})  # type: ignore[arg-type]


def get_queue(server: Scripted, **options: object) -> Queue:
    client = session(server, **options)
    try:
        return client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    finally:
        client.close()


def test_an_answer_becomes_a_message() -> None:
    with scripted(answer(200, {"name": QUEUE, "state": "PAUSED", "newField": 1})) as server:
        assert get_queue(server).state == "PAUSED"
    assert server.requests[0].startswith(f"GET /v2beta2/{QUEUE}?prettyPrint=false HTTP/1.1")


def test_the_user_agent_asks_for_compression_and_compressed_answers_are_read() -> None:
    body = gzip.compress(b'{"state": "RUNNING"}')
    with scripted(answer(200, body, Content_Encoding="gzip")) as server:
        assert get_queue(server).state == "RUNNING"
    assert "gzip" in next(line for line in server.requests[0].splitlines() if line.startswith("User-Agent"))


@pytest.mark.parametrize("kind", errors.API_ERRORS)
def test_every_code_has_its_class(kind: type[errors.ApiError]) -> None:
    with (
        scripted(refusal(kind.http_status, kind.rpc_status, "the words")) as server,
        pytest.raises(kind) as caught,
    ):
        get_queue(server, retry=Retry(max_tries=1))
    error = caught.value
    assert (error.code, error.status, error.message) == (kind.http_status, kind.rpc_status, "the words")
    assert (error.method, error.resource) == ("projects.locations.queues.get", QUEUE)
    assert QUEUE in str(error)
    assert "the words" in str(error)


def test_a_missing_permission_is_named_with_a_role_that_holds_it() -> None:
    words = (
        'The principal (user or service account) lacks IAM permission "cloudtasks.tasks.create" for the resource '
        '"projects/p" (or the resource may not exist).'
    )
    with (
        scripted(refusal(403, "PERMISSION_DENIED", words)) as server,
        pytest.raises(errors.PermissionDenied) as caught,
    ):
        get_queue(server)
    assert "cloudtasks.tasks.create" in (caught.value.hint or "")
    assert "roles/cloudtasks.enqueuer" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_page_of_another_server_is_named_as_such(status: int) -> None:
    page = answer(status, b"<html><title>Sign in</title></html>", content_type="text/html")
    with (
        scripted(page) as server,
        pytest.raises(errors.DecodeError, match=f"HTTP {status} with text/html") as caught,
    ):
        get_queue(server)
    assert "endpoint" in (caught.value.hint or "")


def test_json_of_the_wrong_shape_is_a_decode_error() -> None:
    with (
        scripted(answer(200, {"state": ["not", "text"]})) as server,
        pytest.raises(errors.DecodeError, match="Queue"),
    ):
        get_queue(server)


def test_a_load_balancers_page_is_unavailable_and_tried_again() -> None:
    page = answer(502, b"<html>Bad gateway</html>", content_type="text/html")
    with scripted(page, page, answer(200, {"state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_that_a_proxy_words_is_what_its_status_says(status: int) -> None:
    page = answer(status, b"<html>not now</html>", content_type="text/html")
    with scripted(page) as server, pytest.raises(errors.error_class(status)) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert caught.value.code == status
    assert "not now" in caught.value.message


def test_a_refusal_without_words_says_its_status() -> None:
    silent = refusal(400, "FAILED_PRECONDITION", "")
    with scripted(silent) as server, pytest.raises(errors.FailedPrecondition) as caught:
        get_queue(server)
    assert caught.value.message == "FAILED_PRECONDITION"


CUT_WHOLE = answer(200, {"name": QUEUE})[:-5]
CUT_CHUNK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n"
    + b"{" * 20
)


@pytest.mark.parametrize("broken", [CUT_WHOLE, CUT_CHUNK, b"", b"HTTP/1.1 200 OK\r\nContent-"])
def test_a_cut_connection_is_tried_again_where_that_is_safe(broken: bytes) -> None:
    with scripted(broken, answer(200, {"state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    with scripted(broken) as server, pytest.raises(errors.TransportError) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert "next:" in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (CUT_WHOLE, errors.TransportError),
        (answer(200, {"name": 5}), errors.DecodeError),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>",
            errors.DecodeError,
        ),
    ],
)
def test_whatever_befalls_a_call_says_which_one_it_was(
    broken: bytes, kind: type[errors.CloudTasksError]
) -> None:
    with scripted(broken) as server, pytest.raises(kind) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.get", QUEUE)
    assert f"asked: projects.locations.queues.get of {QUEUE}" in str(caught.value)
    assert QUEUE in caught.value._repr_html_()


def test_what_is_refused_before_any_call_claims_no_answer() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse_queue("a/b/c")
    assert "answered" not in str(caught.value)


def test_a_call_that_changes_something_is_not_repeated_after_a_cut() -> None:
    with scripted(CUT_WHOLE, answer(200, {})) as server:
        client = session(server)
        with pytest.raises(errors.TransportError):
            client.call("projects.locations.queues.purge", Queue, path={"name": QUEUE})
        client.close()
    assert len(server.requests) == 1


def test_an_exhausted_quota_refuses_before_anything_runs_so_any_call_is_repeated() -> None:
    with scripted(refusal(429, "RESOURCE_EXHAUSTED"), answer(200, {"state": "RUNNING"})) as server:
        client = session(server)
        assert client.call("projects.locations.queues.purge", Queue, path={"name": QUEUE}).state == "RUNNING"
        client.close()


def test_a_delete_whose_answer_was_lost_is_done_when_the_repeat_finds_nothing() -> None:
    with scripted(CUT_WHOLE, refusal(404, "NOT_FOUND")) as server:
        client = session(server)
        assert client.call("projects.locations.queues.delete", Empty, path={"name": QUEUE}) == Empty()
        client.close()
    with scripted(refusal(429, "RESOURCE_EXHAUSTED"), refusal(404, "NOT_FOUND")) as server:
        client = session(server)
        with pytest.raises(errors.NotFound):  # the first try was refused, so somebody else deleted it
            client.call("projects.locations.queues.delete", Empty, path={"name": QUEUE})
        client.close()


def test_a_conflict_is_never_repeated() -> None:
    with scripted(refusal(409, "ABORTED")) as server, pytest.raises(errors.Aborted):
        get_queue(server)
    assert len(server.requests) == 1


def test_a_named_creation_is_repeated_and_its_second_refusal_means_done() -> None:
    task = CreateTaskRequest(task=Task(name=f"{QUEUE}/tasks/one"))
    create = "projects.locations.queues.tasks.create"
    with scripted(CUT_WHOLE, refusal(409, "ALREADY_EXISTS")) as server:
        client = session(server)
        assert client.fetch(create, path={"parent": QUEUE}, body=task, repeatable=True) == b"{}"
        with pytest.raises(errors.AlreadyExists):  # refused at once: the task is somebody else's
            client.fetch(create, path={"parent": QUEUE}, body=task, repeatable=True)
        client.close()


def test_a_later_page_outlasts_an_exhausted_quota_while_a_first_page_does_not() -> None:
    impatient = Retry(initial_s=0.001, maximum_s=0.001)
    with scripted(
        refusal(429, "RESOURCE_EXHAUSTED", Retry_After="0.4"), answer(200, {"tasks": []})
    ) as server:
        client = session(server, timeout_s=0.3, retry=impatient)
        listing = "projects.locations.queues.tasks.list"
        page = client.call(listing, ListTasksResponse, path={"parent": QUEUE}, query={"pageToken": "t"})
        assert page.tasks == []
        client.close()
    assert server.requests[0].split()[1] == server.requests[1].split()[1]
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="0.4")) as server:
        client = session(server, timeout_s=0.3, retry=impatient)
        with pytest.raises(errors.ResourceExhausted):
            client.call(listing, ListTasksResponse, path={"parent": QUEUE})
        client.close()


def test_a_listing_waits_for_its_quota_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(wire.time, "sleep", waits.append)
    with scripted(refusal(429, "RESOURCE_EXHAUSTED", Retry_After="3")) as server:
        client = session(server, retry=Retry(quota_wait_s=10))
        with pytest.raises(errors.ResourceExhausted):
            listing = "projects.locations.queues.tasks.list"
            client.call(listing, ListTasksResponse, path={"parent": QUEUE}, query={"pageToken": "t"})
        client.close()
    assert waits == [3, 3, 3]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(("head", "drop"), [(HEAD + b"\r\n{", b" "), (HEAD, b"X-More: y\r\n"), (b"", b"H")])
def test_a_server_that_drips_cannot_hold_a_call_past_its_deadline(head: bytes, drop: bytes) -> None:
    released = threading.Event()

    class Dripping(Scripted):
        def _answer(self, connection):  # type: ignore[no-untyped-def]
            connection.recv(65536)
            connection.sendall(head)
            while not released.wait(0.02):
                try:
                    connection.sendall(drop)
                except OSError:
                    return

    server = Dripping(b"")  # drips until released: a call without a deadline would never end
    try:
        with pytest.raises(errors.Timeout, match="within"):
            get_queue(server, timeout_s=0.2, retry=Retry(max_tries=1))
    finally:
        released.set()
        server.close()


def test_an_endpoint_that_is_not_there_is_said_at_once() -> None:
    with nobody() as endpoint:
        client = Session(endpoint, Auth(), retry=EAGER)
        with pytest.raises(errors.TransportError, match="was not reached: Connection refused") as caught:
            client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
        client.close()
    assert not caught.value.reached
    assert "ct.local()" in (caught.value.hint or "")


class Changing(Credentials):  # type: ignore[misc]
    """Credentials that hand out a new token at each refresh, or fail to."""

    def __init__(self, *tokens: str) -> None:
        super().__init__()
        self.tokens = list(tokens)

    def refresh(self, request: object) -> None:
        if not self.tokens:
            raise RefreshError(
                "invalid_grant: Token has been expired or revoked.", {"error": "secret-detail"}
            )
        self.token = self.tokens.pop(0)


def test_a_refused_token_is_renewed_once() -> None:
    with scripted(refusal(401, "UNAUTHENTICATED"), answer(200, {"state": "RUNNING"})) as server:
        auth = Auth(Changing("first", "second"))
        assert get_queue(server, auth=auth).state == "RUNNING"
    assert "Bearer first" in server.requests[0]
    assert "Bearer second" in server.requests[1]


def test_expired_credentials_say_how_to_sign_in_and_show_no_secret() -> None:
    with scripted(refusal(401, "UNAUTHENTICATED")) as server:
        with pytest.raises(errors.AuthError, match="expired") as caught:
            get_queue(server, auth=Auth(Changing("first")))
        assert "gcloud auth application-default login" in str(caught.value)
        assert "secret-detail" not in str(caught.value)
        with pytest.raises(errors.Unauthenticated) as refused:
            get_queue(server, auth=Auth(Changing("first", "second")))
        assert "gcloud" in (refused.value.hint or "")


def test_credentials_do_not_travel_in_the_clear() -> None:
    for auth in (token_auth("ya29.secret"), Auth(api_key="secret")):
        with pytest.raises(errors.ConfigError, match="plain-http") as caught:
            Session("http://tasks.example.com", auth)
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(auth)
        Session("http://localhost:1", auth).close()
        Session("https://tasks.example.com", auth).close()
    Session("http://tasks.example.com", credentials_auth(AnonymousCredentials())).close()


@pytest.mark.parametrize("endpoint", ["localhost:8123", "ftp://x", "http://", "https://user:pw@host"])
def test_an_endpoint_that_is_no_url_is_refused(endpoint: str) -> None:
    with pytest.raises(errors.ConfigError):
        Session(endpoint, Auth())


def test_a_closed_session_says_so() -> None:
    client = Session("http://localhost:1", Auth())
    client.close()
    with pytest.raises(errors.ConfigError, match="closed"):
        client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://[::1",
        "http://localhost:99999",
        "http://localhost:x",
        "http://a b",
        "https://h?key=1",
        "https://h#x",
    ],
)
def test_an_endpoint_that_would_bend_the_path_is_refused(endpoint: str) -> None:
    with pytest.raises(errors.ConfigError, match="endpoint"):
        Session(endpoint, Auth())


def test_a_password_in_an_unreadable_endpoint_is_not_repeated() -> None:
    with pytest.raises(errors.ConfigError) as caught:
        Session("me:hunter2@host", Auth())
    assert "hunter2" not in str(caught.value)


def test_a_token_as_a_command_prints_it_loses_its_newline() -> None:
    with scripted(answer(200, {})) as server:
        get_queue(server, auth=token_auth("ya29.token\n"))
    assert "Bearer ya29.token\r\n" in server.requests[0]


@pytest.mark.parametrize("secret", ["", " ", "two\r\nlines: 1", "h\u00e9", 5])
def test_a_credential_that_no_header_can_hold_is_refused_unseen(secret: str) -> None:
    for make in (token_auth, lambda key: Auth(api_key=key)):
        with pytest.raises(errors.ConfigError, match="plain text on one line") as caught:
            make(secret)
        assert "two" not in str(caught.value)


def test_a_bare_token_that_is_refused_says_what_the_service_said() -> None:
    with (
        scripted(refusal(401, "UNAUTHENTICATED", "invalid credentials")) as server,
        pytest.raises(errors.Unauthenticated, match="invalid credentials"),
    ):
        get_queue(server, auth=token_auth("ya29.old"))
    assert len(server.requests) == 1


def test_retry_after_counts_for_the_answer_that_said_it_only(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(wire.time, "sleep", waits.append)
    quota = refusal(429, "RESOURCE_EXHAUSTED", Retry_After="3")
    with scripted(quota, b"", answer(200, {"state": "RUNNING"})) as server:
        assert get_queue(server).state == "RUNNING"
    assert waits[0] == 3
    assert waits[1] <= EAGER.maximum_s


def test_signing_in_counts_towards_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, given_s = [100.0], []

    class Slow(Changing):
        def refresh(self, request: object) -> None:
            now_s[0] += 5
            super().refresh(request)

    def answered(*_: object, deadline: Deadline, **__: object) -> Answer:
        given_s.append(deadline.left_s)
        return Answer(200, "application/json", 0.0, b"{}")

    monkeypatch.setattr("cloudtasks_nb.rest.deadline.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    monkeypatch.setattr(wire, "exchange", answered)
    client = Session("http://localhost:1", Auth(Slow("t")), timeout_s=20)
    client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
    client.close()
    assert given_s == [15]


def test_a_value_that_no_request_can_hold_is_an_invalid_argument() -> None:
    client = Session("http://localhost:1", Auth())
    listing = "projects.locations.queues.tasks.list"
    with pytest.raises(errors.InvalidArgument, match="cannot be written"):
        client.fetch(listing, path={"parent": QUEUE}, query={"orderBy": "\ud800"})
    with pytest.raises(errors.InvalidArgument, match="cannot be written"):
        client.fetch(
            "projects.locations.queues.tasks.create",
            path={"parent": QUEUE},
            body=CreateTaskRequest(task=Task(name=object())),  # type: ignore[arg-type]
        )
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_connections_of_its_own() -> None:
    client = Session("http://localhost:1", Auth())
    inherited = client.connections()
    child = os.fork()
    if child == 0:
        os._exit(0 if client.connections() is not inherited else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.connections() is inherited
    client.close()
