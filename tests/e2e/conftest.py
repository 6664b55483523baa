"""One JupyterLab, one browser and one emulator for all tests of this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cloudtasks_nb as ct
from tests.waiting import PATIENCE_S

from .lab import CLOSE, Lab, running_lab
from .service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
INSTALL = (
    "install what browser tests need with: sudo apt-get install chromium libatomic1"  # as in the Makefile
)
EMPTY = "about:blank"
NOTEBOOK_7_THROWS = "reading 'schema'"  # thrown by Notebook 7 itself, with any content
PATIENCE_MS = 1000 * PATIENCE_S  # a busy machine is slow, and that is not an error
# anywidget gives up on a panel that did not begin within 2 s.
NO_TIMEOUT = "AbortSignal.timeout = () => new AbortController().signal"
# The first press arms a button for 5 s. On a busy machine, the second one may come later.
ARMED_LONG = f"""const later = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => later(act, ms === 5000 ? {PATIENCE_MS} : ms, ...more);"""
SIZE: ViewportSize = {"width": 1280, "height": 1500}
FAILED = pytest.StashKey[bool]()
_missing: set[str] = set()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in sorted(_missing):
        terminalreporter.write_line(f"BROWSER TESTS SKIPPED: {reason}", red=True, bold=True)


@pytest.fixture(scope="package")
def chromium() -> str:
    """The browser's path. Without a browser, tests fail if CI=true, and else are skipped with a loud message."""
    reason = ""
    if find_spec("playwright") is None:
        reason = "playwright is missing; install it with: pip install playwright"
    elif CHROMIUM is None:
        reason = f"chromium is missing; {INSTALL}"
    elif not driver_runs():
        reason = f"playwright's driver does not run, because libatomic is missing; {INSTALL}"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        _missing.add(reason)
        pytest.skip(reason)
    assert CHROMIUM is not None
    return CHROMIUM


def driver_runs() -> bool:
    """Whether playwright's driver, its own node, finds its libraries."""
    from playwright._impl._driver import compute_driver_executable

    node = compute_driver_executable()[0]
    return subprocess.run([node, "--version"], capture_output=True).returncode == 0


@pytest.fixture(scope="package")
def service(chromium: str) -> Iterator[Service]:
    """An emulator with the demo queues, accessed over plain HTTP."""
    with ct.local(demo=True, dispatch=False) as client:
        yield Service(client.endpoint)


@pytest.fixture(scope="package")
def lab(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab with kernels that find the emulator through CLOUD_TASKS_EMULATOR_HOST."""
    host = service.url.removeprefix("http://")
    with running_lab(tmp_path_factory.mktemp("lab"), {"CLOUD_TASKS_EMULATOR_HOST": host}) as running:
        yield running


@pytest.fixture(scope="package")
def notebook7(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The same as Notebook 7."""
    host = service.url.removeprefix("http://")
    home = tmp_path_factory.mktemp("notebook")
    with running_lab(home, {"CLOUD_TASKS_EMULATOR_HOST": host}, app="notebook") as running:
        yield running


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def kept(browser: Browser) -> Iterator[dict[str, Page]]:
    """The pages that tests share, an empty one and JupyterLab: opening one takes longer than many tests."""
    pages: dict[str, Page] = {}
    yield pages
    for opened in pages.values():
        opened.context.close()


def new_page(browser: Browser) -> Page:
    """A page in its own context: with its own cookies and its own clock."""
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE_MS)
    for script in (NO_TIMEOUT, ARMED_LONG):
        context.add_init_script(f"{{ {script} }}")
    return context.new_page()


@pytest.fixture
def page(browser: Browser, kept: dict[str, Page], request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, or JupyterLab without an open notebook; an error thrown by any script on it fails the test.

    It is shared if the test passed, left its clock alone, and did not go to another site.
    """
    kind = "lab" if "lab" in request.fixturenames else "clock" if "clock" in request.fixturenames else EMPTY
    opened = kept.pop(kind, None) or new_page(browser)
    opened.set_viewport_size(SIZE)
    thrown: list[str] = []
    note = lambda error: thrown.append(str(error))  # noqa: E731 - needed to remove the listener
    opened.on("pageerror", note)
    yield opened
    if request.node.stash.get(FAILED, False) or kind not in ("lab", opened.url):
        opened.context.close()
    else:
        opened.evaluate(CLOSE if kind == "lab" else "() => {}")  # after it, every error has arrived
        opened.remove_listener("pageerror", note)
        if kind == EMPTY:
            opened.mouse.move(0, 0)
            opened.goto(EMPTY)
        kept[kind] = opened
    assert [error for error in thrown if NOTEBOOK_7_THROWS not in error] == []


@pytest.fixture
def clock(page: Page) -> None:
    """The page's clock stands still, and a test moves it: the page is its own."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=PATIENCE_S))  # not in the past of the page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record that a test failed: its page is not shared."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder of screenshots: SCREENSHOTS if set, else the test's temporary folder."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def _kernels_end(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for running in {"lab", "notebook7"} & set(request.fixturenames):
        request.getfixturevalue(running).end_kernels()
