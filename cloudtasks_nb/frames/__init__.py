"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Imports pyarrow and pandas: load on first use."""

from .backup_columns import WHOLE, backup_columns, whole_task
from .columns import BULK_RESULTS, LOCATIONS, QUEUES, TASKS, Columns
from .decoding import Decode
from .dtypes import Dtypes, frame_of
from .files import write_csv, write_parquet
from .from_pandas import task_rows
from .policy_table import policy_frame
from .to_pandas import to_pandas

__all__ = [
    "BULK_RESULTS",
    "LOCATIONS",
    "QUEUES",
    "TASKS",
    "WHOLE",
    "Columns",
    "Decode",
    "Dtypes",
    "backup_columns",
    "frame_of",
    "policy_frame",
    "task_rows",
    "to_pandas",
    "whole_task",
    "write_csv",
    "write_parquet",
]
