"""The queues and tasks that exist at the start, and again after a reset."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ...errors import ApiError, ConfigError
from ...names import LocationName
from . import demo
from .clock import ManualClock
from .options import Options
from .rules.queue_yaml import Described, read_queue_yaml
from .services.context import Context
from .services.service import Service
from .store.store import Store


class Start:
    """Reads the start options. Errors: ConfigError for an unreadable queue.yaml."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._described = _read(options.queue_yaml) if options.queue_yaml is not None else []

    def make(self, store: Store, now: datetime) -> None:
        """Creates them in a database, which may hold other data. Errors: ConfigError if the disk fails."""
        try:
            if self._options.with_demo and store.is_empty():
                demo.fill(store, now)
            self._make_queues(store, now)
        except sqlite3.Error as error:
            raise ConfigError(f"{self._options.data} cannot be filled: {error}.") from None

    def _make_queues(self, store: Store, now: datetime) -> None:
        place = self._options.app_engine_location
        # Wakes no queue: the dispatcher checks all queues when it begins.
        service = Service(Context(store, ManualClock(now), lambda _: None, app_engine_location=place))
        parent = LocationName(self._options.project, place)
        for entry in self._described:
            with _kept_going(f"{parent}/queues/{entry.id}"), store.transaction():
                service.uploads.apply(parent, entry)
        for asked in self._options.queues:
            with _kept_going(str(asked.name)), store.transaction():
                service.queues.have(asked)


def _read(file: Path) -> list[Described]:
    try:
        return read_queue_yaml(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"--queue-yaml: {file} cannot be read: {error.strerror}.") from None
    except ApiError as error:
        raise ConfigError(f"--queue-yaml: {file}: {error.message}") from None


@contextmanager
def _kept_going(name: str) -> Iterator[None]:
    """Prints the error of one queue and continues with the others: for example, its name may be blocked."""
    try:
        yield
    except ApiError as error:
        print(f"cloudtasks_nb emulator: {name}: {error.message}", file=sys.stderr, flush=True)
