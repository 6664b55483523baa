"""The page's end of a panel: messages in and out through ipywidgets' own comm, without a browser."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any
from uuid import uuid4

from cloudtasks_nb.widgets.clickable import Clickable

ANSWER_S = 10


class FakePage:
    """Sends what the JavaScript of a panel sends, and keeps what comes back."""

    def __init__(self, panel: Clickable) -> None:
        self.panel = panel
        self.sent: list[dict[str, Any]] = []
        self.next_s = 0.0  # as the last answer said
        self._done: SimpleQueue[object] = SimpleQueue()
        panel.comm.publish_msg = self._receive

    def send(self, content: Any) -> None:
        """A custom message, as model.send() makes it."""
        self._deliver({"method": "custom", "content": content})

    def set_traits(self, **state: Any) -> None:
        """A trait update, as model.save_changes() makes it."""
        self._deliver({"method": "update", "state": state, "buffer_paths": []})

    def click(self, action: str, /, **arguments: Any) -> str:
        """Ask for an action and wait until it is over; returns the words of the status line."""
        self.wait(self.start(action, **arguments))
        return str(self.panel.notice.get("text", ""))

    def start(self, action: str, /, **arguments: Any) -> str:
        """Ask for an action; returns the id of the call."""
        call = uuid4().hex
        self.send({"do": action, "args": arguments, "call": call})
        return call

    def wait(self, *calls: str) -> None:
        """Wait until these calls are answered."""
        waiting = set(calls)
        while waiting:
            waiting.discard(str(self._done.get(timeout=ANSWER_S)))

    def settle(self) -> None:
        """Wait until the panel has done what it had to do by now."""
        self.panel._worker.submit(lambda: None).result(ANSWER_S)

    def _deliver(self, data: dict[str, Any]) -> None:
        self.panel.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def _receive(self, msg_type: str, data: dict[str, Any] | None = None, **_: Any) -> None:
        self.sent.append(data or {})
        content = (data or {}).get("content") or {}
        if "done" in content:
            self.next_s = content["next_s"]
            self._done.put(content["done"])
