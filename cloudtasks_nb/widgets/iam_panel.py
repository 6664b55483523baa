"""The access panel: reads and edits the IAM policy of a queue, and checks the caller's permissions."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import traitlets
from msgspec.structs import asdict

from ..errors import Aborted, CloudTasksError
from ..model.policy import Policy
from ..model.roles import ROLES, roles_with
from ..render import Shape
from ..render.values import counted
from ..visible import shown
from .action import Refused, action
from .cells import instant
from .panel import Panel
from .policy_draft import Draft, Grant, difference, grants, in_words, who_can_what
from .sharing import EVERY_S
from .still import access_still, gone_still

if TYPE_CHECKING:
    from ..resources.queue import Queue


def _save_line(panel: IamPanel) -> str:
    call = f"{panel.expression}.set_iam_policy(policy{panel.draft.code(panel.policy)})"
    return f"policy = {panel.expression}.iam_policy()\n{call}"


class IamPanel(Panel):
    """The members and roles of a queue's own policy, their abilities, and the caller's permissions.

    Changes are drafted, shown as a difference, and saved over the policy that was read. If somebody else changed the
    policy in the meantime, nothing is overwritten, their change is shown, and the draft stays. The project's policy is
    not shown.

    Example:
        >>> panel = queue.iam_panel()
        >>> panel.grant("roles/cloudtasks.enqueuer", "user:ada@example.com")
        >>> panel.save()
    """

    _script = "iam_panel"

    facts = traitlets.Dict().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)
    checklist = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, read_only: bool = False, every_s: float = EVERY_S) -> None:
        self.policy = Policy()
        self.draft = Draft()
        self._theirs: list[dict[str, str]] = []
        super().__init__(queue, read_only=read_only, every_s=every_s)
        self._show(None)
        for read in (self.refresh, self.check):
            with suppress(CloudTasksError):  # shown in the status line; one of the two may work
                read()

    @property
    def read_at(self) -> datetime | None:
        """When the policy was read."""
        return self._read_at

    def _shape_(self) -> Shape:
        """The bindings, the abilities of each member, and the caller's permissions."""
        if self.gone:
            return gone_still(self.queue, "access")
        return access_still(self.queue, self.facts["rows"], self.facts["who"], self.checklist)

    @action("{queue}.iam_policy()")
    def refresh(self) -> str:
        """Read the policy again; the draft stays. Errors: NotFound, PermissionDenied."""
        self.look()
        return ""

    @action("{queue}.test_iam_permissions()")
    def check(self) -> str:
        """Ask which permissions on this queue the caller holds. Errors: AuthError, TransportError."""
        held = self.queue.test_iam_permissions()
        self.checklist = {
            "identity": shown(self.queue._session.auth.identity),
            "rows": [[name, name in held, ", ".join(roles_with(name)[:2])] for name in held.asked],
            "updated": instant(datetime.now(UTC)),
        }
        return ""

    @action(changes=True, busy=False)
    def grant(self, role: str, member: str) -> str:
        """Draft: give a role to a member. Errors: ConfigError for an invalid role or member; Refused when read-only."""
        self.draft.grant(self.policy, str(role).strip(), str(member).strip())
        self._show(self._read_at)
        return ""

    @action(changes=True, busy=False)
    def revoke(self, role: str, member: str, condition: str = "") -> str:
        """Draft: remove a member from a role; `condition` is the text of its condition. Errors: Refused."""
        if not self.draft.revoke(self.policy, Grant(role, member, condition)):
            raise Refused("This member does not have this role.", hint="refresh the policy")
        self._show(self._read_at)
        return ""

    @action(changes=True, busy=False)
    def keep(self, role: str, member: str, condition: str = "") -> str:
        """Draft: undo the removal of a member from a role."""
        self.draft.keep(Grant(role, member, condition))
        self._show(self._read_at)
        return ""

    @action(changes=True, busy=False)
    def discard(self) -> str:
        """Discard the draft."""
        self.draft, self._theirs = Draft(), []
        self._show(self._read_at)
        return ""

    @action(_save_line, changes=True)
    def save(self) -> str:
        """Save the draft over the policy that was read.

        Errors: Aborted when somebody else changed the policy: nothing is saved, their change is shown, and the draft
        stays. Refused when there is nothing to save, or when read-only. InvalidArgument, PermissionDenied.
        """
        wanted = self.draft.apply(self.policy)
        saved = difference(self.policy, wanted)
        if not saved:
            raise Refused("There are no changes to save.", hint="add or remove a member first")
        try:
            policy = self.queue.set_iam_policy(wanted)
        except Aborted as error:
            self.look()
            words = "Somebody else changed the policy in the meantime. Nothing was saved."
            raise Aborted(words, hint="check their changes, then save again") from error
        self.draft, self._theirs = Draft(), []
        self._take(policy)
        return f"Saved {counted(len(saved), 'change')}."

    def look(self) -> None:
        """Read the policy; show changes by others beside a draft. Errors: NotFound, PermissionDenied."""
        policy = self.queue.iam_policy()
        if self._read_at is not None and (self.draft.added or self.draft.removed):
            self._theirs = [*self._theirs, *difference(self.policy, policy)]
        self._take(policy)

    def _take(self, policy: Policy) -> None:
        self.found()
        self.policy = policy
        self.draft.rebase(policy)
        self._show(datetime.now(UTC))

    def _show(self, read_at: datetime | None) -> None:
        self._read_at = read_at
        marks = dict.fromkeys(self.draft.removed, "removed")
        rows = [(grant, marks.get(grant, "")) for grant in grants(self.policy)]
        self.facts = {
            "id": self.queue.id,
            "location": self.queue.location,
            "rows": [
                _row(grant, mark) for grant, mark in [*rows, *((new, "added") for new in self.draft.added)]
            ],
            "who": who_can_what(self.draft.apply(self.policy)),
            "roles": list(ROLES),
            "etag": shown(self.policy.etag),
            "updated": instant(read_at),
        }
        self.changes = {
            "lines": difference(self.policy, self.draft.apply(self.policy)),
            "theirs": self._theirs,
        }


def _row(grant: Grant, mark: str) -> dict[str, Any]:
    """A grant as plain data to send back, and as escaped words to show."""
    return {"grant": asdict(grant), **in_words(grant), "mark": mark}
