"""Print the tests for the files that changed since main, one path per line. `make check` runs them.

    cloudtasks_nb/ROOM/...     tests/unit/ROOM
    tests/unit/ROOM/...        tests/unit/ROOM
    tests/FOLDER/test_it.py    the file itself; none for tests/e2e, which need a browser
    tests/conformance/...      tests/contract/test_recordings.py
    always                     tests/unit/test_*.py: floors, sizes, docstrings, links

On main, only changes that are not committed count.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "tests/unit"


def main() -> None:
    tests = {*UNIT.glob("test_*.py")} | {test for name in changed() if (test := test_of(Path(name)))}
    print("\n".join(sorted(str(test.relative_to(ROOT)) for test in tests)))


def changed() -> list[str]:
    """Files that differ from the commit at which this branch left main, and untracked files."""
    began = next(
        filter(None, (git("merge-base", "HEAD", main) for main in ("main", "origin/main"))), ["HEAD"]
    )
    return git("diff", "--name-only", *began) + git("ls-files", "--others", "--exclude-standard")


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def test_of(changed: Path) -> Path | None:
    """The tests to run for a changed file; None if only `make test` has tests for it."""
    match changed.parts:
        case ("cloudtasks_nb", room, _, *_) | ("tests", "unit", room, _, *_) if (UNIT / room).is_dir():
            return UNIT / room
        case ("tests", "integration" | "contract", *_) if changed.match("test_*.py"):
            return ROOT / changed if (ROOT / changed).exists() else None
        case ("tests", "conformance", *_):
            return ROOT / "tests/contract/test_recordings.py"
    return None


if __name__ == "__main__":
    main()
