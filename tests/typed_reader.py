"""A program as a person writes it. `make types` reads it: a name taken for its model message would have no verbs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd

import cloudtasks_nb as ct

client: ct.Client = ct.local(demo=True)
location: ct.Location = client.location("us-central1")
queue: ct.Queue = location.queue("emails").pause().update(retry_config=ct.RetryConfig(max_attempts=3))
ct.RetryConfig(min_backoff=timedelta(seconds=1), max_backoff=90)
task: ct.Task = queue.create_task({"a": 1}, url="https://x", schedule=60, headers={"A": "b"}).refresh().run()
tasks: ct.Pager[ct.Task] = queue.tasks(view="FULL")
frame: pd.DataFrame = tasks.to_dataframe(limit=5, decode="json")
path: Path = tasks.to_parquet("tasks.parquet")
names: list[str] = [task.name for task in tasks] + [
    task.name for page in tasks.pages() for task in page.items
]
try:
    client.queue("x")
except ct.NotFound as error:
    print(error.code, error.hint)
