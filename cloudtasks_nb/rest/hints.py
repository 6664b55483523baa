"""What to do next about an error: the service's words and status in, one line of advice out."""

from __future__ import annotations

import re
from typing import Any

ROLES_WITH: dict[str, str] = {
    "cloudtasks.tasks.create": "roles/cloudtasks.enqueuer",
    "cloudtasks.tasks.fullView": "roles/cloudtasks.enqueuer or roles/cloudtasks.taskRunner",
    "cloudtasks.tasks.delete": "roles/cloudtasks.taskDeleter",
    "cloudtasks.tasks.run": "roles/cloudtasks.taskRunner",
    "cloudtasks.tasks.get": "roles/cloudtasks.viewer",
    "cloudtasks.tasks.list": "roles/cloudtasks.viewer",
    "cloudtasks.queues.get": "roles/cloudtasks.viewer",
    "cloudtasks.queues.list": "roles/cloudtasks.viewer",
    "cloudtasks.locations.get": "roles/cloudtasks.viewer",
    "cloudtasks.locations.list": "roles/cloudtasks.viewer",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
}
"""The narrowest predefined role for a permission; other queue permissions are in roles/cloudtasks.queueAdmin."""

_PERMISSION = re.compile(r'lacks IAM permission "([^"]+)"')


def hint_for(status: str, message: str, details: list[dict[str, Any]]) -> str | None:
    """The next step, where one is known."""
    if any(detail.get("reason") == "SERVICE_DISABLED" for detail in details):
        return "enable the API: gcloud services enable cloudtasks.googleapis.com"
    for words, advice in _BY_WORDS:
        if words in message:
            return advice
    if permission := _PERMISSION.search(message):
        role = ROLES_WITH.get(permission[1], "roles/cloudtasks.queueAdmin")
        return f"ask for {permission[1]}; the role {role} holds it"
    return _BY_STATUS.get(status)


_BY_WORDS = (
    ("queue with this name existed too recently", "a deleted queue's name is blocked for up to 3 days; use another"),
    ("task with this name existed too recently", "a finished task's name stays blocked; change or omit task_id"),
    ("is not a valid location", "list the valid ones with client.locations()"),
    ("Queue does not exist", "list the existing queues with client.queues(), or create it with client.create_queue()"),
    ("The task no longer exists", "it finished or was deleted; list what is left with queue.tasks()"),
    ("insufficient authentication scopes", "use credentials with the scope https://www.googleapis.com/auth/cloud-platform"),
)  # fmt: skip

_BY_STATUS = {
    "UNAUTHENTICATED": "sign in again: gcloud auth application-default login",
    "PERMISSION_DENIED": "check client.identity and client.project, and the roles that identity has there",
    "RESOURCE_EXHAUSTED": "a quota or rate limit was reached; wait a minute or lower the rate",
    "UNAVAILABLE": "the service is briefly unavailable; try again",
}
