"""Operation: what the API says of a call that goes on after its answer, plus its verbs."""

from __future__ import annotations

import time
from typing import Self

from ..errors import BY_RPC_CODE, CloudTasksError, InvalidArgument, Timeout, Unknown
from ..model import operation as model
from ..model.durations import DurationLike
from ..model.json import Duration, decode, encode, in_version
from ..model.status import Status
from ..model.versions import version_of
from ..names import check_operation
from ..paging.listing import Items
from ..progress import waiting
from ..rest.session import Session
from .bound import Bound, bind_all
from .task import Task, TaskListing, TaskPage

_GET = "projects.locations.operations.get"
_FIRST_S, _GROWTH, _LONGEST_S = 0.1, 1.5, 5.0


class Operation(model.Operation, Bound, dict=True, gc=True):
    """A call that goes on after its answer. Its fields are what was last read.

    Source: REST projects.locations.operations.

    Example:
        >>> operation = queue.batch_delete(queue.tasks().first(500)).wait()
        >>> operation.failures
        {}
    """

    @property
    def tasks(self) -> Items[Task]:
        """The tasks that a batch creation made, as far as it answered with them."""
        said, session = self.response or {}, self._session
        raw = in_version(encode(said), version_of(str(said.get("@type", ""))))
        tasks = bind_all(decode(raw, TaskPage).tasks, session)
        return Items(tasks, TaskListing(session, f"created by {self.id}"))

    def refresh(self) -> Self:
        """Read it again. Errors: NotFound (operations are kept for a while only), PermissionDenied.

        Source: REST operations.get.

        Example:
            >>> made = work.batch_create([{"payload": b"1"}])
            >>> made.refresh().done
            True
        """
        return self._take(read_operation(self._session, self.name))

    def wait(self, timeout: DurationLike | None = None, progress: bool | None = None) -> Self:
        """Read it until it is done; returns itself. Some of a batch may have failed: see `failures`.

        `progress` shows a line that counts; by default in a notebook or a terminal.

        Units: `timeout` is seconds, a timedelta, or text such as "2m".

        Errors: the error it ended with (Aborted when nothing of a batch succeeded), Timeout when it is not done in
        time, and what refresh() raises.

        Source: as refresh().

        Example:
            >>> work.batch_create([{"payload": b"1"}, {"payload": b"2"}]).wait(timeout=60)
        """
        deadline = None if timeout is None else time.monotonic() + _seconds(timeout)
        pause_s = _FIRST_S
        with waiting(f"operation {self.id}", progress, done=self.done) as shown:
            while not self.done:
                left_s = float("inf") if deadline is None else deadline - time.monotonic()
                if left_s <= 0:
                    raise Timeout(
                        f"The operation {self.id} is not done yet: {self.state}.",
                        hint="it goes on; operation.wait() waits longer, operation.refresh() looks again",
                    )
                time.sleep(min(pause_s, left_s))
                pause_s = min(pause_s * _GROWTH, _LONGEST_S)
                self.refresh()
                shown.say(self.state)
        if self.error is not None:
            raise self._failure(self.error)
        return self

    def _failure(self, status: Status) -> CloudTasksError:
        kind = BY_RPC_CODE.get(status.code, Unknown)
        return kind(
            status.message or "The operation failed.",
            code=kind.http_status,
            details=status.details,
            method=_GET,
            resource=self.name,
            hint="operation.failures tells what became of each request" if self.failures else None,
        )


def read_operation(session: Session, name: str) -> Operation:
    """One operation by its full name. Errors: NotFound, InvalidArgument."""
    return session.call(_GET, Operation, path={"name": check_operation(name)}).bind(session)


def _seconds(timeout: DurationLike) -> float:
    seconds = Duration.of(timeout).total_seconds()
    if seconds < 0:
        raise InvalidArgument(f"timeout must not be negative: {timeout!r}.", hint="pass seconds, or None")
    return seconds
