"""`make check` runs the tests of the changed files (.ci/changed.py)."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("cloudtasks_nb/rest/retry.py", "tests/unit/rest"),
        ("tests/unit/rest/test_retry.py", "tests/unit/rest"),
        ("tests/contract/test_tasks.py", "tests/contract/test_tasks.py"),
        ("tests/conformance/places.py", "tests/contract/test_recordings.py"),
        ("tests/conformance/published.json", "tests/contract/test_recordings.py"),
        ("tests/e2e/test_tour.py", None),
        ("README.md", None),
    ],
)
def test_a_changed_file_selects_its_tests(changed: str, tests: str | None) -> None:
    test_of = run_path(str(ROOT / ".ci/changed.py"))["test_of"]
    assert test_of(Path(changed)) == (ROOT / tests if tests else None)
