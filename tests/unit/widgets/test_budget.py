from __future__ import annotations

from cloudtasks_nb.widgets.sharing import Budget, budget_of


def test_reads_are_left_out_when_the_minute_is_used_up_and_come_back_with_time() -> None:
    now = [0.0]
    budget = Budget(per_minute=300, clock=lambda: now[0])
    taken = 0
    for tenth in range(600):  # a minute with ten requested calls in each tenth of a second
        now[0] = tenth / 10
        taken += [budget.take() for _ in range(10)].count(True)
    assert 300 <= taken <= 350  # the rate, and what the bucket held at the start
    now[0] += 60
    assert budget.take()


def test_a_read_of_many_calls_waits_for_a_full_bucket_and_is_paid_back() -> None:
    now = [0.0]
    budget = Budget(per_minute=60, clock=lambda: now[0])  # a bucket of ten
    assert budget.take(25)
    now[0] = 15.0
    assert not budget.take()
    now[0] = 16.0
    assert budget.take() and not budget.take(25)
    now[0] = 26.0
    assert budget.take(25)


def test_panels_of_one_project_share_a_budget_and_those_of_others_have_their_own() -> None:
    assert budget_of("http://a", "p") is budget_of("http://a", "p")
    assert budget_of("http://a", "p") is not budget_of("http://a", "q")
    assert budget_of("http://a", "p") is not budget_of("http://b", "p")
