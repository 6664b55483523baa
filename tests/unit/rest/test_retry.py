"""The retry policy: which errors are retried, how often, and after which delay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb import errors
from cloudtasks_nb.rest.retry import Retry

LATER = errors.Unavailable("later")
QUOTA = errors.ResourceExhausted("quota")
PASSING = (errors.Unavailable, errors.DeadlineExceeded, errors.ResourceExhausted)
POLICY = Retry(initial_s=1, multiplier=2, maximum_s=5, max_tries=3)


def delay_s(error: errors.CloudTasksError, **known: Any) -> float | None:
    facts = {"tries": 1, "repeatable": True, "remaining_s": 60.0, "chance": 1.0, **known}
    return POLICY.delay_s(error, **facts)


def lost(*, reached: bool) -> errors.TransportError:
    error = errors.TransportError("the connection broke")
    error.reached = reached
    return error


def test_what_may_pass_is_tried_again_where_that_is_safe() -> None:
    for passing in (LATER, errors.DeadlineExceeded("slow"), lost(reached=True)):
        assert delay_s(passing) == 1
        assert delay_s(passing, repeatable=False) is None


def test_a_refusal_for_lack_of_quota_is_tried_again_whatever_was_called() -> None:
    assert delay_s(QUOTA, repeatable=False) == 1


@pytest.mark.parametrize(
    "error",
    [
        lost(reached=False),
        errors.AuthError("no"),
        *(kind("no") for kind in errors.API_ERRORS if kind not in PASSING),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_pass_is_not_tried_again(error: errors.CloudTasksError) -> None:
    assert delay_s(error) is None


def test_tries_are_counted() -> None:
    assert [delay_s(LATER, tries=tries) for tries in (1, 2, 3, 4)] == [1, 2, None, None]


def test_a_delay_is_drawn_between_nothing_and_its_ceiling() -> None:
    assert [delay_s(LATER, tries=2, chance=chance) for chance in (0, 0.5, 1)] == [0, 1, 2]
    assert Retry(initial_s=1, multiplier=2, maximum_s=5).ceiling_s(50) == 5


def test_a_quota_is_given_half_of_the_first_delay_at_least() -> None:
    assert delay_s(QUOTA, chance=0) == 0.5
    assert delay_s(LATER, chance=0) == 0


@given(st.floats(0, 1), st.floats(0, 100))
def test_no_try_comes_earlier_than_the_service_asked_or_later_than_the_deadline(
    chance: float, asked_s: float
) -> None:
    found = delay_s(LATER, chance=chance, retry_after_s=asked_s, remaining_s=50)
    assert found is None if asked_s >= 50 else found is not None and asked_s <= found < 50
