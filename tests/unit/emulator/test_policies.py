"""Stored policies: checked by etag, limited, and without conditions for callers of older versions."""

from __future__ import annotations

from typing import Any

import pytest

from cloudtasks_nb.errors import Aborted, InvalidArgument
from cloudtasks_nb.model import Binding, Expr, Policy
from cloudtasks_nb.model.messages import GetIamPolicyRequest, GetPolicyOptions, SetIamPolicyRequest

from .conftest import QUEUE, Emulator

VIEWER, ADA = "roles/cloudtasks.viewer", "user:ada@example.com"


def put(emulator: Emulator, policy: Policy) -> dict[str, Any]:
    return emulator("queues.setIamPolicy", resource=QUEUE, body=SetIamPolicyRequest(policy=policy))


def test_an_etag_may_be_written_in_either_alphabet_and_without_padding(emulator: Emulator) -> None:
    emulator.queue()
    for _ in range(20):  # etags are random: some of these contain each special character
        etag = put(emulator, Policy())["etag"]
        written = etag.rstrip("=").replace("+", "-").replace("/", "_")
        again = put(emulator, Policy(etag=written))["etag"]
        assert again != etag
        with pytest.raises(Aborted, match="concurrent policy changes"):
            put(emulator, Policy(etag=written))


def test_a_policy_has_at_most_1500_members(emulator: Emulator) -> None:
    emulator.queue()

    def members(count: int) -> Policy:
        return Policy(
            bindings=[Binding(role=VIEWER, members=[f"user:u{n}@example.com" for n in range(count)])]
        )

    assert len(put(emulator, members(1500))["bindings"][0]["members"]) == 1500
    with pytest.raises(InvalidArgument):
        put(emulator, members(1501))


def test_whoever_does_not_know_conditions_sees_a_role_that_is_no_role(emulator: Emulator) -> None:
    emulator.queue()
    condition = Expr(title="until may", expression="request.time.getHours() < 18")
    put(emulator, Policy(version=3, bindings=[Binding(role=VIEWER, members=[ADA], condition=condition)]))

    def seen(version: int) -> dict[str, Any]:
        options = GetPolicyOptions(requested_policy_version=version)
        return emulator("queues.getIamPolicy", resource=QUEUE, body=GetIamPolicyRequest(options=options))

    assert seen(3)["bindings"][0]["role"] == VIEWER
    for version in (0, 1):
        shown = seen(version)
        assert shown["version"] == 1
        assert shown["bindings"][0]["role"].startswith(f"{VIEWER}_withcond_")
        assert "condition" not in shown["bindings"][0]
    with pytest.raises(InvalidArgument):
        seen(2)
