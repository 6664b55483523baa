"""Starts a real JupyterLab (or Notebook 7), and writes and runs notebooks in it with a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import nbformat
import requests
from urllib3.util import Retry

from tests.ports import free_port
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

App = Literal["lab", "notebook", "server"]

# A notebook whose cells are not attached yet cannot receive the focus. Then JupyterLab has no current notebook.
IDLE = """name => {
    const shell = window.jupyterapp?.shell;
    const opened = [...(shell?.widgets('main') ?? [])].find(widget => widget.context?.path === name);
    if (opened && shell.currentWidget !== opened) shell.activateById(opened.id);
    return opened && shell.currentWidget === opened && opened.sessionContext?.session?.kernel?.status === 'idle';
}"""
OPEN = """async path => {
    const opened = await window.jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    for (const other of [...window.jupyterapp.shell.widgets('main')]) if (other !== opened) other.dispose();
}"""
CLOSE = """() => {
    for (const opened of [...(window.jupyterapp?.shell.widgets('main') ?? [])]) opened.dispose();
}"""
RUN_ALL = """() => {
    window.ranAll = false;
    window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.ranAll = true; });
}"""
ERRORS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .flatMap(cell => cell.toJSON().outputs ?? [])
    .filter(output => output.output_type === 'error')
    .map(error => `${error.ename}: ${error.evalue}`)"""
EXECUTE = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code, store_history: false });
    let printed = '';
    future.onIOPub = message => { printed += message.content.text ?? message.content.evalue ?? ''; };
    await future.done;
    return printed;
}"""
UNTIL = f"""async ([source, wanted]) => {{
    while (await ({EXECUTE})(source) !== wanted) await new Promise(done => setTimeout(done, 100));
}}"""
ATTACH = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    return Promise.all(notebook.widgets.map((_, index) => notebook.renderCellOutputs(index)));
}"""
SET_THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"


@dataclass
class Lab:
    """A running JupyterLab, Notebook 7 or bare server with its notebooks in `root`."""

    url: str
    root: Path
    app: App

    def write(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; returns its name."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.root / name)
        return name

    def open(self, page: Page, name: str) -> Opened:
        """Open the notebook in the browser and wait for its kernel. A page that already shows JupyterLab is reused."""
        if self.app == "lab" and page.url.startswith(self.url):
            page.evaluate(OPEN, name)
        else:
            place = f"lab/workspaces/{Path(name).stem}/tree" if self.app == "lab" else "notebooks"
            page.goto(f"{self.url}/{place}/{name}", timeout=60_000)
        page.wait_for_function(IDLE, arg=name, timeout=60_000)
        return Opened(page)

    def end_kernels(self) -> None:
        """Shut down every kernel."""
        for session in requests.get(f"{self.url}/api/sessions", timeout=PATIENCE_S).json():
            requests.delete(f"{self.url}/api/sessions/{session['id']}", timeout=PATIENCE_S)


@dataclass
class Opened:
    """A notebook open in the browser."""

    page: Page

    @property
    def outputs(self) -> Locator:
        return self.page.locator(".jp-OutputArea-output")

    def run_all(self, timeout_s: float = 120) -> None:
        """Run every cell, wait for the last one, and attach every cell to the page. Fails if a cell failed."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function("() => window.ranAll", timeout=timeout_s * 1000)
        self.attach()
        errors = self.page.evaluate(ERRORS)
        assert not errors, errors

    def attach(self) -> None:
        """Attach every cell to the page.

        JupyterLab itself attaches the cells below the visible part when the browser is idle. On a busy machine, that
        may be never.
        """
        self.page.evaluate(ATTACH)

    def kernel(self, source: str) -> str:
        """Run a line in the notebook's kernel without a cell; returns its output."""
        printed: str = self.page.evaluate(EXECUTE, source)
        return printed

    def wait_until_kernel_prints(self, printed: str, source: str) -> None:
        """Run a line again and again: what an output does when it is removed happens after its nodes are gone."""
        self.page.evaluate(UNTIL, [source, printed])

    def pictures(self, folder: Path, name: str) -> None:
        """Take screenshots in the light and the dark theme; ends in the light one."""
        for theme in ("Dark", "Light"):
            self.theme(f"JupyterLab {theme}")
            self.page.screenshot(path=folder / f"{name}-{theme.lower()}.png")

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark", and wait for it."""
        self.page.evaluate(SET_THEME, name)
        light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")


@contextmanager
def running_lab(home: Path, environment: dict[str, str], app: App = "lab") -> Iterator[Lab]:
    """Run JupyterLab, Notebook 7 or a bare server on a free port, with its own settings, until the block ends."""
    root = home / "notebooks"
    root.mkdir()
    _quiet(home)
    if app == "server":
        _bare(home)
    port = free_port()
    with (
        # not in TMPDIR: the path of a socket has at most 107 characters
        TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as runtime,
        (home / "jupyter.log").open("w") as output,
    ):
        server = subprocess.Popen(
            _command(app, port, root),
            env=_environment(home, environment) | {"JUPYTER_RUNTIME_DIR": runtime},
            start_new_session=True,
            stdout=output,
            stderr=output,
        )
        try:
            lab = Lab(f"http://127.0.0.1:{port}", root, app)
            wait_until_up(f"{lab.url}/api/status")
            yield lab
        finally:
            end_group(server)


def end_group(server: subprocess.Popen[bytes]) -> None:
    """End a server that was started in its own session, with all its processes."""
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _command(app: App, port: int, root: Path) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        # Kernels listen on files. They get TCP ports about a second before they listen on them, and another test could
        # take one in between.
        "KernelManager.transport": "ipc",
        "IdentityProvider.token": "",
        "ServerApp.password": "",
        "ServerApp.disable_check_xsrf": True,
        "ServerApp.root_dir": root,
    }
    if app != "server":
        options[f"{'LabApp' if app == 'lab' else 'JupyterNotebookApp'}.expose_app_in_browser"] = True
    return [
        *(sys.executable, "-m", "jupyter", app, "--no-browser", "--allow-root"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def _environment(home: Path, extra: dict[str, str]) -> dict[str, str]:
    places = {
        "JUPYTER_CONFIG_DIR": "cfg", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipy",
        "JUPYTERLAB_SETTINGS_DIR": "set", "JUPYTERLAB_WORKSPACES_DIR": "ws",
    }  # fmt: skip
    return {**os.environ, **{name: str(home / folder) for name, folder in places.items()}, **extra}


def _quiet(home: Path) -> None:
    """Disable the news toast, which would cover outputs."""
    settings = home / "set/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    content: dict[str, Any] = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(content))


def _bare(home: Path) -> None:
    """Only the server: other installed applications take seconds to load."""
    applications = dict.fromkeys(("jupyterlab", "jupyter_lsp", "jupyter_server_terminals", "notebook"), False)
    (home / "cfg").mkdir()
    content = {"ServerApp": {"jpserver_extensions": applications}}
    (home / "cfg/jupyter_server_config.json").write_text(json.dumps(content))


def wait_until_up(url: str) -> None:
    """Poll until the response is a success."""
    with requests.Session() as session:
        again = Retry(total=240, backoff_factor=0.1, backoff_max=0.5, status_forcelist=[404, 503])
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=again))
        session.trust_env = False
        assert session.get(url, timeout=60).ok
