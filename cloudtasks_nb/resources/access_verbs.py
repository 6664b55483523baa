"""Who may do what with a queue: its IAM policy, and what the caller holds."""

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
    """The permissions that the caller holds, as a list; shows itself as a checklist of all that were asked about.

    Attributes: `asked`, and `missing`, what was asked about and is not held.

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

        columns = ["state", "permission", "roles that hold it"]
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
        """Its policy, empty when none was ever set. Errors: NotFound, PermissionDenied.

        Source: REST queues.getIamPolicy.

        Example:
            >>> policy = queue.iam_policy()
            >>> policy = policy.grant("roles/cloudtasks.enqueuer", "user:ada@example.com")
            >>> queue.set_iam_policy(policy)
        """
        body = GetIamPolicyRequest(options=GetPolicyOptions(requested_policy_version=_WITH_CONDITIONS))
        return self._session.call(f"{_QUEUES}.getIamPolicy", Policy, path={"resource": self.name}, body=body)

    def set_iam_policy(self, policy: Policy | Mapping[str, Any]) -> Policy:
        """Replace its policy; the answer is the policy that holds now, with its new etag.

        A policy that came from iam_policy() carries its etag: when it was changed meanwhile, this is Aborted and
        nothing is overwritten. One made by hand, also as a dict, has no etag unless it is given one, and replaces
        whatever is there.

        Errors: Aborted, ConfigError, InvalidArgument (an unknown role or member), NotFound, PermissionDenied.
        Source: REST queues.setIamPolicy, SPEC section 7.

        Example:
            >>> policy = queue.iam_policy().grant("roles/cloudtasks.viewer", "user:ada@example.com")
            >>> queue.set_iam_policy(policy).members("roles/cloudtasks.viewer")
            ['user:ada@example.com']
        """
        policy = policy_of(policy)
        if any(binding.condition is not None for binding in policy.bindings):
            policy = replace(policy, version=_WITH_CONDITIONS)  # or the service would drop the conditions
        return self._session.call(
            f"{_QUEUES}.setIamPolicy",
            Policy,
            path={"resource": self.name},
            body=SetIamPolicyRequest(policy=policy),
        )

    def change_iam_policy(self, change: Callable[[Policy], Policy]) -> Policy:
        """Read its policy, change it and set it; again from the start when somebody else was faster.

        Errors: Aborted after five rounds, InvalidArgument, NotFound, PermissionDenied.
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
        """Which of these permissions (one, several, or by default all that concern a queue) the caller holds.

        Meant for display: the service may say yes without being sure, and a missing queue has an empty answer.

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
