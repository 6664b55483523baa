"""What to do next about an error: the service's words and status in, one line of advice out. Pure.

Source: SPEC sections 6.2 and 7.
"""

from __future__ import annotations

import re
from typing import Any

from ..model.methods import METHODS
from ..model.roles import PREFIX, roles_with
from .quota_names import quota_hint

# What reads what happened, and the permission for it: refusals there do not always name it.
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
    """The next step, where one is known."""
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
        return f'App Engine targets are in one region: ct.connect(location="{region[1]}")'
    for words, advice in _BY_WORDS:
        if words.lower() in message.lower():
            return advice
    by_call = _BY_CALL.get((status, method.rpartition(".")[2]))
    if status == "NOT_FOUND" and "/tasks/" in resource:
        by_call = by_call or _TASK_GONE
    return by_call or _violations(message, details, method) or _BY_STATUS.get(status)


def _violations(message: str, details: list[dict[str, Any]], method: str) -> str | None:
    """The sentences in the details that the message does not hold: which field is wrong, and how."""
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
    """The permission that is missing (said, or known to be the method's), and every predefined role that holds it."""
    said = _PERMISSION.search(message)
    known = METHODS[method].permission if method in METHODS else None
    permission = said[1] if said else f"{PREFIX}{known}" if known else _ELSEWHERE.get(method, "")
    if not permission:
        return _BY_STATUS["PERMISSION_DENIED"]
    if permission == "iam.serviceAccounts.actAs":
        return (
            "whoever creates a task with a token needs iam.serviceAccounts.actAs on the service account that it names; "
            "the role roles/iam.serviceAccountUser on that account holds it"
        )
    roles = ", ".join(roles_with(permission)) or "no predefined role of Cloud Tasks"
    advice = f"ask for {permission}; it is held by {roles}"
    if permission.endswith(".fullView"):
        return f'{advice}; or do without payloads: view="BASIC"'
    if not said:
        return f"{advice} (or this project is not the one meant: see client.project and client.identity)"
    return f"{advice}; client.identity says who calls" if "/queues/" in resource else advice


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
    return f'there is no project {which} that this identity may use; check the id: ct.connect(project="...")'


_TASK_GONE = (
    "it succeeded, was given up or deleted, or never was: task.history() says what became of it, and queue.tasks() "
    "lists what is left"
)
_TOMBSTONE = (
    "a finished task's name stays blocked: for the queue's tombstone_ttl (1 h unless set), in some queues up to 24 h, "
    "9 days after a queue.yaml; change or omit task_id"
)
_BY_WORDS = (
    ("queue with this name existed too recently", "a deleted queue's name is blocked for up to 3 days; use another"),
    ("queue with this name existed recently", "it was deleted, and its name is blocked for up to 3 days; use another"),
    ("task with this name existed too recently", _TOMBSTONE),
    ("is not a valid location", "list the valid ones with client.locations()"),
    ("Queue does not exist", "list the existing queues with client.queues(), or create it with client.create_queue()"),
    ("The task no longer exists", _TASK_GONE),
    ("concurrent policy changes", "read it and change it anew, as queue.change_iam_policy(change) does"),
    ("is not supported for this resource", "roles for queues: https://cloud.google.com/iam/docs/roles-permissions/cloudtasks"),
    ("is too far in the future", "a task may wait for 30 days at most"),
    ("Task size too large", "a task holds 1 MB at most; store the payload elsewhere and send where it is"),
    ("payload_type is not set", "say what the task is: httpRequest, appEngineHttpRequest or pullMessage"),
    ("must start with 'https://' for request with", "tokens are sent to https addresses only"),
    ("deadline cannot be more than 30s", "pass a timeout of 30 seconds or less"),
    ("API keys are not supported", "a key does not say who calls: pass credentials=... or access_token=..."),
    ("missing required authentication credential", "pass credentials=... or access_token=... to ct.connect()"),
)  # fmt: skip

_LEASE_OVER = "the lease is over, or was renewed elsewhere, and another worker may hold the task: lease again"
_BY_CALL = {
    ("FAILED_PRECONDITION", "acknowledge"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "renewLease"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "cancelLease"): _LEASE_OVER,
    ("FAILED_PRECONDITION", "lease"): "a paused queue leases nothing: queue.resume()",
    ("ALREADY_EXISTS", "create"): "the name is taken: client.queue() or queue.task() reads what is there",
    ("NOT_FOUND", "acknowledge"): "the task is gone: it was acknowledged, deleted, or used up its attempts",
}  # fmt: skip

_BY_STATUS = {
    "UNAUTHENTICATED": "sign in again: gcloud auth application-default login",
    "PERMISSION_DENIED": "check client.identity and client.project, and the roles that identity has there",
    "UNAVAILABLE": "the service is briefly unavailable; try again",
    "ABORTED": "somebody else changed it meanwhile; read it again, then try again",
}
