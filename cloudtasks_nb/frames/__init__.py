"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Imports pyarrow and pandas: load on first use."""

from .columns import BULK_RESULTS, LOCATIONS, QUEUES, TASKS, Columns
from .decoding import Decode
from .dtypes import Dtypes, frame_of
from .files import write_csv, write_parquet
from .from_pandas import task_rows
from .to_pandas import to_pandas

__all__ = [
    "BULK_RESULTS",
    "LOCATIONS",
    "QUEUES",
    "TASKS",
    "Columns",
    "Decode",
    "Dtypes",
    "frame_of",
    "task_rows",
    "to_pandas",
    "write_csv",
    "write_parquet",
]
