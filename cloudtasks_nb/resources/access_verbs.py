"""The verbs for a queue's IAM policy and the caller's permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..errors import Aborted
from ..model.messages import (
    GetIamPolicyRequest,
    GetPolicyOptions,
    SetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from ..model.policy import Policy
from ..model.roles import QUEUE_PERMISSIONS, roles_with
from ..shown import ShownFirst
from .bound import QueueVerbs
from .settings import policy_of

if TYPE_CHECKING:
    from ..render import Card, Value

_QUEUES = "projects.locations.queues"
_WITH_CONDITIONS = 3
_ROUNDS = 5


class Permissions(ShownFirst, list[str]):
    """The permissions that the caller has, as a list. It is shown as a checklist of all tested permissions.

    Attributes: `asked`, the tested permissions; `missing`, those that the caller lacks.

    Example:
        >>> "cloudtasks.queues.pause" in queue.test_iam_permissions(["cloudtasks.queues.pause"])
        True
    """

    def __init__(self, held: Iterable[str], asked: Sequence[str], resource: str) -> None:
        super().__init__(held)
        self.asked = list(asked)
        self.missing = [permission for permission in self.asked if permission not in self]
        self._resource = resource

    def _shape_(self) -> Card:
        from ..render import Card, Table, badge, muted

        columns = ["state", "permission", "roles that include it"]
        rows: list[list[Value]] = [
            [
                badge("held", "ok") if permission in self else badge("missing", "bad"),
                permission,
                None if permission in self else muted(", ".join(roles_with(permission)[:3])),
            ]
            for permission in self.asked
        ]
        width = len(columns) if self.missing else 2
        return Card(
            self._resource.rpartition("/")[2],
            kind="permissions",
            badge=badge(f"{len(self)} of {len(self.asked)} held", "warn" if self.missing else "ok"),
            table=Table(columns=columns[:width], rows=[row[:width] for row in rows]),
        )


class AccessVerbs(QueueVerbs):
    """The verbs of a queue's IAM policy."""

    __slots__ = ()

    def iam_policy(self) -> Policy:
        """Read the queue's policy; it is empty if none was ever set. Errors: NotFound, PermissionDenied.

        Source: REST queues.getIamPolicy.

        Example:
            >>> policy = queue.iam_policy()
            >>> policy = policy.grant("roles/cloudtasks.enqueuer", "user:ada@example.com")
            >>> queue.set_iam_policy(policy)
        """
        body = GetIamPolicyRequest(options=GetPolicyOptions(requested_policy_version=_WITH_CONDITIONS))
        return self._session.call(f"{_QUEUES}.getIamPolicy", Policy, path={"resource": self.name}, body=body)

    def set_iam_policy(self, policy: Policy | Mapping[str, Any]) -> Policy:
        """Replace the queue's policy. Returns the new policy, with its new etag.

        A policy from iam_policy() has an etag. If the policy was changed since then, this raises Aborted and overwrites
        nothing. A policy that you construct, also as a dict, has no etag unless you set one, and replaces any existing
        policy.

        Errors: Aborted, ConfigError, InvalidArgument (an unknown role or member), NotFound, PermissionDenied.
        Source: REST queues.setIamPolicy, SPEC section 7.

        Example:
            >>> policy = queue.iam_policy().grant("roles/cloudtasks.viewer", "user:ada@example.com")
            >>> queue.set_iam_policy(policy).members("roles/cloudtasks.viewer")
            ['user:ada@example.com']
        """
        policy = policy_of(policy)
        if any(binding.condition is not None for binding in policy.bindings):
            policy = replace(policy, version=_WITH_CONDITIONS)  # otherwise the service drops the conditions
        return self._session.call(
            f"{_QUEUES}.setIamPolicy",
            Policy,
            path={"resource": self.name},
            body=SetIamPolicyRequest(policy=policy),
        )

    def change_iam_policy(self, change: Callable[[Policy], Policy]) -> Policy:
        """Read the queue's policy, change it and set it. Repeats these steps if another client changed it meanwhile.

        Errors: Aborted after five tries, InvalidArgument, NotFound, PermissionDenied.
        Source: REST queues.getIamPolicy and queues.setIamPolicy.

        Example:
            >>> queue.change_iam_policy(
            ...     lambda policy: policy.revoke("roles/cloudtasks.viewer", "allUsers"))
        """
        for tries in range(1, _ROUNDS):
            try:
                return self.set_iam_policy(change(self.iam_policy()))
            except Aborted:
                self._session.pause(tries)
        return self.set_iam_policy(change(self.iam_policy()))

    def test_iam_permissions(self, permissions: Iterable[str] | str | None = None) -> Permissions:
        """Test which permissions the caller has: one, several, or by default all for a queue.

        Use it for display only: the service may report a permission wrongly, and returns none for a missing queue.

        Errors: InvalidArgument (a wildcard), AuthError, TransportError.
        Source: REST queues.testIamPermissions.

        Example:
            >>> queue.test_iam_permissions(["cloudtasks.queues.pause"])
        """
        several = [permissions] if isinstance(permissions, str) else permissions
        asked = list(QUEUE_PERMISSIONS if several is None else several)
        answer = self._session.call(
            f"{_QUEUES}.testIamPermissions",
            TestIamPermissionsResponse,
            path={"resource": self.name},
            body=TestIamPermissionsRequest(permissions=asked),
        )
        return Permissions(answer.permissions, asked, self.name)
