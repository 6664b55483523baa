"""The errors of calls that fail before they reach a service. Source: SPEC sections 1.5 and 6."""

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
    """A body that is not JSON."""


class BadValues(InvalidArgument):
    """Unknown members or parameters, or invalid values."""


def bad_request(violations: list[tuple[str, str]]) -> BadValues:
    """The error for a body or a query, from (path, description) pairs."""
    text = "\n".join(description for _, description in violations)
    return BadValues(text, details=[_detail(violations)])


def bad_fields(path: str, why: str) -> InvalidArgument:
    """An invalid selection of fields."""
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
    """The caller is anonymous."""


class Called(Struct, frozen=True):
    """A method's service and gRPC name, as error details give them."""

    service: str
    rpc: str


def missing_credential(method: Method | Called) -> NoCredential:
    """The error for a call without a credential."""
    return NoCredential(
        f"Request is missing required authentication credential. {_EXPECTED}", details=[_missing(method)]
    )


def api_key_only(method: Method | Called) -> NoCredential:
    """The error for an API key: it identifies a project, not a caller."""
    return NoCredential(
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials "
        "that assert a principal. See https://cloud.google.com/docs/authentication",
        details=[_missing(method)],
    )


def bad_credential() -> Unauthenticated:
    """The error for an invalid or expired credential."""
    return Unauthenticated(f"Request had invalid authentication credentials. {_EXPECTED}")


def missing_permission(permission: str, resource: str) -> PermissionDenied:
    """The error for a caller without the permission."""
    return PermissionDenied(
        f'The principal (user or service account) lacks IAM permission "{permission}" for the resource "{resource}" '
        "(or the resource may not exist)."
    )


def _help(description: str, fields: str) -> dict[str, Any]:
    """A link to the reference, which the service adds for malformed ids. Source: SPEC section 6.2."""
    reference = "https://cloud.google.com/tasks/docs/reference/rest/v2"
    link = {"description": description, "url": f"{reference}/{fields}"}
    return {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]}


QUEUE_NAME = _help("Definition of queue name", "projects.locations.queues#Queue.FIELDS.name")
TASK_ID = _help("Definition of task ID", "projects.locations.queues.tasks#Task.FIELDS.name")


def malformed(message: str, link: dict[str, Any]) -> InvalidArgument:
    """The error for a malformed name or id, with a link to its definition."""
    return InvalidArgument(message, details=[link])


def foreign_project(project: str) -> PermissionDenied:
    """The error for a project that does not exist, or that the caller cannot access."""
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
    """The gRPC name of a method, for error details."""
    *_, noun, verb = method.id.split(".")
    if noun == "operations":
        return "google.longrunning.Operations.GetOperation"
    if noun == "locations" and verb in ("get", "list"):
        return f"google.cloud.location.Locations.{'GetLocation' if verb == 'get' else 'ListLocations'}"
    return f"google.cloud.tasks.{method.version}.CloudTasks.{rpc_verb(noun, verb)}"


def rpc_verb(noun: str, verb: str) -> str:
    """The gRPC name of a REST verb: "CreateTask"."""
    if verb in ("list", "lease", "batchCreate", "batchDelete"):
        return f"{verb[0].upper()}{verb[1:]}{noun.capitalize()}"
    if verb in ("get", "create", "delete", "pause", "resume", "purge", "run", "buffer", "acknowledge"):
        return f"{verb.capitalize()}{noun.removesuffix('s').capitalize()}"
    if noun == "queue":
        return "UploadQueueYaml"
    return "UpdateQueue" if verb == "patch" else f"{verb[0].upper()}{verb[1:]}"
