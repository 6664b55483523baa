"""Benchmarks run as users do: with compiled modules, even if the environment or an installer left them out.

Python compiles a module when it imports it first, and stores the result. PYTHONDONTWRITEBYTECODE forbids this, and then
each process compiles everything again: importing pandas takes four times as long.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "compiled"


def run_compiled(*modules: str) -> None:
    """Let this process and the processes that it starts use compiled modules.

    `modules`, with all that they import, are compiled at once, so that no measured process has to do it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(FOLDER)
    sys.dont_write_bytecode = False
    subprocess.run([sys.executable, "-c", "\n".join(f"import {name}" for name in modules)], check=True)
