"""IAM policies on a queue. Source: SPEC section 7."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import ConfigError, kind_of
from .json import Int32, Message

if TYPE_CHECKING:
    import pandas as pd

_WITH_CONDITIONS = 3
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")


class Expr(Message):
    """A condition in Common Expression Language.

    Example:
        >>> Binding(role="roles/cloudtasks.viewer", members=["allUsers"],
        ...         condition=Expr(expression="request.time < timestamp('2027-01-01T00:00:00Z')", title="this year"))
    """

    expression: str = ""
    """The condition itself."""
    title: str = ""
    """The title."""
    description: str = ""
    """The description."""
    location: str = ""
    """The source of the expression, for error messages."""


class Binding(Message):
    """Members that hold a role, under a condition if one is set.

    Example:
        >>> Policy().grant("roles/cloudtasks.viewer", "allUsers").bindings[0].members
        ['allUsers']
    """

    role: str = ""
    """The role, such as roles/cloudtasks.viewer."""
    members: list[str] = []
    """Who holds it: "user:…", "serviceAccount:…", "group:…", "domain:…", "allUsers"."""
    condition: Expr | None = None
    """When they hold it; None for always."""


class Policy(Message):
    """The roles of members on a queue. `etag` (base64) detects concurrent changes; `grant` and `revoke` keep it.

    Example:
        >>> policy = Policy(etag="BwWWja0YfJA=").grant("roles/cloudtasks.viewer", "user:ada@example.com")
        >>> policy.members("roles/cloudtasks.viewer")
        ['user:ada@example.com']
    """

    version: Int32 = 0
    """3 with conditions, else 0 or 1."""
    bindings: list[Binding] = []
    """Which members hold which role."""
    etag: str = ""
    """The version that was read, in base64. The service rejects an update if the policy has changed since."""

    def members(self, role: str) -> list[str]:
        """Who holds a role, with or without a condition.

        Example:
            >>> Policy().members("roles/cloudtasks.viewer")
            []
        """
        return [member for binding in self.bindings if binding.role == role for member in binding.members]

    def roles(self, member: str) -> list[str]:
        """Which roles a member holds by name.

        Example:
            >>> Policy().grant("roles/cloudtasks.viewer", "user:ada@example.com").roles("user:ada@example.com")
            ['roles/cloudtasks.viewer']
        """
        return [binding.role for binding in self.bindings if member in binding.members]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per member of a binding. Shapes: role, member, condition_title, condition_expression.

        Example:
            >>> Policy().grant("roles/cloudtasks.viewer", "allUsers").to_dataframe()
        """
        from ..frames import policy_frame

        return policy_frame(self)

    def grant(self, role: str, *members: str, condition: Expr | None = None) -> Policy:
        """Return a new policy with these members in a role; this one does not change. Errors: ConfigError.

        Example:
            >>> Policy().grant("roles/cloudtasks.viewer", "allUsers").members("roles/cloudtasks.viewer")
            ['allUsers']
        """
        _check(role, members, condition)
        return self._changed(
            role,
            condition,
            lambda held: [*held, *(member for member in dict.fromkeys(members) if member not in held)],
        )

    def revoke(self, role: str, *members: str, condition: Expr | None = None) -> Policy:
        """Return a new policy without these members in a role; others are ignored. Errors: ConfigError.

        Example:
            >>> policy = Policy().grant("roles/cloudtasks.viewer", "allUsers", "user:ada@example.com")
            >>> policy.revoke("roles/cloudtasks.viewer", "allUsers").members("roles/cloudtasks.viewer")
            ['user:ada@example.com']
        """
        _check(role, members, condition)
        return self._changed(
            role, condition, lambda held: [member for member in held if member not in members]
        )

    def _changed(self, role: str, condition: Expr | None, change: Callable[[list[str]], list[str]]) -> Policy:
        bindings = list(self.bindings)
        if not any(binding.role == role and binding.condition == condition for binding in bindings):
            bindings.append(Binding(role=role, condition=condition))
        changed = [
            replace(binding, members=change(binding.members))
            if binding.role == role and binding.condition == condition
            else binding
            for binding in bindings
        ]
        kept = [binding for binding in changed if binding.members]  # the API rejects a role without members
        conditional = any(binding.condition is not None for binding in kept)
        return replace(self, bindings=kept, version=_WITH_CONDITIONS if conditional else self.version)


def _check(role: str, members: tuple[str, ...], condition: Expr | None) -> None:
    if not isinstance(condition, Expr | None):
        raise ConfigError(
            f"condition must be a ct.Expr, not {kind_of(condition)}.",
            hint='pass ct.Expr(title="...", expression="..."), or omit it',
        )
    if not isinstance(role, str) or "/" not in role:
        raise ConfigError(
            f"{role!r} is not the name of a role.", hint='write "roles/cloudtasks.viewer", for example'
        )
    if not members:
        raise ConfigError("No member was given.", hint='write policy.grant(role, "user:ada@example.com")')
    for member in members:
        if not isinstance(member, str) or (":" not in member and member not in _EVERYBODY):
            raise ConfigError(
                f"{member!r} is not a member.",
                hint='write "user:...", "serviceAccount:...", "group:...", "domain:...", '
                '"allUsers" or "allAuthenticatedUsers"',
            )
