"""Refusals of the front: what is wrong with a call before it means anything. Source: SPEC sections 1.5 and 6."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ....errors import InvalidArgument, PermissionDenied, Unauthenticated
from ....model.methods import Method

INVALID = "Request contains an invalid argument."
_EXPECTED = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class NotJson(InvalidArgument):
    """A body that is no JSON."""


class BadValues(InvalidArgument):
    """Members or parameters that do not exist, or values that do not fit."""


def bad_request(violations: list[tuple[str, str]]) -> BadValues:
    """Everything that is wrong with a body or a query, from (path, description) pairs."""
    text = "\n".join(description for _, description in violations)
    return BadValues(text, details=[_detail(violations)])


def bad_fields(path: str, why: str) -> InvalidArgument:
    """A selection of fields that cannot be made."""
    return InvalidArgument(INVALID, details=[_detail([(path, f"Error expanding 'fields' parameter. {why}")])])


def _detail(violations: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": field, "description": description} if field else {"description": description}
            for field, description in violations
        ],
    }


class NoCredential(Unauthenticated):
    """Nobody says who calls."""


class Called(Struct, frozen=True):
    """A method as refusals name it: whose it is, and what gRPC calls it."""

    service: str
    rpc: str


def missing_credential(method: Method | Called) -> NoCredential:
    """A call that carries no credential."""
    return NoCredential(
        f"Request is missing required authentication credential. {_EXPECTED}", details=[_missing(method)]
    )


def api_key_only(method: Method | Called) -> NoCredential:
    """A key says which project calls, not who."""
    return NoCredential(
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials "
        "that assert a principal. See https://cloud.google.com/docs/authentication",
        details=[_missing(method)],
    )


def bad_credential() -> Unauthenticated:
    """A credential that is none, or is over."""
    return Unauthenticated(f"Request had invalid authentication credentials. {_EXPECTED}")


def missing_permission(permission: str, resource: str) -> PermissionDenied:
    """A caller who may not do this."""
    return PermissionDenied(
        f'The principal (user or service account) lacks IAM permission "{permission}" for the resource "{resource}" '
        "(or the resource may not exist)."
    )


def _help(description: str, fields: str) -> dict[str, Any]:
    """A link to the reference. The service adds it where an id is malformed. Source: SPEC section 6.2."""
    reference = "https://cloud.google.com/tasks/docs/reference/rest/v2"
    link = {"description": description, "url": f"{reference}/{fields}"}
    return {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}


QUEUE_NAME = _help("Definition of queue name", "projects.locations.queues#Queue.FIELDS.name")
TASK_ID = _help("Definition of task ID", "projects.locations.queues.tasks#Task.FIELDS.name")


def malformed(message: str, link: dict[str, Any]) -> InvalidArgument:
    """A name or an id that nothing can have, with a link to what one may be."""
    return InvalidArgument(message, details=[link])


def foreign_project(project: str) -> PermissionDenied:
    """A project that is not there, or that the caller has no part in."""
    said, google = f"Permission denied on resource project {project}.", "type.googleapis.com/google.rpc."
    about = {
        "consumer": f"projects/{project}",
        "containerInfo": project,
        "service": "cloudtasks.googleapis.com",
    }
    link = {"description": "Google developers console", "url": "https://console.developers.google.com"}
    return PermissionDenied(
        said,
        details=[
            {
                "@type": f"{google}ErrorInfo",
                "reason": "CONSUMER_INVALID",
                "domain": "googleapis.com",
                "metadata": about,
            },
            {"@type": f"{google}LocalizedMessage", "locale": "en-US", "message": said},
            {"@type": f"{google}Help", "links": [link]},
        ],
    )


def _missing(method: Method | Called) -> dict[str, Any]:
    called = Called("cloudtasks.googleapis.com", rpc_name(method)) if isinstance(method, Method) else method
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "CREDENTIALS_MISSING",
        "domain": "googleapis.com",
        "metadata": {"service": called.service, "method": called.rpc},
    }


def rpc_name(method: Method) -> str:
    """The name of a method in gRPC, which refusals give."""
    *_, noun, verb = method.id.split(".")
    if noun == "operations":
        return "google.longrunning.Operations.GetOperation"
    if noun == "locations" and verb in ("get", "list"):
        return f"google.cloud.location.Locations.{'GetLocation' if verb == 'get' else 'ListLocations'}"
    return f"google.cloud.tasks.{method.version}.CloudTasks.{rpc_verb(noun, verb)}"


def rpc_verb(noun: str, verb: str) -> str:
    """How gRPC calls a verb of REST: "CreateTask"."""
    if verb in ("list", "lease", "batchCreate", "batchDelete"):
        return f"{verb[0].upper()}{verb[1:]}{noun.capitalize()}"
    if verb in ("get", "create", "delete", "pause", "resume", "purge", "run", "buffer", "acknowledge"):
        return f"{verb.capitalize()}{noun.removesuffix('s').capitalize()}"
    if noun == "queue":
        return "UploadQueueYaml"
    return "UpdateQueue" if verb == "patch" else f"{verb[0].upper()}{verb[1:]}"
