"""Faults in words: the settings, and their effects so far."""

from __future__ import annotations

from cloudtasks_nb import render
from cloudtasks_nb.model import Duration
from cloudtasks_nb.model.emulated import FaultCounts, FaultReport, Faults

from .conftest import NOW

CHOSEN = Faults(
    exhausted=0.2,
    cut_after=0.015,
    latency=Duration.of(0.05),
    methods=["queues.tasks.*", "queues.get"],
    seed=7,
)


def test_a_report_tells_which_faults_are_set_and_what_they_did() -> None:
    text = render.text(
        FaultReport(faults=CHOSEN, counts=FaultCounts(exhausted=3, cut_after=1, none=1_200)), NOW
    )
    assert "[set]" in text
    assert "20 % rejected with 429, 1.5 % cut off after they took effect, each delayed by 0.05 s" in " ".join(
        text.split()
    )
    assert "queues.tasks.* queues.get" in text
    assert "1,204 calls: 3 rejected with 429, 1 cut off after they took effect" in text
    assert "set\n" not in text.split("\n", 1)[1]


def test_without_faults_it_says_none() -> None:
    for shown in (
        FaultReport(faults=Faults(), counts=FaultCounts()),
        FaultReport(),
        Faults(),
        Faults(seed=3),
    ):
        text = render.text(shown, NOW)
        assert "[none]" in text
        assert "none: every call runs normally" in text
        assert "so far" not in text


def test_faults_say_what_did_not_happen_yet() -> None:
    set_now = Faults(unavailable=1.0)
    assert "no calls yet" in render.text(FaultReport(faults=set_now, counts=FaultCounts()), NOW)
    assert "1 call: none of them affected" in render.text(
        FaultReport(faults=set_now, counts=FaultCounts(none=1)), NOW
    )
    slow = FaultReport(faults=Faults(latency=Duration.of(2)), counts=FaultCounts())
    assert "each delayed by 2 s" in render.text(slow, NOW)
    assert "so far" not in render.text(slow, NOW)
