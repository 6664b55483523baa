"""What can be done with all that an emulator holds: empty it, keep it under a name, bring it back, wait for a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...errors import DeadlineExceeded, Timeout
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


class WorldVerbs:
    """The verbs of `client.emulator` over the whole of it."""

    _session: Session
    _control: Endpoints
    _queue_name: Callable[[Any], QueueName]
    _inboxes: list[Inbox]
    info: EmulatorInfo | None

    def reset(self) -> None:
        """Put the emulator back to its start: its queues, tasks, blocked names and attempts are gone.

        Queues that it was started with are there again. Faults are those of the start, and a manual clock is back where
        it began. Deliveries under way are cut off, and the inboxes of this client are cleared. Snapshots stay.

        Errors: ReadOnly, TransportError.

        Source: POST /emulator/v1/reset.

        Example:
            >>> client.emulator.reset()
            >>> len(list(client.queues()))
            0
        """
        self._changed(self._control.post("reset", _Nothing(), WorldReport))

    def save(self, name: str) -> None:
        """Keep all queues, tasks and blocked names under a name, with the time. A snapshot of that name is replaced.

        They are files beside the emulator's data file, for its owner only, or in its memory where it has no file. They
        hold payloads and headers as they are.

        Errors: InvalidArgument for a name of other signs than letters, digits, "-" and "_"; ReadOnly, TransportError.

        Source: POST /emulator/v1/snapshots/NAME:save.

        Example:
            >>> client.emulator.save("before")
        """
        self._control.post(f"snapshots/{quote(name, safe='')}:save", _Nothing(), WorldReport)

    def load(self, name: str) -> None:
        """Load a named snapshot; it replaces everything. Attempts that were under way at the time are due again.

        A manual clock shows the time of the snapshot, be it earlier or later. History, metrics and logs are of the
        snapshot too. Deliveries under way are cut off, faults are those of the start, and the inboxes of this client
        are cleared.

        Errors: NotFound, which names the snapshots that are there; FailedPrecondition for a file that is damaged or not
        of an emulator, which changes nothing; InvalidArgument, ReadOnly, TransportError.

        Source: POST /emulator/v1/snapshots/NAME:load.

        Example:
            >>> client.emulator.save("before")
            >>> queue.purge()
            >>> client.emulator.load("before")
        """
        self._changed(self._control.post(f"snapshots/{quote(name, safe='')}:load", _Nothing(), WorldReport))

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

        Returns how many tasks it holds then. Whether tasks go out is for others to bring about: a paused queue, or a
        manual clock that nobody moves, is waited for until the time is over, and the error says so.

        Units: `timeout` is seconds of real time, a timedelta, or text such as "1m"; at most 10 minutes.

        Errors: Timeout, which says what holds the queue up; NotFound; InvalidArgument, TransportError.

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
            hint = "resume it, or move the clock; client.emulator.history(queue) tells how attempts went"
            raise Timeout(error.message, hint=hint) from None
        return answer.tasks_count

    def _changed(self, report: WorldReport) -> None:
        if self.info is not None and self.info.clock == "manual":
            self.info.time = report.time
            self._session.moved_to = report.time
        for inbox in self._inboxes:
            inbox.clear()
