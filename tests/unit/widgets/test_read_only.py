"""read_only=True disables every action that changes the service, on every panel."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.session import Session
from cloudtasks_nb.widgets.action import Action, Refused, actions_of
from cloudtasks_nb.widgets.clickable import Clickable

from .page import FakePage
from .panels import OPENERS

Clicking = Callable[[Clickable], FakePage]


READS = {"projects.locations.queues.getIamPolicy", "projects.locations.queues.testIamPermissions"}
PLAUSIBLE = {"task_id": "t-0", "task_ids": ["t-0"]}


@pytest.fixture(params=OPENERS)
def panel(request: pytest.FixtureRequest, client: ct.Client, queue: ct.Queue) -> Clickable:
    return OPENERS[request.param](client, queue, read_only=True)


@pytest.fixture
def called(panel: Clickable, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The REST methods that are called from now on."""
    calls: list[str] = []
    session = panel.subject._session
    send = session.fetch

    def fetch(method_id: str, **given: Any) -> bytes:
        calls.append(method_id)
        return send(method_id, **given)

    monkeypatch.setattr(session, "fetch", fetch)
    return calls


def test_every_panel_says_what_it_acts_on(panel: Clickable, queue: ct.Queue) -> None:
    location = "all locations" if panel.expression == "client" else queue.location
    service = {"project": queue.project, "location": location, "live": False, "client_reads": False}
    assert panel.acts_on == service


def test_the_real_service_and_a_client_that_only_reads_are_named(
    emulator: str, queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Session("https://cloudtasks.googleapis.com", Auth()).on_emulator
    with ct.connect(endpoint=emulator, read_only=True) as client:
        panel = client.queue(queue.id).panel()
        assert (panel.acts_on["live"], panel.acts_on["client_reads"], panel.read_only) == (False, True, True)
        monkeypatch.setattr(Session, "on_emulator", False)
        assert client.queue(queue.id).panel().acts_on["live"]


def arguments(action: Action, queue: ct.Queue) -> dict[str, Any]:
    names = list(inspect.signature(action.method).parameters)[1:]
    return {name: PLAUSIBLE.get(name, queue.id) for name in names}


def test_what_changes_the_service_is_refused_in_python_as_in_the_page(
    panel: Clickable, queue: ct.Queue, clicking: Clicking, called: list[str]
) -> None:
    page, lines = clicking(panel), panel.lines
    for name, action in actions_of(type(panel)).items():
        if action.changes:
            assert page.click(name, **arguments(action, queue)) == "This panel is read-only."
            with pytest.raises(Refused, match="read-only"):
                getattr(panel, name)(**arguments(action, queue))
    assert (called, panel.lines) == ([], lines)


def test_whatever_else_is_clicked_only_reads(
    panel: Clickable, queue: ct.Queue, clicking: Clicking, called: list[str]
) -> None:
    page = clicking(panel)
    for name, action in actions_of(type(panel)).items():
        if not action.changes:
            page.click(name, **arguments(action, queue))
    assert called or not panel.live_s
    assert not [method for method in called if METHODS[method].http != "GET" and method not in READS]
