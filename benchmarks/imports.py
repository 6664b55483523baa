"""What importing costs, each in a fresh interpreter: `python benchmarks/imports.py [--runs 15]`."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    results: dict[str, list[float]] = {name: [] for name in CANDIDATES}
    for _ in range(runs + 1):
        for name, code in CANDIDATES.items():
            results[name].append(seconds(code))
    print(f"median of {runs} imports in fresh interpreters, after one to warm up\n\n| | ms |\n|---|---:|")
    for name, values in results.items():
        print(f"| {name} | {statistics.median(values[1:]) * 1000:.0f} |")


if __name__ == "__main__":
    main()
