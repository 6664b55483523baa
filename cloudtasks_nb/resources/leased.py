"""The verbs of a leased task: acknowledge it, renew its lease, or give it back."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigError
from ..model.durations import DurationLike
from ..model.json import Duration, Message
from ..model.messages import AcknowledgeTaskRequest, CancelLeaseRequest, Empty, RenewLeaseRequest
from ..model.queue import Kind
from .bound import Bound

_TASKS = "projects.locations.queues.tasks"


class Lease:
    """One lease: the end time, which the service also uses as proof of the lease. Calls about it are serialised."""

    __slots__ = ("ends", "is_ours", "lock")

    def __init__(self, ends: datetime | None, *, is_ours: bool) -> None:
        self.ends = ends
        self.is_ours = is_ours  # leased by this object; a listed task shows the lease of another worker
        self.lock = threading.RLock()  # a running renewal changes `ends`, which an acknowledgement must send


class Leased(Bound):
    """The verbs of a leased task. Its lease does not change if another worker leases the task later."""

    __slots__ = ()
    if TYPE_CHECKING:
        name: str
        view: str
        schedule_time: datetime | None

        @property
        def dispatch_count(self) -> int: ...

        @property
        def kind(self) -> Kind: ...

    def acknowledge(self) -> None:
        """Finish the task: the service deletes it. The call is retried if its response is lost.

        Errors: FailedPrecondition if the lease has ended or another one began, NotFound if the task is gone.
        Source: REST queues.tasks.acknowledge.

        Example:
            >>> for task in work.lease(max_tasks=2):
            ...     task.acknowledge()
        """
        lease = self._lease("acknowledge")
        with lease.lock:
            body = AcknowledgeTaskRequest(schedule_time=lease.ends)
            self._session.call(f"{_TASKS}.acknowledge", Empty, path={"name": self.name}, body=body)

    def renew_lease(self, lease_duration: DurationLike = 60) -> Self:
        """Extend the lease to this long from now. Units: seconds, a timedelta, or text such as "5m"; at most a week.

        Errors: FailedPrecondition if the lease has ended or another one began, NotFound, InvalidArgument.
        Source: REST queues.tasks.renewLease.

        Example:
            >>> task = work.lease(max_tasks=1, lease_duration=30)[0]
            >>> task.renew_lease(120)
        """
        lease = self._lease("renew_lease")
        with lease.lock:
            return self._exchange(
                lease,
                "renewLease",
                RenewLeaseRequest(
                    schedule_time=lease.ends,
                    lease_duration=Duration.of(lease_duration),
                    response_view=self.view,
                ),
            )

    def cancel_lease(self) -> Self:
        """Give the task back: another worker can lease it at once. After its last attempt, the service deletes it.

        Errors: FailedPrecondition if the lease has ended or another one began, NotFound.
        Source: REST queues.tasks.cancelLease.

        Example:
            >>> task = work.lease(max_tasks=1)[0]
            >>> task.cancel_lease()
        """
        lease = self._lease("cancel_lease")
        with lease.lock:
            body = CancelLeaseRequest(schedule_time=lease.ends, response_view=self.view)
            answer = self._exchange(lease, "cancelLease", body)
            self.__dict__.pop("lease", None)
            return answer

    def _hold(self) -> Self:
        """Store the lease of the response; returns itself."""
        self.__dict__["lease"] = Lease(self.schedule_time, is_ours=True)
        return self

    def _exchange(self, lease: Lease, verb: str, body: Message) -> Self:
        answer: Any = self._session.call(f"{_TASKS}.{verb}", type(self), path={"name": self.name}, body=body)
        lease.ends, lease.is_ours = answer.schedule_time, True
        return self._take(answer)

    def _lease(self, verb: str) -> Lease:
        """The lease of this object, or the one that the task shows. Errors: ConfigError without a lease."""
        held: Lease | None = self.__dict__.get("lease")
        if held is not None and held.is_ours:
            return held
        if self.kind != "pull" or not self.dispatch_count or self.schedule_time is None:
            raise ConfigError(
                f"{verb}() needs a leased task, but this task was never leased.",
                hint="lease tasks of a pull queue with queue.lease()"
                if self.kind == "pull"
                else "only tasks of a pull queue can be leased; other tasks have task.run() and task.delete()",
            )
        # Stored at once, so that two threads use the same lock.
        shared: Lease = self.__dict__.setdefault("lease", Lease(None, is_ours=False))
        if not shared.is_ours:
            shared.ends = self.schedule_time
        return shared
