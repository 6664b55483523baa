"""Client: calls the API of one project at one endpoint as one identity."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from .api import Api
from .api.batch import Batch
from .arguments import gathered
from .connected import Connected
from .errors import CloudTasksError, ConfigError
from .model.durations import DurationLike
from .model.instants import InstantLike
from .model.json import Duration
from .model.messages import Empty, HttpBody
from .model.queue import Kind
from .model.queue import Queue as QueueFields
from .model.task import Task as TaskFields
from .model.task import View
from .model.versions import Spoken
from .names import LOCATION_ID, PROJECT_ID, QueueName, parse_location, parse_queue, parse_task
from .paging.pager import Pager
from .resources.batch_verbs import Operation, read_operation
from .resources.location import DefaultLocation, Location, Uploaded, list_locations
from .resources.new_queue import CreatesQueues
from .resources.queue import Queue, queue_handle
from .resources.queue_pager import QueuePager, list_queues
from .resources.task import Task, task_handle
from .rest.deadline import seconds_for_a_call
from .rest.session import Session
from .shown import Shown, completed_as_text
from .user_paths import user_path

if TYPE_CHECKING:
    from .bulk.backup import Past
    from .bulk.result import BulkResult
    from .emulator.client import Emulator
    from .history.overview import ProjectReport
    from .plots import ClientPlots
    from .render import Card
    from .widgets.explorer import Explorer

EVERYWHERE = "-"


class Client(CreatesQueues, Connected, Shown):
    """Access to the queues and tasks of a project. Thread-safe; also a context manager.

    `project`, `endpoint` and `identity` are plain attributes, and so is `location`, the id of the default location
    (empty without one). As a call, `client.location("europe-west1")` reads a Location.

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
        is_served: Callable[[], bool] = lambda: True,
    ) -> None:
        _check("project", project, PROJECT_ID)
        _check("location", location or "-", LOCATION_ID)
        self._session = session
        self._on_close, self._is_served = on_close, is_served
        self._emulator: Emulator | None = None
        self.project = project
        self.location = DefaultLocation(location or "", session, project)
        self.api = Api(session)  # a plain attribute, so that completion sees its members

    @property
    def endpoint(self) -> str:
        """The URL that calls go to."""
        return self._session.endpoint

    @property
    def identity(self) -> str:
        """The caller: a service account, the kind of credentials, or "anonymous"."""
        return self._session.auth.identity

    @property
    @completed_as_text
    def api_version(self) -> Spoken:
        """The REST API version that calls use; "auto" if each call uses a version that supports it."""
        return self._session.api_version

    @property
    def read_only(self) -> bool:
        """Whether calls that would change the service raise ReadOnly."""
        return self._session.read_only

    @property
    def emulator(self) -> Emulator:
        """The emulator that this client calls. Errors: ConfigError if it calls the real service."""
        from .emulator.client import Emulator

        if not self._session.on_emulator:
            raise ConfigError(f"{self.endpoint} is not an emulator.", hint="ct.local() starts an emulator")
        if self._emulator is None:
            self._emulator = Emulator(self._session, self._queue_name, self.project)
        return self._emulator

    @property
    def offers_stats(self) -> bool:
        """Whether an API version that this client uses has statistics of queues."""
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
        """The queues of a location. Defaults to the client's location, or to all if it has none; "-" means all.

        `filter` is the API's: 'state=PAUSED'. `stats=True` also fetches estimates of depth and rate. `failing=True`
        sets `queue.failing`, and sorts the table by it, the worst first. It makes one call of Cloud Monitoring for all
        queues, at most once a minute, which is billed. If that call fails, it samples the first page of tasks of up to
        50 queues. client.queues("-").tasks() lists the tasks of all queues.

        Errors: InvalidArgument (filter, location), PermissionDenied, AuthError, TransportError. If one of all locations
        fails, the error names it, and error.result has the queues of the others.
        Source: REST queues.list.

        Example:
            >>> client.queues("-", stats=True).to_dataframe()
        """
        place = (self.location or EVERYWHERE) if location in (None, "") else location
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
        """Read a queue by id, "location/id", full name or Queue. Errors: NotFound, InvalidArgument.

        With read=False there is no request: for an identity that may only create, run or delete tasks. `kind` then
        gives the kind of its tasks: "http", "app_engine" or "pull". Without `kind`, the options of each new task
        decide: `url` means HTTP, `relative_url` App Engine, `tag` pull.

        Source: REST queues.get.

        Example:
            >>> client.queue("emails", stats=True).stats.tasks_count
            5
        """
        return queue_handle(self._session, self._queue_name(name), stats=stats, read=read, kind=kind)

    def task(self, name: str | TaskFields, view: View = "FULL", *, read: bool = True) -> Task:
        """Read a task by its full name, "location/queue/id" or "queue/id". Errors: NotFound, InvalidArgument.

        With read=False there is no request: for an identity that may only run or delete tasks.

        Source: REST queues.tasks.get.

        Example:
            >>> client.task(queue.tasks().first_page.items[0].name).json()
            {'n': 0}
        """
        return task_handle(
            self._session, parse_task(name, self.project, self.location or None), view, read=read
        )

    def batch(self, timeout: DurationLike | None = None) -> Batch:
        """A with block that collects calls and sends them together, up to 1,000 in each request.

        Add a method and its arguments, without calling it. batch.results has the outcome of each call, in order. Only
        idempotent calls are retried. If the block raises, nothing is sent.

        Units: `timeout` is for each request and its retries: seconds, a timedelta, or text such as "1m". It
        defaults to the client's timeout plus 0.1 seconds for each call.
        Errors: ConfigError for a timeout that is not valid; at the end of the block, TransportError and the like if no
        call got a response.
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
        """Create the queue of a backup again, with its settings, its tasks and its state (paused or running).

        If the queue already exists, its settings stay as they are, and only the tasks are created.

        - `path`: a file that queue.backup() wrote.
        - `queue`: another name for the queue: an id, "location/id" or a full name.
        - `past`: as in queue.restore().
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: as queue.restore(); FailedPrecondition if a queue of this name existed too recently.
        Units: a delay in `past` is a timedelta, or a number of seconds.
        Source: REST queues.create and queues.tasks.batchCreate.

        Example:
            >>> queue.backup("emails.parquet")
            >>> ct.local(dispatch=False).restore("emails.parquet")
        """
        from .bulk.backup import due_times, queue_of, restore
        from .bulk.verbs import BulkOptions

        how = gathered(BulkOptions, locals())
        due_times(past, self._session.now())  # validates it before a queue is created
        return restore(queue_of(self, path, queue), path, past=past, renew=True, how=how)

    def operation(self, name: str) -> Operation:
        """Read an operation by its full name; batch calls return operations. Errors: NotFound, InvalidArgument.

        Source: REST operations.get.

        Example:
            >>> made = work.batch_create([{"payload": b"1"}])
            >>> client.operation(made.name).done
            True
        """
        return read_operation(self._session, name)

    def upload_queue_yaml(self, source: str | os.PathLike[str], app_id: str | None = None) -> Uploaded:
        """Set the project's queues from a queue.yaml: its content, or the path of the file.

        This is the legacy method of App Engine: it disables or pauses all queues that are not in the file. `app_id`
        defaults to the project. The queues are in the location of the project's App Engine. Only an emulator tells that
        location: there, `.queues` lists the queues after the upload.

        Errors: InvalidArgument (the file is not valid), PermissionDenied; ConfigError if the file cannot be read.
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
        """The location of App Engine; empty if unknown."""
        try:
            info = self.emulator.refresh().info if self._session.on_emulator else None
        except CloudTasksError:  # another emulator
            info = None
        return info.app_engine_location if info is not None else ""

    def report(self, since: InstantLike = "24h", until: InstantLike | None = None) -> ProjectReport:
        """The outcomes of the tasks of all queues, most failed attempts first. Makes six calls.

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
        """A panel to find, open, pause and resume the queues of all locations.

        Units: `every_s` is the seconds between two reads while the panel is visible; 0 reads only on request.

        Example:
            >>> client.explore(read_only=True)
        """
        from .widgets.explorer import Explorer

        return Explorer(self, read_only=read_only, every_s=every_s)

    def close(self, timeout: DurationLike | None = None) -> None:
        """Stop the client's workers, close the connections, and stop the emulator if ct.local() started one.

        It waits for running handlers, as worker.stop() does, but not after an interrupt or `timeout`: their tasks are
        offered again when their leases end. In a handler it returns at once; then handlers have no time limit.

        Units: `timeout` is seconds, a timedelta, or text such as "1m".
        Errors: InvalidArgument for an invalid timeout; KeyboardInterrupt after an interrupt, once all is closed.

        Example:
            >>> client = ct.local()
            >>> client.close(timeout="30s")
        """
        timeout_s = None if timeout is None else Duration.of(timeout).total_seconds()
        self._session.background.end(self._close, timeout_s, self._is_served)

    def _close(self) -> None:
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
                "location": self.location or muted("none: queues() lists all locations"),
                "endpoint": [code(self.endpoint), muted("emulator") if self._session.on_emulator else None],
                "identity": self.identity,
                "API version": self.api_version,
                "read-only": "yes: calls that would change the service raise ReadOnly"
                if self.read_only
                else None,
            },
            code=["client.queues()", 'client.queue("…")', "client.locations()"]
            + ([] if self.read_only else ['client.create_queue("…")']),
        )

    def __repr__(self) -> str:
        where = f"{self.project}/{self.location}" if self.location else self.project
        reads = ", read-only" if self.read_only else ""
        return f"<Client {where} at {self.endpoint} as {self.identity}{reads}>"


def _yaml(source: str | os.PathLike[str]) -> bytes:
    """The content of a queue.yaml: the text itself, or the file of that path. One line without a colon is a path."""
    if isinstance(source, str) and re.search(r"\n|^\s*\w+\s*:(\s|$)", source):
        return source.encode()
    try:
        return user_path(source).read_bytes()
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"The queue.yaml {str(source)!r} cannot be read: {reason}.", hint="pass its path, or its text"
        ) from None


def _check(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise ConfigError(f"{text!r} is not a {what} id.", hint=f'connect with {what}="..."')
