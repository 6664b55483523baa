"""Every kind of panel, and the call that creates it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.clickable import Clickable

Opener = Callable[..., Clickable]


def _of_queue(verb: str) -> Opener:
    def open_panel(client: ct.Client, queue: ct.Queue, **options: Any) -> Clickable:
        panel: Clickable = getattr(queue, verb)(**options)
        return panel

    return open_panel


OPENERS: dict[str, Opener] = {verb: _of_queue(verb) for verb in ("panel", "browse", "monitor", "iam_panel")}
OPENERS["explore"] = lambda client, queue, **options: client.explore(**options)


def _workbench(client: ct.Client, queue: ct.Queue, **options: Any) -> Clickable:
    return client.create_queue(f"pull-{queue.id}", kind="pull").workbench(**options)


OPENERS["workbench"] = _workbench
