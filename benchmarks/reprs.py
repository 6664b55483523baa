"""Measure the cost of reprs: `python benchmarks/reprs.py [--runs 30]`. It sends no requests."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from compiled import run_compiled

import cloudtasks_nb as ct

TASKS = 1_000


def fill(queue: ct.Queue) -> None:
    """Tasks of some 200 bytes of JSON and three headers, due in an hour."""
    payload = {
        "to": "ada@example.com",
        "order": 48_213,
        "items": [{"sku": f"A-{n}", "count": n} for n in range(5)],
    }
    headers = {"X-Shop": "7", "X-Trace": "00-4bf92f3577b34da6-01", "Authorization": "Bearer not-shown"}

    def create(number: int) -> None:
        queue.create_task(
            {**payload, "number": number},
            url=f"https://shop.example/mail/send?number={number}",
            headers=headers,
            schedule=3_600 + number,
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(TASKS)))


def measured(show: Callable[[], dict[str, str]], runs: int) -> tuple[float, int]:
    """Median processor time in milliseconds for all forms of a repr, and the size of its HTML in bytes."""
    show()
    times = []
    for _ in range(runs):
        start = time.process_time()
        shown = show()
        times.append((time.process_time() - start) * 1_000)
    return statistics.median(times), len(shown["text/html"].encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.render")
    with ct.local() as client:
        queue = client.create_queue("emails")
        fill(queue)
        full, basic = queue.tasks(view="FULL"), queue.tasks()
        shown = {
            "a page of 1,000 tasks, FULL": full,
            "a page of 1,000 tasks, BASIC": basic,
            "a task with its payload": full.first(1)[0],
            "a queue": queue,
        }
        print(f"median of {runs}, HTML and text together\n\n| | ms | kB of HTML |\n|---|---:|---:|")
        for name, obj in shown.items():
            milliseconds, size = measured(obj._repr_mimebundle_, runs)
            print(f"| {name} | {milliseconds:.1f} | {size / 1_000:.1f} |")


if __name__ == "__main__":
    main()
