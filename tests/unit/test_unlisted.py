"""The names and reasons of everything that could not be listed, in one error."""

from __future__ import annotations

import pickle

from cloudtasks_nb.errors import PermissionDenied
from cloudtasks_nb.unlisted import by_reason


def denied(name: str) -> str:
    return f"403 PERMISSION_DENIED: You may not list projects/p/locations/l/queues/{name}."


def test_the_same_reason_is_told_once_and_the_rest_is_counted() -> None:
    names = [f"q{n}" for n in range(1_200)]
    assert by_reason({name: denied(name) for name in names[:3]}) == [("q0, q1, q2", denied("q0"))]
    late, many = by_reason({"a": "Timeout: late", **{name: denied(name) for name in names}})
    assert late == ("a", "Timeout: late")
    assert many[0].startswith("q0, q1, ") and many[0].endswith(", q9 and 1,190 more")


def test_many_reasons_and_long_messages_are_cut() -> None:
    rows = by_reason({f"q{n}": f"400 INVALID_ARGUMENT: {n} {'no' * 200}" for n in range(13)})
    assert len(rows) == 11 and rows[-1] == ("q10, q11, q12", "other reasons")
    assert rows[0][1].startswith("400 INVALID_ARGUMENT: 0 no") and len(rows[0][1]) < 170


def test_an_error_tells_them_as_text_and_as_a_card_and_keeps_them() -> None:
    error = PermissionDenied("You may not.", code=403)
    error.not_listed = {
        "l/a": "403 PERMISSION_DENIED: You may not.",
        "l/<b>": "",
        "l/c": "DecodeError: no JSON",
    }
    for one in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert str(one).splitlines()[1:] == [
            "  response: 403 PERMISSION_DENIED",
            "  not listed: l/a: 403 PERMISSION_DENIED: You may not.",
            "  not listed: l/<b>",
            "  not listed: l/c: DecodeError: no JSON",
        ]
        assert "l/&lt;b&gt;" in one._repr_html_() and "DecodeError" in one._repr_html_()
    error.not_listed = {"l/a": "403 PERMISSION_DENIED: You may not."}
    assert "not listed" not in str(error), "it is the request of the error"
