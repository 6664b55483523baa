"""Which backup does a panel offer before it purges or deletes a queue, and how are the tasks restored?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..render.values import counted, duration
from ..user_paths import check_names_file, user_path
from .action import Refused, literal

if TYPE_CHECKING:
    from ..resources.queue import Queue

TICKED_UP_TO = 10_000  # tasks; a backup of more takes longer than users expect of a click
TASKS_PER_S = 1_000  # read with payload, written, and deleted by name
NEW_IDS = "A task whose id is still blocked gets a new id. The result contains the number of these tasks."


def data_folder() -> Path:
    """The folder of backups in the platform's folder for user data; "~" is the home folder."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base) / "cloudtasks_nb" / "backups"


def backup_offered(queue: Queue, depth: int | None) -> dict[str, Any]:
    """The beginning of the file's name, whether the box is ticked, and its label; `depth` is None if unknown."""
    start = f"{queue.project}.{queue.location}.{queue.id}."
    words = "Back up all tasks to a file first"
    if depth is None:
        words += ". The number of tasks is unknown: count them to see how long the backup takes."
    elif depth <= TICKED_UP_TO:
        words += f": {counted(depth, 'task')}, about {_expected(depth)}."
    else:
        words += f". Off by default, because {depth:,} tasks take about {_expected(depth)}."
    is_ticked = depth is not None and depth <= TICKED_UP_TO
    return {"start": str(data_folder() / start), "ticked": is_ticked, "words": words}


def _expected(depth: int) -> str:
    return duration(timedelta(seconds=max(1, -(-depth // TASKS_PER_S))))


def purged_offer(queue_code: str, path: str, done: int) -> dict[str, str]:
    """The line of Python that restores purged tasks, and its explanation."""
    line = f"{queue_code}.restore({literal(path)})"
    return {"words": f"To restore {counted(done, 'task')}:", "line": line, "note": NEW_IDS}


def deleted_offer(queue: Queue, path: str) -> dict[str, str]:
    """The line of Python that restores a deleted queue under another name, because its own is blocked."""
    line = f"client.restore({literal(path)}, {literal(f'{queue.location}/{queue.id}-restored')})"
    note = "The old name stays blocked for up to 3 days. After that, omit the second argument."
    return {"words": "To restore the queue and its tasks under another name:", "line": line, "note": note}


def _is_data_folder(folder: Path) -> bool:
    try:
        return folder == data_folder().expanduser()
    except RuntimeError:  # the home folder is unknown
        return False


@contextmanager
def backup_path(typed: object) -> Iterator[Path | None]:
    """The backup file that was typed, or None. Errors: Refused when the file cannot be written; nothing is removed."""
    if not isinstance(typed, str):
        raise Refused("The name of the backup file must be text.")
    file = user_path(typed.strip()) if typed.strip() else None
    try:
        if file is not None:
            check_names_file(typed.strip())
        if file is not None and _is_data_folder(file.parent):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield file
    except FileExistsError as error:
        words = f"{file} already exists. Nothing was removed."
        raise Refused(words, hint="choose another name for the backup") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Refused(f"The backup cannot be written ({why}). Nothing was removed.") from error
