"""Numbers of things agree with their nouns."""

from __future__ import annotations

import pytest

from cloudtasks_nb.discreet import _told_bytes
from cloudtasks_nb.history.told import metrics_source
from cloudtasks_nb.render.values import counted


@pytest.mark.parametrize(
    ("count", "form", "said"),
    [
        (0, ",", "0 tasks"), (1, ",", "1 task"), (2_000, ",", "2,000 tasks"), (1.0, ",.6g", "1 task"),
        (0.5, ",.6g", "0.5 tasks"), (0.999, ",.0f", "1 task"), (1.04, ",.3g", "1.04 tasks"),
    ],
)  # fmt: skip
def test_a_number_agrees_with_its_noun(count: float, form: str, said: str) -> None:
    assert counted(count, "task", form) == said


def test_one_is_not_several() -> None:
    assert metrics_source([object()], "2 min late") == "1 call of Cloud Monitoring, 2 min late"
    assert str(_told_bytes(b"\0")) == "<1 byte>"
