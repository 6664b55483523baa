"""The demo: an emulator full of queues and tasks, and JupyterLab on the notebooks that show them.

python notebooks/demo.py            opens the tour in a browser, or prints its address
python notebooks/demo.py 05         opens another notebook: how its name begins
python notebooks/demo.py --check    runs it without a browser and prints what it showed
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import cloudtasks_nb as ct

NOTEBOOKS = Path(__file__).resolve().parent
START_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "notebook", nargs="?", default="01", type=named, help="how its name begins (default: 01)"
    )
    parser.add_argument("--check", action="store_true", help="run it headless and print what it showed")
    arguments = parser.parse_args()
    with ct.local(demo=True) as client:
        os.environ["CLOUD_TASKS_EMULATOR_HOST"] = client.endpoint
        print(f"The emulator runs on {client.endpoint}", flush=True)
        return check(arguments.notebook) if arguments.check else browse(arguments.notebook)


def named(beginning: str) -> str:
    """The notebook whose name begins so."""
    there = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    if found := [name for name in there if name.startswith(beginning)]:
        return found[0]
    names = ", ".join(name.removesuffix(".ipynb") for name in there)
    raise argparse.ArgumentTypeError(f"{beginning!r} is none of {names}")


def check(name: str) -> int:
    """Run every cell; print its source and what it showed. An error in a cell ends it with a traceback."""
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar is for eyes, not for a log
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    quiet = ["--log-level=ERROR"]  # the kernel listens on this machine only, and need not warn of it
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=120, resources=where, extra_arguments=quiet).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        print(f"\n── cell {number} of {len(cells)} " + "─" * 60)
        print("\n".join(f">>> {line}" for line in cell.source.splitlines()))
        for output in cell.outputs:
            shown = output.get("text") or output.get("data", {}).get("text/plain", "")
            print(shown.rstrip())
    print(f"\n{name} ran: {len(cells)} cells, no errors.")
    return 0


def browse(name: str) -> int:
    """Open JupyterLab on a notebook, with the others beside it, and stay until it ends (Ctrl-C)."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    token = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}/lab/tree/{name}?token={token}"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--log-level=WARN"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(
            f"--ServerApp.root_dir={NOTEBOOKS}",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ),
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    # The token goes by the environment: a command line can be read by every user of the machine.
    server = subprocess.Popen(command, env={**os.environ, "JUPYTER_TOKEN": token})  # noqa: S603 - our own command
    threading.Thread(target=announce, args=(address, port), daemon=True).start()
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.terminate()
        server.wait()
        return 0


def announce(address: str, port: int) -> None:
    """Once JupyterLab answers, open a browser on it, or print where it is."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    opened = "DISPLAY" in os.environ or sys.platform == "darwin"
    opened = opened and webbrowser.open(address)
    print(f"{'Your browser shows' if opened else 'Open'} {address}", flush=True)
    print("The other notebooks are in the file browser on the left. Ctrl-C ends it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
