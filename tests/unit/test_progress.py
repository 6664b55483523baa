"""When a progress line is shown: in a notebook or a terminal, or on request."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import ipykernel
import pytest
from IPython.core import getipython

import cloudtasks_nb as ct
from cloudtasks_nb.progress import Silent, bar, waiting
from tests.scripted import answer, scripted


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ipykernel)
    monkeypatch.setattr(getipython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)


def shows(line: Any) -> bool:
    with line as shown:
        return not isinstance(shown, Silent)


def tasks(wanted: bool | None, *, several: bool = True) -> Any:
    return bar("tasks of emails", "tasks", wanted, several=several)


@pytest.mark.usefixtures("notebook")
@pytest.mark.filterwarnings("ignore:IProgress not found")  # only the name of the shell is that of a kernel
def test_in_a_notebook_it_shows_when_there_is_more_than_one_page() -> None:
    assert shows(tasks(None))
    assert not shows(tasks(None, several=False))
    assert not shows(tasks(False))
    assert shows(waiting("operation 1", None))


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize(("said", "is_shown"), [("1", False), ("0", True), ("", True)])
@pytest.mark.filterwarnings("ignore:IProgress not found")
def test_the_switch_of_tqdm_counts_in_a_notebook_too(
    said: str, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TQDM_DISABLE", said)
    assert shows(tasks(None)) is is_shown
    assert shows(waiting("operation 1", None)) is is_shown


def test_a_program_that_imports_ipykernel_is_not_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    assert not shows(tasks(None))


@pytest.mark.usefixtures("notebook")
def test_what_is_asked_for_shows_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert shows(tasks(True))


def test_it_ends_with_the_total_that_it_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("tasks of emails", "tasks", True, several=True, total=12_345, estimated=True) as shown:
        shown.update(12_000)
    assert "| 12,000 of 12,000 tasks, " in capsys.readouterr().err.split("\r")[-1]


def test_after_an_error_it_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), bar("all", "tasks", True, several=True, total=9) as shown:
        shown.update(5)
        raise ZeroDivisionError
    assert "| 5 of 9 tasks, " in capsys.readouterr().err.split("\r")[-1]


def test_it_counts_in_whole_items(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("tasks of emails", "tasks", True, several=True, total=12_345, estimated=True) as shown:
        shown.update(5)
        shown.refresh()
    assert "| 5 of about 12,345 tasks, " in capsys.readouterr().err


@pytest.mark.usefixtures("notebook")
@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.filterwarnings("ignore:IProgress not found")
def test_an_export_of_the_first_page_asks_for_no_estimate(progress: bool | None) -> None:
    queue = "projects/p/locations/us-central1/queues/emails"
    tasks = [{"name": f"{queue}/tasks/{number}"} for number in range(2)]
    whole, first = {"tasks": tasks}, {"tasks": tasks, "nextPageToken": "a"}
    counted = {"name": queue, "stats": {"tasksCount": "4"}}
    pages = [answer(200, one) for one in (first, whole, first, counted, whole)]
    with scripted(*pages) as server, ct.connect(endpoint=server.url, api_version="v2beta2") as client:
        emails = client.queue(queue, read=False)
        assert len(emails.tasks().to_dataframe(limit=2, progress=progress)) == 2
        assert len(emails.tasks().to_arrow(progress=progress)) == 2
        assert len(server.requests) == 2
        assert len(emails.tasks().to_arrow(limit=3, progress=progress)) == 3
        assert len(server.requests) == 5, "several pages have an estimate"


def test_a_wait_shows_its_latest_state(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("operation 12", True) as shown:
        shown.say("RUNNING")
        shown.say("DONE")
    assert capsys.readouterr().err.split("\r")[-1].startswith("operation 12: DONE after 00:0")
