"""pytest fixtures for other projects: one emulator per run, and for each test a client with its own project.

pytest loads this in every run, so it imports nothing but pytest until a test uses a fixture.
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
    "cloudtasks(**options): options of ct.local() for this test, such as clock='manual', dispatch=False, "
    "app_engine='http://localhost:8080', enforce_iam=True"
)
# Tests cannot share time, files or the demo: a test with such an option gets its own emulator.
_UNSHARED = {"clock", "data", "demo"}
_HANDLERS_END_S = 2  # a test that fails may leave a worker whose handler never ends


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options; a marker overrides them for a test."""
    parser.addini("cloudtasks_dispatch", "Send push tasks automatically (default: true)", "bool", True)
    parser.addini(
        "cloudtasks_allow_targets", "Targets outside this machine that deliveries may reach", "linelist", []
    )
    parser.addini(
        "cloudtasks_app_engine", "The local application that receives App Engine tasks", "string", ""
    )
    parser.addini("cloudtasks_api_version", "The API version that clients use", "string", "auto")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker for --strict-markers."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def _cloudtasks_emulators(pytestconfig: pytest.Config) -> Iterator[_Emulators]:
    with ExitStack() as ends:
        yield _Emulators(_ini(pytestconfig), ends)


@pytest.fixture
def cloudtasks_client(
    _cloudtasks_emulators: _Emulators, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of the emulator with its own project; ct.connect() uses the same project during the test."""
    from .connecting import EMULATOR_VARIABLES

    with _cloudtasks_emulators.client(_marked(request.node)) as client:
        host = client.endpoint.removeprefix("http://")  # Firebase's SDKs reject a scheme
        for variable in EMULATOR_VARIABLES:
            monkeypatch.setenv(variable, host)
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", client.project)
        yield client
        client.close(timeout=_HANDLERS_END_S)


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
    """The emulators of a run: one for each set of options, started for the first test that uses it."""

    def __init__(self, usual: Mapping[str, Any], ends: ExitStack) -> None:
        self._usual = usual
        self._ends = ends
        self._running: dict[str, Client] = {}
        self._numbers = count(1)

    def shared(self, options: Mapping[str, Any]) -> Client:
        from .emulator.launch import local

        options = {**self._usual, **options}
        for one_clients in ("api_version", "read_only"):  # options of the client, not of the emulator
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
        with connect(**how) as afterwards:  # the test may have closed its client
            _clear(afterwards)


def _clear(client: Client) -> None:
    """Delete all queues, so that nothing is sent later: another test's target may listen on the same port then."""
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
    """The options of the test's markers; the nearest marker wins. Errors: UsageError for an unknown option."""
    from .emulator.launch import local

    marks = list(node.iter_markers("cloudtasks"))
    options = {name: value for mark in reversed(marks) for name, value in mark.kwargs.items()}
    known = list(inspect.signature(local).parameters)
    unknown = sorted(options.keys() - set(known))
    if unknown or any(mark.args for mark in marks):
        what = f"unknown option {unknown[0]!r}" if unknown else "options must be keyword arguments"
        raise pytest.UsageError(f"@pytest.mark.cloudtasks: {what}; the options are {', '.join(known)}")
    return options
