"""The verbs over everything that an emulator holds: reset it, save and load snapshots, wait for a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...arguments import Checked
from ...connected import Connected
from ...errors import DeadlineExceeded, InvalidArgument, Timeout
from ...model import Duration, Message
from ...model.durations import DurationLike
from ...model.emulated import EmulatorInfo, WaitResponse, WorldReport
from ...names import QueueName
from ...rest.session import Session
from .endpoints import Endpoints

if TYPE_CHECKING:
    from ...model import Queue
    from .inbox import Inbox


class _Nothing(Message):
    pass


class WorldVerbs(Connected, Checked):
    """The verbs of `client.emulator` over its whole state."""

    _session: Session
    _control: Endpoints
    _queue_name: Callable[[Any], QueueName]
    _inboxes: list[Inbox]
    info: EmulatorInfo | None

    def reset(self) -> None:
        """Put the emulator back to its start: deletes its queues, tasks, blocked names and attempts.

        Creates the queues of its start options again, restores the faults of the start, and sets a manual clock back to
        where it began. Aborts deliveries under way, and clears the inboxes of this client. Snapshots stay.

        Errors: ReadOnly, TransportError.

        Source: POST /emulator/v1/reset.

        Example:
            >>> client.emulator.reset()
            >>> len(list(client.queues()))
            0
        """
        self._changed(self._control.post("reset", _Nothing(), WorldReport))

    def save(self, name: str) -> None:
        """Save all queues, tasks, blocked names and the time as a named snapshot. Replaces a snapshot of the same name.

        Snapshots are files beside the emulator's data file, readable by their owner only; without a data file they stay
        in memory. They hold payloads and headers unchanged.

        Errors: InvalidArgument for a name with characters other than letters, digits, "-" and "_"; ReadOnly,
        TransportError.

        Source: POST /emulator/v1/snapshots/NAME:save.

        Example:
            >>> client.emulator.save("before")
        """
        self._control.post(_snapshot(name, "save"), _Nothing(), WorldReport)

    def load(self, name: str) -> None:
        """Load a named snapshot; it replaces everything. Attempts that were under way when it was saved are due again.

        Sets a manual clock to the time of the snapshot, earlier or later. Loads its history, metrics and logs, too.
        Aborts deliveries under way, restores the faults of the start, and clears the inboxes of this client.

        Errors: NotFound, which lists the existing snapshots; FailedPrecondition for a damaged file, or one that is not
        from an emulator (nothing changes); InvalidArgument, ReadOnly, TransportError.

        Source: POST /emulator/v1/snapshots/NAME:load.

        Example:
            >>> client.emulator.save("before")
            >>> queue.purge()
            >>> client.emulator.load("before")
        """
        self._changed(self._control.post(_snapshot(name, "load"), _Nothing(), WorldReport))

    def snapshots(self) -> list[str]:
        """The names of all snapshots.

        Errors: TransportError.

        Source: GET /emulator/v1/snapshots.

        Example:
            >>> client.emulator.save("before")
            >>> client.emulator.snapshots()
            ['before']
        """
        return self._control.get("snapshots", WorldReport).snapshots

    def wait(self, queue: Queue | str, *, empty: bool = True, timeout: DurationLike = 10.0) -> int:
        """Wait until a queue is empty; with empty=False, until none of its tasks is due or under way.

        Returns the number of tasks that it holds then. It does not start deliveries: with a paused queue, or a manual
        clock that nobody moves, it waits until the timeout, and the error says so.

        Units: `timeout` is seconds of real time, a timedelta, or text such as "1m"; at most 10 minutes.

        Errors: Timeout, which names what holds up the queue; NotFound; InvalidArgument, TransportError.

        Source: GET /emulator/v1/wait.

        Example:
            >>> done = client.create_queue("done")
            >>> client.emulator.wait(done)
            0
        """
        longest = Duration.of(timeout)
        query: Mapping[str, str] = {
            "queue": str(self._queue_name(queue)),
            "empty": str(int(empty)),
            "timeout": f"{longest.total_seconds():f}",
        }
        try:
            answer = self._control.get("wait", WaitResponse, query, longer_s=longest.total_seconds())
        except DeadlineExceeded as error:
            hint = "resume the queue, or move the clock; client.emulator.history(queue) shows its attempts"
            raise Timeout(error.message, hint=hint) from None
        return answer.tasks_count

    def _changed(self, report: WorldReport) -> None:
        if self.info is not None and self.info.clock == "manual":
            self.info.time = report.time
            self._session.moved_to = report.time
        for inbox in self._inboxes:
            inbox.clear()


def _snapshot(name: str, verb: str) -> str:
    """The path of a snapshot's endpoint. Errors: InvalidArgument for an empty name; the emulator checks all others."""
    if not name:
        raise InvalidArgument("The name of the snapshot is empty.", hint='pass a name, such as "before"')
    return f"snapshots/{quote(name, safe='')}:{verb}"
