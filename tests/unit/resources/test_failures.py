"""The names and reasons of everything that could not be listed, in one error."""

from __future__ import annotations

from cloudtasks_nb.errors import InvalidArgument, PermissionDenied
from cloudtasks_nb.resources.failures import Reason, not_listed


def denied(name: str) -> Reason:
    return Reason.of(PermissionDenied(f"You may not list projects/p/locations/l/queues/{name}.", code=403))


def test_the_same_reason_is_told_once_and_the_rest_is_counted() -> None:
    names = [f"l/q{n}" for n in range(1_200)]
    assert not_listed({name: denied(name) for name in names[:3]}) == "l/q0, l/q1, l/q2 could not be listed"
    many = not_listed({"l/a": Reason("Timeout", "late"), **{name: denied(name) for name in names}})
    assert many.startswith("l/a could not be listed; l/q0, l/q1, l/q2, ")
    assert "l/q9 and 1,190 more could not be listed (403 PERMISSION_DENIED: You may not list proj" in many
    assert len(many) < 500


def test_many_reasons_and_long_messages_are_cut_and_unknown_ones_are_left_out() -> None:
    reasons = {f"q{n}": Reason.of(InvalidArgument("no\n" * 200 + str(n), code=400)) for n in range(9)}
    said = not_listed({"q": None, **reasons})
    assert said.startswith("q could not be listed; q0 could not be listed (400 INVALID_ARGUMENT: no no ")
    assert said.endswith("…); q4, q5, q6, q7, q8 could not be listed for other reasons")
    assert len(said) < 1_200 and "\n" not in said
    assert not_listed({"a": denied("a"), "b": None}) == "a could not be listed; b could not be listed"
