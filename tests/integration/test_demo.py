"""`make demo ARGS=--check`: the tour runs from top to bottom and is kept without outputs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_the_tour_runs_headless_and_prints_what_it_showed() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "--check"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    assert "The tour ran: " in done.stdout
    for shown in (
        "emails  HTTP queue",
        "invoices",
        "UNAVAILABLE(14)",
        "payload.event",
        "NotFound  [404 NOT_FOUND]",
    ):
        assert shown in done.stdout


def test_a_cell_that_fails_fails_the_check(tmp_path: Path) -> None:
    copy = tmp_path / "notebooks"
    copy.mkdir()
    (copy / "demo.py").write_text((NOTEBOOKS / "demo.py").read_text())
    tour = json.loads((NOTEBOOKS / "01_tour.ipynb").read_text())
    code = next(cell for cell in tour["cells"] if cell["cell_type"] == "code")
    code["source"] = ["raise RuntimeError('broken cell')"]
    (copy / "01_tour.ipynb").write_text(json.dumps(tour))
    done = subprocess.run(
        [sys.executable, str(copy / "demo.py"), "--check"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode != 0
    assert "broken cell" in done.stderr


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
