"""The base of all panels: actions as messages, state as traits, one worker, one status line.

A message from the page only enqueues a job. The worker does the I/O and sets traits, because the thread that
runs a message handler differs between kernels and must not block.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from ..errors import CloudTasksError
from ..redact import scrub
from ..render import Shape, html, text
from ..render.values import exact
from ..visible import visible_lines
from . import sharing
from .action import Action, Refused, action_of
from .panel_thread import PanelThread
from .saved_view import saved_view
from .sharing import budget_of, pause_s
from .viewers import Viewers

if TYPE_CHECKING:
    from ..client import Client
    from ..diagnosis.watch import Watch
    from ..emulator.client.inbox import Inbox
    from ..resources.queue import Queue
    from ..rest.session import Session

LINES_KEPT = 20  # the newest lines of "as code"
SLOWEST_S = 60.0  # the longest pause between two reads while the service fails


def built(name: str) -> str:
    """A file of `built/`: the script or the style sheet of one panel, as `make page` bundles it from `page/`."""
    return files(__package__).joinpath("built", name).read_text("utf-8")


class Clickable(anywidget.AnyWidget):  # type: ignore[misc]
    """Shows a subject and acts on it. Every click has a public method; errors are shown in the status line.

    Each action sends {"done": call} to the page when it ends, so that a double click acts once. Messages can be lost:
    without a response the page asks for the running action, and the response is its name ("alive"). A visible page
    requests an update every `live_s` seconds (0: never); a closed page requests none.
    """

    _esm: ClassVar[str] = built("saved_view.js")  # requests the panel's own script if there is a kernel
    _css: ClassVar[str] = built("saved_view.css")
    _script: ClassVar[str]  # a file of `built/`, with a style sheet of the same name
    _parts: ClassVar[tuple[str, ...]] = ()  # scripts that the page requests on demand
    _ipython_display_ = None  # ipywidgets 7 would bypass the mime bundle

    busy = traitlets.Unicode("").tag(sync=True)
    notice = traitlets.Dict().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    read_only = traitlets.Bool(False).tag(sync=True)
    acts_on = traitlets.Dict().tag(sync=True)
    live_s = traitlets.Float(0.0).tag(sync=True)
    kept = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        subject: Queue | Client | Inbox | Watch,
        name: str,
        *,
        read_only: bool = False,
        every_s: float = 0.0,
        **state: Any,
    ) -> None:
        self.subject = subject
        self._viewers = Viewers()
        self._gate = threading.Lock()
        self._worker = PanelThread(f"{type(self).__name__} {name}")
        self._stale = False  # something changed while no page was visible
        self._failures = 0  # consecutive failed updates
        self._budget = budget_of(self.endpoint, getattr(subject, "project", ""))
        self._read: tuple[datetime | None, datetime] = (None, self._now())
        session, place = self._service
        if session is not None:
            state["acts_on"] = place | {"live": not session.on_emulator, "client_reads": session.read_only}
            read_only = read_only or session.read_only
        super().__init__(read_only=read_only, live_s=pause_s(every_s), **state)
        self.on_msg(self._on_message)
        sharing.listening.add(self)

    @property
    def endpoint(self) -> str:
        """The URL of the service."""
        return self.subject._session.endpoint  # type: ignore[union-attr]  # an inbox has its own

    @property
    def _service(self) -> tuple[Session | None, dict[str, str]]:
        """The session, and the project and location it is for; None if the panel calls no service."""
        return None, {}

    @property
    def expression(self) -> str:
        """The Python expression for the subject, with which the lines of "as code" begin."""
        raise NotImplementedError

    @property
    def touched(self) -> Collection[str]:
        """Full names of the queues that the last action changed; other panels read them again."""
        return ()

    @property
    def views(self) -> int:
        """The number of views that reported themselves recently."""
        return len(self._viewers)

    def shows(self, name: str) -> bool:
        """Whether the panel shows the queue of this name."""
        return False

    @property
    def calls_of_a_look(self) -> int:
        """The number of calls that the next update makes."""
        return 1

    def look(self) -> None:
        """Read the shown data again, without a line of "as code". Errors: any CloudTasksError."""

    @property
    def read_at(self) -> datetime | None:
        """The time of the last read from the service; None before the first one."""
        return None

    def _shape_(self) -> Shape:
        """The shown data as a card or a table, for terminals and saved notebooks."""
        raise NotImplementedError

    def act(self, action: Action, arguments: dict[str, Any]) -> Future[None]:
        """Run an action on the worker. Errors appear in the future and in the status line."""
        return self._worker.submit(partial(self._perform, action, arguments))

    def show(self, text: str, *, hint: str = "", level: str = "ok") -> None:
        """Set the text of the status line, secrets redacted. `level` is "ok" or "error"."""
        self.notice = {"text": visible_lines(scrub(text)), "hint": visible_lines(scrub(hint)), "level": level}

    def hear(self, endpoint: str, names: Collection[str]) -> None:
        """Another panel changed queues: read them again, now or when a page becomes visible."""
        if endpoint != self.endpoint or not any(self.shows(name) for name in names):
            return
        self._stale = True
        if self.views:
            self._worker.submit(self._catch_up)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Ignore state from the page: it only shows state, and so it cannot unset `read_only`."""

    def close(self) -> None:
        """Remove the panel from the page and end its thread."""
        sharing.listening.discard(self)
        if worker := getattr(self, "_worker", None):
            worker.close()
        super().close()

    def _on_message(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict):
            return
        name, call = content.get("do"), content.get("call")
        if name in ("mounted", "here"):
            self._view_here(content.get("view"))
        elif name == "unmounted":
            self._view_left(content.get("view"))
        elif name == "part":
            self._send_part(content.get("name"))
        elif name == "alive?":  # gets a response at once, also while the worker is busy
            self._tell({"alive": self.busy})
        elif name == "look":
            self._stale = True
            self._worker.submit(self._catch_up).add_done_callback(lambda _: self._answer(call))
        else:
            self._on_action(name, content.get("args"), call)

    def _on_action(self, name: object, arguments: object, call: object) -> None:
        try:
            action = action_of(self, name)
        except Refused as error:
            self._show_error(error)
            self._answer(call)
            return
        if action.busy and not self._claim(action.name):
            self._answer(call, dropped=True)
            return
        future = self.act(action, arguments if isinstance(arguments, dict) else {})
        future.add_done_callback(lambda _: self._answer(call))

    def _send_part(self, name: object) -> None:
        if name == "panel":
            code, css = built(f"{self._script}.js"), built(f"{self._script}.css")
            self._tell({"part": name, "code": code, "css": css})
        elif name in self._parts:
            self._tell({"part": name, "code": built(f"{name}.js")})

    def _view_here(self, view: object) -> None:
        self._viewers.heard(view)
        if self._stale:
            self._worker.submit(self._catch_up)

    def _view_left(self, view: object) -> None:
        self._viewers.left(view)
        if not self.views:
            self._worker.rest()  # no view is left, so no click can come: end the thread

    def _claim(self, name: str) -> bool:
        """Become busy unless an action is running; so the second click of a double click is dropped."""
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
            if said or action.busy:  # the text replaces that of an earlier action
                self._failures = 0
                self.show(said)
        except Exception as error:
            line = "" if isinstance(error, Refused) else line  # a refused line was not executed
            self._show_error(error)
            raise
        finally:
            self._keep()
            if line:
                self.lines = [*self.lines, line][-LINES_KEPT:]
            if action.busy:
                self.busy = ""
            if line and action.changes:  # also after a failure: a part may have been done
                sharing.announce(self.endpoint, self.touched, self)
            if action.busy and self.views:
                self._catch_up()

    def _look_again(self) -> bool:
        """Update for a visible page. Returns False if it was skipped: an action is running, or no quota is left."""
        if self.busy or not self._budget.take(self.calls_of_a_look):
            return False
        try:
            self.look()
        except Exception as error:
            self._failures += 1
            if self._is_news(error):
                self._show_error(error)
        else:
            if self._failures:
                self._failures = 0
                self.show("")
        self._keep()
        return True

    def _is_news(self, error: Exception) -> bool:
        """Whether the status line should show this error."""
        return True

    def _catch_up(self) -> None:
        """Read changes made elsewhere. A skipped read is repeated after the action, or at the next update."""
        if self._stale:
            self._stale = not self._look_again()

    @property
    def _next_s(self) -> float:
        """Seconds until the page should ask again, with backoff while the service fails."""
        return float(max(self.live_s, min(SLOWEST_S, self.live_s * 2.0 ** min(self._failures, 10))))

    def _show_error(self, error: Exception) -> None:
        if isinstance(error, CloudTasksError):
            self.show(error.message, hint=error.hint or "", level="error")
        else:  # the message of another library may contain secrets, so it is not shown
            hint = 'run the line under "as code" in a cell to see the whole error'
            self.show(f"Unexpected {type(error).__name__}.", hint=hint, level="error")

    def _answer(self, call: object, *, dropped: bool = False) -> None:
        self._tell({"done": call, "next_s": self._next_s, **({"dropped": True} if dropped else {})})

    def _tell(self, message: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if self.comm is not None:
            self.send(message, list(buffers))

    def _keep(self) -> None:
        """Store the view that a saved notebook shows of this panel."""
        if self.read_at != self._read[0]:
            self._read = (self.read_at, self._now())
        self.kept = saved_view(self._shape_(), self.read_at)

    def _still(self) -> Shape:
        """The shown data with the time of the read, to which its times are relative."""
        found = self._shape_()
        read = self.read_at
        found.as_of = f"read at {exact(read.replace(microsecond=0))}" if read is not None else ""
        return found

    def _now(self) -> datetime:
        """The time at the service; an emulator's clock can be moved."""
        session, _ = self._service
        return session.now() if session is not None else datetime.now(UTC)

    def __str__(self) -> str:
        return text(self._still())

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and its data as text and HTML for pages that cannot run widgets."""
        data, metadata = super()._repr_mimebundle_(**kwargs)
        found = self._still()
        return {**data, "text/plain": text(found), "text/html": html(found)}, metadata
