"""IAM policies and permissions of a queue, against the real emulator."""

from __future__ import annotations

from typing import Any

import pytest

import cloudtasks_nb as ct

VIEWER, ADA, BOB = "roles/cloudtasks.viewer", "user:ada@example.com", "user:bob@example.com"


def test_a_concurrent_change_is_aborted_and_nothing_is_overwritten(queue: ct.Queue) -> None:
    queue.set_iam_policy(queue.iam_policy().grant(VIEWER, ADA))
    mine, theirs = queue.iam_policy(), queue.iam_policy()
    held = queue.set_iam_policy(theirs.grant(VIEWER, BOB))
    with pytest.raises(ct.Aborted):
        queue.set_iam_policy(mine.grant("roles/cloudtasks.admin", ADA))
    assert queue.iam_policy() == held
    assert held.members(VIEWER) == [ADA, BOB]


def test_a_change_begins_again_when_somebody_else_was_faster(queue: ct.Queue) -> None:
    rivals = [BOB, "user:eve@example.com"]

    def change(policy: ct.Policy) -> ct.Policy:
        if rivals:
            queue.set_iam_policy(queue.iam_policy().grant(VIEWER, rivals.pop()))
        return policy.grant(VIEWER, ADA)

    changed = queue.change_iam_policy(change)
    assert set(changed.members(VIEWER)) == {ADA, BOB, "user:eve@example.com"}
    assert queue.iam_policy() == changed


def test_a_change_that_is_never_first_gives_up_and_changes_nothing(queue: ct.Queue) -> None:
    def change(policy: ct.Policy) -> ct.Policy:
        queue.set_iam_policy(ct.Policy(bindings=[ct.Binding(role=VIEWER, members=[BOB])]))
        return policy.grant(VIEWER, ADA)

    with pytest.raises(ct.Aborted):
        queue.change_iam_policy(change)
    assert queue.iam_policy().members(VIEWER) == [BOB]


def test_a_condition_survives_the_way_there_and_back(queue: ct.Queue) -> None:
    condition = ct.Expr(title="until may", expression='request.time < timestamp("2027-05-01T00:00:00Z")')
    by_hand = ct.Policy(bindings=[ct.Binding(role=VIEWER, members=[ADA], condition=condition)])
    assert queue.set_iam_policy(by_hand).version == 3
    assert queue.iam_policy().bindings[0].condition == condition


@pytest.mark.parametrize("given", [None, "roles/viewer", {"binding": []}, {"bindings": [VIEWER]}])
def test_a_policy_that_is_none_is_refused_here(queue: ct.Queue, given: Any) -> None:
    with pytest.raises(ct.ConfigError, match=r"[Pp]olicy"):
        queue.set_iam_policy(given)


def test_a_policy_may_be_a_dict(queue: ct.Queue) -> None:
    first = queue.set_iam_policy({"bindings": [{"role": VIEWER, "members": [ADA]}]})
    assert first.members(VIEWER) == [ADA]
    queue.set_iam_policy({"bindings": [], "etag": first.etag})
    with pytest.raises(ct.Aborted):
        queue.set_iam_policy({"bindings": [], "etag": first.etag})


def test_permissions_are_a_list_and_show_themselves_as_a_checklist(queue: ct.Queue) -> None:
    held = queue.test_iam_permissions(["cloudtasks.queues.get", "cloudtasks.tasks.run"])
    assert held == ["cloudtasks.queues.get", "cloudtasks.tasks.run"]
    assert held.missing == []
    assert "2 of 2 held" in str(held)
    assert queue.test_iam_permissions("cloudtasks.tasks.run") == ["cloudtasks.tasks.run"]
    queue.delete()
    none = queue.test_iam_permissions()
    assert none == []
    assert "cloudtasks.tasks.run" in none.missing
    assert "roles/cloudtasks.taskRunner" in none._repr_html_()
    with pytest.raises(ct.InvalidArgument):
        queue.test_iam_permissions(["cloudtasks.*"])
