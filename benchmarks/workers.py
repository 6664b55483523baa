"""Pull workers against the embedded emulator: tasks a second beside bulk calls by hand and beside the executor alone.

    python benchmarks/workers.py [--quick]

A task is leased, handled and acknowledged. "Bulk by hand" leases 1,000 tasks, handles nothing and acknowledges all of
them in one bulk call. "Executor alone" runs the same handlers in the same executor, without tasks. Handlers sleep.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import cloudtasks_nb as ct

CONCURRENCY = 8


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


def with_worker(queue: ct.Queue, sleep_s: float, count: int, executor: Executor | None = None) -> float:
    began_s = time.perf_counter()
    worker = queue.worker(partial(handle, sleep_s=sleep_s), concurrency=CONCURRENCY, executor=executor)
    worker.run(until_empty=True, progress=False)
    took_s = time.perf_counter() - began_s
    assert (worker.tally.done, worker.tally.lost) == (count, 0), worker.tally
    return count / took_s


def one_of_many(endpoint: str, name: str, sleep_s: float, told: Any, go: Any) -> None:
    client = ct.connect(project="local", endpoint=endpoint)
    worker = client.queue(f"us-central1/{name}").worker(partial(handle, sleep_s=sleep_s))
    told.put(None)
    go.wait()
    began_s = time.time()
    worker.run(until_empty=True, progress=False)
    told.put((worker.tally.done, began_s, time.time(), worker.tally.lost, worker.tally.refused))


def processes(
    client: ct.Client, name: str, sleep_s: float, count: int, workers: int
) -> tuple[float, list[int], int]:
    """Tasks a second by the last acknowledgement, the share of each process, and refused lease calls."""
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
    assert sum(end[0] for end in ends) == count
    return count / took_s, sorted(end[0] for end in ends), sum(end[4] for end in ends)


def median(measure: Callable[[int], float], rounds: int) -> float:
    return statistics.median(measure(at) for at in range(rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer tasks, one round: only to see that it runs"
    )
    quick = parser.parse_args().quick
    rounds, scale = (1, 10) if quick else (3, 1)
    with ct.local() as client:
        count = 20_000 // scale
        hand = median(lambda at: by_hand(filled(client, f"hand-{at}", count)), rounds)
        free = median(lambda at: with_worker(filled(client, f"free-{at}", count), 0.0, count), rounds)
        print(
            f"handlers that cost nothing: worker {free:,.0f}/s, bulk by hand {hand:,.0f}/s: {free / hand:.2f}"
        )
        for kind in ("threads", "processes"):
            for sleep_s in (0.01, 0.1, 0.2):
                count = max(80, int(10 * CONCURRENCY / sleep_s) // scale)
                with (
                    ThreadPoolExecutor(CONCURRENCY) if kind == "threads" else ProcessPoolExecutor(CONCURRENCY)
                ) as executor:
                    alone = executor_alone(executor, sleep_s, count)
                    name = f"{kind}-{sleep_s}".replace(".", "")
                    rate = median(
                        lambda at, name=name, sleep_s=sleep_s, count=count, executor=executor: with_worker(  # type: ignore[misc]
                            filled(client, f"{name}-{at}", count), sleep_s, count, executor
                        ),
                        rounds,
                    )
                print(
                    f"{kind}, {sleep_s * 1000:.0f} ms: {rate:,.1f}/s, executor alone {alone:,.1f}/s: {rate / alone:.3f}"
                )
        for sleep_s in (0.01, 0.1):
            ones = 0.0
            for workers in (1, 4, 8):
                count = max(80, int(10 * CONCURRENCY * workers / sleep_s) // scale)
                name = f"many-{workers}-{sleep_s}".replace(".", "")
                rate, shares, refused = processes(client, name, sleep_s, count, workers)
                ones = ones or rate
                print(
                    f"{workers} processes, {sleep_s * 1000:.0f} ms: {rate:,.0f}/s, {rate / ones:.2f} times one; shares "
                    f"{shares[0]}–{shares[-1]}; lease calls refused {refused}"
                )


if __name__ == "__main__":
    main()
