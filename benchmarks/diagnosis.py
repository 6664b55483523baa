"""Compare diagnoses with the truth: which causes are found, and which findings are wrong?

    python benchmarks/diagnosis.py [--mixtures 60] [--seed 1]

An emulator with a manual clock gets a queue for each random mixture of causes. These causes are the truth. Findings
that follow from them (a retry waits because it failed) count neither as right nor as wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from compiled import run_compiled

from tests.integration.why.mixtures import PACES, Mixture, Tally, put, unexplained
from tests.integration.why.scenarios import world


def drawn(random: Random) -> Mixture:
    """A random mixture."""
    return Mixture(
        paused=random.random() < 0.25,
        failures=random.choice([0, 0, 2, random.randint(15, 60)]),
        successes=random.choice([0, 20, 60]),
        timeouts=random.choice([0, 0, random.randint(1, 12)]),
        last_attempts=random.choice([0, 0, random.randint(1, 4)]),
        pace=random.choice(PACES),
        counted_names=random.random() < 0.3,
        used_name=random.random() < 0.3,
        purged=random.random() < 0.3,
        logged=random.random() < 0.5,
        later=random.choice([0, 0, 30, 200]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mixtures", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    run_compiled("cloudtasks_nb.emulator.server.process")
    random, tally, exact = Random(asked.seed), Tally(), 0  # noqa: S311 - chance, not a secret
    with world() as here:
        for _ in range(asked.mixtures):
            mixture = drawn(random)
            found = {finding.rule for finding in put(here, mixture).diagnose()}
            tally.add(found, mixture)
            missed, wrong = mixture.truth - found, unexplained(found, mixture)
            exact += not missed and not wrong
            if missed or wrong:
                print(f"{mixture}\n  missed {missed}, wrong {wrong}", file=sys.stderr)
    print("| rule | mixtures with it | precision | recall |\n|---|---|---|---|")
    for rule, count, precision, recall in tally.rows():
        print(f"| `{rule}` | {count} | {precision:.2f} | {recall:.2f} |")
    print(f"\n{exact} of {asked.mixtures} mixtures: everything found, and nothing else.")


if __name__ == "__main__":
    main()
