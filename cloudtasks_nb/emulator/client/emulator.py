"""Emulator: the features that an emulator has and the real service does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any, Self

from ...errors import CloudTasksError, InvalidArgument, MissingExtra
from ...model import Duration
from ...model.durations import DurationLike
from ...model.emulated import (
    AdvanceRequest,
    AdvanceResponse,
    EmulatorInfo,
    FaultReport,
    Faults,
    HistoryResponse,
)
from ...names import QueueName, parse_queue, task_in
from ...rest.session import Session
from ...shown import Shown
from .endpoints import Endpoints
from .history import History
from .languages import KNOWN, ConnectionLines, Language
from .world import WorldVerbs

if TYPE_CHECKING:
    from ...model import Queue, Task
    from ...render import Card
    from .inbox import Inbox

PATIENCE_S = 10.0


class Emulator(WorldVerbs, Shown):
    """The emulator behind a client: its clock, its settings, its tools for tests. Thread-safe.

    The card shows the information of the last call; `refresh()` fetches it again.

    Example:
        >>> client = ct.local(clock="manual")
        >>> client.emulator.advance("2h")
    """

    def __init__(
        self,
        session: Session,
        queue_name: Callable[[Any], QueueName] = parse_queue,
        project: str | None = None,
    ) -> None:
        """`queue_name` completes the name of a queue as the client does. `project` is the client's project."""
        self._session = session
        self._control = Endpoints(session)
        self._queue_name = queue_name
        self._project = project or "local"
        self._closing: list[Any] = []
        self._inboxes: list[Inbox] = []
        self.endpoint = session.endpoint
        self.info: EmulatorInfo | None = None

    def refresh(self) -> Self:
        """Fetch the emulator's version and settings. Errors: ConfigError (another server responds there),
        TransportError.

        Source: GET /emulator/v1/info.

        Example:
            >>> client.emulator.refresh()
        """
        self.info = self._control.get("info", EmulatorInfo)
        self._session.moved_to = self.info.time if self.info.clock == "manual" else None
        return self

    def advance(self, by: DurationLike, *, patience: DurationLike = PATIENCE_S) -> datetime:
        """Move a manual clock forward. Each event on the way happens at its own time. Returns the new time.

        After `patience` (real time) it stops waiting for attempts that are still under way. advance(0) sends the tasks
        that are due now.

        Units: `by` and `patience` are timedeltas, seconds, or text such as "2h" or "1h 30m".

        Errors: FailedPrecondition when the emulator uses the system clock; InvalidArgument.

        Source: POST /emulator/v1/clock:advance.

        Example:
            >>> client = ct.local(clock="manual")
            >>> client.emulator.advance("90s")
        """
        real = Duration.of(patience)
        asked = AdvanceRequest(by=Duration.of(by), patience=real)
        longer_s = real.total_seconds()
        answer = self._control.post("clock:advance", asked, AdvanceResponse, longer_s=longer_s)
        if answer.time is None:
            raise CloudTasksError("The emulator's response holds no time.")
        self._session.moved_to = answer.time  # "in 60 seconds" refers to the emulator's clock
        if self.info is not None:
            self.info.time = answer.time
        return answer.time

    def history(self, queue: Queue | str, task: Task | str | None = None) -> History:
        """Return every attempt of a queue's tasks, or of one task. Deleted and completed tasks are included.

        `queue` is a Queue or its name, `task` a Task, its id or its name.

        Errors: InvalidArgument, ConfigError, TransportError.

        Source: GET /emulator/v1/history.

        Example:
            >>> client.emulator.history(queue).to_dataframe()
        """
        name = self._queue_name(queue)
        query = {"queue": str(name)}
        if task is not None:
            query["task"] = str(task_in(name, task))
        answer = self._control.get("history", HistoryResponse, query)
        return History(str(name), answer.attempts, answer.dropped)

    def inbox(self, port: int = 0) -> Inbox:
        """Open an inbox: a URL in this notebook that receives requests, shows them as a table, and responds with your
        functions.

        `port` 0 picks a free one. Errors: ConfigError when the port is in use.

        Example:
            >>> inbox = client.emulator.inbox()
            >>> queue.create_task({"to": "ada"}, url=inbox.url_for("/send"))
        """
        from .inbox import Inbox

        made = Inbox(port)
        self._closing.append(made)
        self._inboxes.append(made)
        return made

    def grpc_channel(self, *, asyncio: bool = False) -> Any:
        """Return a gRPC channel to this emulator for Google's clients. It uses this client's credentials.

        Shapes: a grpc.Channel, which client.close() closes. With `asyncio`: a grpc.aio.Channel of the running event
        loop; close it with `async with`.

        Errors: MissingExtra without the extra "grpc"; ReadOnly, because Google's clients can write.

        Example:
            >>> from google.cloud import tasks_v2
            >>> Transport = tasks_v2.CloudTasksClient.get_transport_class("grpc")
            >>> official = tasks_v2.CloudTasksClient(transport=Transport(channel=client.emulator.grpc_channel()))
        """
        self._session.check_may_change("emulator.grpc_channel", "")
        try:
            from .channels import channel, channel_for_asyncio
        except ImportError:
            raise MissingExtra("A gRPC channel", "grpc") from None
        session, host = self._session, self.endpoint.partition("://")[2]

        def headers() -> list[tuple[str, str]]:
            said = session.auth.headers("POST", self.endpoint)
            return [(name.lower(), str(value)) for name, value in said.items()]

        if asyncio:
            return channel_for_asyncio(host, headers)
        made = channel(host, headers)
        self._closing.append(made)
        return made

    def connect_from(self, language: Language) -> ConnectionLines:
        """Return the code that connects a program in another language to this emulator; print() shows it as text.

        - `language`: "python", "python-asyncio", "node", "go", "java", "php", "dotnet", "ruby", "gcloud", "terraform"
          or "firebase-admin".

        Errors: InvalidArgument for any other language.

        Example:
            >>> client.emulator.connect_from("node")
            >>> print(client.emulator.connect_from("go"))
        """
        return ConnectionLines(language, self.endpoint, self._project)

    def close(self) -> None:
        """Close the inboxes and channels. client.close() calls this."""
        for one in self._closing:
            one.close()

    def faults(
        self,
        *,
        latency: DurationLike | None = None,
        exhausted: float = 0.0,
        unavailable: float = 0.0,
        cut_before: float = 0.0,
        cut_after: float = 0.0,
        methods: str | Sequence[str] = (),
        target_latency: DurationLike | None = None,
        targets: str | Sequence[str] = (),
        throttled_rate: float | None = None,
        seed: int | None = None,
    ) -> FaultReport:
        """Inject faults: make calls fail and deliveries slow from now on. Without arguments, removes all faults.

        - `latency`: the delay of every call.
        - `exhausted`: the share of calls that fails with 429.
        - `unavailable`: the share of calls that fails with 503.
        - `cut_before`: the share of calls that takes no effect and gets no response.
        - `cut_after`: the share of calls that takes effect and gets no response.
        - `methods`: the methods that fail: "queues.tasks.create", "queues.tasks.*", or a list. Defaults to all. Single
        calls of a batch fail, too; "batch", or no method, hits the whole batch. A list may have both.
        - `target_latency`: extra time that each attempt takes, by the emulator's clock. With a manual clock, advance()
        makes the response arrive.
        - `targets`: the URLs with `target_latency`: ``https://api.example.com/*``, or a list. Defaults to all.
        - `throttled_rate`: the highest number of tasks per second that each queue sends, as when the service throttles
        it. The queue's statistics show it as effective_execution_rate; the queue's settings do not change.
        - `seed`: the same seed gives the same failures again. Defaults to a random one.

        Errors: InvalidArgument.

        Units: shares from 0 to 1; latencies are timedeltas, seconds, or text such as "50ms".

        Source: POST /emulator/v1/faults.

        Example:
            >>> client.emulator.faults(cut_after=0.2, methods="queues.tasks.batchCreate", seed=1)
            >>> client.emulator.faults(target_latency="2s", throttled_rate=5)
        """
        shares = {
            "exhausted": exhausted, "unavailable": unavailable, "cut_before": cut_before, "cut_after": cut_after,
        }  # fmt: skip
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise InvalidArgument(f"{name}={share!r} must be a share of calls between 0 and 1.")
        if throttled_rate is not None and not throttled_rate > 0:
            raise InvalidArgument(
                f"throttled_rate={throttled_rate!r} must be above 0.",
                hint="to stop a queue, use queue.pause()",
            )
        chosen = Faults(
            latency=None if latency is None else Duration.of(latency),
            **shares,
            methods=[methods] if isinstance(methods, str) else [*methods],
            target_latency=None if target_latency is None else Duration.of(target_latency),
            targets=[targets] if isinstance(targets, str) else [*targets],
            throttled_rate=throttled_rate,
            seed=seed,
        )
        return self._control.post("faults", chosen, FaultReport)

    def fault_report(self) -> FaultReport:
        """Return the current faults, and how many calls each one has hit.

        Errors: TransportError when the emulator does not respond.

        Source: GET /emulator/v1/faults.

        Example:
            >>> client.emulator.fault_report()
        """
        return self._control.get("faults", FaultReport)

    def _shape_(self) -> Card:
        from ...render import Card, code, muted
        from ...render.shapes import Section
        from ...render.values import exact

        info = self.info
        facts: dict[str, object] = {"endpoint": code(self.endpoint)}
        if info is not None:
            facts |= {
                "version": info.version,
                "serves": ", ".join(info.api_versions),
                "clock": [
                    info.clock,
                    muted(exact(info.time)) if info.time and info.clock == "manual" else None,
                ],
                "data": code(info.data) if info.data else "in memory only",
                "deliveries go to": ["this machine", *(muted(pattern) for pattern in info.allowed_targets)],
                "App Engine": [
                    code(f"{service or 'all services'} → {url}") for service, url in info.app_engine.items()
                ]
                or muted("none; set it with --app-engine http://localhost:8080"),
                "queue.yaml location": code(info.app_engine_location) if info.app_engine_location else None,
            }
        lines = ["client.emulator.refresh()", "client.emulator.history(queue)", "client.emulator.inbox()"]
        if info is not None and info.clock == "manual":
            lines.append('client.emulator.advance("2h")')
        lines.append('client.emulator.connect_from("node")')
        others = [self.connect_from(language) for language in KNOWN]
        text = "\n\n".join(f"{one.title}:\n\n{indent(one.code, '    ')}" for one in others)
        reached = [Section("from other languages", text)]
        return Card("Cloud Tasks emulator", facts=facts, sections=reached, code=lines)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<Emulator at {self.endpoint}>"
