"""Restores backups when an emulator starts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..connecting import connect
from ..errors import ConfigError, NotFound


def restore(files: Sequence[Path], project: str, url: str) -> None:
    """Creates the queues and the tasks of backups. Leaves existing queues unchanged.

    Errors: ConfigError for a file that is not a backup; BulkError for tasks that cannot be created.
    """
    from ..bulk.backup_file import BackupFile

    with connect(project=project, endpoint=url) as client:
        for path in files:
            try:
                held = BackupFile(path).about.queue
            except OSError as error:
                raise ConfigError(f"--restore: {path} cannot be read: {error.strerror}.") from None
            if held is None:
                raise ConfigError(f"--restore: {path} does not name its queue.")
            name = f"{held.location}/{held.id}"
            try:
                client.queue(name)
                print(f"cloudtasks_nb emulator: {name} exists, so {path} was not restored.", file=sys.stderr)
            except NotFound:
                client.restore(path, name, progress=False).raise_for_errors()
