"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Imports pyarrow and pandas: load on first use."""

from .columns import LOCATIONS, QUEUES, TASKS, Columns
from .decoding import Decode
from .dtypes import Dtypes
from .files import write_csv, write_parquet
from .to_pandas import to_pandas

__all__ = [
    "LOCATIONS",
    "QUEUES",
    "TASKS",
    "Columns",
    "Decode",
    "Dtypes",
    "to_pandas",
    "write_csv",
    "write_parquet",
]
