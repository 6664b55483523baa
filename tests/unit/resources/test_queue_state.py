"""A task has the last state of its queue that this client read, and makes no request for it."""

from __future__ import annotations

import cloudtasks_nb as ct
from tests.scripted import answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/emails"
TASK = {"name": f"{QUEUE}/tasks/1", "httpRequest": {"url": "https://x.example"}, "view": "FULL"}


def test_a_card_of_a_task_says_that_its_queue_is_paused() -> None:
    paused, running = ({"name": QUEUE, "state": state} for state in ("PAUSED", "RUNNING"))
    script = [answer(200, one) for one in (TASK, paused, running, paused)]
    with scripted(*script) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url)
        task = client.task(TASK["name"])  # type: ignore[arg-type]
        assert (task.queue_state, "resume" in str(task)) == ("", False)
        queue = client.queue("emails")
        assert task.queue_state == "PAUSED"
        assert "PAUSED: its tasks wait until queue.resume()" in " ".join(str(task).split())
        assert "PAUSED" in task._repr_html_()
        queue.resume()
        assert (task.queue_state, "resume" in str(task)) == ("RUNNING", False)
        queue.pause()
        assert task.queue_state == "PAUSED"
        assert len(server.requests) == 4
        client.close()
