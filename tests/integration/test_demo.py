"""`make demo ARGS=--check`: a notebook runs from top to bottom and prints what it showed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_the_tour_runs_headless_and_prints_what_it_showed() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "--check"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr
    assert "01_tour.ipynb ran: " in done.stdout
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


def test_another_notebook_is_chosen_by_how_its_name_begins() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "07", "--check"],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert "07_going_live.ipynb ran: " in done.stdout
    assert "PermissionDenied  [403 PERMISSION_DENIED]" in done.stdout


def test_a_notebook_that_there_is_not_names_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "99"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "'99' is none of 01_tour, 02_export_and_analyse, 03_controls_and_browser" in done.stderr
