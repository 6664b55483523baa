"""The permissions, and the predefined roles that hold them. Source: SPEC section 7."""

from __future__ import annotations

PREFIX = "cloudtasks."

_LOCATIONS = ("locations.get", "locations.list")
_CMEK = ("cmekConfig.get", "cmekConfig.update")
_POLICY = ("queues.getIamPolicy", "queues.setIamPolicy")
_QUEUES = (
    "queues.create", "queues.delete", "queues.get", *_POLICY, "queues.list", "queues.pause", "queues.purge",
    "queues.resume", "queues.update",
)  # fmt: skip
_TASKS = ("tasks.create", "tasks.delete", "tasks.fullView", "tasks.get", "tasks.list", "tasks.run")
# Current lists omit these. Roles with all task permissions may also work on a pull queue.
_LEASES = ("tasks.lease", "tasks.acknowledge", "tasks.renewLease", "tasks.cancelLease")
_ALL = (*_CMEK, *_LOCATIONS, *_QUEUES, *_TASKS, *_LEASES)
_EDITOR = tuple(name for name in _ALL if name not in (*_POLICY, "cmekConfig.update"))
_VIEWER = (*_LOCATIONS, "queues.get", "queues.list", "tasks.get", "tasks.list")


_METRICS = frozenset(
    f"monitoring.{noun}.{verb}"
    for noun in ("timeSeries", "metricDescriptors", "monitoredResourceDescriptors")
    for verb in ("get", "list")
    if (noun, verb) != ("timeSeries", "get")
)
_LOGS = frozenset(("logging.logEntries.list",))


def _full(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(PREFIX + name for name in names)


PERMISSIONS: tuple[str, ...] = tuple(PREFIX + name for name in _ALL)
"""Every permission, including those of the lease calls."""

QUEUE_PERMISSIONS: tuple[str, ...] = tuple(
    PREFIX + name for name in (*_QUEUES, *_TASKS) if name not in ("queues.create", "queues.list")
)
"""The permissions that testIamPermissions accepts for a queue."""

ROLES: dict[str, frozenset[str]] = {
    "roles/cloudtasks.enqueuer": _full(("tasks.create", "tasks.fullView")),
    "roles/cloudtasks.taskDeleter": _full(("tasks.delete",)),
    "roles/cloudtasks.taskRunner": _full(("tasks.run", "tasks.fullView")),
    "roles/cloudtasks.viewer": _full(_VIEWER),
    "roles/monitoring.viewer": _METRICS,
    "roles/logging.viewer": _LOGS,
    "roles/cloudtasks.queueAdmin": _full((*_LOCATIONS, *_QUEUES)),
    "roles/cloudtasks.editor": _full(_EDITOR),
    "roles/cloudtasks.admin": _full(_ALL) | {"monitoring.timeSeries.list"},
    "roles/viewer": _full(_VIEWER) | _METRICS | _LOGS,
    "roles/editor": _full(_EDITOR) | _METRICS | _LOGS,
    "roles/owner": _full(_ALL) | _METRICS | _LOGS,
    "roles/appengine.appViewer": frozenset({"appengine.applications.get"}),
    "roles/iam.serviceAccountUser": frozenset({"iam.serviceAccounts.actAs"}),
    "roles/iam.serviceAccountTokenCreator": frozenset(
        {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"}
    ),
}
"""Predefined roles, from the narrowest to the broadest, with the permissions that matter here."""


def roles_with(permission: str) -> list[str]:
    """The predefined roles that hold a permission, the narrowest first.

    >>> roles_with("cloudtasks.tasks.run")[:2]
    ['roles/cloudtasks.taskRunner', 'roles/cloudtasks.editor']
    """
    return [role for role, held in ROLES.items() if permission in held]
