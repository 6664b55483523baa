"""Each notebook runs from top to bottom against the emulator, and is stored without outputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import cloudtasks_nb as ct
from tests.kernels import kernel_for

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The emulator that `make demo` starts: notebooks with demo data use it."""
    with ct.local(demo=True) as client:
        yield client.endpoint


def test_there_is_one_for_each_thing_that_people_do() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(1, 10)]


@each
def test_it_runs_from_top_to_bottom(
    path: Path, demo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that raises or prints a warning fails the test, and so does a folder that is left behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", demo)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    notebook = nbformat.read(path, as_version=4)
    with kernel_for(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}) as client:
        client.execute()
    assert [*tmp_path.glob("tmp*")] == []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    shown = [output for output in outputs if output.output_type in ("execute_result", "display_data")]
    assert len(shown) > len(code) // 2  # a tour shows things


@each
def test_it_is_kept_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert notebook.cells[0].source.startswith("# ")  # a title, which the docs and the file browser show
    assert set(notebook.metadata) == {"kernelspec", "language_info"}  # no data of the person who ran it
