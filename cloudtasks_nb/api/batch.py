"""client.batch(): collects verbs and API calls in a with block, and sends them in one request.

A verb runs twice. In `add` it runs up to its first call, which is stored, not sent. After the batch was sent, it runs
again, and its first call returns the response from the batch. So every verb can be batched, and processes its response
as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar

from ..connected import Connected
from ..errors import ApiError, CloudTasksError, ConfigError, kind_of
from ..rest.call import Call
from ..rest.session import Session, sending_instead
from ..shown import Shown, ShownFirst
from .one_request import MOST, BatchPart, send_batch

if TYPE_CHECKING:
    import pandas as pd

    from ..render import Card, Value

T = TypeVar("T")
P = ParamSpec("P")

_PER_CALL_S = 0.1


class _Kept(BaseException):  # no verb that handles errors may handle this one
    def __init__(self, call: Call) -> None:
        self.call = call


class BatchItem(Shown, Generic[T]):
    """One call of a batch. After the batch was sent: `ok`, `error`, and `result()`, which returns or raises.

    Example:
        >>> with client.batch() as batch:
        ...     paused = batch.add(queue.pause)
        >>> paused.ok, paused.result().state
        (True, 'PAUSED')
    """

    def __init__(self, run: Callable[[], T], part: BatchPart) -> None:
        self._run = run
        self._part = part
        self._value: T | None = None
        self.is_done = False
        """Whether the batch was sent."""
        self.is_dropped = False
        """Whether the batch is never sent, because the with block raised."""
        self.method: str = part.call.method.id
        self.resource: str = part.call.resource
        self.error: Exception | None = None
        self.attempts: int = 0
        """How often it was sent."""

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the outcome, but not the verb with its connections."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_run", "_part")}

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.is_done and self.error is None

    def result(self) -> T:
        """The return value of the verb. Errors: the error of the call; ConfigError before the batch was sent.

        Example:
            >>> with client.batch() as batch:
            ...     paused = batch.add(queue.pause)
            >>> paused.result().state
            'PAUSED'
        """
        if not self.is_done:
            raise _unsent(self.is_dropped)
        if self.error is not None:
            raise self.error
        return self._value  # type: ignore[return-value]

    def _finish(self) -> None:
        """Run the verb again with the response from the batch."""
        outcomes, self.attempts = [self._part.outcome], self._part.tries

        def first_from_batch(session: Session, call: Call) -> bytes:
            if not outcomes:  # further calls of the verb are sent normally
                return session.persist(call)
            outcome = outcomes.pop()
            if isinstance(outcome, bytes):
                return outcome
            raise outcome or ConfigError("The batch was not sent.")

        try:
            with sending_instead(first_from_batch):
                self._value = self._run()
        except Exception as error:  # any error of a verb, so that the other calls are still processed
            self.error = error
        self.is_done = True

    def _shape_(self) -> Card:
        from ..render import Card, badge

        tried = badge("OK", "ok") if self.ok else badge("FAILED", "bad")
        facts = {
            "resource": self.resource,
            "error": _message(self.error),
            "next": getattr(self.error, "hint", None),
            "sent": f"{self.attempts} times" if self.attempts > 1 else None,
        }
        state = tried if self.is_done else badge("WAITING", "warn")
        return Card(self.method, kind="call of a batch", badge=state, facts=facts)

    def __repr__(self) -> str:
        state = "ok" if self.ok else type(self.error).__name__ if self.error is not None else "waiting"
        return f"<BatchItem {self.method} {self.resource}: {state}>"


class BatchResult(ShownFirst, list[BatchItem[Any]]):
    """The calls of a batch, in order, each with its own result or error. It is shown as a card.

    Example:
        >>> with client.batch() as batch:
        ...     _ = batch.add(queue.pause), batch.add(queue.resume)
        >>> len(batch.results), batch.results.failed
        (2, [])
    """

    def __init__(self, items: list[BatchItem[Any]], requests: int) -> None:
        super().__init__(items)
        self.requests = requests

    @property
    def failed(self) -> list[BatchItem[Any]]:
        """The failed calls."""
        return [item for item in self if not item.ok]

    def values(self) -> list[Any]:
        """The return value of each call, in order. Errors: the first error, if any call failed.

        Example:
            >>> with client.batch() as batch:
            ...     paused = batch.add(queue.pause)
            >>> [queue.state for queue in batch.results.values()]
            ['PAUSED']
        """
        return [item.result() for item in self]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per call, in order.

        Shapes: index, method, resource, ok, code (of google.rpc), message, attempts.

        Example:
            >>> with client.batch() as batch:
            ...     _ = batch.add(queue.pause)
            >>> batch.results.to_dataframe()["ok"].tolist()
            [True]
        """
        from ..frames import nullable_frame
        from .batch_table import BATCH_COLUMNS

        return nullable_frame(BATCH_COLUMNS, [self])

    def _shape_(self) -> Card:
        from ..render import Card, Section, Table, badge
        from ..render.values import counted

        failed = self.failed
        done = len(self) - len(failed)
        rows = list(enumerate(self))
        sections = []
        if failed and len(self) > 10:
            table = Table.of([(number, item) for number, item in rows if not item.ok], _row_with_message)
            sections.append(Section(f"{len(failed):,} failed", table, open=True))
        return Card(
            counted(len(self), "call"),
            kind=f"batch, sent in {counted(self.requests, 'request')}",
            badge=badge(f"{done:,} of {len(self):,} succeeded", "bad" if failed else "ok"),
            table=Table.of(rows, _row_with_message if failed else _row),
            sections=sections,
        )


class Batch(Connected, Shown):
    """Collects calls, and sends them in one request when its with block ends; see Client.batch.

    Example:
        >>> with client.batch() as batch:
        ...     batch.add(queue.pause)
        >>> batch.results
    """

    def __init__(self, session: Session, timeout_s: float | None = None) -> None:
        self._session = session
        self._timeout_s = timeout_s
        self._items: list[BatchItem[Any]] = []
        self._results: BatchResult | None = None
        self._is_dropped = False

    def add(self, verb: Callable[P, T], *args: P.args, **given: P.kwargs) -> BatchItem[T]:
        """Add a call: a verb without parentheses, and its arguments.

        Errors: ConfigError if it is not a verb of this client; errors of the verb before its first call.

        Example:
            >>> batch.add(queue.pause)
            >>> batch.add(queue.create_task, {"n": 1}, url="https://example.com")
            >>> batch.add(client.api.projects.locations.queues.get, name=queue.name)
        """
        if self._results is not None:
            raise ConfigError(
                "This batch was already sent.", hint="start another one: with client.batch() as batch:"
            )
        if not callable(verb):
            raise ConfigError(
                f"A batch takes verbs, not {kind_of(verb)}.",
                hint="omit the parentheses: batch.add(queue.pause), not batch.add(queue.pause())",
            )

        run = partial(verb, *args, **given)
        item = BatchItem(run, BatchPart(self._first_call(run), self._session.retry, self._session.pauses))
        self._items.append(item)
        return item

    def _first_call(self, run: Callable[[], Any]) -> Call:
        def keep(session: Session, call: Call) -> bytes:
            if session is not self._session:
                raise ConfigError(
                    "A batch takes only verbs of its own client.", hint="use the batch of the other client"
                )
            raise _Kept(call)

        try:
            with sending_instead(keep):
                run()
        except _Kept as kept:
            return kept.call
        raise ConfigError(
            "A batch takes verbs that call the service, but this verb makes no call.",
            hint="add the verb of a queue, a task, a client or client.api",
        )

    @property
    def results(self) -> BatchResult:
        """The outcomes in order. Errors: ConfigError before the with block has ended."""
        if self._results is None:
            raise _unsent(self._is_dropped)
        return self._results

    def send(self) -> BatchResult:
        """Send the batch now, as at the end of the with block.

        Errors: the error of the whole request (TransportError, AuthError); then no call has a response.

        Example:
            >>> batch.add(queue.pause)
            >>> batch.send().failed
            []
        """
        if self._results is None:
            parts = [item._part for item in self._items]
            timeout_s = self._timeout_s or self._session.timeout_s + _PER_CALL_S * min(len(parts), MOST)
            requests = send_batch(self._session, parts, timeout_s)
            for item in self._items:
                item._finish()
            self._results = BatchResult(self._items, requests)
            self._raise_if_nothing_was_answered(parts)
        return self._results

    def _raise_if_nothing_was_answered(self, parts: list[BatchPart]) -> None:
        errors = [part.outcome for part in parts if isinstance(part.outcome, CloudTasksError)]
        of_all = [error for error in errors if not isinstance(error, ApiError) or error.method == "batch"]
        if parts and len(of_all) == len(parts):
            raise of_all[0]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[BatchItem[Any]]:
        return iter(self._items)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.send()
            return
        self._is_dropped = True  # after an error in the block, nothing is sent
        for item in self._items:
            item.is_dropped = True

    def _shape_(self) -> Card:
        from ..render import Card, badge
        from ..render.values import counted

        if self._results is not None:
            return self._results._shape_()
        return Card(
            counted(len(self), "call"),
            kind="batch",
            badge=badge("WAITING", "warn"),
            facts={"sent": "when the with block ends"},
            code=["batch.add(queue.pause)"],
        )

    def __repr__(self) -> str:
        from ..render.values import counted

        return (
            f"<Batch of {counted(len(self), 'call')}, {'sent' if self._results is not None else 'waiting'}>"
        )


def _unsent(is_dropped: bool) -> ConfigError:
    """The error for a missing result: the batch was not yet sent, or never, because the with block raised."""
    if not is_dropped:
        return ConfigError("The batch was not sent yet.", hint="read results after the with block")
    return ConfigError(
        "The batch was not sent, because its with block raised an error.",
        hint="fix the error, then start another batch: with client.batch() as batch:",
    )


def _row(numbered: tuple[int, BatchItem[Any]]) -> dict[str, Value]:
    from ..render import Cell, badge
    from ..visible import elided

    number, item = numbered
    return {
        "#": number,
        "call": item.method.removeprefix("projects.locations."),
        "resource": Cell(elided(item.resource.rpartition("/")[2], 40), item.resource),
        "outcome": badge("OK", "ok") if item.ok else badge(_status(item.error), "bad"),
    }


def _row_with_message(numbered: tuple[int, BatchItem[Any]]) -> dict[str, Value]:
    return _row(numbered) | {"message": _message(numbered[1].error)}


def _message(error: Exception | None) -> str | None:
    return getattr(error, "message", None) or (str(error) if error is not None else None)


def _status(error: Exception | None) -> str:
    return f"{error.code} {error.status}" if isinstance(error, ApiError) else type(error).__name__
