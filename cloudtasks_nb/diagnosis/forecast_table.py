"""A forecast as a DataFrame. Imports pandas and pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..frames import Column, each, nullable_frame
from ..frames.arrays import SPAN, TEXT, TIME

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from .forecast import Forecast, Interval

Row = tuple[str, "Interval", "datetime"]

FORECAST_COLUMNS: list[Column[Sequence[Row]]] = [
    Column("done", TEXT, each(lambda row: row[0])),
    Column("earliest", SPAN, each(lambda row: row[1][0])),
    Column("latest", SPAN, each(lambda row: row[1][1])),
    Column("earliest_time", TIME, each(lambda row: row[2] + row[1][0])),
    Column("latest_time", TIME, each(lambda row: row[2] + row[1][1])),
]


def forecast_frame(forecast: Forecast) -> pd.DataFrame:
    """One row each for half, most and all; no rows if the queue does not drain."""
    rows: list[Row] = [
        (name, interval, forecast.made)
        for name, interval in (("half", forecast.half), ("most", forecast.most), ("all", forecast.all))
        if interval is not None
    ]
    return nullable_frame(FORECAST_COLUMNS, [rows])
