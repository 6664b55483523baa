"""The columns of tasks at risk: those of every task, and the reason. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..bulk.backup_file import BACKUP_COLUMNS, BackupPage
from ..frames import Column, Columns, TaskPage
from ..frames.arrays import TEXT, TIME
from ..frames.columns import TASK_COLUMNS
from ..frames.task_rows import TaskRow, read_tasks
from ..model.json import decode
from ..model.messages import ListTasksResponse

if TYPE_CHECKING:
    from ..model.task import Task
    from .at_risk import Endangered, Judge


class RiskPage(TaskPage):
    """Tasks of a page that are at risk, with the reason."""

    def __init__(self, tasks: Sequence[TaskRow], endangered: Sequence[Endangered]) -> None:
        super().__init__(tasks)
        self.endangered = endangered


RISK_COLUMNS: list[Column[RiskPage]] = [
    *TASK_COLUMNS[:-1],
    Column("risk", TEXT, lambda page: [one.risk for one in page.endangered]),
    Column("attempts_left", pa.int32(), lambda page: [one.fate.attempts_left for one in page.endangered]),
    Column("gives_up_time", TIME, lambda page: [one.fate.gives_up for one in page.endangered]),
    Column("expire_time", TIME, lambda page: [one.fate.expires for one in page.endangered]),
    TASK_COLUMNS[-1],
]


def risk_columns(judge: Judge) -> Columns[Any]:
    """The columns, for the tasks of a page that are at risk."""

    def read(raw: bytes, limit: int | None) -> RiskPage:
        found = judge.among(decode(raw, ListTasksResponse).tasks)
        rows = compress(read_tasks(raw), [one is not None for one in found])
        endangered = [one for one in found if one is not None][:limit]
        return RiskPage(list(islice(rows, limit)), endangered)

    def of(tasks: Sequence[Task]) -> RiskPage:
        found = [one for one in judge.among(tasks) if one is not None]
        return RiskPage(TaskPage.of([one.task for one in found]).tasks, found)

    return Columns(RISK_COLUMNS, read, of)


def whole_columns(judge: Judge) -> Columns[BackupPage]:
    """The columns of a backup, for the tasks of a page that are at risk."""

    def read(raw: bytes, limit: int | None) -> BackupPage:
        tasks = decode(raw, ListTasksResponse).tasks
        chosen = [judge.of(task) is not None for task in tasks]
        rows, whole = compress(read_tasks(raw), chosen), compress(tasks, chosen)
        return BackupPage(list(islice(rows, limit)), list(islice(whole, limit)))

    return Columns(BACKUP_COLUMNS, read, secrets=True)
