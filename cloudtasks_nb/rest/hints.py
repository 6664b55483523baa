"""Finds the hint for an error, by the message and status of the service. Pure.

Source: SPEC sections 6.2 and 7.
"""

from __future__ import annotations

import re
from typing import Any

from ..model.methods import METHODS
from ..model.roles import PREFIX, roles_with
from .quota_names import quota_hint

# Methods of Cloud Monitoring and Logging with their permission: their errors do not always name it.
_ELSEWHERE = {
    "monitoring.projects.timeSeries.list": "monitoring.timeSeries.list",
    "logging.entries.list": "logging.logEntries.list",
}
_PERMISSION = re.compile(
    r"\b((?:cloudtasks|monitoring|logging)\.\w+\.\w+|iam\.serviceAccounts\.\w+|appengine\.applications\.get)\b"
)
_FOREIGN = re.compile(r"resource project ([\w.:-]+?)\.?(?:\s|$)")
_REGION = re.compile(r"Location must equal ([\w-]+)")


def hint_for(
    status: str, message: str, details: list[dict[str, Any]], *, method: str = "", resource: str = ""
) -> str | None:
    """The next step; None if none is known."""
    reasons = {str(detail.get("reason", "")): detail for detail in details}
    if "SERVICE_DISABLED" in reasons:
        return _disabled(reasons["SERVICE_DISABLED"])
    if "CONSUMER_INVALID" in reasons or _FOREIGN.search(message):
        return _foreign(message)
    if "insufficient authentication scopes" in message:
        return "use credentials with the scope https://www.googleapis.com/auth/cloud-platform"
    if status == "PERMISSION_DENIED":
        return _permission(message, method, resource)
    if status == "RESOURCE_EXHAUSTED":
        return quota_hint(message, details, method)
    if region := _REGION.search(message):
        return f'App Engine targets work in one region only: ct.connect(location="{region[1]}")'
    for words, advice in _BY_WORDS:
        if words.lower() in message.lower():
            return advice
    by_call = _BY_CALL.get((status, method.rpartition(".")[2]))
    if status == "NOT_FOUND" and "/tasks/" in resource:
        by_call = by_call or _TASK_GONE
    return by_call or _violations(message, details, method) or _BY_STATUS.get(status)


def _violations(message: str, details: list[dict[str, Any]], method: str) -> str | None:
    """The violations in the details that the message lacks: which field is not valid, and why."""
    found = [
        str(violation.get("description", ""))
        for detail in details
        for violation in detail.get("fieldViolations") or ()
        if isinstance(violation, dict)
    ]
    said = " ".join(dict.fromkeys(words for words in found if words and words not in message))
    if "'fields' parameter" in said:
        said += f' client.api.describe("{method}") lists the fields'
    return said or None


def _permission(message: str, method: str, resource: str) -> str | None:
    """The missing permission (from the message, or that of the method), and the predefined roles that include it."""
    said = _PERMISSION.search(message)
    known = METHODS[method].permission if method in METHODS else None
    permission = said[1] if said else f"{PREFIX}{known}" if known else _ELSEWHERE.get(method, "")
    if not permission:
        return _BY_STATUS["PERMISSION_DENIED"]
    if permission == "iam.serviceAccounts.actAs":
        return (
            "to create a task with a token, you need iam.serviceAccounts.actAs on its service account; "
            "the role roles/iam.serviceAccountUser on that account includes it"
        )
    roles = ", ".join(roles_with(permission)) or "no predefined role of Cloud Tasks"
    advice = f"ask for {permission}, which is in {roles}"
    if permission.endswith(".fullView"):
        return f'{advice}; or read without payloads: view="BASIC"'
    if not said:
        return f"{advice} (or the project is wrong: see client.project and client.identity)"
    return f"{advice}; client.identity shows the caller" if "/queues/" in resource else advice


def _disabled(detail: dict[str, Any]) -> str:
    metadata = detail.get("metadata")
    consumer = str(metadata.get("consumer", "") if isinstance(metadata, dict) else "").rpartition("/")[2]
    project = f" --project={consumer}" if re.fullmatch(r"[\w.:-]+", consumer) else ""
    named = str(metadata.get("service", "") if isinstance(metadata, dict) else "")
    service = named if re.fullmatch(r"[a-z]+\.googleapis\.com", named) else "cloudtasks.googleapis.com"
    return f"enable the API: gcloud services enable {service}{project}; it takes a minute or two"


def _foreign(message: str) -> str:
    named = _FOREIGN.search(message)
    which = f"{named[1]!r}" if named else "this name"
    return f'project {which} does not exist, or this identity may not use it: ct.connect(project="...")'


_TASK_GONE = (
    "it succeeded, was given up or deleted, or never existed: task.history() shows its history, and queue.tasks() "
    "lists the tasks that wait"
)
_TOMBSTONE = (
    "a finished task's name stays blocked: for the queue's tombstone_ttl (default 1 h), in some queues up to 24 h, "
    "9 days in queues of a queue.yaml; change or omit task_id"
)
_FROM_THE_START = (
    "page tokens are valid for two hours, for the same listing: list again from the first page, without one"
)
_BY_WORDS = (
    ("page token", _FROM_THE_START),
    ("page_token", _FROM_THE_START),
    ("queue with this name existed too recently", "a deleted queue's name is blocked for up to 3 days; use another"),
    ("queue with this name existed recently", "it was deleted, and its name is blocked for up to 3 days; use another"),
    ("task with this name existed too recently", _TOMBSTONE),
    ("is not a valid location", "list the valid ones with client.locations()"),
    ("Queue does not exist", "list the existing queues with client.queues(), or create it with client.create_queue()"),
    ("The task no longer exists", _TASK_GONE),
    ("concurrent policy changes", "read it again and repeat the change, as queue.change_iam_policy(change) does"),
    ("is not supported for this resource", "roles for queues: https://cloud.google.com/iam/docs/roles-permissions/cloudtasks"),
    ("is too far in the future", "a task may wait for 30 days at most"),
    ("Task size too large", "a task holds 1 MB at most; store the payload elsewhere and send its address"),
    ("payload_type is not set", "set the type of the task: httpRequest, appEngineHttpRequest or pullMessage"),
    ("must start with 'https://' for request with", "tokens are sent to https addresses only"),
    ("deadline cannot be more than 30s", "pass a timeout of 30 seconds or less"),
    ("API keys are not supported", "an API key does not identify the caller: pass credentials=... or access_token=..."),
    ("missing required authentication credential", "pass credentials=... or access_token=... to ct.connect()"),
)  # fmt: skip

_LEASE_OVER = "the lease ended or was renewed elsewhere, and another worker may have the task: lease again"
_BY_CALL = {
    ("FAILED_PRECONDITION", "acknowledge"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "renewLease"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "cancelLease"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "lease"): "a paused queue leases nothing: queue.resume()",
    ("ALREADY_EXISTS", "create"): "the name is in use: client.queue() or queue.task() reads the existing one",
    ("NOT_FOUND", "acknowledge"): "the task is gone: it was acknowledged or deleted, or it used up its attempts",
}  # fmt: skip

_BY_STATUS = {
    "UNAUTHENTICATED": "sign in again: gcloud auth application-default login",
    "PERMISSION_DENIED": "check client.identity, client.project, and the roles of this identity in the project",
    "UNAVAILABLE": "the service is unavailable for a short time; try again",
    "ABORTED": "another client changed it at the same time; read it again, then try again",
}
