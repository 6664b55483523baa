"""Inbox: a URL in the notebook that receives deliveries, shows them as a table, and responds with your functions."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

from ...arguments import Checked
from ...connected import Connected
from ...errors import ConfigError, InvalidArgument, Timeout
from ...interrupts import wait_in_steps
from ...model import Duration, Headers
from ...model.durations import DurationLike
from ...shown import Shown
from .answering import HttpAnswer, answer_of
from .inbox_server import Server
from .received import Received

if TYPE_CHECKING:
    import pandas as pd

    from ...render import Card
    from ...widgets.inbox_panel import InboxPanel

KEPT = 1000
ELSE = "*"
_IN_URLS = "/?&=%:@!$'()*+,;~"

Handler = TypeVar("Handler", bound=Callable[[Received], Any])


class Inbox(Connected, Checked, Shown):
    """A URL on this machine that records the requests it receives. It responds with 200 unless a handler decides
    otherwise.

    It keeps the newest 1,000 requests and listens on loopback only. It ends with close(), with its client, or with
    Python.

    Example:
        >>> inbox = client.emulator.inbox()
        >>> queue.create_task({"to": "ada"}, url=inbox.url_for("/send"))
        >>> inbox.wait()
    """

    def __init__(self, port: int = 0) -> None:
        self._changed = threading.Condition()
        self._requests: deque[Received] = deque(maxlen=KEPT)
        self._handlers: dict[str, Callable[[Received], Any]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._received = 0
        self._answered = 0
        self.closed = False
        self._server = Server(self._answer, port)
        self.url = self._server.url

    @property
    def requests(self) -> list[Received]:
        """The requests since the start, or since clear(): the newest 1,000."""
        with self._changed:
            return list(self._requests)

    @property
    def received(self) -> int:
        """The number of requests since the start, or since clear(), including those that are no longer kept."""
        return self._received

    @property
    def paths(self) -> list[str]:
        """The paths that have a handler."""
        return sorted(self._handlers)

    def url_for(self, path: str) -> str:
        """The URL of a path, to create tasks with.

        >>> with Inbox() as inbox:
        ...     inbox.url_for("/send").removeprefix(inbox.url)
        '/send'
        """
        return f"{self.url}/{quote(path.removeprefix('/'), safe=_IN_URLS)}"

    def on(self, path: str = ELSE) -> Callable[[Handler], Handler]:
        """Register a function for a path, or with "*" for all other paths. It gets a Received and returns a status, a
        body (text, bytes, or any JSON value), (status, body), (status, body, headers), or None for 200.

        A later function for the same path replaces the earlier one, so a cell can run again. An exception gives a 500
        response.

        Example:
            >>> @inbox.on("/send")
            ... def send(request):
            ...     return 503 if request.attempt < 3 else {"sent": True}
        """
        if not isinstance(path, str) or not (path == ELSE or path.startswith("/")):
            raise InvalidArgument(
                f"{path!r} is not a path.", hint='@inbox.on("/send"), or @inbox.on("*") for all others'
            )

        def keep(handler: Handler) -> Handler:
            with self._changed:
                self._handlers[path] = handler
            self._tell()
            return handler

        return keep

    def wait(self, count: int = 1, timeout: DurationLike = 10.0) -> list[Received]:
        """Wait until `count` requests have got their response since the start, or since clear(); return all of them.

        Units: `timeout` is seconds, a timedelta, or text such as "1m".

        Errors: Timeout when fewer arrived in time; ConfigError when the inbox was closed first.

        Example:
            >>> inbox = client.emulator.inbox()
            >>> queue.create_task({"to": "ada"}, url=inbox.url_for("/send"))
            >>> inbox.wait()[0].json()
            {'to': 'ada'}
        """
        from ...render.values import counted

        timeout_s = Duration.of(timeout).total_seconds()
        with self._changed:
            wait_in_steps(
                lambda for_s: self._changed.wait_for(lambda: self._answered >= count or self.closed, for_s),
                timeout_s,
            )
            if self._answered < count and self.closed:
                raise ConfigError(
                    f"This inbox is closed; {self._answered} of {counted(count, 'request')} arrived before.",
                    hint="open another one with client.emulator.inbox(), and create tasks with its url_for()",
                )
            if self._answered < count:
                raise Timeout(
                    f"{self._answered} of {counted(count, 'request')} arrived within {timeout_s:g} s.",
                    hint="check that the queue is running and the task is due; "
                    "client.emulator.history(queue) shows its attempts",
                )
            return list(self._requests)

    def clear(self) -> None:
        """Delete the recorded requests; handlers stay.

        Example:
            >>> inbox.clear()
            >>> inbox.requests
            []
        """
        with self._changed:
            self._requests.clear()
            self._received = self._answered = 0
        self._tell()

    def close(self) -> None:
        """Stop listening. Recorded requests stay readable. Idempotent.

        Example:
            >>> inbox.close()
        """
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self._server.close()
        self._tell()

    def to_dataframe(self) -> pd.DataFrame:
        """One row per request.

        Shapes: number, received (UTC), method, path, query, queue, task, attempt (absent when no task sent it), headers
        (dicts, Authorization replaced), payload (bytes), answer (HTTP status), error.

        Example:
            >>> inbox.to_dataframe()
        """
        from ...frames import nullable_frame
        from .tables import REQUESTS

        return nullable_frame(REQUESTS, [self.requests])

    def panel(self) -> InboxPanel:
        """Return a live table of the requests: it grows as they arrive, and a click opens one.

        Example:
            >>> inbox.panel()
        """
        from ...widgets.inbox_panel import InboxPanel

        return InboxPanel(self)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it after every change, on a thread of the inbox."""
        self._listeners.append(listener)

    def ignore(self, listener: Callable[[], None]) -> None:
        """Stop calling it."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def __iter__(self) -> Iterator[Received]:
        """The recorded requests, the oldest first."""
        return iter(self.requests)

    def __enter__(self) -> Inbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        path, _, query = target.partition("?")
        with self._changed:
            self._received += 1
            request = Received(
                number=self._received,
                received=datetime.now(UTC),
                method=method,
                path=unquote(path),
                query=query,
                headers=Headers(headers),
                payload=body,
            )
            self._requests.append(request)
            handler = self._handlers.get(request.path) or self._handlers.get(ELSE)
        self._tell()
        answer = _handled(handler, request)
        with self._changed:
            request.answer = answer.status
            self._answered += 1
            self._changed.notify_all()
        self._tell()
        return answer

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    @property
    def title(self) -> str:
        """The title of the card and of the panel."""
        return f"Inbox {self.url.removeprefix('http://')}"

    def _shape_(self) -> Card:
        from ...render import Card, Table, badge, code, muted

        newest_first = self.requests[::-1]
        return Card(
            self.title,
            kind="target of deliveries",
            badge=badge("CLOSED", "bad") if self.closed else badge("LISTENING", "ok"),
            facts={
                "url": code(self.url),
                "handlers": [code(path) for path in self.paths] or muted("none: every response is 200"),
                "received": self.received,
            },
            table=Table.of(newest_first, Received.row) if newest_first else None,
            code=['queue.create_task(…, url=inbox.url_for("/path"))', "inbox.requests[-1]", "inbox.panel()"],
        )

    def __repr__(self) -> str:
        from ...render.values import counted

        return f"<Inbox {self.url}, {counted(self._received, 'request')}>"


def _handled(handler: Callable[[Received], Any] | None, request: Received) -> HttpAnswer:
    if handler is None:
        return HttpAnswer()
    try:
        return answer_of(handler(request))
    except (
        BaseException
    ) as error:  # also SystemExit: a mistake in a cell must not end a server thread silently
        request.error = error
        return HttpAnswer(500, type(error).__name__.encode(), {"Content-Type": "text/plain; charset=utf-8"})
