"""Panels in Voila, which serves a notebook as an application, with its own widget manager."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.lab import Lab
from tests.e2e.service import Service

from .pressing import CELL, pause, turn

pytestmark = pytest.mark.browser


def test_panels_act_and_turn(
    page: Page, server: Lab, service: Service, queue_id: str, pictures: Path
) -> None:
    server.write("voila.ipynb", CELL.format(queue_id=queue_id), "queue.panel()", "queue.browse()")
    page.goto(f"{server.url}/voila/render/voila.ipynb")
    pause(page, service, queue_id)
    turn(page, queue_id)
    page.screenshot(path=pictures / "voila.png", full_page=True)
