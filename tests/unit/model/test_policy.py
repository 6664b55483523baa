"""Policies: grant and revoke return a new policy and lose no data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.model import Binding, Expr, Policy
from cloudtasks_nb.model.roles import PERMISSIONS, QUEUE_PERMISSIONS, ROLES, roles_with

VIEWER, RUNNER = "roles/cloudtasks.viewer", "roles/cloudtasks.taskRunner"
ADA, BOB = "user:ada@example.com", "user:bob@example.com"
ROLE = st.sampled_from([VIEWER, RUNNER])
MEMBERS = st.lists(st.sampled_from([ADA, BOB, "allUsers"]), min_size=1, max_size=3)


def test_a_grant_makes_a_new_policy_and_keeps_the_etag() -> None:
    policy = Policy(etag="BwWWja0YfJA=", bindings=[Binding(role=VIEWER, members=[ADA])])
    granted = policy.grant(VIEWER, BOB, ADA).grant(RUNNER, BOB)
    assert policy.members(VIEWER) == [ADA]
    assert (granted.members(VIEWER), granted.members(RUNNER), granted.etag) == (
        [ADA, BOB],
        [BOB],
        policy.etag,
    )
    assert granted.roles(BOB) == [VIEWER, RUNNER]
    assert granted.revoke(RUNNER, BOB).bindings == granted.bindings[:1]  # a role without members is removed


def test_a_condition_is_a_binding_of_its_own_and_asks_for_version_3() -> None:
    condition = Expr(title="until may", expression='request.time < timestamp("2027-05-01T00:00:00Z")')
    policy = Policy(bindings=[Binding(role=VIEWER, members=[ADA])]).grant(VIEWER, ADA, condition=condition)
    assert (len(policy.bindings), policy.version) == (2, 3)
    assert policy.revoke(VIEWER, ADA).bindings == [Binding(role=VIEWER, members=[ADA], condition=condition)]


@given(st.lists(st.tuples(ROLE, MEMBERS)), ROLE, MEMBERS)
def test_what_is_granted_is_held_and_what_is_revoked_is_not(
    before: list[tuple[str, list[str]]], role: str, members: list[str]
) -> None:
    policy = Policy(bindings=[Binding(role=name, members=held) for name, held in before])
    granted = policy.grant(role, *members)
    assert set(granted.members(role)) == {*policy.members(role), *members}
    assert set(granted.revoke(role, *members).members(role)) == set(policy.members(role)) - set(members)
    other = RUNNER if role == VIEWER else VIEWER
    assert granted.members(other) == policy.members(other)


@pytest.mark.parametrize(
    ("role", "members"), [("viewer", [ADA]), (VIEWER, []), (VIEWER, ["ada"]), (VIEWER, [ADA, "allusers"])]
)
def test_what_is_no_role_or_member_is_refused(role: str, members: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Policy().grant(role, *members)
    assert caught.value.hint


def test_everybody_is_a_member() -> None:
    everybody = ["allUsers", "allAuthenticatedUsers"]
    assert Policy().grant(VIEWER, *everybody).members(VIEWER) == everybody


def test_every_permission_has_a_role_and_the_narrowest_comes_first() -> None:
    assert all(roles_with(permission) for permission in (*PERMISSIONS, *QUEUE_PERMISSIONS))
    assert roles_with("cloudtasks.tasks.create")[0] == "roles/cloudtasks.enqueuer"
    assert roles_with("cloudtasks.queues.setIamPolicy") == [
        "roles/cloudtasks.queueAdmin",
        "roles/cloudtasks.admin",
        "roles/owner",
    ]
    assert not ROLES["roles/cloudtasks.enqueuer"] - set(PERMISSIONS)
