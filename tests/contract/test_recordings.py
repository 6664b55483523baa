"""The emulator returns the recorded responses of the real service; recording leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
import requests

from tests.conformance.__main__ import main
from tests.conformance.apis import SERVICE, Api, Grpc, Rest
from tests.conformance.making import recorded, session_for
from tests.conformance.places import Place, new_place
from tests.conformance.recording import PUBLISHED, Answer, Call, Case, Json, Recording, Unusable, read
from tests.conformance.replaying import between, differences
from tests.conformance.running import made
from tests.refusing import refusing

PLACE = Place("my-project", "us-central1", "conformance-1")
TOKEN = "ya29.a0Secret_of-a-person"


@pytest.fixture(scope="module")
def rest(emulator: str) -> Iterator[Rest]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        yield Rest(emulator, "v2", session)


@pytest.fixture(scope="module", params=["REST", "gRPC"])
def api(request: pytest.FixtureRequest, emulator: str, rest: Rest) -> Iterator[Api]:
    with grpc.insecure_channel(emulator.partition("://")[2]) as channel:
        yield rest if request.param == "REST" else Grpc("v2", channel)


@pytest.fixture(scope="module")
def own(emulator: str, rest: Rest) -> tuple[Place, str]:
    """A recording of the emulator itself, with the credentials of a caller, and its place."""
    place = new_place("project-of-a-person", "europe-west1")
    return place, recorded(read(PUBLISHED), emulator, place, rest._session)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[object], Path]:
    def write(held: object) -> Path:
        path = tmp_path / "recording.json"
        path.write_text(json.dumps(held))
        return path

    return write


def recording(*calls: Call) -> Recording:
    return Recording(version="v2", recorded="", source="", cases=[Case(name="one", calls=list(calls))])


def test_the_emulator_answers_as_published(api: Api) -> None:
    published = read(PUBLISHED)
    assert len(published.cases) == 41
    assert [str(difference) for difference in differences(published, api)] == []


def test_a_recording_of_the_emulator_is_replayed_without_a_difference(
    own: tuple[Place, str], file: Callable[[object], Path], api: Api
) -> None:
    ours = read(file(json.loads(own[1])))
    assert all(call.answer is not None for case in ours.cases for call in case.calls)
    assert [str(difference) for difference in differences(ours, api)] == []


def test_a_recording_tells_nothing_of_its_maker_and_leaves_nothing_behind(
    own: tuple[Place, str], rest: Rest, emulator: str
) -> None:
    place, text = own
    assert not [
        secret
        for secret in (place.project, "europe-west1", place.queue_id, TOKEN, emulator)
        if secret in text
    ]
    assert rest.answer("ListQueues", {"parent": place.location}).response == {}


def test_queues_are_deleted_too_when_a_run_ends_early(rest: Rest) -> None:
    place = new_place("ended-early", "us-central1")
    create = Call(rpc="CreateQueue", request={"parent": "{location}", "queue": {"name": "{queue}-more"}})
    run = made(recording(create, create), rest, place)
    assert next(run).answer.response["name"] == "{queue}-more"
    listed = rest.answer("ListQueues", {"parent": place.location}).response["queues"]
    assert [queue["name"] for queue in listed] == [place.queue, f"{place.queue}-more"]
    run.close()  # as Ctrl-C does
    assert rest.answer("ListQueues", {"parent": place.location}).response == {}


def test_a_refusal_for_the_callers_own_reasons_is_not_recorded(emulator: str, rest: Rest) -> None:
    place = new_place("not-permitted", "us-central1")
    calls = recording(Call(rpc="ListTasks", request={"parent": "{queue}"}))
    with (
        refusing(emulator, "/tasks") as between_us,
        pytest.raises(Unusable, match="one: ListTasks: PERMISSION_DENIED: Not for you"),
    ):
        recorded(calls, between_us.url, place, rest._session)
    assert rest.answer("ListQueues", {"parent": place.location}).response == {}


def test_a_queue_that_cannot_be_deleted_is_named(
    emulator: str, rest: Rest, capsys: pytest.CaptureFixture[str]
) -> None:
    place = new_place("not-permitted", "us-central1")
    with refusing(emulator) as between_us:
        calls = recording(Call(rpc="ListTasks", request={"parent": "{queue}"}))
        run = made(calls, Rest(between_us.url, "v2", rest._session), place)
        next(run)
        between_us.pattern = "/queues/"
        run.close()
    said = capsys.readouterr().err
    assert said == f"{place.queue} was not deleted (PERMISSION_DENIED). Delete it by hand.\n"


def test_a_file_that_would_hold_the_token_is_not_made(emulator: str) -> None:
    """The last check of the whole text: here, the caller's token is a word of every response."""
    calls = recording(Call(rpc="GetQueue", request={"name": "{queue}"}))
    with requests.Session() as session, pytest.raises(Unusable, match="would contain the access token"):
        session.credentials = SimpleNamespace(token="PAUSED")  # type: ignore[attr-defined]
        recorded(calls, emulator, new_place("told", "us-central1"), session)


def test_credentials_are_for_the_service_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with session_for("https://cloudtasks.example.com") as session:
        assert type(session) is requests.Session
    with pytest.raises(Unusable, match="run gcloud auth application-default login"):
        session_for(SERVICE)


@pytest.mark.parametrize(
    ("rpc", "request_"),
    [
        ("DeleteQueue", {"name": "projects/p/locations/l/queues/emails"}),
        ("PurgeQueue", {"name": "{location}/queues/emails"}),
        ("PurgeQueue", {"name": "{location}0/queues/emails"}),
        ("CreateTask", {"parent": "{queue}", "task": {"name": "projects/{project}/x"}}),
        ("DropEverything", {"name": "{queue}"}),
    ],
)
def test_no_call_leaves_the_queues_of_the_recording(rest: Rest, rpc: str, request_: Json) -> None:
    with pytest.raises(Unusable, match=f"one: {rpc} "):
        list(differences(recording(Call(rpc=rpc, request=request_)), rest))


def test_a_difference_is_one_line_with_both_sides() -> None:
    had = Answer(code="NOT_FOUND", message="Gone.")
    assert [str(one) for one in between("c", had, Answer())] == [
        'c: code: the recording has "NOT_FOUND Gone.", the emulator returns "OK"'
    ]
    assert [str(one) for one in between("c", had, Answer(code="NOT_FOUND", message="No."))] == [
        'c: message: the recording has "Gone.", the emulator returns "No."'
    ]
    task = Answer(response={"httpRequest": {"url": "u", "headers": {"A": "1"}}, "view": "FULL"})
    other = Answer(response={"httpRequest": {"url": "u", "body": "eA=="}, "view": "FULL"})
    assert [str(one) for one in between("c", task, other)] == [
        'c: response.httpRequest.body: the recording has nothing, the emulator returns "eA=="',
        'c: response.httpRequest.headers: the recording has {"A": "1"}, the emulator returns nothing',
    ]
    task.fields = ["httpRequest.url", "httpRequest.headers"]
    assert [one.field for one in between("c", task, other)] == ["response.httpRequest.headers"]


def test_the_command_replays_the_form_of_aertje_and_says_how_it_ended(
    emulator: str, file: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"User-Agent": "Google-Cloud-Tasks", "X-Mixed-Case": "preserve-me"}
    stored = {"headers": headers, "body": "eyJoZWxsbyI6IndvcmxkIn0="}
    entries = [
        {"name": "queue/create/already-exists", "code": "AlreadyExists", "template": "Queue already exists"},
        {"name": "task/create/queue-mismatch", "code": "InvalidArgument",
         "template": "The queue name from request ('{queue_path}') must be the same as "
                     "the queue name in the named task ('{queue_path}-other').",
         "details": [{"type": "*errdetails.Help", "template": 'links:{description:"D"  url:"https://x"}'}]},
        {"name": "queue/create/parent-mismatch", "code": "InvalidArgument",
         "template": "{mismatch_parent}/queues/{queue_id} must begin with {parent}."},
        {"name": "happypath/http-no-content-type", "requestType": "http", "createFull": stored,
         "getBasic": {"headers": headers}, "getFull": stored},
        {"name": "queue/create/unheard-of", "code": "OK", "template": ""},
    ]  # fmt: skip
    assert main(["replay", str(file(entries)), "--endpoint", emulator]) == 1
    details = '[{"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "D", "url": "https://x"}]}]'
    assert capsys.readouterr().out.splitlines() == [
        *(
            f"task/create/queue-mismatch: call 1, CreateTask over {over}: details: the recording has {details}, "
            "the emulator returns []"
            for over in ("REST", "gRPC")
        ),
        "queue/create/unheard-of: not replayed, because published.json has no calls of this name.",
        "4 cases over REST and gRPC: 2 differences.",
    ]
    assert main(["replay", str(file(entries[:1])), "--endpoint", emulator]) == 0
    assert main(["replay", str(file({"cases": []})), "--endpoint", emulator]) == 2
    assert "is not a recording: Object missing required field" in capsys.readouterr().err
    nowhere = "http://127.0.0.1:1"
    assert main(["replay", str(PUBLISHED), "--endpoint", nowhere]) == 2
    said = capsys.readouterr().err
    assert "CreateQueue: " in said and "Connection refused" in said


def test_the_command_records_into_a_new_file_only(
    emulator: str, tmp_path: Path, file: Callable[[object], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = {"version": "v2", "recorded": "", "source": "", "cases": [
        {"name": "get", "calls": [{"rpc": "GetQueue", "request": {"name": "{queue}"}}]}]}  # fmt: skip
    place = ["--project", "project-of-a-person", "--location", "us-central1", "--endpoint", emulator]
    command = ["record", *place, "--calls", str(file(calls)), "--to", str(tmp_path / "made.json")]
    assert main(command) == 0
    queue = read(tmp_path / "made.json").cases[0].calls[0].answer
    assert queue is not None and (queue.response["name"], queue.response["state"]) == ("{queue}", "PAUSED")
    assert main(command) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("no projects/my-project/locations/us-central1/queues/conformance-1-new", "no {queue}-new"),
        ("consumer projects/123456789012, project number 9", "consumer projects/{project}, project number 9"),
        ("my-project-2 is not my-project.", "my-project-2 is not {project}."),
        ("Location us-central1", "Location {location_id}"),
        ("user:ada.lovelace+x@mail.example.com", "user:{email}"),
        (f"Bearer {TOKEN}", "Bearer •••"),
        ("{queue}/tasks/5177632498362275994", "{queue}/tasks/{id}"),
        ("2026-11-29T10:23:59.548919-08:00", "{time}"),
        ("from 203.0.113.7", "from {address}"),
    ],
)  # fmt: skip
def test_what_tells_of_the_caller_or_the_moment_is_taken_out(told: str, kept: str) -> None:
    assert PLACE.redacted({"message": [told], "etag": "abc"}) == {"message": [kept], "etag": "{etag}"}
