"""Several causes at once: all of them are found, and no finding is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .mixtures import PACES, Mixture, put, unexplained
from .scenarios import World, world

MIXTURES = st.builds(
    Mixture,
    paused=st.booleans(),
    failures=st.sampled_from([0, 0, 2, 15, 40]),
    successes=st.sampled_from([0, 40]),
    timeouts=st.sampled_from([0, 0, 3]),
    last_attempts=st.sampled_from([0, 0, 2]),
    pace=st.sampled_from(PACES),
    counted_names=st.booleans(),
    used_name=st.booleans(),
    purged=st.booleans(),
    logged=st.booleans(),
    later=st.sampled_from([0, 30]),
)


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world() as made:
        yield made


@settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))
@given(mixture=MIXTURES)
def test_all_causes_are_found_and_nothing_else(here: World, mixture: Mixture) -> None:
    diagnosis = put(here, mixture).diagnose()
    found = {finding.rule for finding in diagnosis}
    assert mixture.truth - found == set(), str(diagnosis)
    assert unexplained(found, mixture) == set(), str(diagnosis)
