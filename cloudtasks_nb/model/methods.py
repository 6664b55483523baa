"""The table of REST methods. The client builds requests from it, and the emulator routes them by it.

Source: discovery document of v2beta2; SPEC sections 1.2 (paths, permissions) and 8.1 (safe repeats).
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from ..errors import ConfigError
from . import messages as m
from .json import Message
from .location import CmekConfig, Location
from .operation import Operation
from .policy import Policy
from .queue import Queue
from .summaries import SUMMARIES
from .task import Task
from .versions import VERSIONS, Version, wire

_LOCATION = "projects/*/locations/*"
_QUEUE = f"{_LOCATION}/queues/*"
_TASK = f"{_QUEUE}/tasks/*"
_READ_BY_POST = (".getIamPolicy", ".testIamPermissions", ".entries.list")
_VARIABLE = re.compile(r"\{(\w+)(?:=([^}]+))?\}")


class Method(Struct, frozen=True, kw_only=True, dict=True):
    """One REST method.

    `path` is a template such as "{parent=projects/*/locations/*}/queues", below the version prefix.
    `repeatable`: the method is idempotent, so it may be retried after a lost response.
    `done_when_repeated`: this error on a retry means that the try with the lost response had succeeded.
    `safe_with`: this member of the request makes it repeatable: a task name, a request id.
    `versions`: the API versions that have it. The paths are the same in all versions.
    `version`: the version that a request goes to.
    `optional`: a path parameter that may be omitted, together with the slash before it.
    """

    id: str
    http: str
    path: str
    query: tuple[str, ...] = ()
    request: type[Message] | None = None
    response: type[Message]
    permission: str | None = None
    repeatable: bool = False
    done_when_repeated: str | None = None
    versioned: bool = True
    optional: str = ""
    safe_with: str = ""
    versions: tuple[Version, ...] = VERSIONS
    version: Version = "v2beta2"

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.http != "GET" and not self.id.endswith(_READ_BY_POST)

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return SUMMARIES[self.id.removeprefix("projects.locations.")]

    @cached_property
    def forms(self) -> dict[str, str]:
        """The pattern of each path parameter: {"parent": "projects/*/locations/*"}."""
        return {match[1]: match[2] or "*" for match in _VARIABLE.finditer(self.path)}

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of the path parameters, in order."""
        return tuple(match[1] for match in _VARIABLE.finditer(self.path))

    @cached_property
    def template(self) -> str:
        """The path as a format string: "{name}:acknowledge"."""
        return _VARIABLE.sub(r"{\1}", self.path)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches a request path below the version prefix; groups are the path parameters."""
        out, at = [], 0
        for match in _VARIABLE.finditer(self.path):
            # A project id may hold a colon ("example.com:app"); elsewhere a colon begins the verb.
            inner = (match[2] or "*").replace("projects/*", r"projects/[^/]+").replace("*", r"[^/:]+")
            fixed, group = self.path[at : match.start()], f"(?P<{match[1]}>{inner})"
            if match[1] == self.optional:
                # For an empty value, some clients omit the slash and others keep it.
                fixed, group = fixed.removesuffix("/"), f"(?:/(?P<{match[1]}>[^/:]*))?"
            out += [re.escape(fixed), group]
            at = match.end()
        return re.compile("".join([*out, re.escape(self.path[at:])]))

    def url_path(self, version: str, **values: str) -> str:
        """The request path for these parameters. Errors: ConfigError if one is missing."""
        missing = [name for name in self.variables if not values.get(name) and name != self.optional]
        if missing:
            raise ConfigError(f"{self.id} needs {', '.join(missing)}.")
        template = self.template
        if self.optional and not values.get(self.optional):
            template = template.replace(f"/{{{self.optional}}}", "")
        path = template.format_map(
            {name: quote(values[name], safe="/:") for name in self.variables if values.get(name)}
        )
        return f"/{version}/{path}" if self.versioned else f"/{path}"


def _method(id: str, http: str, path: str, response: type[Message], **rest: object) -> Method:
    prefix = "" if id.startswith("api.") else "projects.locations."
    return Method(id=prefix + id, http=http, path=path, response=response, **rest)  # type: ignore[arg-type]


_PAGE = ("pageSize", "pageToken")
_ONLY_V2BETA2: tuple[Version, ...] = ("v2beta2",)

METHODS: dict[str, Method] = {
    method.id: method
    for method in (
        _method("list", "GET", "{name=projects/*}/locations", m.ListLocationsResponse,
                query=("filter", *_PAGE, "extraLocationTypes"), permission="locations.list", repeatable=True),
        _method("get", "GET", f"{{name={_LOCATION}}}", Location, permission="locations.get", repeatable=True),
        _method("getCmekConfig", "GET", f"{{name={_LOCATION}/cmekConfig}}", CmekConfig,
                permission="cmekConfig.get", repeatable=True),
        _method("updateCmekConfig", "PATCH", f"{{name={_LOCATION}/cmekConfig}}", CmekConfig,
                query=("updateMask",), request=CmekConfig, permission="cmekConfig.update"),
        _method("operations.get", "GET", f"{{name={_LOCATION}/operations/*}}", Operation, repeatable=True),
        _method("queues.list", "GET", f"{{parent={_LOCATION}}}/queues", m.ListQueuesResponse,
                query=("filter", *_PAGE, "readMask"), permission="queues.list", repeatable=True),
        _method("queues.get", "GET", f"{{name={_QUEUE}}}", Queue,
                query=("readMask",), permission="queues.get", repeatable=True),
        _method("queues.create", "POST", f"{{parent={_LOCATION}}}/queues", Queue,
                request=Queue, permission="queues.create"),
        _method("queues.patch", "PATCH", f"{{name={_QUEUE}}}", Queue,
                query=("updateMask",), request=Queue, permission="queues.update"),
        _method("queues.delete", "DELETE", f"{{name={_QUEUE}}}", m.Empty,
                permission="queues.delete", repeatable=True, done_when_repeated="NOT_FOUND"),
        _method("queues.pause", "POST", f"{{name={_QUEUE}}}:pause", Queue,
                request=m.Empty, permission="queues.pause"),
        _method("queues.resume", "POST", f"{{name={_QUEUE}}}:resume", Queue,
                request=m.Empty, permission="queues.resume"),
        _method("queues.purge", "POST", f"{{name={_QUEUE}}}:purge", Queue,
                request=m.Empty, permission="queues.purge"),
        _method("queues.getIamPolicy", "POST", f"{{resource={_QUEUE}}}:getIamPolicy", Policy,
                request=m.GetIamPolicyRequest, permission="queues.getIamPolicy", repeatable=True),
        _method("queues.setIamPolicy", "POST", f"{{resource={_QUEUE}}}:setIamPolicy", Policy,
                request=m.SetIamPolicyRequest, permission="queues.setIamPolicy"),
        _method("queues.testIamPermissions", "POST", f"{{resource={_QUEUE}}}:testIamPermissions",
                m.TestIamPermissionsResponse, request=m.TestIamPermissionsRequest, repeatable=True),
        _method("queues.tasks.list", "GET", f"{{parent={_QUEUE}}}/tasks", m.ListTasksResponse,
                query=("responseView", *_PAGE, "orderBy"), permission="tasks.list", repeatable=True),
        _method("queues.tasks.get", "GET", f"{{name={_TASK}}}", Task,
                query=("responseView",), permission="tasks.get", repeatable=True),
        _method("queues.tasks.create", "POST", f"{{parent={_QUEUE}}}/tasks", Task,
                request=m.CreateTaskRequest, permission="tasks.create",
                done_when_repeated="ALREADY_EXISTS", safe_with="task.name"),
        _method("queues.tasks.delete", "DELETE", f"{{name={_TASK}}}", m.Empty,
                permission="tasks.delete", repeatable=True, done_when_repeated="NOT_FOUND"),
        _method("queues.tasks.run", "POST", f"{{name={_TASK}}}:run", Task,
                request=m.RunTaskRequest, permission="tasks.run"),
        _method("queues.tasks.lease", "POST", f"{{parent={_QUEUE}}}/tasks:lease", m.LeaseTasksResponse,
                request=m.LeaseTasksRequest, permission="tasks.lease", versions=_ONLY_V2BETA2),
        _method("queues.tasks.acknowledge", "POST", f"{{name={_TASK}}}:acknowledge", m.Empty,
                request=m.AcknowledgeTaskRequest, permission="tasks.acknowledge",
                repeatable=True, done_when_repeated="NOT_FOUND", versions=_ONLY_V2BETA2),
        _method("queues.tasks.renewLease", "POST", f"{{name={_TASK}}}:renewLease", Task,
                request=m.RenewLeaseRequest, permission="tasks.renewLease", versions=_ONLY_V2BETA2),
        _method("queues.tasks.cancelLease", "POST", f"{{name={_TASK}}}:cancelLease", Task,
                request=m.CancelLeaseRequest, permission="tasks.cancelLease", versions=_ONLY_V2BETA2),
        _method("queues.tasks.batchCreate", "POST", f"{{parent={_QUEUE}}}/tasks:batchCreate", Operation,
                request=m.BatchCreateTasksRequest, permission="tasks.create", safe_with="requestId"),
        _method("queues.tasks.batchDelete", "POST", f"{{parent={_QUEUE}}}/tasks:batchDelete", Operation,
                request=m.BatchDeleteTasksRequest, permission="tasks.delete", safe_with="requestId"),
        _method("queues.tasks.buffer", "POST", f"{{queue={_QUEUE}}}/tasks/{{taskId}}:buffer",
                m.BufferTaskResponse, request=m.BufferTaskRequest, permission="tasks.create",
                optional="taskId", safe_with="taskId", done_when_repeated="ALREADY_EXISTS"),
        _method("api.queue.update", "POST", "api/queue/update", m.Empty,
                query=("appId",), request=m.HttpBody, permission="queues.update", versioned=False,
                versions=_ONLY_V2BETA2),
    )
}  # fmt: skip
"""All 29 methods, by their API id (without the "cloudtasks." prefix), with messages of the model."""


def methods_of(version: Version) -> dict[str, Method]:
    """The methods of a version, with its messages and parameters: 29 in v2beta2, 24 in v2beta3 and v2."""
    return {id: method_in(version, id) for id, method in METHODS.items() if version in method.versions}


@cache
def method_in(version: Version, id: str) -> Method:
    """One method, with the messages and parameters of a version that has it."""
    method = called_in(version, id)
    request = wire(method.request, version) if method.request is not None else None
    return replace(method, request=request, response=wire(method.response, version))


@cache
def called_in(version: Version, id: str) -> Method:
    """The same, but with messages of the model: for calls, which do not need the classes of those of the version."""
    method = METHODS[id]
    query = tuple(name for name in method.query if (version, name) != ("v2", "readMask"))
    return replace(method, version=version, query=query)
