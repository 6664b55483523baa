"""The names that examples of docstrings can use: queues, tasks and an inbox, in a separate project."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from itertools import count
from typing import Any

import cloudtasks_nb as ct

LATER = {"url": "http://127.0.0.1:9/", "schedule": 3600}
_projects = count(1)


class Playground:
    """The names for the examples of one docstring; each object is created on first use."""

    def __init__(self, endpoint: str, spoken: str, held: ExitStack) -> None:
        self._held = held
        self._spoken = set(re.findall(r"\w+", spoken))
        self.client = ct.connect(
            project=f"examples-{os.getpid()}-{next(_projects)}", location="us-central1", endpoint=endpoint
        )
        held.callback(self.client.close)
        held.callback(self.client.emulator.faults)  # without arguments: removes all faults
        self.queue = self.client.create_queue("emails")
        self.queue.create_tasks([{"payload": {"n": n}, **LATER} for n in range(5)], progress=False)

    def names(self) -> dict[str, Any]:
        made = {
            "work": self._work,
            "task": lambda: self.queue.tasks(view="FULL").first_page.items[0],
            "location": lambda: self.client.location("us-central1"),
            "inbox": self._inbox,
            "batch": self.client.batch,
            "browser": self.queue.browse,
            "frame": self._frame,
            "rows": lambda: [{"payload": {"n": n}, **LATER} for n in range(3)],
            "url": lambda: LATER["url"],
            "handle": lambda: lambda payload: True,
        }
        chosen = {name: make() for name, make in made.items() if name in self._spoken}
        return {"ct": ct, "client": self.client, "queue": self.queue, **chosen}

    def _work(self) -> ct.Queue:
        work = self.client.create_queue("work", kind="pull")
        work.create_tasks([{"payload": {"n": n}} for n in range(5)], progress=False)
        return work

    def _inbox(self) -> Any:
        inbox = self.client.emulator.inbox()
        self._held.callback(inbox.close)
        self.client.create_queue("sent").create_task({"n": 9}, url=inbox.url_for("/seen"))
        inbox.wait(timeout=60)
        return inbox

    def _frame(self) -> Any:
        import pandas as pd

        return pd.DataFrame([{"payload": f"{n}", **LATER} for n in range(3)])
