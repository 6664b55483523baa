"""Handlers that other processes can import."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def note(task: Any) -> None:
    """Write a file that is named like the task and contains the id of the process."""
    told = task.json()
    with open(os.path.join(told["folder"], task.id), "x") as file:  # noqa: PTH118, PTH123 - a second time would fail
        file.write(str(os.getpid()))


def lock(task: Any) -> Any:
    """Return a value that cannot be pickled."""
    return threading.Lock()


def die(task: Any) -> None:
    """End the whole process."""
    os._exit(3)


class NeedsTwo(Exception):
    """An exception that can be pickled, but not unpickled."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code}: {words}")


def fail(task: Any) -> None:
    """Raise an exception that cannot travel to another process."""
    raise NeedsTwo(7, "no such image")


def end_own_pool(task: Any) -> None:
    """Use a pool of processes that dies."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(die, None).result()
