"""Client: one project at one endpoint, as one identity. Where its verbs begin."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from .api import Api
from .api.batch import Batch
from .errors import CloudTasksError, ConfigError
from .model.durations import DurationLike
from .model.instants import InstantLike
from .model.messages import Empty, HttpBody
from .model.queue import Kind
from .model.queue import Queue as QueueFields
from .model.task import Task as TaskFields
from .model.task import View
from .model.versions import Spoken
from .names import LOCATION_ID, PROJECT_ID, QueueName, parse_location, parse_queue, parse_task
from .paging.pager import Pager
from .resources.batch_verbs import Operation, read_operation
from .resources.keywords import gathered
from .resources.location import DefaultLocation, Location, Uploaded, list_locations
from .resources.new_queue import CreatesQueues
from .resources.queue import Queue, queue_handle
from .resources.queue_pager import QueuePager, list_queues
from .resources.task import Task, task_handle
from .rest.deadline import seconds_for_a_call
from .rest.session import Session
from .shown import Shown, completed_as_text

if TYPE_CHECKING:
    from .bulk.backup import Past
    from .bulk.result import BulkResult
    from .emulator.client import Emulator
    from .history.overview import ProjectReport
    from .plots import ClientPlots
    from .render import Card
    from .widgets.explorer import Explorer

EVERYWHERE = "-"


class Client(CreatesQueues, Shown):
    """The way to the queues and tasks of a project. Any thread may call; also a context manager.

    `project`, `endpoint` and `identity` are plain attributes, and so is `location`, the id of the default location
    (empty when there is none); called, `client.location("europe-west1")` reads a Location.

    Example:
        >>> client = ct.local()
        >>> emails = client.create_queue("emails")
        >>> emails.create_task({"to": "ada"}, url="https://example.com/send")
    """

    def __init__(
        self,
        session: Session,
        project: str,
        location: str | None = None,
        *,
        on_close: Callable[[], object] = lambda: None,
    ) -> None:
        _check("project", project, PROJECT_ID)
        _check("location", location or "-", LOCATION_ID)
        self._session = session
        self._on_close = on_close
        self._emulator: Emulator | None = None
        self.project = project
        self.location = DefaultLocation(location or "", session, project)
        self.api = Api(session)  # a plain attribute: completion then sees what is below it

    @property
    def endpoint(self) -> str:
        """The URL that calls go to."""
        return self._session.endpoint

    @property
    def identity(self) -> str:
        """Who calls: a service account, the kind of credentials, or "anonymous"."""
        return self._session.auth.identity

    @property
    @completed_as_text
    def api_version(self) -> Spoken:
        """The version of the REST API that is spoken; "auto" when each call is made in one that carries it."""
        return self._session.api_version

    @property
    def read_only(self) -> bool:
        """Whether this client refuses whatever would change the service, whoever asks."""
        return self._session.read_only

    @property
    def emulator(self) -> Emulator:
        """The emulator that this client talks to. Errors: ConfigError when it talks to the real service."""
        from .emulator.client import Emulator

        if not self._session.on_emulator:
            raise ConfigError(
                f"{self.endpoint} is the service and no emulator.", hint="ct.local() starts an emulator"
            )
        if self._emulator is None:
            self._emulator = Emulator(self._session, self._queue_name, self.project)
        return self._emulator

    @property
    def offers_stats(self) -> bool:
        """Whether a version of the API that is spoken keeps statistics of queues."""
        return self._session.speaking.offers_stats

    def locations(self) -> Pager[Location]:
        """The locations that can hold queues. Errors: PermissionDenied, AuthError, TransportError.

        Source: REST list.

        Example:
            >>> client.locations().first(3)
        """
        return list_locations(self._session, self.project)

    def queues(
        self,
        location: str | Location | None = None,
        *,
        filter: str | None = None,
        page_size: int | None = None,
        stats: bool = False,
        failing: bool = False,
    ) -> QueuePager:
        """The queues of a location (by default the client's own), or of all with "-" or without any default.

        `filter` is the API's: 'state=PAUSED'. `stats=True` reads estimates of depth and rate along. `failing=True` sets
        `queue.failing`, and the table shows the worst first: one call of Cloud Monitoring for all queues, at most once
        a minute, which is billed; where it is refused, a sample of the first page of tasks of up to 50 queues. Their
        tasks, as one listing: client.queues("-").tasks().

        Errors: InvalidArgument (filter, location), PermissionDenied, AuthError, TransportError. When one location of
        all fails, its error says which, and holds the queues of the others: error.result.
        Source: REST queues.list.

        Example:
            >>> client.queues("-", stats=True).to_dataframe()
        """
        place = location or self.location or EVERYWHERE
        if place == EVERYWHERE:
            places = [parse_location(found.name) for found in self.locations()]
        else:
            places = [parse_location(place, self.project)]
        return list_queues(
            self._session, places, filter=filter, page_size=page_size, stats=stats, failing=failing
        )

    def queue(
        self, name: str | Queue, stats: bool = False, *, read: bool = True, kind: Kind | None = None
    ) -> Queue:
        """A queue by id, "location/id" or full name; of a Queue, its name counts. Errors: NotFound, InvalidArgument.

        With read=False nothing is read: for an identity that may only create, run or delete tasks. `kind` then says who
        receives the tasks: "http", "app_engine" or "pull". Without it, each new task says so: `url` means HTTP,
        `relative_url` App Engine, `tag` pull.

        Source: REST queues.get.

        Example:
            >>> client.queue("emails", stats=True).stats.tasks_count
            5
        """
        return queue_handle(self._session, self._queue_name(name), stats=stats, read=read, kind=kind)

    def task(self, name: str | TaskFields, view: View = "FULL", *, read: bool = True) -> Task:
        """A task by its full name, "location/queue/id" or "queue/id". Errors: NotFound, InvalidArgument.

        With read=False nothing is read: for an identity that may only run or delete tasks.

        Source: REST queues.tasks.get.

        Example:
            >>> client.task(queue.tasks().first_page.items[0].name).json()
            {'n': 0}
        """
        return task_handle(
            self._session, parse_task(name, self.project, self.location or None), view, read=read
        )

    def batch(self, timeout: DurationLike | None = None) -> Batch:
        """A with block that gathers calls and sends them in one request: up to 1,000 in each.

        Verbs are added without their parentheses. Each call has its own outcome, in order: batch.results; only what
        may be repeated is sent again. When the block raises, nothing is sent.

        Units: `timeout` is for each request and its repeats: seconds, a timedelta, or text such as "1m". It defaults
        to the client's timeout plus a tenth of a second for each call.
        Errors: ConfigError when the timeout is not a time; TransportError and the like at the end of the block, when
        nothing at all was answered.
        Source: POST /batch, SPEC section 1.6.

        Example:
            >>> with client.batch() as batch:
            ...     paused = batch.add(queue.pause)
            ...     batch.add(queue.create_task, {"to": "ada"}, url="https://example.com/send")
            ...     batch.add(client.api.projects.locations.queues.get, name=queue.name)
            >>> paused.result().state
            'PAUSED'
            >>> batch.results
        """
        return Batch(self._session, None if timeout is None else seconds_for_a_call(timeout))

    def restore(
        self,
        path: str | os.PathLike[str],
        queue: str | Queue | None = None,
        *,
        past: Past = "now",
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Create the queue of a backup again, with its settings and tasks. A queue that was paused is paused.

        Where the queue exists already, its settings stay and only the tasks are created.

        - `path`: a file that queue.backup() wrote.
        - `queue`: another name for the queue: an id, "location/id" or a full name.
        - `past`: as in queue.restore().
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: as queue.restore(); FailedPrecondition when a queue of this name existed too recently.
        Units: a delay in `past` is a timedelta, or a number of seconds.
        Source: REST queues.create and queues.tasks.batchCreate.

        Example:
            >>> queue.backup("emails.parquet")
            >>> ct.local(dispatch=False).restore("emails.parquet")
        """
        from .bulk.backup import queue_of, restore
        from .bulk.verbs import BulkOptions

        how = gathered(BulkOptions, locals())
        return restore(queue_of(self, path, queue), path, past=past, renew=True, how=how)

    def operation(self, name: str) -> Operation:
        """An operation by its full name, as batch calls answer with. Errors: NotFound, InvalidArgument.

        Source: REST operations.get.

        Example:
            >>> made = work.batch_create([{"payload": b"1"}])
            >>> client.operation(made.name).done
            True
        """
        return read_operation(self._session, name)

    def upload_queue_yaml(self, source: str | os.PathLike[str], app_id: str | None = None) -> Uploaded:
        """Set the project's queues from a queue.yaml: its text, or the path of the file.

        This is App Engine's old way: queues that the file does not name are disabled or paused. `app_id` is the
        project by default. The queues are in the location of the project's App Engine, which only an emulator tells:
        there, `.queues` lists them as they are afterwards.

        Errors: InvalidArgument (the file is wrong), PermissionDenied; ConfigError when the file cannot be read.
        Source: REST api.queue.update, SPEC section 2.8.

        Example:
            >>> client.upload_queue_yaml("queue.yaml")
        """
        project = app_id or self.project
        self._session.call(
            "api.queue.update",
            Empty,
            path={},
            query={"appId": project},
            body=HttpBody(content_type="application/yaml", data=_yaml(source)),
        )
        return Uploaded(self._session, project, self._app_engine_location())

    def _app_engine_location(self) -> str:
        """Where App Engine is, as far as that can be known."""
        try:
            info = self.emulator.refresh().info if self._session.on_emulator else None
        except CloudTasksError:  # another emulator
            info = None
        return info.app_engine_location if info is not None else ""

    def report(self, since: InstantLike = "24h", until: InstantLike | None = None) -> ProjectReport:
        """What became of the work of all queues of the project, the most failed attempts first. Six calls in all.

        Units: `since` and `until` are durations before now ("24h", a timedelta), datetimes or ISO text.

        Errors: as of queue.report().

        Source: GET /v3/projects/{project}/timeSeries of Cloud Monitoring, POST /v2/entries:list of Cloud Logging.

        Example:
            >>> client.report(since="24h")
        """
        from .history.overview import project_report

        return project_report(self._session, self.project, since, until)

    @property
    def plot(self) -> ClientPlots:
        """Pictures: client.plot.queues()."""
        from .plots import ClientPlots

        return ClientPlots(self)

    def explore(self, read_only: bool = False, every_s: float = 10.0) -> Explorer:
        """All queues of all locations to find, open, pause and resume.

        Units: `every_s` is seconds between two reads while it can be seen; 0 reads only when you ask.

        Example:
            >>> client.explore(read_only=True)
        """
        from .widgets.explorer import Explorer

        return Explorer(self, read_only=read_only, every_s=every_s)

    def close(self) -> None:
        """End the connections, and the emulator when ct.local() started one. May be called twice.

        Example:
            >>> with ct.local() as client:
            ...     client.queues()
        """
        self._session.close()
        if self._emulator is not None:
            self._emulator.close()
        self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _new_queue(self, name: str) -> tuple[Session, QueueName]:
        return self._session, self._queue_name(name)

    def _queue_name(self, name: str | QueueFields) -> QueueName:
        return parse_queue(name, self.project, self.location or None)

    def _shape_(self) -> Card:
        from .render import Card, code, muted

        return Card(
            self.project,
            kind="Cloud Tasks client",
            facts={
                "location": self.location or muted("none: queues() lists all"),
                "endpoint": [code(self.endpoint), muted("emulator") if self._session.on_emulator else None],
                "identity": self.identity,
                "API version": self.api_version,
                "read-only": "yes: what would change the service is refused" if self.read_only else None,
            },
            code=["client.queues()", 'client.queue("…")', "client.locations()"]
            + ([] if self.read_only else ['client.create_queue("…")']),
        )

    def __repr__(self) -> str:
        where = f"{self.project}/{self.location}" if self.location else self.project
        reads = ", read-only" if self.read_only else ""
        return f"<Client {where} at {self.endpoint} as {self.identity}{reads}>"


def _yaml(source: str | os.PathLike[str]) -> bytes:
    """The text itself, or what is in the file: one line that sets nothing can only be a path."""
    if isinstance(source, str) and re.search(r"\n|^\s*\w+\s*:(\s|$)", source):
        return source.encode()
    try:
        return Path(source).expanduser().read_bytes()
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"The queue.yaml {str(source)!r} cannot be read: {reason}.", hint="pass its path, or its text"
        ) from None


def _check(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ConfigError(f"{text!r} is not a {what} id.", hint=f'connect with {what}="..."')
