"""Descriptions of REST methods: a card, a docstring, an example line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..model.json import Message
from ..model.methods import Method
from ..model.roles import PREFIX, roles_with
from ..model.schema import schema
from ..model.versions import OWN, Version
from ..shown import Shown
from .parameters import Parameter, parameters

if TYPE_CHECKING:
    from ..render import Card, Section, Value

EXAMPLES = {
    "queues.list": 'filter="state=PAUSED"',
    "queues.create": 'body={"name": f"{parent}/queues/emails", "httpTarget": {}}',
    "queues.patch": 'body={"rateLimits": {"maxTasksDispatchedPerSecond": 5}}, '
    'updateMask="rateLimits.maxTasksDispatchedPerSecond"',
    "queues.setIamPolicy": 'body={"policy": policy}',
    "queues.testIamPermissions": 'body={"permissions": ["cloudtasks.tasks.run"]}',
    "queues.tasks.list": 'responseView="FULL"',
    "queues.tasks.create": 'body={"task": {"httpRequest": {"url": "https://example.com"}}}',
    "queues.tasks.lease": 'body={"maxTasks": 10, "leaseDuration": "60s"}',
    "queues.tasks.acknowledge": 'body={"scheduleTime": task["scheduleTime"]}',
    "queues.tasks.renewLease": 'body={"scheduleTime": task["scheduleTime"], "leaseDuration": "60s"}',
    "queues.tasks.cancelLease": 'body={"scheduleTime": task["scheduleTime"]}',
    "queues.tasks.batchCreate": 'body={"requests": [{"task": task}], "requestId": "my-request-1"}',
    "queues.tasks.batchDelete": 'body={"names": names, "requestId": "my-request-1"}',
    "queues.tasks.buffer": 'body={"body": {"data": "aGVsbG8="}}',
    "updateCmekConfig": 'body={"kmsKey": key}, updateMask="kmsKey"',
    "api.queue.update": 'appId="my-project", body={"data": "cXVldWU6CiA="}',
}


class Description(Shown):
    """One REST method as a card."""

    def __init__(self, method: Method) -> None:
        self.method = method

    def _shape_(self) -> Card:
        from ..render import Card, Table, code, muted

        method = self.method
        own = [one for one in parameters(method).values() if one.where != "system"]

        def row(one: Parameter) -> dict[str, Value]:
            where = f"{one.where}, required" if one.required else one.where
            return {
                "parameter": code(one.name),
                "where": where,
                "type": _type(one.kind),
                "what": muted(one.words),
            }

        return Card(
            method.id,
            kind="REST method",
            facts={
                "does": method.summary,
                "request": code(request_line(method)),
                "answer": method.response.__name__,
                "permission": _permission(method),
                "retries": retry_words(method),
            },
            table=Table.of(own, row),
            sections=[
                *_fields_section("fields of the body", method.request, set_in=method.version),
                *_fields_section("fields of the response", method.response),
                _system_section(method),
            ],
            code=[example(method)],
        )

    def __repr__(self) -> str:
        return f"<{self.method.id}: {request_line(self.method)}>"


def request_line(method: Method) -> str:
    """The HTTP method and path, such as "POST /v2beta2/{parent}/tasks:lease"."""
    path = re.sub(r"\{(\w+)=[^}]*\}", r"{\1}", method.path)
    return f"{method.http} {f'/{method.version}' if method.versioned else ''}/{path}"


def retry_words(method: Method) -> str:
    """Which errors of the method are retried."""
    if method.repeatable:
        words = "retried if the response is lost or the service is unavailable"
    elif method.safe_with:
        words = f"retried only with {method.safe_with}; without it, only on RESOURCE_EXHAUSTED"
    else:
        return "never retried, except on RESOURCE_EXHAUSTED"
    if method.done_when_repeated:
        words += f"; {method.done_when_repeated} on a retry means success"
    return words


def example(method: Method) -> str:
    """An example line to copy."""
    short = method.id.removeprefix("projects.locations.")
    path = [f"{name}={_variable(method, name)}" for name in method.variables if name != method.optional]
    arguments = ", ".join([*path, *([EXAMPLES[short]] if short in EXAMPLES else [])])
    version = "" if method.version == OWN else f"{method.version}."
    return f"client.api.{version}{method.id}({arguments})"


def docstring(method: Method) -> str:
    """The docstring for help() and a notebook's ?."""
    known = parameters(method).values()
    lines = [method.summary, "", request_line(method), ""]
    lines += [f"{one.name} ({one.where}): {one.words}" for one in known]
    permission = f"{PREFIX}{method.permission}" if method.permission else "none"
    lines += ["", f"Permission: {permission}. Retries: {retry_words(method)}.", "", "Example:"]
    return "\n".join([*lines, f"    {example(method)}"])


def field_rows(kind: type[Message], *, set_in: Version | None = None) -> list[tuple[str, str]]:
    """Every field of a message with its JSON path and description. Repeated messages are described once.

    `set_in` omits fields that cannot be set in that version.
    """
    told: set[type] = {kind}

    def rows(kind: type[Message], above: str) -> Iterator[tuple[str, str]]:
        for field in schema(kind).values():
            if set_in and not field.can_be_set(set_in):
                continue
            path = f"{above}{field.wire}" + ("[]" if field.repeated else "")
            inner = field.message
            again = inner is not None and inner in told
            yield path, field.words + (", as above" if again else "")
            if inner is not None and not again:
                told.add(inner)
                yield from rows(inner, f"{path}.")

    return list(rows(kind, ""))


def _fields_section(
    label: str, kind: type[Message] | None, *, set_in: Version | None = None
) -> list[Section]:
    from ..render import Section, Table, code, muted
    from ..render.values import counted

    if kind is None or not schema(kind):
        return []
    rows: list[list[Value]] = [[code(path), muted(words)] for path, words in field_rows(kind, set_in=set_in)]
    table = Table(columns=["field", "holds"], rows=rows)
    return [Section(f"{label}: {kind.__name__}, {counted(len(rows), 'field')}", table)]


def _system_section(method: Method) -> Section:
    from ..render import Section, Table, code, muted

    known = [one for one in parameters(method).values() if one.where == "system"]
    rows: list[list[Value]] = [[code(one.name), _type(one.kind), muted(one.words)] for one in known]
    return Section(
        f"{len(rows)} system parameters of every method",
        Table(columns=["parameter", "type", "what"], rows=rows),
    )


def _permission(method: Method) -> str:
    if not method.permission:
        return "none"
    roles = roles_with(PREFIX + method.permission)
    return f"{PREFIX}{method.permission}, held by " + ", ".join(roles[:3])


def _type(kind: type) -> str:
    return {str: "string", int: "integer", bool: "boolean", dict: "object", list: "list of strings"}[kind]


def _variable(method: Method, name: str) -> str:
    form = method.forms[name]
    if name == "parent" and form.endswith("locations/*"):
        return "parent"
    ends = {"queues": "queue.name", "tasks": "task.name", "locations": "location.name"}
    kind = form.split("/")[-2] if "/" in form else ""
    return ends.get(kind, f'"{form.replace("*", "…")}"')
