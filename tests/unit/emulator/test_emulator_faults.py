"""Injected faults: which calls each fault affects."""

from __future__ import annotations

import pytest

from cloudtasks_nb.emulator.server.calls.request import Request
from cloudtasks_nb.emulator.server.front.fault_injection import FaultPlan, method_of, read_faults
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import Duration
from cloudtasks_nb.model.emulated import Faults

QUEUE = "/v2beta2/projects/p/locations/us-central1/queues/q"
CREATE = method_of(Request("POST", f"{QUEUE}/tasks", (), {}))
LIST = method_of(Request("GET", f"{QUEUE}/tasks", (), {}))
NOWHERE = method_of(Request("GET", "/nowhere", (), {}))


def met(faults: Faults, method: str, count: int = 1000) -> dict[str, int]:
    plan = FaultPlan(faults)
    names = [plan.fault(method) for _ in range(count)]
    return {name: names.count(name) for name in set(names)}


def test_without_faults_nothing_happens() -> None:
    assert met(Faults(), CREATE) == {"": 1000}
    assert FaultPlan(Faults()).latency_s(CREATE) == 0


def test_shares_are_kept_and_counted() -> None:
    faults = Faults(exhausted=0.1, unavailable=0.2, cut_before=0.3, cut_after=0.4, seed=1)
    counts = met(faults, CREATE)
    for name, share in {"exhausted": 100, "unavailable": 200, "cut_before": 300, "cut_after": 400}.items():
        assert abs(counts[name] - share) < 50
    assert met(Faults(cut_after=1), CREATE) == {"cut_after": 1000}
    plan = FaultPlan(faults)
    for _ in range(10):
        plan.fault(CREATE)
    seen = plan.counts
    assert seen.exhausted + seen.unavailable + seen.cut_before + seen.cut_after + seen.none == 10


def test_a_seed_repeats_them() -> None:
    faults = Faults(unavailable=0.5, seed=7)
    first, second = FaultPlan(faults), FaultPlan(faults)
    assert [first.fault(CREATE) for _ in range(50)] == [second.fault(CREATE) for _ in range(50)]


@pytest.mark.parametrize(
    "pattern", ["queues.tasks.create", "queues.tasks.c*", "projects.locations.queues.tasks.create"]
)
def test_methods_narrow_them_down(pattern: str) -> None:
    faults = Faults(unavailable=1, latency=Duration.of(2), methods=[pattern])
    plan = FaultPlan(faults)
    assert plan.fault(CREATE) == "unavailable"
    assert plan.latency_s(CREATE) == 2
    assert plan.fault(LIST) == plan.fault(NOWHERE) == ""
    assert plan.latency_s(LIST) == plan.latency_s(NOWHERE) == 0


@pytest.mark.parametrize(
    "faults",
    [
        Faults(unavailable=1.5),
        Faults(cut_after=-0.1),
        Faults(unavailable=0.6, cut_before=0.6),
        Faults(latency=Duration.of(3600)),
        Faults(methods=["queues.tasks.craete"]),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(faults: Faults) -> None:
    plan = FaultPlan(Faults(cut_after=1))
    with pytest.raises(InvalidArgument):
        plan.choose(faults)
    assert plan.fault(CREATE) == "cut_after"


def test_the_command_line_says_the_same() -> None:
    words = ["unavailable=0.1", "latency=0.05", "methods=queues.tasks.*,queues.get", "seed=3"]
    assert read_faults(words) == Faults(
        unavailable=0.1, latency=Duration.of(0.05), methods=["queues.tasks.*", "queues.get"], seed=3
    )
    for wrong in ("unavailable", "unavailable=often", "earthquake=1", "unavailable=2"):
        with pytest.raises(ValueError, match=r"unavailable|earthquake"):
            read_faults([wrong])
