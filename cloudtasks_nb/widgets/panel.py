"""What every panel shares: actions as messages, state as traits, one worker, one status line.

A message from the page only enqueues. The worker does the I/O and sets traits, because the thread that
runs a message handler differs between kernels and must not be held up.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from ..errors import CloudTasksError
from ..redact import scrub
from ..render.visible import visible_lines
from .action import Action, Refused, action_of
from .worker import Worker

if TYPE_CHECKING:
    from ..resources.queue import Queue

LINES_KEPT = 20  # the newest lines of "as code"


@cache
def asset(*names: str) -> str:
    """Files of `static/`, one after the other: a page module is one string, without a bundler."""
    return "\n".join(files(__package__).joinpath("static", name).read_text("utf-8") for name in names)


class Panel(anywidget.AnyWidget):  # type: ignore[misc]
    """A panel over one queue. Every click has a public method; errors are shown in the status line.

    Each action answers the page with {"done": call} when it is over, so that a double click acts once.
    """

    _css: ClassVar[str]
    _esm: ClassVar[str]
    _ipython_display_ = None  # ipywidgets 7 would bypass the mime bundle

    busy = traitlets.Unicode("").tag(sync=True)
    notice = traitlets.Dict().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    read_only = traitlets.Bool(False).tag(sync=True)

    def __init__(self, queue: Queue, *, read_only: bool = False, **state: Any) -> None:
        self.queue = queue
        self.views = 0
        self._gate = threading.Lock()
        self._worker = Worker(f"{type(self).__name__} {queue.id}")
        super().__init__(read_only=read_only, **state)
        self.on_msg(self._on_message)

    @property
    def expression(self) -> str:
        """The Python expression for the queue, as the lines of "as code" begin.

        By its full name: in a client of another project a shorter one would purge somebody else's queue.
        """
        return f'client.queue("{self.queue.name}")'

    def act(self, action: Action, arguments: dict[str, Any]) -> Future[None]:
        """Run an action on the worker. Errors: in the future, and in the status line."""
        return self._worker.submit(partial(self._perform, action, arguments))

    def show(self, text: str, *, hint: str = "", level: str = "ok") -> None:
        """Put words into the status line, secrets replaced. `level` is "ok" or "error"."""
        self.notice = {"text": visible_lines(scrub(text)), "hint": visible_lines(scrub(hint)), "level": level}

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignored: the page shows state and never sets it, so it cannot lift `read_only`."""

    def close(self) -> None:
        """Remove the panel from the page and end its thread."""
        if worker := getattr(self, "_worker", None):
            worker.close()
        super().close()

    def _on_message(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict):
            return
        name, call = content.get("do"), content.get("call")
        if name in ("mounted", "unmounted"):
            self.views = max(0, self.views + (1 if name == "mounted" else -1))
            return
        try:
            action = action_of(self, name)
        except Refused as error:
            self._show_error(error)
            self._answer(call)
            return
        arguments = content.get("args")
        if action.busy and not self._claim(action.name):
            self._answer(call)
            return
        future = self.act(action, arguments if isinstance(arguments, dict) else {})
        future.add_done_callback(lambda _: self._answer(call))

    def _claim(self, name: str) -> bool:
        """Become busy, unless an action is still under way: the second click of a double click is dropped."""
        with self._gate:
            if self.busy:
                return False
            self.busy = name
            return True

    def _perform(self, action: Action, arguments: dict[str, Any]) -> None:
        line = ""
        if action.busy:
            self.busy = action.name
        try:
            bound = action.bind(self, arguments)
            line = action.line(self, bound)
            said = action.method(*bound.args, **bound.kwargs)
            if said or action.busy:  # what is said replaces what an earlier action said
                self.show(said)
        except Exception as error:
            line = "" if isinstance(error, Refused) else line  # what was refused here was never called
            self._show_error(error)
            raise
        finally:
            if line:
                self.lines = [*self.lines, line][-LINES_KEPT:]
            if action.busy:
                self.busy = ""

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, CloudTasksError):
            self.show(error.message, hint=error.hint or "", level="error")
        else:  # a foreign error may quote anything, secrets included: its words stay out of the page
            hint = 'run the line under "as code" in a cell to see all of it'
            self.show(f"Unexpected {type(error).__name__}.", hint=hint, level="error")

    def _answer(self, call: object) -> None:
        if self.comm is not None:
            self.send({"done": call})

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, **self.queue._repr_mimebundle_()}, metadata
