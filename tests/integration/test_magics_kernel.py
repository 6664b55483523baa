"""The magics in a real kernel, as in notebooks."""

from __future__ import annotations

import nbformat
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL
from tests.kernels import kernel_for


def test_a_real_kernel_runs_them(emulator: str, queue: ct.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", emulator.removeprefix("http://"))
    cells = [
        "%load_ext cloudtasks_nb",
        f"%%ct_task {queue.id} --url {URL} --in 1h\n[1, 2]",
        f"%ct tasks {queue.id} --full",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with kernel_for(book, timeout=60) as client:
        client.execute()
    created, listed = (cell.outputs for cell in book.cells[1:])
    assert "create_task('[1, 2]'" in created[0].text
    assert "HTTP task" in created[1].data["text/plain"]
    assert "[1, 2]" in listed[1].data["text/plain"]
    assert "<table" in listed[1].data["text/html"]


def test_an_error_is_followed_by_its_card(emulator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_HOST", emulator.removeprefix("http://"))
    cells = ["%load_ext cloudtasks_nb", "%ct pause no-such-queue", "1 / 0"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with kernel_for(book, timeout=60, allow_errors=True) as client:
        client.execute()
    *_, error, card = book.cells[1].outputs
    assert (error.output_type, error.ename) == ("error", "NotFound")
    assert "no-such-queue" in error.evalue
    assert "404 NOT_FOUND" in card.data["text/html"]
    assert "request" in card.data["text/plain"]
    assert [output.ename for output in book.cells[2].outputs] == ["ZeroDivisionError"]
