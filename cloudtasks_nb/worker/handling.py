"""Calls handlers, in any executor, and reports in plain text how they ended."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from typing import Any

import msgspec

from ..errors import CloudTasksError
from ..redact import scrub_lines

_here: ContextVar[str] = ContextVar("run", default="")  # asyncio.to_thread() passes it on


class Ended(msgspec.Struct, frozen=True):
    """How handler calls ended: those that started, in order. Text, because not every exception can be pickled.

    `whys`: why each call failed; empty if it returned. `took_s`: the time of all these calls, in seconds.
    """

    whys: list[str]
    took_s: float


def handle(handler: Callable[[Any], Any], given: Sequence[Any], within_s: float, run_id: str) -> Ended:
    """Call the handler with one argument after the other. No call starts after `within_s`, except the first.

    `run_id`: the run of a worker, for is_handling().
    """
    began_s = time.perf_counter()
    whys: list[str] = []
    outer = _here.set(run_id)
    for one in given:
        if whys and time.perf_counter() - began_s > within_s:
            break
        whys.append(_why_failed(handler, one))
    _here.reset(outer)
    return Ended(whys, time.perf_counter() - began_s)


def why(error: BaseException) -> str:
    """An exception in one line, without secrets: its type, its message, and the next step if it names one."""
    try:
        said = str(error).split("\n")[0]
        if isinstance(error, CloudTasksError) and error.hint:
            said += f" next: {error.hint}"
        said = scrub_lines(said)
    except BaseException:  # a __str__ may raise SystemExit, which would end a process of a cluster
        said = "its message cannot be read"
    return f"{type(error).__name__}: {said}"


def is_handling(run_id: str) -> bool:
    """Whether a handler of this run calls this, in its own thread or in one that its coroutine awaits."""
    return _here.get() == run_id


def _why_failed(handler: Callable[[Any], Any], given: Any) -> str:
    try:
        _call(handler, given)
    except BaseException as error:
        return why(error)
    return ""


def _call(handler: Callable[[Any], Any], given: Any) -> None:
    """Call the handler. If it returns an awaitable, this runs to its end in its own event loop. Any other result is
    dropped, because it might not be picklable. Errors: TypeError for a generator, a map, a filter or a Future, because
    its work was not done."""
    begun = handler(given)
    if hasattr(type(begun), "add_done_callback"):  # of concurrent.futures, asyncio or Dask
        raise TypeError(
            "the handler returned a Future, whose work may not be done: wait for its result() instead"
        )
    if isinstance(begun, Awaitable):
        import asyncio

        # asyncio.run() takes coroutines, also of compiled code, but no other awaitables.
        asyncio.run(begun if isinstance(begun, Coroutine) else _awaited(begun))
    elif inspect.isgenerator(begun) or inspect.isasyncgen(begun):
        raise TypeError("the handler is a generator function: calling it does no work")
    elif isinstance(begun, map | filter):
        raise TypeError(
            f"the handler returned a {type(begun).__name__} object, which does no work: use a for loop"
        )


async def _awaited(begun: Awaitable[Any]) -> Any:
    return await begun
