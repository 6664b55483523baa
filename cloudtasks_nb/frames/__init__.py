"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Imports pyarrow and pandas: load on first use."""

from .columns import LOCATIONS, QUEUES, TASKS, Columns
from .files import write_csv, write_parquet
from .to_pandas import Decode, to_pandas

__all__ = ["LOCATIONS", "QUEUES", "TASKS", "Columns", "Decode", "to_pandas", "write_csv", "write_parquet"]
