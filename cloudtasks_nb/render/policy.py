"""Cards of IAM policies: members, roles and conditions."""

from __future__ import annotations

from datetime import datetime

from ..model import Binding, Policy
from .dispatch import looks
from .shapes import Card, Table, Value
from .values import counted


@looks(Policy)
def _policy(policy: Policy, now: datetime) -> Card:
    with_condition = any(binding.condition is not None for binding in policy.bindings)
    rows = [
        (binding, member) for binding in policy.bindings for member in binding.members or ["(no members)"]
    ]

    def row(held: tuple[Binding, str]) -> dict[str, Value]:
        binding, member = held
        known: dict[str, Value] = {"role": binding.role, "member": member}
        return known | ({"condition": _condition(binding)} if with_condition else {})

    return Card(
        "IAM policy",
        kind=counted(len(policy.bindings), "binding"),
        facts={
            "version": policy.version if policy.version else None,
            "etag": policy.etag,
            "bindings": None if rows else "none: access comes from the project's policy alone",
        },
        table=Table.of(rows, row),
        code=['policy.grant("roles/…", "user:…")', "queue.set_iam_policy(policy)"],
    )


@looks(Binding)
def _binding(binding: Binding, now: datetime) -> Card:
    return Card(
        binding.role or "Binding",
        kind="IAM binding",
        facts={"condition": _condition(binding)},
        table=Table(columns=["member"], rows=[[member] for member in binding.members]),
    )


def _condition(binding: Binding) -> str | None:
    if binding.condition is None:
        return None
    title = f"{binding.condition.title}: " if binding.condition.title else ""
    return title + binding.condition.expression
