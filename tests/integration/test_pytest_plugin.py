"""The pytest plugin in other projects: each run is a separate process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PLUGIN = (
    "-p",
    "no:cloudtasks",
    "-p",
    "cloudtasks_nb.pytest_plugin",
)  # also if its entry point is installed

STRICT = ("--strict-markers", "-W", "error", "-p", "no:cacheprovider")

# Test files of one run.
PROJECTS = """
import pytest

seen = []

@pytest.mark.parametrize("turn", range(3))
def test_same_name_again(cloudtasks_client, cloudtasks_emulator, turn):
    assert list(cloudtasks_client.queues()) == []
    cloudtasks_client.create_queue("orders")
    assert cloudtasks_client.endpoint == cloudtasks_emulator.endpoint
    seen.append((cloudtasks_client.endpoint, cloudtasks_client.project))

@pytest.mark.cloudtasks(api_version="v2")
def test_another_version_needs_no_other_emulator(cloudtasks_client):
    assert cloudtasks_client.api_version == "v2"
    seen.append((cloudtasks_client.endpoint, cloudtasks_client.project))

def test_what_they_saw():
    assert len({endpoint for endpoint, _ in seen}) == 1
    assert len({project for _, project in seen}) == 4
"""
CONNECTING = """
import os
import cloudtasks_nb as ct

def enqueue():
    with ct.connect() as client:
        return client.queue("orders").create_task({"to": "ada"}, url="http://localhost:1/").name

def test_enqueue(cloudtasks_client):
    queue = cloudtasks_client.create_queue("orders").pause()
    assert enqueue() == queue.tasks().first(1)[0].name

def test_a_host_and_a_port_as_firebase_wants_them(cloudtasks_client):
    host = cloudtasks_client.endpoint.removeprefix("http://")
    assert os.environ["CLOUD_TASKS_EMULATOR_HOST"] == os.environ["CLOUDTASKS_EMULATOR_HOST"] == host

def test_afterwards():
    assert "CLOUD_TASKS_EMULATOR_HOST" not in os.environ
    assert "CLOUDTASKS_EMULATOR_HOST" not in os.environ
    assert "GOOGLE_CLOUD_PROJECT" not in os.environ
"""
LEAVING = """
left = []

def test_leaves_a_failing_task_a_fault_and_a_closed_client(cloudtasks_client):
    inbox = cloudtasks_client.emulator.inbox()
    inbox.on("*")(lambda request: 503)
    cloudtasks_client.create_queue("us-east1/orders").create_task(url=inbox.url_for("/"))
    inbox.wait(timeout=60)
    cloudtasks_client.emulator.faults(unavailable=1.0, methods="queues.tasks.create")
    left.append(cloudtasks_client.project)
    cloudtasks_client.close()

def test_leaves_a_worker_whose_handler_never_ends(cloudtasks_client):
    import threading

    begun = threading.Event()

    def handler(task):
        begun.set()
        threading.Event().wait()

    queue = cloudtasks_client.create_queue("jobs", kind="pull")
    queue.create_task("a")
    queue.worker(handler).start()
    assert begun.wait(60)

def test_finds_all_clean(cloudtasks_emulator, cloudtasks_client):
    import cloudtasks_nb as ct

    with ct.connect(project=left[0]) as theirs:
        assert list(theirs.queues("-")) == []
    cloudtasks_client.create_queue("orders").pause().create_task(url="http://localhost:1/")
"""
ONE_EMULATOR = """
import pytest

@pytest.mark.parametrize("_", [0, 1])
@pytest.mark.cloudtasks(clock="manual")
def test_a_clock_of_its_own(cloudtasks_emulator, cloudtasks_client, _):
    assert cloudtasks_emulator.endpoint == cloudtasks_client.endpoint
    assert cloudtasks_emulator.refresh().info.clock == "manual"

@pytest.mark.cloudtasks(dispatch=False)
def test_another_set_of_options(cloudtasks_client, cloudtasks_emulator):
    assert cloudtasks_emulator.endpoint == cloudtasks_client.endpoint
    assert not cloudtasks_emulator.refresh().info.dispatches
"""
MARKERS = """
from datetime import UTC, datetime
import pytest

@pytest.mark.cloudtasks(clock=datetime(2026, 3, 1, tzinfo=UTC))
def test_time_is_moved(cloudtasks_client):
    inbox = cloudtasks_client.emulator.inbox()
    queue = cloudtasks_client.create_queue("mail")
    queue.create_task({"to": "ada"}, url=inbox.url_for("/send"), schedule=7200)
    assert cloudtasks_client.emulator.advance("1h") == datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert inbox.received == 0
    cloudtasks_client.emulator.advance("2h", patience=60)
    assert inbox.requests[0].json() == {"to": "ada"}

@pytest.mark.cloudtasks(enforce_iam=True)
def test_refusals_are_rehearsed(cloudtasks_client):
    import cloudtasks_nb as ct

    cloudtasks_client.create_queue("mail")
    where = {"project": cloudtasks_client.project, "location": "us-central1"}
    with ct.connect(**where, access_token="ada@example.com") as ada:
        with pytest.raises(ct.PermissionDenied):
            ada.queue("mail")

@pytest.mark.cloudtasks(dispatch=False, api_version="v2")
class TestQuietly:
    def test_nothing_is_sent(self, cloudtasks_client):
        queue = cloudtasks_client.create_queue("mail")
        task = queue.create_task(url="http://localhost:1/")
        assert cloudtasks_client.api_version == "v2"
        assert task.refresh().dispatch_count == 0
"""


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """The number of passed tests for each of these files, in one run."""
    place = tmp_path_factory.mktemp("project")
    files = {
        "projects": PROJECTS,
        "connecting": CONNECTING,
        "leaving": LEAVING,
        "one_emulator": ONE_EMULATOR,
        "markers": MARKERS,
    }
    for name, source in files.items():
        (place / f"test_{name}.py").write_text(source)
    own = ("CLOUD_TASKS_EMULATOR_HOST", "CLOUDTASKS_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, *STRICT, "-v", str(place)],
        capture_output=True,
        text=True,
        cwd=place,
        env={name: value for name, value in os.environ.items() if name not in own},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(re.findall(r"test_(\w+)\.py::.* PASSED", done.stdout))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.delenv("CLOUD_TASKS_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("CLOUDTASKS_EMULATOR_HOST", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(tests)
        return pytester.runpytest_subprocess(*PLUGIN, *STRICT, *arguments)

    return run


def test_each_test_has_a_project_of_its_own_on_one_emulator(passed: Counter[str]) -> None:
    assert passed["projects"] == 5


def test_code_that_connects_by_itself_finds_the_tests_project_and_then_no_longer(
    passed: Counter[str],
) -> None:
    assert passed["connecting"] == 3


def test_nothing_that_a_test_left_goes_on_being_sent(passed: Counter[str]) -> None:
    assert passed["leaving"] == 3


def test_the_emulator_is_that_of_the_client_whatever_a_marker_says(passed: Counter[str]) -> None:
    assert passed["one_emulator"] == 3


def test_a_marker_chooses_the_clock_and_more(passed: Counter[str]) -> None:
    assert passed["markers"] == 3


def test_an_option_that_there_is_not_names_those_that_there_are(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        import pytest

        @pytest.mark.cloudtasks(clok="manual")
        def test_it(cloudtasks_client):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*unknown option 'clok'; the options are data, demo, dispatch, dead_letter, clock*"]
    )


def test_ini_options_hold_for_all_tests(run, pytester: pytest.Pytester) -> None:  # type: ignore[no-untyped-def]
    pytester.makeini(
        """
        [pytest]
        cloudtasks_dispatch = false
        cloudtasks_api_version = v2beta3
        cloudtasks_allow_targets =
            *.example.com
        """
    )
    run(
        """
        def test_it(cloudtasks_client):
            assert cloudtasks_client.api_version == "v2beta3"
            assert cloudtasks_client.emulator.refresh().info.allowed_targets == ["*.example.com"]
        """
    ).assert_outcomes(passed=1)


def test_runs_that_use_no_fixture_load_nothing_of_it(run) -> None:  # type: ignore[no-untyped-def]
    run(
        """
        import sys

        def test_it():
            heavy = ("requests", "msgspec", "pandas", "google.auth", "ipywidgets", "cloudtasks_nb.client")
            assert [name for name in heavy if name in sys.modules] == []
        """
    ).assert_outcomes(passed=1)


def test_the_fixtures_explain_themselves(run) -> None:  # type: ignore[no-untyped-def]
    assert "@pytest.mark.cloudtasks(" in run("", "--markers").stdout.str()
    fixtures = run("", "--fixtures").stdout.str()
    assert re.search(r"^cloudtasks_emulator .*\n +The Cloud Tasks emulator of this test", fixtures, re.M)
    assert re.search(
        r"^cloudtasks_client .*\n +A client of the emulator with its own project", fixtures, re.M
    )


def test_how_to_test_with_pytest_runs_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/testing-with-pytest.md").read_text()
    for name, block in re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```", page, re.S):
        (tmp_path / name).write_text(block)
    assert (tmp_path / "test_orders.py").exists()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_googles_grpc_clients_get_a_channel(run) -> None:  # type: ignore[no-untyped-def]
    run(
        """
        import asyncio

        import pytest
        from google.api_core.exceptions import NotFound
        from google.cloud import tasks_v2
        from google.cloud.tasks_v2.services.cloud_tasks.transports import (
            CloudTasksGrpcAsyncIOTransport, CloudTasksGrpcTransport,
        )

        @pytest.mark.parametrize("turn", range(2))
        def test_the_official_client(cloudtasks_client, cloudtasks_grpc_channel, turn):
            official = tasks_v2.CloudTasksClient(
                transport=CloudTasksGrpcTransport(channel=cloudtasks_grpc_channel)
            )
            queue = cloudtasks_client.create_queue("mail").pause()
            task = {"http_request": {"url": "https://example.com/confirm"}}
            created = official.create_task(parent=queue.name, task=task)
            assert [task.name for task in queue.tasks()] == [created.name]

        @pytest.mark.cloudtasks(enforce_iam=True)
        def test_it_is_the_owner_as_the_client_is(cloudtasks_client, cloudtasks_grpc_channel):
            official = tasks_v2.CloudTasksClient(
                transport=CloudTasksGrpcTransport(channel=cloudtasks_grpc_channel)
            )
            with pytest.raises(NotFound):
                official.get_queue(name=f"projects/{cloudtasks_client.project}/locations/us-central1/queues/none")

        def test_asyncio(cloudtasks_client, cloudtasks_emulator):
            queue = cloudtasks_client.create_queue("mail")

            async def state():
                async with cloudtasks_emulator.grpc_channel(asyncio=True) as channel:
                    transport = CloudTasksGrpcAsyncIOTransport(channel=channel)
                    official = tasks_v2.CloudTasksAsyncClient(transport=transport)
                    return (await official.get_queue(name=queue.name)).state.name

            assert asyncio.run(state()) == "RUNNING"
        """
    ).assert_outcomes(passed=4)
