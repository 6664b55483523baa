"""The report of all queues of a project. It makes as many calls as the report of one queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..model.instants import InstantLike
from ..names import QueueName
from ..rest.session import Session
from .basis import AnyReport, Basis
from .figures import Answers, ByCode, by_code, reckoned
from .report import Report, asked_of, framed, known_until, sources
from .series import Series
from .told import passable

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card

_STEPS = 360  # per queue; a project may have a thousand queues


class ProjectReport(AnyReport):
    """The report of all queues of a project, with deleted ones. The most failed attempts come first.

    `queues` holds a Report for each queue. The table has one row per queue.

    Example:
        >>> report = client.report(since="24h")
        >>> [(one.queue, one.failed) for one in report.queues]
        [('emails', 0)]
        >>> report.to_dataframe()
    """

    def __init__(self, project: str, basis: Basis, queues: list[Report]) -> None:
        super().__init__(basis)
        self.project = project
        self.queues = queues

    @property
    def created(self) -> int | None:
        """How many tasks were created."""
        return self._sum(lambda one: one.created)

    @property
    def attempts(self) -> int | None:
        """How many attempts ended."""
        return self._sum(lambda one: one.attempts)

    @property
    def succeeded(self) -> int | None:
        """How many attempts succeeded."""
        return self._sum(lambda one: one.succeeded)

    @property
    def failed(self) -> int | None:
        """How many attempts failed."""
        return self._sum(lambda one: one.failed)

    @property
    def gone_without_success(self) -> int | None:
        """Tasks that left their queue without success. Inferred from other metrics."""
        return self._sum(lambda one: one.gone_without_success)

    @property
    def by_code(self) -> ByCode | None:
        """Attempts by google.rpc code, the most frequent first."""
        held = [one.by_code for one in self.queues if one.by_code is not None]
        return by_code(held) if held or not self._is_refused else None

    @property
    def _is_refused(self) -> bool:
        return self._basis.sources["metrics"].startswith("not read")

    def _sum(self, value: Callable[[Report], int | None]) -> int | None:
        held = [count for one in self.queues if (count := value(one)) is not None]
        return sum(held) if held or not self._is_refused else None

    def _own_columns(self) -> Columns[Any]:
        from .columns import REPORTS

        return REPORTS

    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        return iter([columns.of(self.queues[:limit])])

    def _shape_(self) -> Card:
        from .look import project_card

        return project_card(self)

    def __len__(self) -> int:
        return len(self.queues)

    def __iter__(self) -> Iterator[Report]:
        return iter(self.queues)

    def __repr__(self) -> str:
        return f"<Report of {self.project}: queues: {len(self)}, attempts: {self.attempts}, failed: {self.failed}>"


def project_report(
    session: Session, project: str, since: InstantLike, until: InstantLike | None = None
) -> ProjectReport:
    """The report of all queues of a project. Errors: ConfigError for an invalid window."""
    window, step = framed(session, since, until, _STEPS)
    found, trail = asked_of(session, project, None, window, step)
    answers = {name: None if passable(one) else by_queue(one) for name, one in found.items()}
    as_of = known_until(session, window, [] if passable(found["depth"]) else found["depth"])
    events = [] if passable(trail) else trail[0]
    said = sources(found, trail, session)
    reports = []
    for place in sorted({place for held in answers.values() for place in held or ()}):
        name = QueueName(project, *place)
        mine = Answers(
            **{key: None if held is None else held.get(place, []) for key, held in answers.items()}
        )
        own = [event for event in events if event.name == str(name)]
        basis = Basis(window=window, step=step, as_of=as_of, events=own, sources=said)
        figures = reckoned(mine, window.since, as_of, step)
        if session.speaking.knows_as_pull(str(name)):
            figures = replace(figures, depth_after=None)
        reports.append(Report(name, basis, figures))
    basis = Basis(window=window, step=step, as_of=as_of, events=events, sources=said)
    return ProjectReport(project, basis, sorted(reports, key=_most_failed))


def by_queue(series: list[Series]) -> dict[tuple[str, str], list[Series]]:
    """Group series by location and queue id."""
    found: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        if all(one.queue):
            found.setdefault(one.queue, []).append(one)
    return found


def _most_failed(one: Report) -> tuple[int, int, int, str]:
    return -(one.failed or 0), -(one.gone_without_success or 0), -(one.attempts or 0), one.name
