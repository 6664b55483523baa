"""Connecting by environment, by arguments, and to a new emulator; invalid input raises at once."""

from __future__ import annotations

import gc
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from google.auth.credentials import Credentials

import cloudtasks_nb as ct
from cloudtasks_nb.emulator import launch, running
from cloudtasks_nb.paging.pager import Pager
from tests.scripted import answer, refusal, scripted

VARIABLES = ("CLOUD_TASKS_EMULATOR_HOST", "CLOUDTASKS_EMULATOR_HOST")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without credentials."""
    for variable in (*VARIABLES, "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_an_emulator_named_in_the_environment(
    emulator: str, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str
) -> None:
    monkeypatch.setenv(variable, scheme + emulator.removeprefix("http://"))
    with ct.connect() as client:
        assert (client.project, client.location, client.identity) == ("local", "us-central1", "anonymous")
        assert client.endpoint == emulator
        assert client.locations().first(1)
    with ct.connect(project="other", location="europe-west1") as client:
        assert (client.project, client.location) == ("other", "europe-west1")


def test_without_credentials_the_way_in_is_said() -> None:
    with pytest.raises(ct.AuthError) as caught:
        ct.connect(project="p")
    assert "gcloud auth application-default login" in str(caught.value)
    assert "ct.local()" in str(caught.value)


def test_a_project_is_needed() -> None:
    with pytest.raises(ct.ConfigError, match="No project"):
        ct.connect(access_token="t")


@pytest.mark.parametrize(
    "options",
    [
        {"api_version": "v1"},
        {"timeout": 0},
        {"timeout": "a while"},
        {"timeout": float("inf")},
        {"endpoint": ""},
        {"endpoint": 5},
        {"project": "a b"},
        {"location": "us central"},
        {"endpoint": "http://tasks.example.com", "access_token": "ya29.secret"},
        {"endpoint": "nonsense"},
        {"access_token": "ya29.secret", "api_key": "k"},
        {"credentials": "ya29.secret"},
    ],
)
def test_what_cannot_work_is_a_config_error_without_secrets(options: dict[str, object]) -> None:
    with pytest.raises(ct.ConfigError) as caught:
        ct.connect(**{"project": "p", **({} if "endpoint" in options else {"access_token": "t"}), **options})  # type: ignore[arg-type]
    assert "ya29" not in str(caught.value)


def test_the_deadline_of_a_call_may_be_a_timedelta() -> None:
    with scripted(
        refusal(429, "RESOURCE_EXHAUSTED", Retry_After="60"), answer(200, {"name": QUEUE})
    ) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url, timeout=timedelta(seconds=30))
        with pytest.raises(ct.ResourceExhausted):  # a minute does not fit
            client.queue("emails")
    assert len(server.requests) == 1


def test_who_calls_is_said_without_the_token() -> None:
    signed_in = ct.oauth.Token(access_token="ya29.a", refresh_token="1//b", client_id="c", client_secret="d")
    made_in_a_cell = type("Own", (Credentials,), {"__module__": "__main__", "refresh": print})()
    for way, said in (
        ({"credentials": made_in_a_cell}, "main credentials"),
        ({"access_token": "ya29.a"}, "access token"),
        ({"credentials": ct.oauth.Token(access_token="ya29.a")}, "access token"),
        ({"credentials": signed_in}, "a person's credentials"),
    ):
        with ct.connect(project="p", **way) as client:  # type: ignore[arg-type]
            assert client.identity == said


def test_a_retry_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ct.ConfigError, match="retry must be a ct\\.Retry, not 5"):
        ct.connect(project="p", access_token="ya29.a", retry=5)  # type: ignore[arg-type]


def test_no_secret_reaches_a_repr() -> None:
    with ct.connect(project="p", access_token="ya29.secret") as client:
        for shown in (
            repr(client),
            str(client),
            client._repr_html_(),
            client.identity,
            str(vars(client._session)),
        ):
            assert "ya29" not in shown
    with ct.connect(project="p", api_key="AIza-secret") as client:
        for shown in (repr(client), str(client), client._repr_html_(), client.identity):
            assert "AIza" not in shown


@pytest.mark.parametrize("parameter", ["access_token", "oauth_token", "bearer_token", "key"])
def test_no_secret_hides_behind_an_error(parameter: str) -> None:
    """Tools that report errors follow causes and contexts, also those that a traceback hides."""
    with ct.connect("p", endpoint="http://127.0.0.1:9", retry=ct.Retry(max_tries=1)) as client:
        with pytest.raises(ct.TransportError) as caught:
            client.api.projects.locations.list("projects/p", **{parameter: "ya29.secret"})
        seen: list[BaseException] = []
        waiting: list[BaseException | None] = [caught.value]
        while waiting:
            error = waiting.pop()
            if error is not None and error not in seen:
                seen.append(error)
                waiting += [error.__cause__, error.__context__]
        assert "ya29" not in repr(seen) + "".join(map(str, seen))


def test_an_emulator_of_ones_own_is_gone_with_its_client() -> None:
    with ct.local() as client:
        client.create_queue("emails")
        endpoint = client.endpoint
    with pytest.raises(ct.TransportError, match="not reached"):
        ct.connect(project="local", endpoint=endpoint).queues("us-central1")
    with pytest.raises(ct.ConfigError, match="closed"):
        client.queues()
    client.close()


def test_a_queue_keeps_the_emulator_that_it_came_from() -> None:
    queue = ct.local().create_queue("emails")
    gc.collect()
    endpoint = queue._session.endpoint
    assert queue.refresh().state == "RUNNING"
    del queue
    gc.collect()
    with pytest.raises(ct.TransportError, match="not reached"):
        ct.connect(project="local", endpoint=endpoint).queues("us-central1")


def test_a_durable_emulator_keeps_queues_and_tasks(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    with ct.local(file) as client:
        client.create_queue("emails").create_task({"to": "ada"}, url="https://example.com", task_id="one")
    with ct.local(file) as client:
        assert client.queue("emails").task("one").json() == {"to": "ada"}
        with pytest.raises(ct.ConfigError, match="another client of this Python") as caught:
            ct.local(str(file))  # as when a cell runs again
        assert "client.close()" in str(caught.value.hint)


def test_an_emulator_that_cannot_start_says_why(tmp_path: Path) -> None:
    file = tmp_path / "no" / "such" / "folder" / "queues.db"
    with pytest.raises(ct.ConfigError, match="did not start") as caught:
        ct.local(file)
    assert (
        caught.value.message
        == f"The emulator did not start: {file} cannot be used: unable to open database file."
    )
    assert caught.value.hint == "name a file in an existing folder with write permission"
    with pytest.raises(ct.ConfigError) as caught:
        ct.local(app_engine="localhost:8080")
    assert caught.value.message == (
        "The emulator did not start: --app-engine: 'localhost:8080' must be the URL of an application, such as http://localhost:8080"
    )


def test_the_demo_has_something_to_look_at() -> None:
    with ct.local(demo=True) as client:
        queues = client.queues("-", stats=True).to_dataframe()
        assert set(queues.kind) == {"http", "app_engine", "pull"}
        assert "PAUSED" in set(queues.state)
        assert queues.tasks_count.max() > 4000  # the client closes, and the demo continues
        assert queues.location.nunique() >= 3


QUEUE = "projects/p/locations/us-central1/queues/emails"
ONE = {"tasks": [{"name": f"{QUEUE}/tasks/1", "httpRequest": {"url": "https://x"}}], "nextPageToken": "two"}
TWO = {"tasks": [{"name": f"{QUEUE}/tasks/2", "httpRequest": {"url": "https://x"}}]}


def listing(url: str, max_tries: int = 100) -> Pager[ct.Task]:
    retry = ct.Retry(initial_s=0.001, max_tries=max_tries)
    client = ct.connect("p", "us-central1", endpoint=url, retry=retry)
    return client.queue("emails").tasks()


@pytest.mark.parametrize(
    "failure", [refusal(500, "INTERNAL"), refusal(403, "PERMISSION_DENIED"), answer(200, ONE)[:-20]]
)
@pytest.mark.parametrize("export", ["to_parquet", "to_csv", "to_dataframe"])
def test_a_page_that_fails_in_the_middle_of_an_export_raises_and_leaves_no_file(
    tmp_path: Path, failure: bytes, export: str
) -> None:
    with scripted(answer(200, {"name": QUEUE}), answer(200, ONE), failure) as server:
        tasks = listing(server.url, max_tries=3)
        with pytest.raises(ct.CloudTasksError):
            getattr(tasks, export)(*([] if export == "to_dataframe" else [tmp_path / "tasks.out"]))
    assert list(tmp_path.iterdir()) == []


def test_a_listing_that_meets_a_quota_goes_on_from_the_same_page() -> None:
    quota = refusal(429, "RESOURCE_EXHAUSTED", "slow down")
    empty = answer(200, {"nextPageToken": "three"})
    with scripted(
        answer(200, {"name": QUEUE}), answer(200, ONE), quota, quota, empty, answer(200, TWO)
    ) as server:
        assert listing(server.url).to_dataframe().task_id.tolist() == ["1", "2"]
    tokens = [line.split("pageToken=")[1].split("&")[0] for line in server.requests if "pageToken=" in line]
    assert tokens == ["two", "two", "two", "three"]


def test_interrupting_the_kernel_leaves_the_emulator_alone() -> None:
    script = (
        "import cloudtasks_nb as ct, os, signal\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "with ct.local() as client:\n"
        "    client.create_queue('emails')\n"
        "    os.killpg(os.getpgrp(), signal.SIGINT)\n"  # as Jupyter does
        "    print({client.queue('emails').id for _ in range(100)})\n"  # a stopped emulator would not respond
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], start_new_session=True, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr) == ("{'emails'}\n", "")


def test_a_named_creation_whose_answer_was_lost_and_whose_task_has_run_is_no_error() -> None:
    queue = {"name": QUEUE}
    for unread in (refusal(404, "NOT_FOUND"), refusal(403, "PERMISSION_DENIED")):
        cut = answer(200, {})[:-1]
        with (
            scripted(answer(200, queue), cut, refusal(409, "ALREADY_EXISTS"), unread) as server,
            ct.connect(project="p", endpoint=server.url) as client,
        ):
            task = client.queue(QUEUE).create_task("hello", url="https://example.com", task_id="one")
            assert (task.name, task.url, task.payload) == (
                f"{QUEUE}/tasks/one",
                "https://example.com",
                b"hello",
            )


def test_a_limit_asks_for_no_page_that_it_does_not_need() -> None:
    page = answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/{n}"} for n in range(3)], "nextPageToken": "more"})
    with (
        scripted(answer(200, {"name": QUEUE}), page) as server,
        ct.connect(project="p", endpoint=server.url) as client,
    ):
        tasks = client.queue(QUEUE).tasks()
        assert len(tasks.to_dataframe(limit=2, progress=False)) == 2
        assert tasks.to_arrow(limit=3, progress=False).num_rows == 3
    assert len([seen for seen in server.requests if "pageToken=more" in seen]) == 0


def test_an_access_token_is_named_as_what_it_is(emulator: str) -> None:
    with ct.connect(project="p", endpoint=emulator, access_token="ada@example.com") as client:
        assert client.identity == "access token"


@pytest.mark.parametrize(("room", "where"), [(running, "_ready_line"), (launch, "Client")])
def test_a_start_that_is_interrupted_leaves_no_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: ModuleType, where: str
) -> None:
    """Ctrl-C during the start: an emulator that started anyway would lock the file forever."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "queues.db"
    with monkeypatch.context() as patched:
        patched.setattr(room, where, interrupted)
        with pytest.raises(KeyboardInterrupt) as kept:  # with its frames, as a notebook keeps the last error
            ct.local(file)
    with ct.local(file) as client:  # the cell runs again
        assert client.create_queue("emails").state == "RUNNING"
    assert kept.traceback


def test_a_demo_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with ct.local(demo=True) as running, ct.local() as bare:
        monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", running.endpoint.removeprefix("http://"))
        with ct.local(demo=True) as same:
            assert same.endpoint == running.endpoint
            assert same.location == "us-central1"
        assert running.queues("-").first(1)  # a client that uses it does not stop it
        for other in ({"dispatch": False}, {"clock": "manual"}, {"enforce_iam": True}):
            with ct.local(demo=True, **other) as own:  # type: ignore[arg-type]
                assert own.endpoint != running.endpoint
        for elsewhere in (
            bare.endpoint.removeprefix("http://"),
            "localhost:1",
        ):  # not a demo emulator, or no server
            monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", elsewhere)
            with ct.local(demo=True) as own:
                assert own.endpoint not in (running.endpoint, bare.endpoint)
