"""Measure the cost of imports, each in a fresh interpreter: `python benchmarks/imports.py [--runs 15]`.

The second table shows the cost of a first use, and which package takes the time. One interpreter runs all steps. It
measures processor time, so that other programs matter less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

from compiled import run_compiled

CANDIDATES = {
    "cloudtasks_nb": "import cloudtasks_nb",
    "cloudtasks_nb and connect()": "import cloudtasks_nb as ct; ct.connect(endpoint='http://localhost:1')",
    "google.cloud.tasks_v2beta2": "import google.cloud.tasks_v2beta2",
    "googleapiclient.discovery": "import googleapiclient.discovery",
    "pandas": "import pandas",
}
TIMED = "import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"


def seconds(code: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(code=code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


# The first steps of a user, and the package that each one loads. An earlier step has loaded its modules for later ones.
STEPS = {
    ("import cloudtasks_nb", "ours"): "import cloudtasks_nb as ct",
    ("ct.connect()", "urllib3"): "import urllib3",
    ("ct.connect()", "msgspec"): "import msgspec",
    ("ct.connect()", "ours (rest)"): "ct.connect(endpoint='http://localhost:1')",
    ("the first panel", "ipywidgets, anywidget"): "import ipywidgets, anywidget",
    ("the first panel", "ours"): "import cloudtasks_nb.widgets.queue_panel",
    ("the first DataFrame", "pandas, pyarrow"): "import pandas",
    ("the first DataFrame", "ours"): (
        "from cloudtasks_nb.frames import TASKS, to_pandas; to_pandas(TASKS, [TASKS.read(b'{}')])"
    ),
}


def first_use() -> list[float]:
    """The processor time of each step, in seconds."""
    timed = "start = time.process_time(); {}; took.append(time.process_time() - start)"
    code = "; ".join(
        ["import json, time; took = []", *map(timed.format, STEPS.values()), "print(json.dumps(took))"]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout)
    return found


def report_first_use(runs: list[list[float]]) -> None:
    """A row for each step, with a bar."""
    medians = [statistics.median(values) * 1000 for values in zip(*runs, strict=True)]
    longest = max(medians)
    print("\n| step | whose | ms of processor | |\n|---|---|---:|---|")
    for (step, whose), ms in zip(STEPS, medians, strict=True):
        print(f"| {step} | {whose} | {ms:.0f} | {'█' * max(1, round(ms / longest * 40))} |")
    mine = sum(ms for (_, whose), ms in zip(STEPS, medians, strict=True) if "ours" in whose)
    print(f"\n{mine:.0f} of {sum(medians):.0f} ms are ours.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    run_compiled(
        "cloudtasks_nb.connecting",
        "cloudtasks_nb.widgets.queue_panel",
        "cloudtasks_nb.frames",
        "pandas",
        "googleapiclient.discovery",
        "google.cloud.tasks_v2beta2",
    )
    results: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    for _ in range(runs + 1):
        for name, code in CANDIDATES.items():
            results[name].append(seconds(code))
    print(f"median of {runs} imports in fresh interpreters, after one to warm up\n\n| | ms |\n|---|---:|")
    for name, values in results.items():
        print(f"| {name} | {statistics.median(values[1:]) * 1000:.0f} |")
    report_first_use([first_use() for _ in range(runs + 1)][1:])


if __name__ == "__main__":
    main()
