"""The draft of an IAM policy: added and removed grants, and what each member can do with them. (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ..model.policy import Expr, Policy
from ..model.roles import PERMISSIONS, PREFIX, ROLES
from ..visible import shown
from .action import literal


class Grant(Struct, frozen=True):
    """One member in one role. `condition` is its text; it distinguishes grants of the same role and member."""

    role: str
    member: str
    condition: str = ""


def grants(policy: Policy) -> dict[Grant, Expr | None]:
    """Every member in every role, with its condition."""
    return {
        Grant(binding.role, member, _words(binding.condition)): binding.condition
        for binding in policy.bindings
        for member in binding.members
    }


class Draft(Struct):
    """Grants to add to a policy, and grants to remove."""

    added: list[Grant] = []
    removed: list[Grant] = []

    def grant(self, policy: Policy, role: str, member: str) -> None:
        """Add a grant, or undo its planned removal. Errors: ConfigError for an invalid role or member."""
        Policy().grant(role, member)  # checks both
        wanted = Grant(role, member)
        if wanted in self.removed:
            self.removed.remove(wanted)
        elif wanted not in self.added and wanted not in grants(policy):
            self.added.append(wanted)

    def revoke(self, policy: Policy, gone: Grant) -> bool:
        """Plan to remove a grant. Returns False if the policy does not have it."""
        if gone in self.added:
            self.added.remove(gone)
        elif gone in grants(policy):
            self.removed += [] if gone in self.removed else [gone]
        else:
            return False
        return True

    def keep(self, grant: Grant) -> None:
        """Undo the planned removal of a grant."""
        self.removed = [gone for gone in self.removed if gone != grant]

    def rebase(self, policy: Policy) -> None:
        """Drop changes that this policy already contains."""
        held = grants(policy)
        self.added = [grant for grant in self.added if grant not in held]
        self.removed = [grant for grant in self.removed if grant in held]

    def apply(self, policy: Policy) -> Policy:
        """The policy with the draft applied; it keeps the etag, so the service detects concurrent changes."""
        held = grants(policy)
        for gone in self.removed:
            policy = policy.revoke(gone.role, gone.member, condition=held[gone])
        for new in self.added:
            policy = policy.grant(new.role, new.member)
        return policy

    def code(self, policy: Policy) -> str:
        """The changes as calls of Policy's methods: '.revoke("roles/…", "user:…").grant(…)'."""
        held = grants(policy)
        calls = [("revoke", gone, held.get(gone)) for gone in self.removed] + [
            ("grant", new, None) for new in self.added
        ]
        return "".join(_call(policy, verb, grant, condition) for verb, grant, condition in calls)


def difference(before: Policy, after: Policy) -> list[dict[str, str]]:
    """The difference as lines with a sign: "-" for removed grants, "+" for added ones."""
    old, new = grants(before), grants(after)
    gone, came = [grant for grant in old if grant not in new], [grant for grant in new if grant not in old]
    return [*(_line("-", grant) for grant in gone), *(_line("+", grant) for grant in came)]


# The abilities shown, and the permissions that each needs.
ABILITIES: dict[str, tuple[str, ...]] = {
    "See queue": ("queues.get",),
    "Pause, resume": ("queues.pause", "queues.resume"),
    "Change": ("queues.update",),
    "Purge": ("queues.purge",),
    "Delete queue": ("queues.delete",),
    "Access": ("queues.getIamPolicy", "queues.setIamPolicy"),
    "List tasks": ("tasks.list", "tasks.get"),
    "Payloads": ("tasks.fullView",),
    "Create": ("tasks.create",),
    "Run": ("tasks.run",),
    "Delete tasks": ("tasks.delete",),
}


def who_can_what(policy: Policy) -> dict[str, Any]:
    """The abilities of each member by its roles on this queue: "yes", "part", "if" (with a condition) or "".

    Other than predefined roles are only named.
    """
    held: dict[str, list[Grant]] = {}
    for grant in grants(policy):
        held.setdefault(grant.member, []).append(grant)
    return {
        "abilities": list(ABILITIES),
        "needs": [[PREFIX + name for name in names] for names in ABILITIES.values()],
        "members": [
            {
                "member": shown(member),
                "cells": [_ability(given, names) for names in ABILITIES.values()],
                "others": [shown(grant.role) for grant in given if grant.role not in ROLES],
            }
            for member, given in sorted(held.items())
        ],
    }


def _ability(given: Iterable[Grant], names: tuple[str, ...]) -> str:
    def permissions(conditional: bool) -> set[str]:
        return {
            permission
            for grant in given
            if conditional or not grant.condition
            for permission in ROLES.get(grant.role, frozenset()) & set(PERMISSIONS)
        }

    needed = {PREFIX + name for name in names}
    if needed <= permissions(conditional=False):
        return "yes"
    if needed <= permissions(conditional=True):
        return "if"
    return "part" if needed & permissions(conditional=True) else ""


def _words(condition: Expr | None) -> str:
    if condition is None:
        return ""
    return f"{condition.title}: {condition.expression}".removeprefix(": ")


def _line(sign: str, grant: Grant) -> dict[str, str]:
    return {"sign": sign, **in_words(grant)}


def in_words(grant: Grant) -> dict[str, str]:
    """The parts of a grant, escaped for display."""
    return {name: shown(text) for name, text in asdict(grant).items()}


def _call(policy: Policy, verb: str, grant: Grant, condition: Expr | None) -> str:
    on = ""
    if condition is not None:
        same = (grant.role, condition)
        at = next(at for at, held in enumerate(policy.bindings) if (held.role, held.condition) == same)
        on = f", condition=policy.bindings[{at}].condition"
    return f".{verb}({literal(grant.role)}, {literal(grant.member)}{on})"
