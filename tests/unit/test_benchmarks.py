"""Every benchmark measures compiled modules, as users have them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
STARTS_A_PROCESS = ("sys.executable", "ct.local(", "Emulator(", "start(", "world()")
BENCHMARKS = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if path.stem != "compiled" and any(words in path.read_text() for words in STARTS_A_PROCESS)
]
RUN = """
import compiled, json, subprocess, sys
from pathlib import Path
compiled.FOLDER = Path(sys.argv[1])
compiled.run_compiled("colorsys", "json.tool")
code = "import colorsys, sys; print(colorsys.__cached__, sys.dont_write_bytecode)"
print(json.dumps(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True).stdout.split()))
"""


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_its_processes_use_compiled_modules(path: Path) -> None:
    main = path.read_text().partition("\ndef main() -> None:")[2]
    assert "run_compiled(" in main, "call benchmarks/compiled.py before anything is measured"


def test_modules_are_compiled_although_the_environment_forbids_it(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(FOLDER)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cached, forbids = json.loads(done.stdout)
    assert forbids == "False"
    assert Path(cached).is_file() and Path(cached).is_relative_to(tmp_path), (
        "it is compiled before it is measured"
    )
