"""The page's side of a panel: messages through ipywidgets' comm, without a browser."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any
from uuid import uuid4

from cloudtasks_nb.widgets.clickable import Clickable
from tests.waiting import PATIENCE_S


class FakePage:
    """Sends the messages of a panel's JavaScript, and stores the responses."""

    def __init__(self, panel: Clickable) -> None:
        self.panel = panel
        self.sent: list[dict[str, Any]] = []
        self.next_s = 0.0  # from the last response
        self._done: SimpleQueue[object] = SimpleQueue()
        panel.comm.publish_msg = self._receive

    def send(self, content: Any) -> None:
        """Send a custom message, like model.send()."""
        self._deliver({"method": "custom", "content": content})

    def set_traits(self, **state: Any) -> None:
        """Send a trait update, like model.save_changes()."""
        self._deliver({"method": "update", "state": state, "buffer_paths": []})

    def click(self, action: str, /, **arguments: Any) -> str:
        """Request an action and wait until it ends; returns the text of the status line."""
        self.wait(self.start(action, **arguments))
        return str(self.panel.notice.get("text", ""))

    def start(self, action: str, /, **arguments: Any) -> str:
        """Request an action; returns the id of the call."""
        call = uuid4().hex
        self.send({"do": action, "args": arguments, "call": call})
        return call

    def wait(self, *calls: str) -> None:
        """Wait for the responses to these calls."""
        waiting = set(calls)
        while waiting:
            waiting.discard(str(self._done.get(timeout=PATIENCE_S)))

    def settle(self) -> None:
        """Wait until the panel has finished its pending work."""
        self.panel._worker.submit(lambda: None).result(PATIENCE_S)

    def _deliver(self, data: dict[str, Any]) -> None:
        self.panel.comm.handle_msg({"content": {"data": data}, "buffers": []})

    def _receive(
        self, msg_type: str, data: dict[str, Any] | None = None, buffers: Any = None, **_: Any
    ) -> None:
        self.sent.append({**(data or {}), **({"buffers": buffers} if buffers else {})})
        content = (data or {}).get("content") or {}
        if "done" in content:
            self.next_s = content["next_s"]
            self._done.put(content["done"])
