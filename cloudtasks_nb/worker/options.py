"""The options of a worker, and which of them are valid."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import timedelta
from typing import Literal

import msgspec

from ..errors import ConfigError, InvalidArgument, kind_of
from ..model.durations import DurationLike
from ..model.json import Duration

OnError = Literal["cancel", "leave"]
MAX_LEASED = 1000
_LONGEST = timedelta(days=7)


class WorkerOptions(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The options of a worker. queue.worker() explains each option."""

    concurrency: int = 8
    executor: Executor | None = None
    lease_duration: DurationLike = 60
    tag: str | None = None
    oldest_tag: bool = False
    batch_size: int | None = None
    on_error: OnError = "cancel"
    attempts: int = 10
    handler_timeout: DurationLike | None = None

    def check(self) -> None:
        """Errors: ConfigError."""
        for name in ("concurrency", "batch_size", "attempts"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ConfigError(f"{name} must be a whole number of at least 1, not {value!r}.")
        if self.batch_size is not None and self.batch_size > MAX_LEASED:
            raise ConfigError(
                f"batch_size must be at most {MAX_LEASED}, the limit of a lease call, not {self.batch_size}."
            )
        if self.oldest_tag and self.batch_size is None:
            raise ConfigError(
                "oldest_tag needs a handler that takes a list of tasks.", hint="pass batch_size=50 as well"
            )
        if self.tag is not None and self.oldest_tag:
            raise ConfigError("Pass tag or oldest_tag, not both.")
        if self.on_error not in ("cancel", "leave"):
            raise ConfigError(f"on_error={self.on_error!r} is unknown.", hint='use "cancel" or "leave"')
        if not isinstance(self.executor, Executor | None):  # such as a Dask client, whose futures are others
            raise ConfigError(
                f"executor must be a concurrent.futures.Executor, not {kind_of(self.executor)}.",
                hint="a ThreadPoolExecutor, a ProcessPoolExecutor, or dask.distributed's client.get_executor()",
            )
        if self.timeout_s is not None and self.timeout_s <= 0:
            raise ConfigError(
                f"handler_timeout must be a positive duration, not {self.handler_timeout!r}.",
                hint='pass seconds, a timedelta or text, such as handler_timeout="10m"; omit it for no limit',
            )
        if not timedelta(seconds=1) <= _span(self.lease_duration) <= _LONGEST:
            raise ConfigError(
                f"lease_duration must be between a second and a week, not {self.lease_duration!r}.",
                hint="pass seconds, such as lease_duration=60",
            )

    @property
    def slots(self) -> int:
        """How many handlers can run at once: `concurrency`, or the threads or processes of a pool that has fewer."""
        most = getattr(self.executor, "_max_workers", None)  # Python's pools have no public name for it
        return min(self.concurrency, most) if isinstance(most, int) else self.concurrency

    @property
    def timeout_s(self) -> float | None:
        """How long a handler may run, in seconds; None for no limit."""
        return None if self.handler_timeout is None else _span(self.handler_timeout).total_seconds()

    @property
    def lease_s(self) -> float:
        """The lease in whole seconds, as the service rounds it."""
        return float(int(Duration.of(self.lease_duration).total_seconds()))


def _span(given: DurationLike) -> timedelta:
    """A duration; zero, which no option allows, if it is not one."""
    try:
        return Duration.of(given)
    except InvalidArgument:
        return timedelta()


def check_handler(handler: object, executor: Executor | None) -> None:
    """Raise unless the handler can be called in its executor. Errors: ConfigError."""
    if not callable(handler):
        raise ConfigError(f"handler must be a function, not {kind_of(handler)}.")
    dumps, hint = _pickling(executor)
    try:
        dumps(handler)
    except Exception as error:  # objects that cannot be pickled raise any type of error
        first_line = str(error).split("\n")[0]
        raise ConfigError(
            f"The handler cannot be pickled for other processes: {first_line}", hint=hint
        ) from None


def _pickling(executor: Executor | None) -> tuple[Callable[[object], object], str]:
    """How an executor pickles handlers, and what helps if that fails. Threads and unknown executors pickle nothing."""
    if isinstance(executor, ProcessPoolExecutor):
        return pickle.dumps, (
            "define it at the top of a module (not as a lambda or inside a function), or run it in threads"
        )
    # Dask pickles functions by value, also for its threads.
    if type(executor).__module__.startswith("distributed."):
        import cloudpickle

        return cloudpickle.dumps, "create clients, files and locks inside the function, or run it in threads"
    return lambda _: b"", ""
