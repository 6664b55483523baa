"""The report of a queue for a window of time: five calls for metrics and one for the audit log.

docs/decisions explains the five calls, and why the depth needs two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..errors import ConfigError
from ..model.instants import InstantLike
from ..names import QueueName
from ..rest.session import Session
from .audit import AuditEvent, read_audit
from .basis import AnyReport, Basis
from .figures import Answers, ByCode, Figures, Moment, reckoned
from .metrics import ATTEMPTS, CREATED, DELAYS, DEPTH, DEPTH_AT, Reader, all_of
from .series import Series
from .told import AUDIT_LOG, METRICS, metrics_source, passable, queue_now, refused, still_known
from .windows import Window

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card

LAG = timedelta(minutes=4)
"""The delay after which Google's metrics are complete."""
LONGEST = timedelta(weeks=104)
"""The longest period that Cloud Monitoring aligns."""
_MINUTES_READ = 10_080  # one week of minutes


class Report(AnyReport):
    """The report of a queue for a window of time.

    An unknown number is None. `sources` shows which sources were read, and why others were not.
    The table (`to_dataframe()`) has one row per minute, or per `step` if the window is long.

    Example:
        >>> report = queue.report(since="24h")
        >>> report.created, report.succeeded, report.failed
        (5, 0, 0)
        >>> report.to_dataframe()
        >>> report.to_html("report.html")
    """

    def __init__(self, queue: QueueName, basis: Basis, figures: Figures) -> None:
        super().__init__(basis)
        self._name = queue
        self._figures = figures

    @property
    def queue(self) -> str:
        """The id of the queue."""
        return self._name.queue

    @property
    def location(self) -> str:
        """The location of the queue."""
        return self._name.location

    @property
    def name(self) -> str:
        """The full name of the queue."""
        return str(self._name)

    @property
    def created(self) -> int | None:
        """How many tasks were created."""
        return self._figures.created

    @property
    def attempts(self) -> int | None:
        """How many attempts ended."""
        return self._figures.attempts

    @property
    def succeeded(self) -> int | None:
        """How many attempts succeeded. Each is one finished task."""
        return self._figures.succeeded

    @property
    def failed(self) -> int | None:
        """How many attempts failed. A task can fail several times and succeed later."""
        return self._figures.failed

    @property
    def by_code(self) -> ByCode | None:
        """Attempts by google.rpc code, the most frequent first."""
        return self._figures.by_code

    @property
    def started(self) -> datetime | None:
        """The first minute in which an attempt ended; None without attempts."""
        return self._figures.started

    @property
    def finished(self) -> datetime | None:
        """The last minute in which an attempt ended; None without attempts."""
        return self._figures.finished

    @property
    def peak_depth(self) -> int | None:
        """The maximum number of tasks in the queue."""
        return self._figures.peak_depth

    @property
    def delay_p50(self) -> timedelta | None:
        """The median delay of attempts: the time from due to sent."""
        return self._figures.delay(50)

    @property
    def delay_p95(self) -> timedelta | None:
        """The delay that 95 % of attempts did not exceed."""
        return self._figures.delay(95)

    @property
    def delay_p99(self) -> timedelta | None:
        """The delay that 99 % of attempts did not exceed."""
        return self._figures.delay(99)

    @property
    def gone_without_success(self) -> int | None:
        """Tasks that left the queue without success: given up, deleted or purged. Inferred: no metric counts them.

        It is the depth at the start, plus created tasks, minus succeeded tasks, minus the depth at the end.
        """
        return self._figures.gone_without_success

    @property
    def moments(self) -> list[Moment]:
        """One row per step: its start, the maximum depth of the queue, and the attempts that ended in it."""
        return self._figures.moments

    def _own_columns(self) -> Columns[Any]:
        from .columns import MOMENTS

        return MOMENTS

    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        return iter([columns.of(self._figures.moments[:limit])])

    def _shape_(self) -> Card:
        from .look import report_card

        return report_card(self, self._figures)

    def __repr__(self) -> str:
        counts = f"created: {self.created}, attempts: {self.attempts}, failed: {self.failed}"
        return f"<Report of {self.location}/{self.queue}: {counts}>"


def report(
    session: Session, queue: QueueName, since: InstantLike, until: InstantLike | None = None
) -> Report:
    """The report of a queue. Errors: ConfigError for an invalid window; NotFound if no source has data."""
    window, step = framed(session, since, until)
    found, trail = asked_of(session, queue.project, queue, window, step)
    answers = Answers(**{name: None if passable(one) else one for name, one in found.items()})
    as_of = known_until(session, window, answers.depth or [])
    figures = reckoned(answers, window.since, as_of, step)
    if session.speaking.knows_as_pull(str(queue)):  # pull queues: no metric counts acknowledged tasks
        figures = replace(figures, depth_after=None)
    events = [] if passable(trail) else trail[0]
    basis = Basis(
        window=window, step=step, as_of=as_of, events=events, sources=sources(found, trail, session)
    )
    refusals = [one for one in found.values() if passable(one)]
    if refusals or not (figures.has_traces or events):
        known = queue_now(session, queue, is_told=bool(events))
        if refusals:
            basis.sources["queue"] = still_known(known) or "not read"
    return Report(queue, basis, figures)


def metric_window(session: Session, since: InstantLike, until: InstantLike | None = None) -> Window:
    """The window for metrics. On Google, it ends before the current minute. Errors: ConfigError."""
    return Window.of(since, until, session.now(), past_only=not session.on_emulator)


def framed(
    session: Session, since: InstantLike, until: InstantLike | None, most: int = _MINUTES_READ
) -> tuple[Window, timedelta]:
    """The window in whole steps, and the step: a minute, or longer to stay within `most` steps. Errors: ConfigError."""
    window = metric_window(session, since, until)
    step = window.step(most)
    window = window.widened(step)
    if window.span > LONGEST:
        raise ConfigError(
            f"A window of {window.span.days:,} days is too long for Cloud Monitoring, which allows 104 weeks.",
            hint='pass since="700d" or a later time',
        )
    return window, step


def asked_of(
    session: Session, project: str, queue: QueueName | None, window: Window, step: timedelta
) -> tuple[dict[str, Any], Any]:
    """The results of the five metric questions, by name, and of the audit log. An error is returned as a result."""
    reader = Reader(session, project, queue)
    start, end, span = window.since, window.until, window.span
    questions = {
        "attempts": partial(reader.read, ATTEMPTS, start, end, step),
        "created": partial(reader.read, CREATED, start, end, span),
        "depth": partial(reader.read, DEPTH, start, end, step),
        "depth_at": partial(reader.read, DEPTH_AT, start - span, end, span),
        "delays": partial(reader.read, DELAYS, start, end, span),
    }
    *found, trail = all_of([*questions.values(), partial(read_audit, session, project, queue, window)])
    return dict(zip(questions, found, strict=True)), trail


def known_until(session: Session, window: Window, depth: Sequence[Series]) -> datetime:
    """The end of the metrics' data: now on an emulator; on Google the newest point, or four minutes ago."""
    end = min(window.until, window.now)
    if session.on_emulator:
        return end
    newest = [max(one.points) for one in depth if one.points]
    return min(end, max([*newest, window.now - LAG, window.since]))


def sources(found: dict[str, Any], trail: Any, session: Session) -> dict[str, str]:
    """The sources that were read, and why others were not."""
    lag = "up to now" if session.on_emulator else "without the last minutes, which are not available yet"
    audit = refused(trail) if passable(trail) else _audit_words(*trail)
    return {METRICS: metrics_source(list(found.values()), lag), AUDIT_LOG: audit}


def _audit_words(events: list[AuditEvent], is_whole: bool) -> str:
    from ..render.values import counted

    more = "" if is_whole else "; there are more, pass a shorter time"
    return f"{counted(len(events), 'admin call')}{more}"
