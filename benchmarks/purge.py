"""Purge with a backup while a producer runs: is each acknowledged task in the file or in the queue?

    python benchmarks/purge.py [--tasks 100000]

The queue holds this many tasks. Another process creates tasks, one after the other, from before the purge until after
it. The duration of the purge is printed, too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compiled import run_compiled

URL = "https://example.com/orders"


def produce(endpoint: str, queue: str) -> None:
    """Create tasks until the input ends; print the id of each task when the service confirms it."""
    import select

    import cloudtasks_nb as ct

    held = ct.connect(endpoint=endpoint).queue(queue)
    while not select.select([sys.stdin], [], [], 0)[0]:
        print(held.create_task(b"new", url=URL, schedule="1h").id, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--produce", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.produce:
        produce(*arguments.produce)
        return
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.bulk.backup", "pyarrow.parquet")
    import cloudtasks_nb as ct

    with ct.local(dispatch=False) as client, tempfile.TemporaryDirectory() as folder:
        queue = client.create_queue("busy")
        queue.create_tasks(
            (b"x" * 150 for _ in range(arguments.tasks)), url=URL, schedule="1h"
        ).raise_for_errors()
        path = Path(folder) / "busy.parquet"
        command = [sys.executable, __file__, "--produce", client.endpoint, queue.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as producer:
            assert producer.stdout is not None
            first = producer.stdout.readline().strip()
            started = time.perf_counter()
            purged = queue.purge(backup=path, progress=False).purged
            seconds = time.perf_counter() - started
            acknowledged = {first, *producer.communicate()[0].split()}
        report(queue, path, acknowledged, seconds)
        assert purged is not None and purged.ok
        print(purged.summary())


def report(queue: object, path: Path, acknowledged: set[str], seconds: float) -> None:
    import pyarrow.parquet as pq

    in_file = set(pq.read_table(path, columns=["task_id"])["task_id"].to_pylist())
    in_queue = {task.id for task in queue.tasks()}  # type: ignore[attr-defined]
    print(
        f"{len(acknowledged):,} tasks were created during a purge of {len(in_file):,} that took {seconds:.1f} s"
    )
    print(f"in the file: {len(acknowledged & in_file):,}; in the queue: {len(acknowledged & in_queue):,}")
    print(f"in neither: {len(acknowledged - in_file - in_queue):,}; in both: {len(in_file & in_queue):,}")
    assert acknowledged <= in_file | in_queue and not in_file & in_queue


if __name__ == "__main__":
    main()
