"""Compare pull workers with bulk calls by hand and with the executor alone, on the embedded emulator.

    python benchmarks/workers.py [--quick]

A worker leases, handles and acknowledges each task. "Bulk by hand" leases 1,000 tasks and acknowledges all of them in
one bulk call, without a handler. "Executor alone" runs the same handlers in the same executor, without tasks. Handlers
sleep. Eight handlers run at once: in threads, in processes, and on a Dask LocalCluster of two and of four processes.
With Dask, the worker passes sixteen tasks to the cluster, because a task travels there for milliseconds.
Each measurement takes about two seconds on a quiet machine, all of them less than three minutes.
"µs" is the processor time per task of the leasing process; use this if other programs run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from compiled import run_compiled

import cloudtasks_nb as ct

CONCURRENCY = 8
LASTS_S = 2.0  # the handlers of a measurement, if nothing else takes time
KINDS = ("threads", "processes", "dask 2 processes", "dask 4 processes")


def handle(task: Any, sleep_s: float = 0.0) -> None:
    if sleep_s:
        time.sleep(sleep_s)


def filled(client: ct.Client, name: str, count: int) -> ct.Queue:
    queue = client.create_queue(name, kind="pull")
    queue.create_tasks(({"payload": {"n": at}} for at in range(count)), progress=False).raise_for_errors()
    return queue


def by_hand(queue: ct.Queue) -> float:
    began_s, done = time.perf_counter(), 0
    while tasks := queue.lease(1000):
        queue.acknowledge_tasks(tasks, progress=False)
        done += len(tasks)
    return done / (time.perf_counter() - began_s)


def executor_alone(executor: Executor, sleep_s: float, count: int) -> float:
    began_s = time.perf_counter()
    list(executor.map(partial(handle, sleep_s=sleep_s), range(count)))
    return count / (time.perf_counter() - began_s)


def with_worker(
    queue: ct.Queue,
    sleep_s: float,
    count: int,
    executor: Executor | None = None,
    concurrency: int = CONCURRENCY,
) -> tuple[float, float]:
    """Tasks per second, and microseconds of this process per task."""
    began_s, worked_s = time.perf_counter(), time.process_time()
    worker = queue.worker(partial(handle, sleep_s=sleep_s), concurrency=concurrency, executor=executor)
    worker.run(until_empty=True, progress=False)
    took_s = time.perf_counter() - began_s
    assert (worker.tally.done, worker.tally.lost) == (count, 0), worker.tally
    return count / took_s, (time.process_time() - worked_s) / count * 1e6


def one_of_many(endpoint: str, name: str, sleep_s: float, told: Any, go: Any) -> None:
    client = ct.connect(project="local", endpoint=endpoint)
    ended_s = 0.0

    def handle_and_note(task: Any) -> None:
        nonlocal ended_s
        handle(task, sleep_s)
        ended_s = time.time()

    worker = client.queue(f"us-central1/{name}").worker(handle_and_note)
    told.put(None)
    go.wait()
    worker.run(until_empty=True, progress=False)
    told.put((worker.tally.done, ended_s, worker.tally.lost, worker.tally.refused))


def processes(
    client: ct.Client, name: str, sleep_s: float, count: int, workers: int
) -> tuple[float, list[int], int, float]:
    """Tasks per second up to the last acknowledgement, the share of each process, rejected lease calls, and the time
    between the last task of the first process that ran out of tasks and that of the last one, in seconds."""
    queue = filled(client, name, count)
    spawn = multiprocessing.get_context("spawn")
    told, go = spawn.Queue(), spawn.Event()
    started = [
        spawn.Process(target=one_of_many, args=(client.endpoint, name, sleep_s, told, go))
        for _ in range(workers)
    ]
    for process in started:
        process.start()
    for _ in started:
        told.get()
    began_s = time.time()
    go.set()
    while queue.count_tasks(progress=False):
        time.sleep(0.1)
    took_s = time.time() - began_s
    ends = [told.get() for _ in started]
    for process in started:
        process.join()
    assert (sum(end[0] for end in ends), sum(end[2] for end in ends)) == (count, 0)
    last_s = max(end[1] for end in ends) - min(end[1] for end in ends)
    return count / took_s, sorted(end[0] for end in ends), sum(end[3] for end in ends), last_s


@contextmanager
def executor_of(kind: str) -> Iterator[Executor]:
    """An executor for eight concurrent handlers."""
    if kind == "threads":
        with ThreadPoolExecutor(CONCURRENCY) as threads:
            yield threads
    elif kind == "processes":
        with ProcessPoolExecutor(CONCURRENCY) as processes:
            yield processes
    else:
        from dask.distributed import Client, LocalCluster

        count = int(kind.split()[1])
        with (
            LocalCluster(
                n_workers=count, threads_per_worker=CONCURRENCY // count, dashboard_address="127.0.0.1:0"
            ) as cluster,
            Client(cluster) as dask,
        ):
            yield dask.get_executor(pure=False)


def beside_the_executor(client: ct.Client, kind: str, scale: int, rounds: int) -> None:
    """Print the rates of a worker relative to its executor alone, in turns. One executor serves all of them."""
    with executor_of(kind) as executor:
        name, warm = kind.replace(" ", "-"), 4 * CONCURRENCY
        concurrency = 2 * CONCURRENCY if kind.startswith("dask") else CONCURRENCY
        # Now its processes start and import the package.
        with_worker(filled(client, f"{name}-warm", warm), 0.0, warm, executor)
        for sleep_s in (0.01, 0.1, 0.2):
            count = max(80, int(LASTS_S * CONCURRENCY / sleep_s) // scale)
            queues = [f"{name}-{sleep_s * 1000:.0f}-{at}" for at in range(rounds)]
            found = [
                (
                    executor_alone(executor, sleep_s, count),
                    *with_worker(filled(client, queue, count), sleep_s, count, executor, concurrency),
                )
                for queue in queues
            ]
            alone, rate, cpu_us = (statistics.median(one[at] for one in found) for at in range(3))
            print(
                f"| {kind}, {sleep_s * 1000:.0f} ms | {rate:,.1f} /s | {alone:,.1f} /s | {rate / alone:.2f} | "
                f"{cpu_us:,.0f} |",
                flush=True,
            )


def median(measure: Callable[[int], float], rounds: int) -> float:
    return statistics.median(measure(at) for at in range(rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer tasks, one round: only to see that it runs"
    )
    quick = parser.parse_args().quick
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.worker", "distributed")
    rounds, scale = (1, 10) if quick else (2, 1)
    with ct.local() as client:
        count = 20_000 // scale
        hand = median(lambda at: by_hand(filled(client, f"hand-{at}", count)), rounds)
        ran = [with_worker(filled(client, f"free-{at}", count), 0.0, count) for at in range(rounds)]
        free, cpu_us = (statistics.median(one[at] for one in ran) for at in range(2))
        print(
            f"Handlers that cost nothing: worker {free:,.0f}/s, bulk by hand {hand:,.0f}/s: {free / hand:.2f}; "
            f"{cpu_us:,.0f} µs of processor time.\n\n"
            "| handlers | worker | executor alone | ratio | µs of processor time |\n|---|---:|---:|---:|---:|",
            flush=True,
        )
        for kind in KINDS:
            beside_the_executor(client, kind, scale, rounds)
        print(
            "\n| worker processes | rate | times one | shares | lease calls refused | last tasks within |\n"
            "|---|---:|---:|---|---:|---:|"
        )
        for sleep_s in (0.01, 0.1):
            ones = 0.0
            for workers in (1, 4, 8):
                count = max(80, int(2 * LASTS_S * CONCURRENCY * workers / sleep_s) // scale)
                name = f"many-{workers}-{sleep_s}".replace(".", "")
                rate, shares, refused, last_s = processes(client, name, sleep_s, count, workers)
                ones = ones or rate
                print(
                    f"| {workers}, handlers of {sleep_s * 1000:.0f} ms | {rate:,.0f} /s | {rate / ones:.2f} | "
                    f"{shares[0]}–{shares[-1]} | {refused} | {last_s:.1f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
