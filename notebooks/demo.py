"""Run the demo: an emulator with queues and tasks, and JupyterLab on the notebooks.

python notebooks/demo.py            opens the tour in a browser, or prints its address
python notebooks/demo.py 05         opens the notebook whose name begins so
python notebooks/demo.py --check    runs it without a browser and prints its outputs

JupyterLab opens copies of the notebooks, in build/demo beside this folder. It saves there, and your edits stay there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import cloudtasks_nb as ct
from cloudtasks_nb.platforms import ENDING_SIGNALS, apart, is_administrator

NOTEBOOKS = Path(__file__).resolve().parent
COPIES = NOTEBOOKS.parent / "build/demo"
START_S = 60.0
END_S = 10.0
LOOK_EVERY_S = 0.5
INTERRUPTED = 130
LONGEST_PATH = 90  # of a socket: systems allow about 100 characters

# JupyterLab ends when this process ends, even by kill -9, because its standard input closes. It then removes the folder
# of its runtime files itself.
LAB = """
import os, shutil, signal, sys, threading
from jupyterlab.labapp import main

def end_with_the_demo():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end_with_the_demo, daemon=True).start()
try:
    sys.exit(main())
finally:
    shutil.rmtree(os.path.dirname(os.environ["JUPYTER_RUNTIME_DIR"]), ignore_errors=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="demo", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "notebook",
        nargs="?",
        default="01",
        type=named,
        help="the beginning of the notebook's name (default: 01)",
    )
    parser.add_argument("--check", action="store_true", help="run it headless and print its outputs")
    arguments = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # the encoding of a terminal may lack characters of a card
    for number in ENDING_SIGNALS:
        signal.signal(number, interrupt)
    try:
        with own_files(), ct.local(demo=True) as client:
            os.environ["CLOUD_TASKS_EMULATOR_HOST"] = client.endpoint.removeprefix("http://")
            print(f"The emulator runs on {client.endpoint}", flush=True)
            return check(arguments.notebook) if arguments.check else browse(arguments.notebook)
    except KeyboardInterrupt:
        return INTERRUPTED if arguments.check else 0


def interrupt(*_: object) -> None:
    """The first signal ends the demo. It ignores the next ones while it ends."""
    for number in ENDING_SIGNALS:
        signal.signal(number, ignore)
    raise KeyboardInterrupt


def ignore(*_: object) -> None:
    """Not SIG_IGN: Python complains about that when two signals arrive at once."""


@contextlib.contextmanager
def own_files() -> Iterator[None]:
    """A temporary folder for Jupyter's runtime files; also the home folder, if the real one cannot be written."""
    with tempfile.TemporaryDirectory(prefix="cloudtasks-demo-", ignore_cleanup_errors=True) as folder:
        os.environ["JUPYTER_RUNTIME_DIR"] = f"{folder}/runtime"
        if not os.access(os.path.expanduser("~"), os.W_OK | os.X_OK):  # noqa: PTH111 - Path.home() may raise
            print(
                "Your home folder cannot be written. Settings of Jupyter are lost when the demo ends.",
                flush=True,
            )
            for name in ("HOME", "IPYTHONDIR", "MPLCONFIGDIR"):
                os.environ[name] = f"{folder}/{name}"
        yield


def named(beginning: str) -> str:
    """The notebook whose name has this beginning."""
    there = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    if found := [name for name in there if name.startswith(beginning)]:
        return found[0]
    names = ", ".join(name.removesuffix(".ipynb") for name in there)
    raise argparse.ArgumentTypeError(f"{beginning!r} is not one of {names}")


def check(name: str) -> int:
    """Run every cell; print its source and its output. Stop with a traceback at the first error."""
    import nbformat
    from nbclient import NotebookClient
    from traitlets.config import Config

    os.environ["TQDM_DISABLE"] = "1"  # no progress bars in a log
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    quiet = ["--log-level=ERROR"]  # the kernel listens only on this machine: no warning needed
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    config = Config({"KernelManager": kernel_address()})
    NotebookClient(notebook, timeout=120, resources=where, extra_arguments=quiet, config=config).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        print(f"\n── cell {number} of {len(cells)} " + "─" * 60)
        print("\n".join(f">>> {line}" for line in cell.source.splitlines()))
        for output in cell.outputs:
            shown = output.get("text") or output.get("data", {}).get("text/plain", "")
            print(shown.rstrip())
    print(f"\n{name} ran: {len(cells)} cells, no errors.")
    return 0


def kernel_address() -> dict[str, str]:
    """Files on which the kernel listens: another program could take a port before the kernel listens on it."""
    files = os.path.join(os.path.dirname(os.environ["JUPYTER_RUNTIME_DIR"]), "kernel")  # noqa: PTH118, PTH120
    return {"transport": "ipc", "ip": files} if sys.platform != "win32" and len(files) < LONGEST_PATH else {}


def browse(name: str) -> int:
    """Open JupyterLab with a notebook and its neighbours; return when JupyterLab, the emulator or this process ends."""
    copy_notebooks()
    port = free_port()
    token = secrets.token_urlsafe(24)
    # The token is in the environment, because every user of the machine can read a command line.
    # In its own session, JupyterLab does not receive Ctrl-C, so it does not ask for confirmation.
    server = subprocess.Popen(  # noqa: S603 - our own command
        lab_command(port),
        env={**os.environ, "JUPYTER_TOKEN": token},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **apart(),
    )
    ending = threading.Event()
    relayed = threading.Thread(target=relay, args=(server, ending), daemon=True)
    relayed.start()
    place = f"http://127.0.0.1:{port}"
    threading.Thread(
        target=announce, args=(f"{place}/lab/tree/{name}?token={token}", port), daemon=True
    ).start()
    try:
        code = stay(server)
        relayed.join(LOOK_EVERY_S)  # the reason, when JupyterLab did not start
        return code
    finally:
        ending.set()
        end(server, urllib.request.Request(f"{place}/api/shutdown?token={token}", method="POST"))  # noqa: S310 - our own


def free_port() -> int:
    """A free port below those that the system hands out: JupyterLab listens on it seconds later."""
    for port in random.sample(range(10_000, 32_768), 100):  # not a secret
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("100 ports are in use")


def relay(server: subprocess.Popen[bytes], ending: threading.Event) -> None:
    """Print the errors of JupyterLab and its kernels until the demo ends.

    After that, a kernel that has just started would print a traceback.
    """
    for line in server.stderr or ():
        if not ending.is_set():
            print(line.decode(errors="replace"), end="", file=sys.stderr, flush=True)


def copy_notebooks() -> None:
    """Copy each notebook that has no copy yet, or that changed after its copy was last saved."""
    COPIES.mkdir(parents=True, exist_ok=True)
    for original in NOTEBOOKS.glob("*.ipynb"):
        copy = COPIES / original.name
        if copy.exists() and copy.stat().st_mtime < original.stat().st_mtime:
            copy.replace(copy.with_stem(f"{copy.stem}-before"))
        if not copy.exists():
            shutil.copyfile(original, copy)


def lab_command(port: int) -> list[str]:
    return [
        # Show only errors: Jupyter's warnings are not about this package.
        *(sys.executable, "-c", LAB, "--no-browser", "--log-level=ERROR", "--LabApp.log_level=ERROR"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--ServerApp.root_dir={COPIES}",
        "--KernelManager.transport_encryption=auto",  # else each kernel warns
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if is_administrator() else []),
    ]


def stay(server: subprocess.Popen[bytes]) -> int:
    """Wait until JupyterLab or the emulator ends. Returns the exit code of the demo."""
    host, _, port = os.environ["CLOUD_TASKS_EMULATOR_HOST"].rpartition("/")[2].rpartition(":")
    while True:
        try:
            return server.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            try:
                socket.create_connection((host, int(port)), timeout=END_S).close()
            except ConnectionRefusedError:
                print("The emulator has ended, so the demo ends too.", file=sys.stderr, flush=True)
                return 1


def end(server: subprocess.Popen[bytes], request: urllib.request.Request) -> None:
    """Ask JupyterLab to shut down with its kernels; send a signal if it does not respond."""
    with contextlib.suppress(OSError):
        urllib.request.urlopen(request, timeout=END_S).close()  # noqa: S310 - our own address
    for stop in (server.terminate, server.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(END_S)
            return
        stop()
    server.wait()


def announce(address: str, port: int) -> None:
    """Once JupyterLab responds, open a browser on it, or print its address."""
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
    print("The other notebooks are in the file browser on the left. Ctrl-C ends the demo.", flush=True)
    print(f"These are copies, in {COPIES}. Your edits are saved there.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
