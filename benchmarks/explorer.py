"""How much the explorer saves with a notebook, and how much it sends to its page: 40, 2,000 and 20,000 queues.

The queues are in an emulator. Their depths are set in this process, because as many tasks would take hours to create.
Sizes are those of the JSON, in kB; times are processor times of the kernel, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from compiled import run_compiled

import cloudtasks_nb as ct
from cloudtasks_nb.model.queue import QueueStats
from cloudtasks_nb.widgets.explorer import Explorer

IDS = ("orders", "emails", "invoices", "thumbnails", "payment-webhooks", "search-index-updates", "exports")
NOT_TRAITS = ("layout", "tooltip", "tabbable", "_esm", "_css")


def queue_yaml(count: int, chance: random.Random) -> str:
    """A file with queues of different rates."""
    entries = (
        f"- name: {chance.choice(IDS)}-{number:05}\n  rate: {chance.randrange(1, 50_000) / 100}/s\n"
        for number in range(count)
    )
    return "queue:\n" + "".join(entries)


def fill(explorer: Explorer, chance: random.Random) -> None:
    """Most queues are nearly empty, and few have very many tasks."""
    for queue in explorer.queues:
        late = timedelta(seconds=chance.random() * 90_000)
        queue.stats = QueueStats(
            tasks_count=int(chance.paretovariate(0.4)) % 200_000,
            oldest_estimated_arrival_time=datetime.now(UTC) - late,
        )


class Page:
    """Counts the bytes that an open page would get."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer, self._bytes = explorer, 0
        explorer.comm.publish_msg = self._receive
        self.send({"do": "mounted", "view": "one"})

    def send(self, content: dict[str, Any]) -> None:
        data = {"method": "custom", "content": content}
        self.explorer.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def sent(self, act: Callable[[], object]) -> str:
        """The bytes that an action sends, in kB."""
        self._bytes = 0
        act()
        self.explorer._worker.submit(lambda: None).result()
        return f"{self._bytes / 1e3:.1f}"

    def _receive(self, msg_type: str, data: Any = None, buffers: Any = None, **_: Any) -> None:
        self._bytes += len(json.dumps(data, default=str)) + sum(map(len, buffers or ()))


def saved(explorer: Explorer) -> str:
    state = {name: value for name, value in explorer.get_state().items() if name not in NOT_TRAITS}
    return f"{len(json.dumps(state)) / 1e3:.1f}"


def rows(count: int) -> Iterator[tuple[str, str]]:
    """The rows of one column of the table: name and value."""
    chance = random.Random(count)  # noqa: S311 - the same queues in every run
    with ct.local(dispatch=False) as client:
        client.upload_queue_yaml(queue_yaml(count, chance))
        explorer = client.explore()
        fill(explorer, chance)

        def show() -> None:
            explorer._show(datetime.now(UTC))
            explorer._keep()

        show()
        yield "saved with a notebook, without script and style, kB", saved(explorer)
        page = Page(explorer)
        yield "sent: all rows, when the page opens, kB", page.sent(lambda: page.send({"do": "rows"}))
        yield "sent: a read without a change, kB", page.sent(show)
        explorer.queues[-1].state = "PAUSED"
        yield "sent: one queue paused, kB", page.sent(show)
        fill(explorer, chance)
        start = time.process_time()
        yield "sent: other depths of all queues, kB", page.sent(show)
        yield "kernel: other depths of all queues, ms", f"{(time.process_time() - start) * 1e3:.0f}"
        names = [queue.name for queue in explorer.queues]
        yield "sent: all queues ticked, kB", page.sent(lambda: explorer.choose(names))
        yield "saved then, kB", saved(explorer)
        explorer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--queues", type=int, nargs="+", default=[40, 2_000, 20_000])
    given = parser.parse_args()
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.widgets.explorer")
    measured = [dict(rows(count)) for count in given.queues]
    print(f"| queues | {' | '.join(f'{count:,}' for count in given.queues)} |")
    print("|---|" + "---:|" * len(given.queues))
    for name in measured[0]:
        print(f"| {name} | {' | '.join(column[name] for column in measured)} |")


if __name__ == "__main__":
    main()
