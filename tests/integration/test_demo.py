"""`make demo`: JupyterLab on copies of the notebooks; with ARGS=--check one runs without a browser."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest
import requests

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ALARMING = (
    "not trusted",
    "without encryption",
    "received signal",
    "Shutdown",
    "Traceback",
    "Fatal",
    "not recognized",
)


def test_the_tour_runs_headless_and_prints_what_it_showed() -> None:
    """Also if the encoding of the output lacks characters of a card."""
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "--check"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        encoding="latin-1",
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert "01_tour.ipynb ran: " in done.stdout
    for shown in (
        "emails  HTTP queue",
        "invoices",
        "UNAVAILABLE(14)",
        "payload.event",
        "NotFound  [404 NOT_FOUND]",
    ):
        assert shown in done.stdout


def test_a_cell_that_fails_fails_the_check(tmp_path: Path) -> None:
    copy = tmp_path / "notebooks"
    copy.mkdir()
    (copy / "demo.py").write_text((NOTEBOOKS / "demo.py").read_text())
    tour = json.loads((NOTEBOOKS / "01_tour.ipynb").read_text())
    code = next(cell for cell in tour["cells"] if cell["cell_type"] == "code")
    code["source"] = ["raise RuntimeError('broken cell')"]
    (copy / "01_tour.ipynb").write_text(json.dumps(tour))
    done = subprocess.run(
        [sys.executable, str(copy / "demo.py"), "--check"], capture_output=True, text=True, timeout=150
    )
    assert done.returncode != 0
    assert "broken cell" in done.stderr


def test_another_notebook_is_chosen_by_how_its_name_begins() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "07", "--check"],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert "07_going_live.ipynb ran: " in done.stdout
    assert "PermissionDenied  [403 PERMISSION_DENIED]" in done.stdout


def test_a_notebook_that_there_is_not_names_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "demo.py"), "99"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "'99' is not one of 01_tour, 02_export_and_analyse, 03_controls_and_browser" in done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The notebooks folder in a separate checkout."""
    return shutil.copytree(NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns("__pycache__"))


class Demo:
    """`make demo` without a screen and without a home folder, from its start until JupyterLab responds."""

    def __init__(self, folder: Path) -> None:
        self.temporary = folder.parent / "tmp"
        self.temporary.mkdir()
        own = {"HOME": "/nonexistent", "TMPDIR": str(self.temporary)}
        self.popen = subprocess.Popen(
            [sys.executable, str(folder / "demo.py")],
            env={name: value for name, value in os.environ.items() if name != "DISPLAY"} | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.popen.stdout is not None
        self.printed = ""
        while "are saved there" not in self.printed:
            line = self.popen.stdout.readline()
            assert line, self.printed
            self.printed += line
        self.url, self.token = re.findall(r"Open (http://[^/]+)/\S+token=(\S+)", self.printed)[0]
        self.processes = psutil.Process(self.popen.pid).children(recursive=True)

    def running(self, word: str) -> list[psutil.Process]:
        """Its processes with this word in their command line. JupyterLab also starts processes that end at once."""
        found = []
        for process in psutil.Process(self.popen.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if word in process.cmdline():
                    found.append(process)
        return found

    def call(self, verb: str, path: str, body: object = None) -> object:
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.request(verb, f"{self.url}/api/{path}", json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def wait(self) -> str:
        """Its whole output. Fails if JupyterLab, a kernel, the emulator or a runtime file is left."""
        assert self.popen.stdout is not None
        if not self.popen.stdout.closed:
            self.printed += self.popen.stdout.read()  # ends with the last process that could write
            self.popen.stdout.close()
        self.popen.wait(60)
        _, alive = psutil.wait_procs(self.processes, timeout=60)
        assert alive == []
        assert [*self.temporary.glob("cloudtasks-demo-*/runtime/*")] == []
        return self.printed


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    running = Demo(folder)
    yield running
    running.popen.kill()
    running.wait()


def test_what_a_person_runs_and_saves_stays_in_a_copy_and_nothing_alarming_is_printed(
    demo: Demo, folder: Path
) -> None:
    kernel = {"kernel": {"name": "python3"}, "name": "", "path": "01_tour.ipynb", "type": "notebook"}
    demo.call("POST", "sessions", kernel)
    demo.processes = psutil.Process(demo.popen.pid).children(recursive=True)
    assert demo.running("ipykernel_launcher")
    tour = demo.call("GET", "contents/01_tour.ipynb")
    assert isinstance(tour, dict)
    tour["content"]["cells"][0]["source"] = "# My tour"
    code = next(cell for cell in tour["content"]["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "run"}]
    demo.call("PUT", "contents/01_tour.ipynb", {"type": "notebook", "content": tour["content"]})
    demo.call("GET", "contents/01_tour.ipynb")
    demo.popen.send_signal(signal.SIGTERM)  # ends it as Ctrl-C does
    demo.popen.send_signal(signal.SIGINT)  # is ignored, like a second Ctrl-C
    printed = demo.wait()
    assert demo.popen.returncode == 0
    assert [word for word in ALARMING if word in printed] == [], printed
    saved = folder.parent / "build/demo/01_tour.ipynb"
    assert f"These are copies, in {saved.parent}" in printed
    assert "# My tour" in saved.read_text()
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert kept == {path.name: path.read_bytes() for path in NOTEBOOKS.iterdir() if path.is_file()}


def test_all_of_it_ends_with_a_demo_that_is_killed(demo: Demo) -> None:
    demo.call("POST", "kernels", {"name": "python3"})
    demo.processes = psutil.Process(demo.popen.pid).children(recursive=True)
    assert len(demo.processes) >= 3  # the emulator, JupyterLab, a kernel
    demo.popen.kill()
    demo.wait()


def test_all_of_it_ends_with_the_emulator(demo: Demo) -> None:
    [emulator] = demo.running("emulator")
    emulator.kill()
    assert "The emulator has ended, so the demo ends too." in demo.wait()
    assert demo.popen.returncode == 1


def test_a_copy_is_kept_until_its_notebook_changes(folder: Path) -> None:
    module = loaded(folder / "demo.py")
    copy = folder.parent / "build/demo/01_tour.ipynb"
    module.copy_notebooks()
    assert copy.read_bytes() == (folder / "01_tour.ipynb").read_bytes()
    copy.write_text("mine")
    module.copy_notebooks()
    assert copy.read_text() == "mine"
    saved_s = copy.stat().st_mtime
    (folder / "01_tour.ipynb").write_text("new")
    os.utime(folder / "01_tour.ipynb", (saved_s + 1, saved_s + 1))
    module.copy_notebooks()
    assert copy.read_text() == "new"
    assert copy.with_stem("01_tour-before").read_text() == "mine"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
