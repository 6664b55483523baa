"""Fixtures for other projects' tests: an emulator for each run, and a client in a project of its own for each test.

pytest loads this by its entry point in every run, so nothing but pytest is imported until a fixture is asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .client import Client
    from .emulator.client import Emulator

_MARKER = (
    "cloudtasks(**options): what ct.local() is told for this test, such as clock='manual', dispatch=False, "
    "app_engine='http://localhost:8080', enforce_iam=True"
)
# Time, files and the demo cannot be shared: who asks for them gets an emulator for one test.
_UNSHARED = {"clock", "data", "demo"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """What ini files may say; a marker says otherwise for a test."""
    parser.addini("cloudtasks_dispatch", "Send push tasks by themselves (default: true)", "bool", True)
    parser.addini("cloudtasks_allow_targets", "Where deliveries may go outside this machine", "linelist", [])
    parser.addini("cloudtasks_app_engine", "The local application that App Engine tasks go to", "string", "")
    parser.addini("cloudtasks_api_version", "The version that clients speak", "string", "auto")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, so that --strict-markers knows it."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def _cloudtasks_emulators(pytestconfig: pytest.Config) -> Iterator[_Emulators]:
    with ExitStack() as ends:
        yield _Emulators(_ini(pytestconfig), ends)


@pytest.fixture
def cloudtasks_client(
    _cloudtasks_emulators: _Emulators, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of the emulator in a project of its own; ct.connect() finds the same project for as long as it lives."""
    from .connecting import EMULATOR_VARIABLES

    with _cloudtasks_emulators.client(_marked(request.node)) as client:
        host = client.endpoint.removeprefix("http://")  # Firebase's SDKs refuse a scheme
        for variable in EMULATOR_VARIABLES:
            monkeypatch.setenv(variable, host)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", client.project)
        yield client


@pytest.fixture
def cloudtasks_emulator(cloudtasks_client: Client) -> Emulator:
    """The Cloud Tasks emulator of this test's client: `endpoint`, `inbox()`, `history()`, `faults()`."""
    return cloudtasks_client.emulator


@pytest.fixture
def cloudtasks_grpc_channel(cloudtasks_client: Client) -> Iterator[Any]:
    """A gRPC channel to the emulator of this test's client, for Google's clients: `Transport(channel=...)`."""
    channel = cloudtasks_client.emulator.grpc_channel()
    yield channel
    channel.close()


class _Emulators:
    """The emulators of a run: one for each set of options, started when the first test asks for it."""

    def __init__(self, usual: Mapping[str, Any], ends: ExitStack) -> None:
        self._usual = usual
        self._ends = ends
        self._running: dict[str, Client] = {}
        self._numbers = count(1)

    def shared(self, options: Mapping[str, Any]) -> Client:
        from .emulator.launch import local

        options = {**self._usual, **options}
        for one_clients in ("api_version", "read_only"):  # every emulator serves all of them
            options.pop(one_clients, None)
        key = repr(sorted(options.items()))
        if key not in self._running:
            self._running[key] = self._ends.enter_context(local(**options))
        return self._running[key]

    @contextmanager
    def client(self, options: Mapping[str, Any]) -> Iterator[Client]:
        from .connecting import EMULATOR_LOCATION, connect
        from .emulator.launch import OWNER, local

        if _UNSHARED & options.keys():
            with local(**{**self._usual, **options}) as own:
                yield own
            return
        shared = self.shared(options)
        how: dict[str, Any] = {
            "project": f"test-{next(self._numbers)}",
            "location": EMULATOR_LOCATION,
            "endpoint": shared.endpoint,
            "api_version": options.get("api_version", self._usual["api_version"]),
            "access_token": OWNER if options.get("enforce_iam") else None,
        }
        with connect(**how, read_only=options.get("read_only", False)) as client:
            yield client
        with connect(**how) as afterwards:  # the test may have closed its own
            _clear(afterwards)


def _clear(client: Client) -> None:
    """Leave nothing that goes on being sent: a later target may listen on the port of one that is gone."""
    client.emulator.faults()
    for queue in client.queues("-"):
        queue.delete()


def _ini(config: pytest.Config) -> dict[str, Any]:
    return {
        "dispatch": config.getini("cloudtasks_dispatch"),
        "allow_targets": tuple(config.getini("cloudtasks_allow_targets")),
        "app_engine": config.getini("cloudtasks_app_engine") or None,
        "api_version": config.getini("cloudtasks_api_version"),
    }


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the test's markers say, the nearest first. Errors: UsageError for an option that does not exist."""
    from .emulator.launch import local

    marks = list(node.iter_markers("cloudtasks"))
    options = {name: value for mark in reversed(marks) for name, value in mark.kwargs.items()}
    known = list(inspect.signature(local).parameters)
    unknown = sorted(options.keys() - set(known))
    if unknown or any(mark.args for mark in marks):
        what = f"there is no option {unknown[0]!r}" if unknown else "options are named"
        raise pytest.UsageError(f"@pytest.mark.cloudtasks: {what}; it takes {', '.join(known)}")
    return options
