"""A real kernel and real comm messages, without a browser: one kernel opens each panel in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import cloudtasks_nb as ct
from tests.kernels import kernel_for

OPEN = """
import cloudtasks_nb as ct
client = ct.connect(endpoint={endpoint!r})
queue = client.queue({queue_id!r})
panel = {opener}
panel
"""
# It is queued after the clicks in the panel's own queue. A cell's value arrives whole; printed text may come in pieces.
WAIT = "panel._worker.submit(lambda: None).result()\npanel.views, panel.notice['level']"

Clicks = Callable[[ct.Queue], list[tuple[str, dict[str, Any]]]]
ROLE, ADA = "roles/cloudtasks.viewer", "user:ada@example.com"


@pytest.fixture(scope="module")
def kernel() -> Iterator[NotebookClient]:
    with kernel_for(nbformat.v4.new_notebook(), timeout=60) as client, client.setup_kernel():
        yield client


def state(queue: ct.Queue) -> object:
    return queue.refresh().state


def members(queue: ct.Queue) -> object:
    return queue.iam_policy().members(ROLE)


def test_of_a_progress_bar_its_end_is_saved(kernel: NotebookClient) -> None:
    source = (
        "from cloudtasks_nb.progress import bar\n"
        "with bar('tasks of emails', 'tasks', True, several=True, total=1300, estimated=True) as shown:\n"
        "    shown.update(1234)"
    )
    kernel.nb.cells.append(nbformat.v4.new_code_cell(source))
    (output,) = kernel.execute_cell(kernel.nb.cells[-1], len(kernel.nb.cells) - 1).outputs
    assert list(output["data"]) == ["text/plain"]
    assert output["data"]["text/plain"].startswith("tasks of emails: 100%|")
    assert "1,234 of 1,234 tasks" in output["data"]["text/plain"]


@pytest.mark.parametrize(
    ("opener", "clicks", "seen", "expected"),
    [
        ("queue.panel()", lambda queue: [("pause", {})], state, "PAUSED"),
        ("queue.monitor()", lambda queue: [("look", {}), ("refresh", {})], state, "RUNNING"),
        ("client.explore()", lambda queue: [("pause_queues", {"names": [queue.name]})], state, "PAUSED"),
        (
            "queue.iam_panel()",
            lambda queue: [("grant", {"role": ROLE, "member": ADA}), ("save", {})],
            members,
            [ADA],
        ),
    ],
)
def test_clicks_reach_the_service_through_a_real_kernel(
    kernel: NotebookClient,
    emulator: str,
    queue: ct.Queue,
    opener: str,
    clicks: Clicks,
    seen: Callable[[ct.Queue], object],
    expected: object,
) -> None:
    def run(source: str) -> Any:
        kernel.nb.cells.append(nbformat.v4.new_code_cell(source))
        return kernel.execute_cell(kernel.nb.cells[-1], len(kernel.nb.cells) - 1).outputs

    view = run(OPEN.format(endpoint=emulator, queue_id=queue.id, opener=opener))[0]["data"]
    assert view["text/plain"] and view["text/html"]
    comm_id = view["application/vnd.jupyter.widget-view+json"]["model_id"]
    for name, arguments in [("mounted", {}), *clicks(queue)]:
        content = {"do": name, "args": arguments, "call": name}
        data = {"method": "custom", "content": content}
        message = kernel.kc.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
        kernel.kc.shell_channel.send(message)
    assert run(WAIT)[0]["data"]["text/plain"] == "(1, 'ok')"
    assert seen(queue) == expected
    assert kernel.widget_state[comm_id]["kept"]["read"], "the saved state contains the time of the read"
