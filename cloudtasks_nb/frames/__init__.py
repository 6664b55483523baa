"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Imports pyarrow and pandas: load on first use."""

from .columns import LOCATIONS, QUEUES, TASKS, Column, Columns, TaskPage, each, maps
from .dataset import write_dataset
from .decoding import Decode
from .dtypes import Dtypes
from .excel import write_excel
from .export import Export
from .files import write_csv, write_parquet
from .from_pandas import frame_from, task_rows
from .partial import Partial
from .to_pandas import nullable_frame, policy_frame, to_pandas

__all__ = [
    "LOCATIONS",
    "QUEUES",
    "TASKS",
    "Column",
    "Columns",
    "Decode",
    "Dtypes",
    "Export",
    "Partial",
    "TaskPage",
    "each",
    "frame_from",
    "maps",
    "nullable_frame",
    "policy_frame",
    "task_rows",
    "to_pandas",
    "write_csv",
    "write_dataset",
    "write_excel",
    "write_parquet",
]
