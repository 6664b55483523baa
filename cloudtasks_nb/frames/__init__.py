"""Listings as tables: Structs → Arrow → pandas, Parquet, CSV. Each part is imported on first use.

All parts need Arrow, which imports pandas if it is installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .columns import LOCATIONS as LOCATIONS
    from .columns import QUEUES as QUEUES
    from .columns import TASKS as TASKS
    from .columns import Column as Column
    from .columns import Columns as Columns
    from .columns import each as each
    from .columns import maps as maps
    from .complete import file_target as file_target
    from .complete import folder_target as folder_target
    from .data_frames import nullable_frame as nullable_frame
    from .data_frames import policy_frame as policy_frame
    from .data_frames import to_pandas as to_pandas
    from .dataset import check_partitions as check_partitions
    from .dataset import write_dataset as write_dataset
    from .dtypes import Dtypes as Dtypes
    from .excel import check_openpyxl as check_openpyxl
    from .excel import write_excel as write_excel
    from .export import Decode as Decode
    from .export import Export as Export
    from .export import may_add as may_add
    from .files import codec_of as codec_of
    from .files import write_csv as write_csv
    from .files import write_parquet as write_parquet
    from .from_pandas import frame_from as frame_from
    from .from_pandas import rows_from as rows_from
    from .partial import Partial as Partial
    from .task_page import TaskPage as TaskPage

_HOMES = {
    "columns": ("LOCATIONS", "QUEUES", "TASKS", "Column", "Columns", "each", "maps"),
    "data_frames": ("nullable_frame", "policy_frame", "to_pandas"),
    "complete": ("file_target", "folder_target"),
    "dataset": ("check_partitions", "write_dataset"),
    "dtypes": ("Dtypes",),
    "excel": ("check_openpyxl", "write_excel"),
    "export": ("Decode", "Export", "may_add"),
    "files": ("codec_of", "write_csv", "write_parquet"),
    "from_pandas": ("frame_from", "rows_from"),
    "partial": ("Partial",),
    "task_page": ("TaskPage",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value
