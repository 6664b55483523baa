"""A real kernel and real comm messages, without a browser."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

import cloudtasks_nb as ct

OPEN = """
import cloudtasks_nb as ct
queue = ct.connect(endpoint={endpoint!r}).queue({queue_id!r})
panel = queue.panel()
panel
"""
WAIT = "panel.refresh()  # behind the click in the panel's own queue\nprint(queue.state, panel.views)"


def test_a_click_reaches_the_service_through_a_real_kernel(emulator: str, queue: ct.Queue) -> None:
    cells = [OPEN.format(endpoint=emulator, queue_id=queue.id), WAIT]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        view = notebook.cells[0].outputs[0]["data"]
        assert queue.id in view["text/plain"] and queue.id in view["text/html"]
        comm_id = view["application/vnd.jupyter.widget-view+json"]["model_id"]
        for content in ({"do": "mounted"}, {"do": "pause", "args": {}, "call": "1"}):
            data = {"method": "custom", "content": content}
            message = client.kc.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
            client.kc.shell_channel.send(message)
        client.execute_cell(notebook.cells[1], 1)
    assert notebook.cells[1].outputs[0]["text"] == "PAUSED 1\n"
    assert queue.refresh().state == "PAUSED"
