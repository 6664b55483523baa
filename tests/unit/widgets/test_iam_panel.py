from __future__ import annotations

from collections.abc import Callable

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.policy import Binding, Expr, Policy
from cloudtasks_nb.widgets.clickable import Clickable
from cloudtasks_nb.widgets.iam_panel import IamPanel
from cloudtasks_nb.widgets.policy_draft import ABILITIES, Draft, Grant, difference, who_can_what

from .page import FakePage

Clicking = Callable[[Clickable], FakePage]
ADA, BOB = "user:ada@example.com", "serviceAccount:bob@example.com"
VIEWER, RUNNER = "roles/cloudtasks.viewer", "roles/cloudtasks.taskRunner"


@pytest.fixture
def panel(queue: ct.Queue) -> IamPanel:
    queue.set_iam_policy(queue.iam_policy().grant(VIEWER, ADA))
    return queue.iam_panel()


def test_a_draft_is_shown_as_a_difference_and_saved_with_the_etag(
    panel: IamPanel, queue: ct.Queue, clicking: Clicking
) -> None:
    page = clicking(panel)
    page.click("grant", role=RUNNER, member=f" {BOB} ")
    page.click("revoke", role=VIEWER, member=ADA)
    lines = [(line["sign"], line["role"], line["member"]) for line in panel.changes["lines"]]
    assert lines == [("-", VIEWER, ADA), ("+", RUNNER, BOB)]
    assert [row["mark"] for row in panel.facts["rows"]] == ["removed", "added"]
    assert queue.iam_policy().members(VIEWER) == [ADA]  # not saved yet
    assert page.click("save") == "Saved 2 changes."
    now = queue.iam_policy()
    assert (now.members(VIEWER), now.members(RUNNER), panel.policy.etag) == ([], [BOB], now.etag)
    assert panel.changes["lines"] == []


def test_the_line_of_a_save_does_the_same(
    panel: IamPanel, queue: ct.Queue, client: ct.Client, clicking: Clicking
) -> None:
    page = clicking(panel)
    page.click("grant", role=RUNNER, member=BOB)
    page.click("revoke", role=VIEWER, member=ADA)
    page.click("save")
    queue.set_iam_policy(Policy(bindings=[Binding(VIEWER, [ADA])]))
    exec(panel.lines[-1], {"client": client})  # noqa: S102 - the line is what is tested
    assert (queue.iam_policy().members(VIEWER), queue.iam_policy().members(RUNNER)) == ([], [BOB])


def test_a_concurrent_change_is_shown_and_nothing_is_overwritten(
    panel: IamPanel, queue: ct.Queue, clicking: Clicking
) -> None:
    page = clicking(panel)
    page.click("grant", role=RUNNER, member=BOB)
    theirs = queue.set_iam_policy(queue.iam_policy().revoke(VIEWER, ADA).grant(VIEWER, "allUsers"))
    assert page.click("save").startswith("Somebody else changed the policy")
    assert queue.iam_policy() == theirs
    assert [(line["sign"], line["member"]) for line in panel.changes["theirs"]] == [
        ("-", ADA),
        ("+", "allUsers"),
    ]
    assert [line["member"] for line in panel.changes["lines"]] == [BOB]
    assert page.click("save") == "Saved 1 change."
    assert queue.iam_policy().members(VIEWER) == ["allUsers"]
    assert queue.iam_policy().members(RUNNER) == [BOB]
    assert panel.changes["theirs"] == []


def test_what_others_changed_reaches_the_page(panel: IamPanel, queue: ct.Queue, clicking: Clicking) -> None:
    page = clicking(panel)
    page.click("grant", role=RUNNER, member=BOB)
    queue.set_iam_policy(queue.iam_policy().grant(VIEWER, "allUsers"))
    page.sent.clear()
    page.click("refresh")
    updates = [data["state"]["changes"] for data in page.sent if "changes" in data.get("state", {})]
    assert [line["member"] for line in updates[-1]["theirs"]] == ["allUsers"]


def test_a_draft_can_be_taken_back_bit_by_bit_or_whole(panel: IamPanel, clicking: Clicking) -> None:
    page = clicking(panel)
    page.click("revoke", role=VIEWER, member=ADA)
    page.click("keep", role=VIEWER, member=ADA)
    page.click("grant", role=RUNNER, member=BOB)
    page.click("revoke", role=RUNNER, member=BOB)
    page.click("grant", role=VIEWER, member=ADA)  # holds it already
    assert panel.changes["lines"] == []
    assert page.click("save") == "There are no changes to save."
    page.click("grant", role=RUNNER, member=BOB)
    page.click("discard")
    assert panel.changes["lines"] == []


@pytest.mark.parametrize(
    ("role", "member"), [("viewer", ADA), ("", ""), (VIEWER, "ada"), (VIEWER, None), (None, ADA)]
)
def test_what_is_no_role_or_member_is_refused(
    panel: IamPanel, clicking: Clicking, role: object, member: object
) -> None:
    clicking(panel).click("grant", role=role, member=member)
    assert panel.notice["level"] == "error" and panel.notice["hint"]
    assert panel.changes["lines"] == []


def test_only_what_is_there_can_be_taken_out(panel: IamPanel, clicking: Clicking) -> None:
    assert clicking(panel).click("revoke", role=RUNNER, member=ADA) == "This member does not have this role."
    assert clicking(panel).click("revoke", role=[RUNNER], member={}).startswith(("There is no", "Unexpected"))


def test_the_checklist_says_what_the_caller_holds(
    panel: IamPanel, clicking: Clicking, queue: ct.Queue
) -> None:
    held = {name: held for name, held, _ in panel.checklist["rows"]}
    assert held["cloudtasks.queues.purge"] is True
    assert panel.checklist["identity"] == "anonymous"
    queue.delete()
    clicking(panel).click("check")
    assert {held for _, held, _ in panel.checklist["rows"]} == {False}
    assert panel.checklist["rows"][0][2].startswith("roles/")


def test_a_panel_opens_although_the_policy_may_not_be_read(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: ct.Queue) -> Policy:
        raise ct.PermissionDenied("no")

    monkeypatch.setattr(ct.Queue, "iam_policy", refuse)
    panel = queue.iam_panel()
    assert panel.facts["rows"] == [] and panel.checklist["rows"]
    panel.close()


def test_conditions_stay_on_what_is_not_touched() -> None:
    when = Expr(title="office", expression="request.time.getHours() < 18")
    policy = Policy(version=3, bindings=[Binding(VIEWER, [ADA, BOB], when), Binding(VIEWER, [ADA])], etag="x")
    draft = Draft()
    draft.revoke(policy, Grant(VIEWER, ADA, "office: request.time.getHours() < 18"))
    after = draft.apply(policy)
    assert after.bindings == [Binding(VIEWER, [BOB], when), Binding(VIEWER, [ADA])]
    assert after.etag == "x"
    assert [line["condition"] for line in difference(policy, after)] == [
        "office: request.time.getHours() < 18"
    ]
    again = eval(f"policy{draft.code(policy)}", {"policy": policy})  # noqa: S307 - the line is what is tested
    assert again == after


def test_roles_are_expanded_to_what_they_let_one_do() -> None:
    on = Expr(expression="false")
    policy = Policy(
        bindings=[
            Binding(VIEWER, [ADA]),
            Binding("roles/cloudtasks.admin", [BOB], on),
            Binding("projects/p/roles/own", [ADA]),
        ]
    )
    ada, bob = sorted(who_can_what(policy)["members"], key=lambda row: row["member"] == BOB)
    able = dict(zip(ABILITIES, ada["cells"], strict=True))
    assert (able["See queue"], able["List tasks"], able["Payloads"], able["Purge"]) == ("yes", "yes", "", "")
    assert set(bob["cells"]) == {"if"}
    assert (ada["others"], bob["others"]) == (["projects/p/roles/own"], [])
