"""The endpoints of Cloud Monitoring and Cloud Logging, with their permission checks. Source: SPEC section 11."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from ....errors import InvalidArgument
from ....model.emulated import ListLogEntriesRequest
from ....names import PROJECT_ID
from ..access.gate import Gate
from ..calls.bodies import parse
from ..calls.queries import system_parameters
from ..calls.refusals import Called, foreign_project
from ..calls.request import Request, overridden
from ..services.context import Context
from ..store.commits import Commits
from . import logging, monitoring
from .requests import parameters

_AUTH = "https://www.googleapis.com/auth/"
_MONITORING = frozenset(f"{_AUTH}{name}" for name in ("cloud-platform", "monitoring", "monitoring.read"))
_LOGGING = frozenset(
    f"{_AUTH}{name}"
    for name in ("cloud-platform", "cloud-platform.read-only", "logging.admin", "logging.read")
)
_PROJECT = "/v3/projects/{project}"


class Read(Struct, frozen=True):
    """A method of these APIs: its name in faults and in errors, and its permission."""

    id: str
    called: Called
    permission: str
    scopes: frozenset[str]


def _monitoring(id: str, rpc: str) -> Read:
    called = Called("monitoring.googleapis.com", f"google.monitoring.v3.MetricService.{rpc}")
    return Read(id, called, f"monitoring.{id}", _MONITORING)


TIME_SERIES = _monitoring("timeSeries.list", "ListTimeSeries")
DESCRIPTORS = _monitoring("metricDescriptors.list", "ListMetricDescriptors")
DESCRIPTOR = _monitoring("metricDescriptors.get", "GetMetricDescriptor")
RESOURCES = _monitoring("monitoredResourceDescriptors.list", "ListMonitoredResourceDescriptors")
RESOURCE = _monitoring("monitoredResourceDescriptors.get", "GetMonitoredResourceDescriptor")
ENTRIES = Read(
    "entries.list",
    Called("logging.googleapis.com", "google.logging.v2.LoggingServiceV2.ListLogEntries"),
    "logging.logEntries.list",
    _LOGGING,
)
READS = (TIME_SERIES, DESCRIPTORS, DESCRIPTOR, RESOURCES, RESOURCE, ENTRIES)

Answering = Callable[[Request], Any]


class Telemetry:
    """Handlers by verb and path; each runs in a turn of the store."""

    def __init__(
        self, context: Context, commits: Commits, gate: Gate | None = None, projects: Collection[str] = ()
    ) -> None:
        self._context = context
        self._commits = commits
        self._gate = gate
        self._projects = projects

    def routes(self) -> list[tuple[str, str, Read, Answering]]:
        """Verb, path, method, and handler."""
        return [
            ("GET", f"{_PROJECT}/timeSeries", TIME_SERIES, self._time_series),
            ("GET", f"{_PROJECT}/metricDescriptors", DESCRIPTORS, self._descriptors),
            ("GET", f"{_PROJECT}/metricDescriptors/{{type:.+}}", DESCRIPTOR, self._descriptor),
            ("GET", f"{_PROJECT}/monitoredResourceDescriptors", RESOURCES, self._resources),
            ("GET", f"{_PROJECT}/monitoredResourceDescriptors/{{type}}", RESOURCE, self._resources),
            ("POST", "/v2/entries:list", ENTRIES, self._entries),
        ]

    async def _time_series(self, call: Request) -> dict[str, Any]:
        project, _ = _named(call)
        query = overridden(call).query
        return await self._read(
            call, TIME_SERIES, project,
            lambda: monitoring.time_series(self._context.store, project, query, self._context.clock.now()),
        )  # fmt: skip

    async def _descriptors(self, call: Request) -> dict[str, Any]:
        project, _ = _named(call)
        now = self._context.clock.now()
        answer = partial(monitoring.metric_descriptors, project, call.query, now)
        return await self._read(call, DESCRIPTORS, project, answer)

    async def _descriptor(self, call: Request) -> dict[str, Any]:
        project, named = _named(call)
        parameters(call.query, ())
        return await self._read(
            call, DESCRIPTOR, project, partial(monitoring.metric_descriptor, project, named)
        )

    async def _resources(self, call: Request) -> dict[str, Any]:
        project, named = _named(call)
        parameters(call.query, ("filter", "pageSize", "pageToken") if not named else ())
        answer = partial(monitoring.resource_descriptors, project, named)
        return await self._read(call, RESOURCE if named else RESOURCES, project, answer)

    async def _entries(self, call: Request) -> dict[str, Any]:
        parameters(call.query, ())
        asked = parse(call.body, ListLogEntriesRequest)
        project = logging.project_of(asked)
        return await self._read(
            call, ENTRIES, project,
            lambda: logging.list_entries(
                self._context.store, asked, self._context.clock.now(), self._context.under_way.all()
            ),
        )  # fmt: skip

    async def _read(
        self, call: Request, read: Read, project: str, answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        return await self._commits.run(partial(self._admitted, call, read, project, answer))

    def _admitted(
        self, call: Request, read: Read, project: str, answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        system = system_parameters(call)
        system.check()
        if self._gate is not None:
            who = self._gate.caller(call, system, read.called, read.scopes)
            self._gate.check(who, read.permission, f"projects/{project}")
        if self._projects and project not in self._projects:
            raise foreign_project(project)
        self._context.store.write_notes()
        return answer()


def _named(call: Request) -> tuple[str, str]:
    """The project in a path, and the rest of the path. Errors: InvalidArgument."""
    _, _, _, project, _, *rest = unquote(call.path).split("/")
    if not PROJECT_ID.fullmatch(project):
        raise InvalidArgument(f"'{project[:100]}' is not a project ID.")
    return project, "/".join(rest)
