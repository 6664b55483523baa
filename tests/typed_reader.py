"""A program as a user writes it, checked by `make types`: resources must have their verbs for type checkers."""

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
with client.batch() as batch:
    added: ct.BatchItem[ct.Queue] = batch.add(queue.pause)
    batch.add(client.api.projects.locations.queues.get, name=queue.name)
result: ct.BulkResult = queue.create_tasks([b"1"], url="https://x", ramp="500/50/5", concurrency=4)
client.create_queue("x", rate_limits={"max_concurrent_tasks": 1}, task_ttl=timedelta(days=1))

# A typo is an error: under --strict, an unused `type: ignore` is an error too.
queue.create_task({}, url="https://x", dispatch_deadlin=3)  # type: ignore[call-arg]
queue.create_task({}, url="https://x", oidc_token="a@b")  # type: ignore[arg-type]
queue.create_tasks([b"1"], url="https://x", rampp="500/50/5")  # type: ignore[call-arg]
queue.copy_tasks(to="x", new_id=True)  # type: ignore[call-arg]
queue.restore("x", passed="now")  # type: ignore[call-arg]
queue.worker(print, batchsize=3)  # type: ignore[call-arg]
queue.worker(print, on_error="ignore")  # type: ignore[arg-type]
client.create_queue("x", tomb_ttl=3)  # type: ignore[call-arg]
client.restore("x", concurency=3)  # type: ignore[call-arg]
client.emulator.faults(cut_after=0.5, latenc=1)  # type: ignore[call-arg]
location.create_queue("x", kind="push")  # type: ignore[arg-type]
ct.oauth.sign_in("x", loginhint="a@b")  # type: ignore[call-arg]
batch.add(queue.create_task, {}, dispatch_deadlin=3)  # type: ignore[call-arg]
