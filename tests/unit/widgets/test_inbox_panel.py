"""The content of the inbox panel, from the page's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from cloudtasks_nb.emulator.client import Inbox
from cloudtasks_nb.widgets.clickable import Clickable

from .page import FakePage


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as made:
        yield made


def test_requests_appear_open_and_go(inbox: Inbox, clicking: Callable[[Clickable], FakePage]) -> None:
    panel = inbox.panel()
    page = clicking(panel)
    assert panel.rows == []
    inbox.on("/a")(lambda request: 404)
    requests.post(inbox.url_for("/a"), data=b"hello", headers={"X-Api-Key": "k3y"}, timeout=20)
    page.settle()
    (row,) = panel.rows
    texts = [cell["text"] for value in row["cells"] for cell in value]
    assert {"POST", "/a", "404", "hello"} <= set(texts)
    assert panel.state["answers"] == ["/a"]
    page.click("open_request", number=1)
    assert panel.opened["title"] == "POST /a"
    assert "k3y" not in str(panel.get_state())
    assert page.click("open_request", number=9) == "The inbox no longer keeps this request."
    page.click("clear")
    assert (panel.rows, panel.opened, inbox.requests) == ([], {}, [])
    assert panel.lines == ["inbox.clear()"]


def test_many_requests_are_one_look(inbox: Inbox, clicking: Callable[[Clickable], FakePage]) -> None:
    panel = inbox.panel()
    page = clicking(panel)
    with requests.Session() as http:
        for _ in range(60):
            http.get(inbox.url, timeout=20)
    page.settle()
    assert len(panel.rows) == 50
    assert panel.rows[0]["number"] == 60
    assert panel.state["received"] == 60


def test_a_closed_panel_listens_no_longer(inbox: Inbox) -> None:
    panel = inbox.panel()
    panel.close()
    requests.get(inbox.url, timeout=20)
    assert panel.rows == []
