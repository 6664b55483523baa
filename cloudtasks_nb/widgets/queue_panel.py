"""The panel of one queue: pause, resume, change settings, purge, delete."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import CloudTasksError
from ..model.durations import parse_duration
from ..render import Shape, shape
from ..render.queue import KIND_WORDS, settings_facts, state_badge
from ..render.values import counted, exact
from .action import Refused, action, literal
from .backup_offer import backup_offered, backup_path, deleted_offer, purged_offer
from .cells import fact_list, instant, plain
from .failing_shown import FailingShown
from .panel import Panel, refresh_line
from .queue_rows import browse_options, browsing, failing_cells
from .queue_story import story
from .settings_form import changed_settings, form
from .sharing import EVERY_S
from .still import folded, gone_still, queue_still
from .why_view import why_shown

if TYPE_CHECKING:
    from ..diagnosis.diagnosis import Diagnosis
    from ..history.report import Report
    from ..resources.queue import Queue
    from .task_browser import TaskBrowser


def _update_line(panel: QueuePanel, settings: dict[str, Any]) -> str:
    given = changed_settings(panel.queue, settings)
    return f"{panel.expression}.update({', '.join(f'{group}={literal(value)}' for group, value in given.items())})"


def _why_line(panel: QueuePanel, deep: bool = False) -> str:
    return f"{panel.expression}.diagnose({'deep=True' if deep is True else ''})"


def _purge_line(panel: QueuePanel, confirm: str, backup: str) -> str:
    return f"{panel.expression}.purge({f'backup={literal(backup)}' if backup else ''})"


def _delete_line(panel: QueuePanel, confirm: str, backup: str) -> str:
    return f"{panel.expression}.delete({f'backup={literal(backup)}' if backup else ''})"


def _tasks_line(panel: QueuePanel, query: str = "") -> str:
    return f"{panel.expression}.browse({browsing(query) if query else ''})"


class QueuePanel(Panel):
    """A queue's state, estimates and settings, with the buttons that change it.

    Every button is a method. Errors of a call appear in the status line; called from Python they are raised too.
    A visible panel reads the queue again every `every_s` seconds (0: only when you ask). In an API version without
    statistics, tasks are counted on request.

    Example:
        >>> panel = queue.panel()
        >>> panel.update({"max_tasks_dispatched_per_second": 5})
        >>> panel.purge(confirm="emails", backup="emails.parquet")
    """

    _script = "queue_panel"

    _parts = ("queue_panel.verbs", "queue_panel.why")

    facts = traitlets.Dict().tag(sync=True)
    story = traitlets.Dict().tag(sync=True)
    why = traitlets.Dict().tag(sync=True)
    tab = traitlets.Unicode("").tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)
    restorable = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, read_only: bool = False, every_s: float = EVERY_S) -> None:
        self.diagnosis: Diagnosis | None = None
        """The diagnosis in the Why? tab; None before it is opened."""
        self.report: Report | None = None
        """The report in the History tab; None before it is opened."""
        self.browser: TaskBrowser | None = None
        """The task browser that is open in the panel."""
        self._lately = FailingShown(queue)
        self._read_at: datetime | None = None
        self._count: tuple[int, datetime] | None = None  # tasks counted without estimates, and when
        super().__init__(queue, read_only=read_only, every_s=every_s, facts=queue_facts(queue, None))
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    @action(refresh_line)
    def refresh(self) -> str:
        """Read the queue and its statistics again. Errors: NotFound, PermissionDenied."""
        self.look()
        return ""

    @action("{queue}.count_tasks()")
    def count_tasks(self) -> str:
        """Count its tasks, page by page: exact, and slower than an estimate. Errors: NotFound, PermissionDenied."""
        self._count = self.counted(), datetime.now(UTC)
        self._show()
        return f"Counted {counted(self._count[0], 'task')}."

    @action(_tasks_line)
    def open_tasks(self, query: str = "") -> str:
        """Open the tasks below, or those that match a query such as "code:error". Errors: QueryError."""
        how = browse_options(query) if query else {}
        browser = self.queue.browse(read_only=self.read_only, every_s=self.live_s, **how)
        self.close_tasks()
        self.browser = browser
        self.opening = {"model": browser.model_id}
        return ""

    @action(busy=False)
    def close_tasks(self) -> str:
        """Close the open tasks."""
        browser, self.browser, self.opening = self.browser, None, {}
        if browser is not None:
            browser.close()
        return ""

    def close(self) -> None:
        """Remove the panel and its open tasks from the page."""
        if self.browser is not None:
            self.browser.close()
        super().close()

    @action(_why_line)
    def diagnose(self, deep: bool = False) -> str:
        """Fill the Why? tab with a diagnosis of the queue. Errors: those of queue.diagnose()."""
        self.diagnosis = self.queue.diagnose(deep=deep is True)
        self.why = why_shown(self.diagnosis)
        return ""

    @action("{queue}.report(since={since})")
    def read_history(self, since: str = "24h") -> str:
        """Fill the History tab with a report of the last "1h", "24h" or "7d", in six calls.

        Errors: Refused when `since` is not a duration; those of queue.report().
        """
        try:
            parse_duration(since)
        except (TypeError, ValueError):
            raise Refused(f"{since!r} is not a duration.", hint='pass "1h", "24h" or "7d"') from None
        report = self.queue.report(since)
        self.report, self.story = report, story(report, since)
        return ""

    @action("{queue}.pause()", changes=True)
    def pause(self) -> str:
        """Stop dispatching. Errors: NotFound, PermissionDenied; Refused when read-only."""
        self.queue.pause()
        self._show_and_read()
        return "Paused. New tasks are still accepted; none are dispatched."

    @action("{queue}.resume()", changes=True)
    def resume(self) -> str:
        """Resume dispatching. Errors: NotFound, PermissionDenied; Refused when read-only."""
        self.queue.resume()
        self._show_and_read()
        return "Resumed. Tasks that are due are dispatched."

    @action(_update_line, changes=True)
    def update(self, settings: dict[str, Any]) -> str:
        """Change rates and retries: only the given settings, by field name.

        Durations are seconds or text such as "5 min"; max_attempts may be "unlimited"; None and "" set the default.
        Errors: Refused when a value is invalid (nothing is sent), or when read-only; InvalidArgument.
        """
        given = changed_settings(self.queue, settings)
        self.queue.update(**given)
        self._show_and_read()
        return f"Changed {counted(sum(map(len, given.values())), 'setting')}."

    @action(_purge_line, changes=True)
    def purge(self, confirm: str, backup: str = "") -> str:
        """Delete all tasks of the queue; `confirm` is the queue's id. This cannot be undone.

        `backup` names a new Parquet file: the tasks are written to it, and only these are deleted, as by
        queue.purge(backup=...). Errors: Refused when `confirm` is not the id, the file exists, or when read-only;
        NotFound, PermissionDenied.
        """
        self._check_id("purged", confirm)
        with backup_path(backup) as file:
            self.queue.purge(file, progress=False)
        self._count, self.restorable = None, {}
        self._show_and_read()
        if file is None or self.queue.purged is None:
            return "Purged. Tasks created before now are removed; this can take a minute."
        done, stay = self.queue.purged.done, self.queue.purged.arrived
        if done:
            self.restorable = purged_offer(self.expression, _written(file, backup), done)
        more = f" {counted(stay, 'task')} arrived in the meantime: not purged." if stay else ""
        return f"Purged. {file.resolve()} holds {counted(done, 'task')}.{more}"

    @action(_delete_line, changes=True)
    def delete(self, confirm: str, backup: str = "") -> str:
        """Delete the queue and its tasks; its name stays blocked for days. Arguments and errors as in purge()."""
        self._check_id("deleted", confirm)
        with backup_path(backup) as file:
            self.queue.delete(file, progress=False)
        self.restorable = deleted_offer(self.queue, _written(file, backup)) if file is not None else {}
        self.gone = True
        self._show()
        kept = f" The tasks are in {file.resolve()}." if file is not None else ""
        return f"Deleted. The name stays blocked for up to 3 days.{kept}"

    @property
    def calls_of_a_look(self) -> int:
        """One for the queue, and once a minute one for metrics or a sample."""
        return 1 + self._lately.is_due

    @property
    def read_at(self) -> datetime | None:
        """When the queue was read."""
        return self._read_at

    def _shape_(self) -> Shape:
        """The card of the queue, and the data of the other tabs."""
        if self.gone:
            return gone_still(self.queue, "queue")
        sections = [
            *folded("Why?", shape(self.diagnosis) if self.diagnosis is not None else None),
            *folded("History", shape(self.report) if self.report is not None else None),
            *folded("Tasks", self.browser._shape_() if self.browser is not None else None),
        ]
        count = f"{self._count[0]:,}, counted {exact(self._count[1])}" if self._count is not None else ""
        return queue_still(self.queue, self._read[1], count, sections)

    def look(self) -> None:
        """Read the queue with its statistics and failures. Errors: NotFound, PermissionDenied."""
        self.queue.refresh(stats=self.queue.offers_stats)
        self.found()
        self._lately.look()
        self._show(datetime.now(UTC))

    def _show_and_read(self) -> None:
        """After a change: show its response first, even if the following read fails."""
        self._show()
        self.look()

    def _show_error(self, error: Exception) -> None:
        super()._show_error(error)
        if self.gone:
            self._show()

    def _show(self, read_at: datetime | None = None) -> None:
        self._read_at = read_at or self._read_at
        before = {} if read_at else {"updated": self.facts["updated"]}
        failing = {"failing": failing_cells(None if self.gone else self._lately.found)}
        self.facts = queue_facts(self.queue, read_at, self.gone) | self._counted_facts() | failing | before

    def _counted_facts(self) -> dict[str, Any]:
        if self._count is None or self.queue.offers_stats or self.gone:
            return {}
        count, at = self._count
        return {"depth": count, "counted": instant(at), "backup": backup_offered(self.queue, count)}

    def _check_id(self, done: str, confirm: object) -> None:
        if confirm != self.queue.id:
            raise Refused(f"Not {done}: the typed text is not the queue id.", hint=f"type {self.queue.id}")


def _written(file: Path, typed: str) -> str:
    """The file name for code: with "~" as it was typed, else the absolute path."""
    return typed.strip() if typed.strip().startswith("~") else str(file.resolve())


def queue_facts(queue: Queue, read_at: datetime | None, gone: bool = False) -> dict[str, Any]:
    """The facts of a queue for the page."""
    stats = queue.stats if not gone else None
    depth = int(stats.tasks_count) if stats else None
    return {
        "id": queue.id,
        "location": queue.location,
        "project": queue.project,
        "kind": KIND_WORDS[queue.kind],
        "state": queue.state,
        "badge": plain(state_badge(queue.state)),
        "estimates": queue.offers_stats,
        "failing": failing_cells(None),
        "depth": depth,
        "backup": backup_offered(queue, depth),
        "counted": "",
        "oldest": instant(stats.oldest_estimated_arrival_time) if stats else "",
        "executed": int(stats.executed_last_minute_count) if stats else None,
        "in_flight": int(stats.concurrent_dispatches_count) if stats else None,
        "settings": fact_list({**settings_facts(queue), "last purge": queue.purge_time}),
        "form": form(queue),
        "updated": instant(read_at),
    }
