"""The lease workbench: leases tasks of a pull queue, shows them, and acknowledges, renews or returns them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import traitlets

from ..errors import CloudTasksError, ConfigError, FailedPrecondition, NotFound
from ..model.methods import METHODS
from ..model.task import is_leased
from ..model.versions import not_in
from ..render import Shape
from ..render.payload import preview
from ..render.values import counted
from ..resources.lease_verbs import LEASE
from ..resources.task import Task
from ..visible import shown
from .action import Refused, action, literal
from .cells import instant, task_detail
from .panel import Panel
from .sharing import EVERY_S
from .still import leases_still

if TYPE_CHECKING:
    from ..resources.queue import Queue

FEW = 20  # up to this many tasks are acknowledged without confirming their number
LISTED = 1000  # tasks in which a read-only workbench searches for leases

State = Literal["held", "acknowledged", "returned", "lost"]


@dataclass
class Held:
    """A task that was leased here, and the state of its lease."""

    task: Task
    ends: datetime | None
    state: State = "held"
    note: str = ""


def _lease_line(
    workbench: LeaseWorkbench, max_tasks: int, lease_duration: float, tag: str, oldest_tag: bool
) -> str:
    which = ", oldest_tag=True" if oldest_tag else f", tag={literal(tag)}" if tag else ""
    return f"tasks = {workbench.expression}.lease({max_tasks}, lease_duration={lease_duration}{which})"


def _refresh_line(workbench: LeaseWorkbench) -> str:
    more = f"; page = {workbench.expression}.tasks().page()" if workbench.read_only else ""
    return f"{workbench.expression}.refresh(stats=True).stats{more}"


class LeaseWorkbench(Panel):
    """Leases tasks and shows their remaining time. `tasks` contains the tasks held now.

    Acknowledging deletes a task, so the button needs two presses. Errors of a call appear in the status line;
    called from Python they are raised too. A read-only workbench shows the leases of others.

    Errors: ConfigError for a queue that is not a pull queue, and in an API version without leases.

    Example:
        >>> workbench = work.workbench()
        >>> workbench.lease(10, lease_duration=300)
        >>> [task.json() for task in workbench.tasks]
    """

    _script = "lease_workbench"

    place = traitlets.Dict().tag(sync=True)
    leases = traitlets.List().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, read_only: bool = False, every_s: float = EVERY_S) -> None:
        if queue.kind != "pull":
            raise ConfigError(
                f'The tasks of "{queue.id}" are sent, not leased.', hint="queue.browse() shows its tasks"
            )
        if not queue.offers_leases:
            raise not_in(", ".join(queue._session.speaking.offered), "Leasing tasks", METHODS[LEASE].versions)
        self._held: dict[str, Held] = {}
        self._read_at: datetime | None = None
        self._acted_at: datetime | None = None
        self._said = ""  # the text of the last lease, until it ends
        self.queue = queue
        super().__init__(queue, read_only=read_only, every_s=every_s, place=self._place())
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()
        self._keep()

    @property
    def tasks(self) -> list[Task]:
        """The tasks that are leased here now, with payloads."""
        return [held.task for held in self._live()]

    @action(_lease_line, changes=True)
    def lease(
        self, max_tasks: int = 10, lease_duration: float = 60, tag: str = "", oldest_tag: bool = False
    ) -> str:
        """Lease tasks that are due; `lease_duration` in seconds. Errors: FailedPrecondition when paused."""
        taken = self.queue.lease(max_tasks, lease_duration, tag or None, oldest_tag)
        self.found()
        for task in taken:
            self._held.pop(task.id, None)  # a task that is leased again is listed last
            self._held[task.id] = Held(task, task.schedule_time)
        self._count()
        self._said = f"{counted(len(taken), 'task')} leased." if taken else "No task was available to lease."
        return self._said

    @action("workbench.acknowledge({task_id})", changes=True)
    def acknowledge(self, task_id: str) -> str:
        """Finish a task: the service deletes it. Errors: FailedPrecondition or NotFound (a lost lease)."""
        self._one(task_id, Task.acknowledge, "acknowledged")
        return f"{task_id} was acknowledged."

    @action("workbench.renew({task_id}, {lease_duration})", changes=True)
    def renew(self, task_id: str, lease_duration: float = 60) -> str:
        """Renew a lease for `lease_duration` s from now. Errors: FailedPrecondition or NotFound (a lost lease)."""
        self._one(task_id, lambda task: task.renew_lease(lease_duration), "held")
        return f"{task_id} is leased for {lease_duration:g} s from now."

    @action("workbench.give_back({task_id})", changes=True)
    def give_back(self, task_id: str) -> str:
        """Cancel a lease: others may lease the task at once. Errors: FailedPrecondition or NotFound (a lost lease)."""
        self._one(task_id, Task.cancel_lease, "returned")
        return f"{task_id} was given back."

    @action("workbench.acknowledge_all(confirm={confirm})", changes=True)
    def acknowledge_all(self, confirm: int | str | None = None) -> str:
        """Acknowledge all tasks held here; for more than 20, `confirm` is their number or the queue's id.

        Errors: Refused when `confirm` is missing or different.
        """
        count = len(self._live())
        is_named = confirm is not None and str(confirm) in (str(count), self.queue.id)
        if not is_named and (confirm is not None or count > FEW):
            raise Refused(
                f"Nothing was acknowledged: {counted(count, 'task')} would be deleted.",
                hint=f"confirm the number: {count}",
            )
        return self._all(Task.acknowledge, "acknowledged", "acknowledged")

    @action("workbench.renew_all({lease_duration})", changes=True)
    def renew_all(self, lease_duration: float = 60) -> str:
        """Renew all leases held here for `lease_duration` seconds from now."""
        return self._all(lambda task: task.renew_lease(lease_duration), "held", "renewed")

    @action("workbench.give_back_all()", changes=True)
    def give_back_all(self) -> str:
        """Cancel all leases held here."""
        return self._all(Task.cancel_lease, "returned", "given back")

    @action(busy=False)
    def clear(self) -> str:
        """Remove the rows of leases that ended."""
        live = {held.task.id for held in self._live()}
        self._held = {task_id: held for task_id, held in self._held.items() if task_id in live}
        if self.detail.get("id") not in live:
            self.detail = {}
        self._show()
        return ""

    @action(busy=False)
    def open_task(self, task_id: str) -> str:
        """Show a task with its payload, as it was leased."""
        held = self._on_it(task_id)
        self.detail = task_detail(held.task, self._now()) | {"can_run": False}
        return ""

    @action(busy=False)
    def close_task(self) -> str:
        """Close the detail pane."""
        self.detail = {}
        return ""

    @action(_refresh_line)
    def refresh(self) -> str:
        """Read the number of tasks in the queue; a read-only workbench also reads who holds leases.

        Errors: NotFound, PermissionDenied.
        """
        self.look()
        return ""

    @property
    def calls_of_a_look(self) -> int:
        """One for the queue; a read-only workbench also lists its first tasks."""
        return 2 if self.read_only else 1

    def look(self) -> None:
        """Update the number of tasks, and if read-only the leases of others. Errors: NotFound, PermissionDenied."""
        if self.read_only:
            now = self._now()
            listed = self.queue.tasks(page_size=LISTED).first(LISTED)
            self._held = {task.id: Held(task, task.schedule_time) for task in listed if is_leased(task, now)}
        elif self._said and not self._live():
            if self.notice.get("text") == self._said and self._held:
                self.show("The leases ended. Any worker may lease these tasks again.")
            self._said = ""
        self.queue.refresh(stats=True)
        self.found()
        self._read_at = datetime.now(UTC)
        self._show()

    def _count(self) -> None:
        """Show the result of an action, even when the queue cannot be read."""
        with suppress(CloudTasksError):
            self.queue.refresh(stats=True)
        self._show()

    @property
    def read_at(self) -> datetime | None:
        """The time of the last lease action or update."""
        return self._acted_at

    def _shape_(self) -> Shape:
        """The leases, and how those that ended were finished."""
        caption = f"Leases of {self.queue.location}/{self.queue.id}"
        return leases_still(self._held.values(), caption=caption, now=self._read[1])

    def _live(self) -> list[Held]:
        now, all_held = self._now(), self._held.values()
        return [held for held in all_held if held.state == "held" and held.ends and held.ends > now]

    def _on_it(self, task_id: str) -> Held:
        if task_id not in self._held:
            raise Refused("This task is not on the workbench.", hint="lease it first")
        return self._held[task_id]

    def _one(self, task_id: str, verb: Callable[[Task], Any], state: State) -> None:
        held = self._on_it(task_id)
        if held not in self._live():
            why = held.note or ("its lease ended" if held.state == "held" else f"it was {held.state}")
            raise Refused(f"{task_id} is no longer leased here: {why}.", hint="lease again")
        try:
            self._act(held, verb, state)
        finally:
            self._count()

    def _all(self, verb: Callable[[Task], Any], state: State, done: str) -> str:
        live, lost = self._live(), 0
        if not live:
            raise Refused("No task is leased here.", hint="lease tasks first")
        try:
            for held in live:
                try:
                    self._act(held, verb, state)
                except (FailedPrecondition, NotFound):
                    lost += 1
        finally:
            self._count()
        return f"{counted(len(live) - lost, 'task')} {done}" + (f", {lost:,} lost." if lost else ".")

    def _act(self, held: Held, verb: Callable[[Task], Any], state: State) -> None:
        """Act on one task and record its state, also when its lease was lost."""
        try:
            verb(held.task)
        except FailedPrecondition:
            held.state, held.note = "lost", "its lease ended, or another worker leased the task"
            raise
        except NotFound:
            held.state, held.note = "lost", "it was finished or deleted elsewhere"
            raise
        held.state, held.ends = state, held.task.schedule_time if state == "held" else held.ends

    def _show(self) -> None:
        self._acted_at = datetime.now(UTC)
        with self.hold_sync():
            self.leases = [_row(held) for held in self._held.values()]
            self.place = self._place()

    def _place(self) -> dict[str, Any]:
        now, stats, held = datetime.now(UTC), self.queue.stats, len(self._live())
        return {
            "id": self.queue.id,
            "location": self.queue.location,
            "ahead_ms": round((self._now() - now).total_seconds() * 1000),  # an emulator's clock can be moved
            "waiting": max(0, int(stats.tasks_count) - held) if stats else None,
            "updated": instant(self._read_at),
        }


def _row(held: Held) -> dict[str, Any]:
    task = held.task
    return {
        "id": task.id,
        "tag": shown(task.tag or ""),
        "leased": task.dispatch_count,
        "payload": shown(preview(task.payload)) if task.payload is not None else "",
        "ends": instant(held.ends),
        "state": held.state,
        "note": held.note,
    }
