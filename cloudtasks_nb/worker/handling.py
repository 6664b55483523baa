"""How a handler is called, wherever its executor runs it."""

from __future__ import annotations

import inspect
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from ..errors import ConfigError

_here = threading.local()


def handle(handler: Callable[[Any], Any], given: Any) -> None:
    """Call it; a coroutine is run to its end, in a loop of its own. What comes of it is of no use, and might not be
    able to travel back from another process. Errors: TypeError for a generator: its work was not done."""
    _here.handler = handler
    try:
        begun = handler(given)
        if inspect.iscoroutine(begun):
            import asyncio

            asyncio.run(begun)
        elif inspect.isgenerator(begun) or inspect.isasyncgen(begun):
            raise TypeError("the handler is a generator: it only yields, and nothing was done")
    finally:
        _here.handler = None


def is_handling(handler: Callable[[Any], Any]) -> bool:
    """Whether this thread is within a call of it."""
    return getattr(_here, "handler", None) is handler


def check_handler(handler: object, executor: Executor | None) -> None:
    """That it can be called where it is to run. Errors: ConfigError."""
    from concurrent.futures.process import ProcessPoolExecutor

    if not callable(handler):
        raise ConfigError(f"handler is a {type(handler).__name__}, not a function.")
    if isinstance(executor, ProcessPoolExecutor):
        try:
            pickle.dumps(handler)
        except Exception as error:  # whatever an object raises that cannot be pickled
            raise ConfigError(
                f"The handler cannot be sent to other processes: {error}",
                hint="put it at the top of a module (no lambda, nothing inside a function), or run it in threads",
            ) from None
