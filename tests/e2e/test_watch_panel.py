"""WatchPanel in a real JupyterLab: its card counts the saved tasks, and its button stops the watch."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab

pytestmark = pytest.mark.browser

CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.local(clock="manual")\n'
    'queue = client.create_queue("emails", retry_config={"max_attempts": 4, "min_backoff": 60, "max_backoff": 600})\n'
    'made = queue.create_tasks([b"x"] * 3, url="http://127.0.0.1:9/", progress=False)',
    'watch = queue.watch(dead_letter="failed.parquet", every="1min")\nwatch',
)


def test_the_card_counts_and_stops(lab: Lab, page: Page, pictures: Path) -> None:
    notebook = lab.open(page, lab.write("watch.ipynb", *CELLS))
    notebook.run_all()
    panel = notebook.outputs.get_by_role("region", name="Watch", exact=True)
    expect(panel).to_contain_text("WATCHING")
    expect(panel).to_contain_text("0 tasks near the last attempt")
    notebook.kernel("_ = client.emulator.advance(30)")
    panel.get_by_role("button", name="Poll now").click()
    expect(panel).to_contain_text("3 tasks near the last attempt")
    notebook.pictures(pictures, "watch-panel")
    panel.get_by_role("button", name="Stop").click()
    expect(panel).to_contain_text("STOPPED")
    expect(panel.get_by_role("button", name="Stop")).to_be_disabled()
    assert notebook.kernel("print(watch.running, watch.kept)").strip() == "False 3"
    assert notebook.kernel("print(queue.pause().restore(watch.path, progress=False).done)").strip() == "3"
